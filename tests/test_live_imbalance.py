"""Notebook 04's live figure: class weights against imbalance, and its controls."""

from __future__ import annotations

import importlib.util
import io

import ipywidgets
import numpy as np
import pytest
from PIL import Image

from fpl_lib.plots.live import ImbalanceFigure

pytestmark = pytest.mark.slow


def weights_by_hand(counts):
    """The four rules in plain Python, each over its value for class 0."""
    total = sum(counts)
    alpha = [(total - n) / total for n in counts]
    rules = {
        "inverse frequency": [1 / n for n in counts],
        "class-balanced": [1e-4 / (1 - 0.9999**n) for n in counts],
        "Eq. 4": alpha,
        "Eq. 4, flipped": [max(alpha) + min(alpha) - a for a in alpha],
    }
    return {name: [w / weight[0] for w in weight] for name, weight in rules.items()}


@pytest.mark.parametrize("profile", ["exponential", "step"])
@pytest.mark.parametrize("ratio", [1, 10, 137.5, 1000])
def test_curves_are_the_rules_of_the_class_sizes(ratio, profile):
    shown = ImbalanceFigure(ratio, profile)
    assert shown.counts[0] == 5000 and shown.counts[-1] == int(5000 / ratio)
    sizes, curves = shown.figure.axes
    assert [patch.get_height() for patch in sizes.patches] == shown.counts
    expected = weights_by_hand(shown.counts)
    drawn = {line.get_label(): line.get_ydata() for line in curves.get_lines()}
    assert list(drawn) == list(expected)
    for name, weight in expected.items():
        assert np.allclose(shown.weights()[name], weight, rtol=1e-9)
        assert np.allclose(drawn[name], weight, rtol=1e-9)


def test_step_profile_never_gives_eq_4_more_than_five_quarters():
    """Five classes that share nearly all images hold a fifth each: 1 / (1 - 1/5)."""
    for ratio in (2, 10, 100, 1000):
        assert 1 < ImbalanceFigure(ratio, "step").weights()["Eq. 4"][-1] < 1.25


def test_title_and_sentence_name_the_numbers():
    shown = ImbalanceFigure()
    title = shown.figure.texts[0].get_text()
    assert title == "Ratio 100: Eq. 4 gives the rarest class 1.67 × the weight of class 0"
    assert shown.sentence().startswith(title) and "12406 images" in shown.sentence()
    assert "inverse frequency × 100;" in shown.sentence()
    shown.set(ratio=1)
    assert "1.00 × the weight" in shown.figure.texts[0].get_text()


@pytest.mark.parametrize("profile", ["exponential", "step"])
@pytest.mark.parametrize("ratio", [1, 3, 100, 1000])
def test_numbers_at_the_ends_stay_apart_and_inside(ratio, profile):
    shown = ImbalanceFigure(ratio, profile)
    shown.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in shown._ends.values()]
    boxes.sort(key=lambda box: box.y0)
    assert all(low.y1 <= high.y0 + 1 for low, high in zip(boxes, boxes[1:], strict=False))
    frame = shown.figure.axes[1].get_window_extent()
    assert boxes[0].y0 >= frame.y0 and boxes[-1].y1 <= frame.y1
    assert max(box.x1 for box in boxes) <= shown.figure.bbox.x1


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: ImbalanceFigure(0.5), "from 1 to 1000, got 0.5"),
        (lambda: ImbalanceFigure(2000), "from 1 to 1000, got 2000"),
        (lambda: ImbalanceFigure(10, "linear"), "one of exponential, step, got 'linear'"),
    ],
)
def test_parts_that_do_not_fit_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_moving_a_control_redraws():
    shown, live = ImbalanceFigure.with_controls()
    row, picture, words = live.children
    assert isinstance(picture, ipywidgets.Image) and isinstance(words, ipywidgets.HTML)
    named = {control.description: control for column in row.children for control in column.children}
    assert Image.open(io.BytesIO(picture.value)).size == (900, 420)
    assert picture.value == shown.png() and words.value == shown.sentence()
    for name, value in (("imbalance ratio", 10.0), ("profile", "step"), ("imbalance ratio", 1000)):
        before = picture.value
        named[name].value = value
        assert picture.value != before and words.value == shown.sentence()
    assert (shown.ratio, shown.profile) == (1000, "step")


def test_without_ipywidgets_there_is_the_figure_alone(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    shown, live = ImbalanceFigure.with_controls()
    assert live is None and shown.profile == "exponential"
