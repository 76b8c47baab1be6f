"""The live figures of notebooks 08 and 09: what losses ask for under noise, what pairs can find."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize_scalar

from fpl_lib.plots.live import NoiseFigure, PowerFigure
from fpl_lib.plots.live.noise import LOSSES, best_prediction

pytestmark = pytest.mark.slow

BY_HAND = {  # the loss of a label of probability p, the largest other one being f
    "CE": lambda p, f: -np.log(p),
    "FPL": lambda p, f: -np.log(p) - np.log(1 - f),
    "GCE": lambda p, f: (1 - p**0.7) / 0.7,
    "MAE": lambda p, f: 2 * (1 - p),
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("classes, rate", [(10, 0.2), (10, 0.6), (10, 0.85), (20, 0.5)])
def test_the_best_prediction_has_the_least_mean_loss(loss, classes, rate):
    def mean_loss(p):
        other = (1 - p) / (classes - 1)
        right, wrong = BY_HAND[loss](p, other), BY_HAND[loss](other, p)
        return (1 - rate) * right + rate * wrong

    bounds = (1 / classes, 1 - 1e-12)
    found = minimize_scalar(mean_loss, bounds=bounds, method="bounded", options={"xatol": 1e-9})
    assert best_prediction(loss, rate, classes) == pytest.approx(found.x, abs=2e-5)


def test_the_noise_figure_says_where_fpl_gives_up():
    shown = NoiseFigure(0.8)
    assert "FPL for 0.11" in shown.sentence()
    shown.set(rate=0.83)
    assert "FPL asks for a tie of all 10 classes" in shown.sentence()
    shown.set(classes=100)
    assert "tie" not in shown.sentence()


@pytest.mark.parametrize("pairs, difference, sd", [(5, 0.3, 0.2), (12, 0.1, 0.3)])
def test_the_chance_is_what_a_simulation_finds(pairs, difference, sd):
    rng = np.random.default_rng(0)
    drawn = rng.normal(difference, sd, (20_000, pairs))
    found = (stats.ttest_1samp(drawn, 0, axis=1).pvalue < 0.05).mean()
    assert PowerFigure(pairs, difference, sd).chance == pytest.approx(found, abs=0.012)


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: NoiseFigure(0.95), "from 0 to 0.89, got 0.95"),
        (lambda: NoiseFigure(0.4, 3), "from 10 to 100, got 3"),
        (lambda: PowerFigure(1), "from 2 to 30, got 1"),
        (lambda: PowerFigure(5, 0.0), "from 0.02 to 1, got 0.0"),
    ],
)
def test_parts_that_do_not_fit_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize(
    "make, moves",
    [
        (NoiseFigure.with_controls, {"wrong labels": 0.7, "classes": 20}),
        (PowerFigure.with_controls, {"pairs n": 9, "true difference": 0.1, "spread": 0.4}),
    ],
)
def test_moving_a_control_redraws_picture_and_words(make, moves):
    shown, live = make()
    row, picture, words = live.children
    named = {control.description: control for column in row.children for control in column.children}
    for name, value in moves.items():
        before = picture.value
        named[name].value = value
        assert picture.value != before
        assert picture.value == shown.png() and words.value == shown.sentence()


@pytest.mark.parametrize("figure", [NoiseFigure(), PowerFigure()])
def test_titles_and_labels_stay_inside(figure):
    figure.figure.canvas.draw()
    box = figure.figure.bbox
    for text in [*figure.figure.texts, *(t for ax in figure.figure.axes for t in ax.texts)]:
        extent = text.get_window_extent()
        assert box.x0 <= extent.x0 and extent.x1 <= box.x1
