"""Notebook 03's live figure: the pushes of Eq. 8 for every k and pool, and its controls."""

from __future__ import annotations

import importlib.util
import io
import statistics

import ipywidgets
import numpy as np
import pytest
from PIL import Image

from fpl_lib.plots import style as plots
from fpl_lib.plots.live import VariantFigure

pytestmark = pytest.mark.slow

NAMES = ("plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CAT = [-1.4, -1.8, 0.0, 1.1, 0.2, 2.4, 0.7, -0.2, -0.9, -1.6]
SURE = [*CAT[:5], 3.6, *CAT[6:]]  # the dog with p = .80


def pushes_by_loops(logits, true, k, pool):
    """Minus the gradient of Eq. 8 by central differences, in plain numpy; k = 0 is CE."""

    def loss(z):
        p = np.exp(z - z.max())
        p /= p.sum()
        false = sorted((p[j] for j in range(len(p)) if j != true), reverse=True)[:k]
        if k and pool != "sum":
            false = [{"mean": statistics.mean, "median": statistics.median}[pool](false)]
        return -np.log(p[true]) - sum(np.log(1 - q) for q in false)

    z = np.array(logits, dtype=float)
    steps = 1e-6 * np.eye(len(z))
    return np.array([(loss(z - step) - loss(z + step)) / 2e-6 for step in steps])


@pytest.mark.parametrize("pool", ["sum", "mean", "median"])
@pytest.mark.parametrize("k", [1, 2, 3, 9])
def test_pushes_are_those_of_the_formula_and_the_bars_show_them(k, pool):
    bars = VariantFigure(CAT, 3, k=k, pool=pool)
    pushes = bars.pushes()
    assert np.allclose(pushes["CE"], pushes_by_loops(CAT, 3, 0, pool), atol=1e-7)
    assert np.allclose(pushes["FPL"], pushes_by_loops(CAT, 3, k, pool), atol=1e-7)
    above, below = bars.figure.axes
    heights = [patch.get_height() for patch in above.patches]
    assert np.allclose(heights, [*pushes["CE"], *pushes["FPL"]])
    multiples = [patch.get_height() for patch in below.patches]
    assert np.allclose(multiples, pushes["FPL"] / pushes["CE"])
    own_color = [
        patch.get_facecolor() != below.patches[3].get_facecolor() for patch in below.patches
    ]
    assert own_color == [multiple < 0 for multiple in multiples]
    shown = [float(t.get_text().replace("−", "-")) for t in above.texts if t.get_visible()]
    both = np.concatenate([pushes["CE"], pushes["FPL"]])
    assert np.allclose(shown, both[np.abs(both) >= 0.05], atol=0.006)


@pytest.mark.parametrize(
    "k, pool, acting",
    [
        (1, "sum", [5]),
        (3, "sum", [5, 6, 4]),
        (3, "mean", [5, 6, 4]),
        (3, "median", [6]),
        (4, "median", [6, 4]),
        (9, "median", [7]),
        (1, "median", [5]),
    ],
)
def test_crosses_mark_the_classes_that_l_f_is_made_of(k, pool, acting):
    bars = VariantFigure(CAT, 3, names=NAMES, k=k, pool=pool)
    assert bars.acting == acting
    true, false = bars._marks
    assert (true.get_marker(), list(true.get_xdata())) == (plots.TRUE_MARKER, [3])
    assert (false.get_marker(), list(false.get_xdata())) == (plots.FALSE_MARKER, acting)
    assert f"L_F is made of {', '.join(NAMES[i] for i in acting)}." in bars.sentence()


def test_titles_tell_what_the_notebook_says_of_each_variant():
    bars = VariantFigure(CAT, 3, names=NAMES)

    def title(**changed):
        bars.set(**changed)
        shown = bars.figure.texts[0].get_text().replace("−", "-")
        assert bars.sentence().startswith(shown)
        return shown

    assert title() == "k = 1: 8 wrong classes go up; dog is pushed by -1.10 (CE -0.55)"
    assert title(k=9) == "k = 9, sum: no wrong class goes up; dog is pushed by -0.92 (CE -0.55)"
    assert title(pool="mean") == "k = 9, mean: cross-entropy's own direction, 1.02 times as long"
    assert np.ptp(bars.pushes()["FPL"] / bars.pushes()["CE"]) < 1e-9
    assert title(pool="median").endswith("dog is pushed by -0.53 (CE -0.55)")
    assert "8 wrong classes go up" in title(logits=SURE, pool="sum")
    assert "one wrong class goes up" in VariantFigure([0.0, 3.0, 1.0], 0).sentence()


def test_ties_go_to_the_lower_index_as_in_the_library():
    bars = VariantFigure([0.0, 1.0, 1.0, 1.0], 0, k=2)
    assert bars.acting == [1, 2]
    pushes = bars.pushes()["FPL"]
    assert pushes[1] == pytest.approx(pushes[2]) and pushes[3] > pushes[1]


@pytest.mark.parametrize("logits", [CAT, SURE, [8.0, *CAT[1:]]])
def test_every_number_stays_inside_its_frame(logits):
    bars = VariantFigure(logits, 3)
    bars.figure.canvas.draw()
    for ax in bars.figure.axes:
        frame = ax.get_window_extent()
        for text in ax.texts:
            if text.get_visible() and text.get_text() != "CE":  # the name of the line at 1
                box = text.get_window_extent()
                assert frame.y0 <= box.y0 and box.y1 <= frame.y1, text


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: VariantFigure([0.0, 1.0], 0), "3 or more classes"),
        (lambda: VariantFigure([0.0, 1.0, float("inf")], 0), "finite logits"),
        (lambda: VariantFigure([0.0, 1.0, 2.0], 3), "from 0 to 2, got 3"),
        (
            lambda: VariantFigure([0.0, 1.0, 2.0], 0, names=["a"]),
            "expected 3 names",
        ),
        (lambda: VariantFigure([0.0, 1.0, 2.0], 0, k=3), "from 1 to 2, got 3"),
        (lambda: VariantFigure([0.0, 1.0, 2.0], 0, k=0), "from 1 to 2, got 0"),
        (
            lambda: VariantFigure([0.0, 1.0, 2.0], 0, pool="max"),
            "sum, mean, median, got 'max'",
        ),
        (
            lambda: VariantFigure([0.0, 1.0, 2.0], 0).set(logits=[0.0] * 4),
            "3 logits, got 4",
        ),
    ],
)
def test_parts_that_do_not_fit_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_moving_a_control_redraws():
    bars, live = VariantFigure.with_controls(CAT, true=3, names=NAMES)
    row, picture, words = live.children
    assert isinstance(picture, ipywidgets.Image) and isinstance(words, ipywidgets.HTML)
    named = {control.description: control for column in row.children for control in column.children}
    assert Image.open(io.BytesIO(picture.value)).size == (900, 500)
    assert picture.value == bars.png() and words.value == bars.sentence()
    for name, value in (("k", 9), ("pool", "median"), ("z of dog", 3.6), ("k", 2)):
        before = picture.value
        named[name].value = value
        assert picture.value != before and words.value == bars.sentence()
    assert (bars.k, bars.pool, bars.logits[5]) == (2, "median", 3.6)
    named["z of dog"].value = -4.0  # another class takes the lead; the slider stays the dog's
    assert bars.leaders[0] == 6 and bars.logits.tolist() == [*CAT[:5], -4.0, *CAT[6:]]


def test_without_ipywidgets_there_is_the_figure_alone(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    bars, live = VariantFigure.with_controls(CAT, true=3)
    assert live is None and bars.names[5] == "c5"
