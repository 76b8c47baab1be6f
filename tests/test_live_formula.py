"""Notebook 01's sliders: what stands in the figure is the formula, and a move really redraws it."""

from __future__ import annotations

import importlib.util
import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex

from fpl_lib.plots import style as plots
from fpl_lib.plots.live import FormulaFigure
from fpl_lib.plots.live.formula import BYSTANDER, NATS, move

pytestmark = pytest.mark.slow

FIGURE1 = [0.15, 0.25, 0.20, 0.30, 0.10]
EQ4 = [0.50, 0.70, 0.90, 0.92, 0.98]


def oracle(p, true, alpha):
    """F and the four numbers by plain loops, written without the library."""
    false = None
    for c, value in enumerate(p):
        if c != true and (false is None or value > p[false]):
            false = c
    of_true = -math.log(p[true]) if p[true] > 0 else math.inf
    rest = math.fsum(p) - p[false]
    of_false = -math.log(rest) if rest > 0 else math.inf
    fpl = alpha[true] * of_true + alpha[false] * of_false
    return false, {"L_T": of_true, "L_F": of_false, "FPL": fpl, "CE": of_true}


@st.composite
def predictions(draw):
    count = draw(st.integers(2, 7))
    raw = draw(st.lists(st.integers(1, 1000), min_size=count, max_size=count))
    alpha = draw(st.lists(st.sampled_from([0.5, 0.9, 1.0]), min_size=count, max_size=count))
    return np.array(raw) / sum(raw), draw(st.integers(0, count - 1)), alpha


@settings(max_examples=30)
@given(predictions())
def test_figure_draws_what_the_formula_says(prediction):
    p, true, alpha = prediction
    bars = FormulaFigure(p, true)
    bars.set(alpha=alpha)
    false, values = oracle(p, true, alpha)
    assert bars.false == false
    assert bars.values() == pytest.approx(values, rel=1e-9)

    left, right = bars.figure.axes
    assert [bar.get_height() for bar in left.patches] == pytest.approx(p)
    colors = [to_hex(bar.get_facecolor()) for bar in left.patches]
    roles = {true: plots.COLORS["ce"], false: plots.COLORS["fpl"]}
    assert colors == [roles.get(i, BYSTANDER).lower() for i in range(len(p))]
    circle, cross = left.lines
    assert (circle.get_marker(), cross.get_marker()) == (plots.TRUE_MARKER, plots.FALSE_MARKER)
    assert circle.get_xdata()[0] == true and cross.get_xdata()[0] == false
    assert circle.get_ydata()[0] > p[true] and cross.get_ydata()[0] > p[false]

    ce, of_true, of_false = right.patches
    assert ce.get_width() == pytest.approx(min(values["CE"], NATS))
    assert of_true.get_width() == pytest.approx(min(alpha[true] * values["L_T"], NATS))
    assert of_false.get_x() == of_true.get_width()
    assert of_false.get_x() + of_false.get_width() == pytest.approx(min(values["FPL"], NATS))
    for text, end in zip(right.texts, (ce.get_width(), min(values["FPL"], NATS)), strict=True):
        beside = {"left": text.get_position()[0] > end, "right": text.get_position()[0] < end}
        assert beside[text.get_ha()] and (text.get_color() == "white") == (text.get_ha() == "right")
    assert [text.get_text() for text in right.texts] == [
        f"{values['CE']:.6f}",
        f"{values['FPL']:.6f}",
    ]


@given(predictions(), st.floats(0, 1))
def test_move_keeps_the_sum_and_the_others_proportions(prediction, value):
    p, index, _ = prediction
    moved = move(p, index, value)
    assert moved[index] == value
    assert moved.sum() == pytest.approx(1) and (moved >= 0).all()
    others, before = np.delete(moved, index), np.delete(p, index)
    assert others * before.sum() == pytest.approx(before * others.sum())


def test_move_shares_equally_where_there_is_nothing_to_scale():
    assert move([1.0, 0.0, 0.0], 0, 0.4) == pytest.approx([0.4, 0.3, 0.3])


def test_figure1_in_the_papers_numbers():
    bars = FormulaFigure(FIGURE1, 1)
    words = " ".join(text.get_text() for text in bars.figure.texts)
    assert "1.386294" in words and "0.356675" in words
    assert bars.figure.axes[1].texts[1].get_text() == "1.742969"
    assert "c3 adds 0.357 to T's 1.386" in words and "wrong" in words
    assert "FPL = 1.742969" in bars.sentence() and "F = c3" in bars.sentence()
    bars.set(alpha=EQ4)
    assert bars.values()["FPL"] == pytest.approx(1.298547, abs=5e-7)
    assert "0.92 × 0.356675 = 0.328141" in bars.figure.texts[2].get_text()


def test_f_is_the_runner_up_and_of_equals_the_first():
    bars = FormulaFigure([0.2] * 5, 0)
    assert bars.false == 1
    bars.set(true=1)
    assert bars.false == 0 and "a tie" in bars.sentence()
    bars.set(p=FIGURE1, true=3)
    assert bars.false == 1 and "right" in bars.sentence()
    bars.set(p=[1.0, 0, 0, 0, 0], true=0)
    assert bars.false == 1


def test_certain_and_wrong_is_infinite_and_still_drawn():
    bars = FormulaFigure([0.0, 0.0, 1.0], 0)
    assert set(bars.values().values()) == {math.inf}
    assert [text.get_text() for text in bars.figure.axes[1].texts] == ["∞", "∞"]
    assert len(bars.png()) > 1000


def test_redraw_changes_the_picture_and_the_way_back_restores_it():
    bars = FormulaFigure(FIGURE1, 1)
    first = bars.png()
    assert first == bars.png()
    pictures = {first}
    for change in ({"true": 3}, {"alpha": EQ4}, {"p": move(FIGURE1, 2, 0.5)}):
        bars.set(**change)
        pictures.add(bars.png())
    assert len(pictures) == 4
    bars.set(p=FIGURE1, true=1, alpha=1.0)
    assert bars.png() == first


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.5, 0.6], 0), "sum to 1"),
        (([1.2, -0.2], 0), "zero or more"),
        (([float("nan"), 1.0], 0), "zero or more"),
        (([1.0], 0), "two or more classes"),
        (([[0.5, 0.5]], 0), "shape"),
        ((FIGURE1, 5), "from 0 to 4"),
        ((FIGURE1, -1), "from 0 to 4"),
    ],
)
def test_probabilities_and_classes_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        FormulaFigure(*arguments)


@pytest.mark.parametrize("alpha", [0.0, -1.0, [0.5, 0.5], [0.5, 0.7, 0.9, 0.92, 0.0], math.nan])
def test_weights_that_do_not_fit_are_refused(alpha):
    with pytest.raises(ValueError, match="positive number"):
        FormulaFigure(FIGURE1, 1).set(alpha=alpha)
    with pytest.raises(ValueError, match="positive number"):
        FormulaFigure(FIGURE1, 1, weights=alpha)


def test_names_and_numbers_of_classes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="expected 5 names, one per class; got 2"):
        FormulaFigure(FIGURE1, 1, names=["a", "b"])
    with pytest.raises(ValueError, match="expected 5 probabilities, got 2"):
        FormulaFigure(FIGURE1, 1).set(p=[0.5, 0.5])


@pytest.fixture
def parts():
    """The live widget's parts by what they are."""
    import ipywidgets as widgets

    bars, live = FormulaFigure.with_controls(FIGURE1, 1, weights=EQ4)
    buttons, columns, picture, words = live.children
    sliders, (true, weights) = (column.children for column in columns.children)
    assert all(isinstance(slider, widgets.FloatSlider) for slider in sliders)
    return {
        "bars": bars,
        "buttons": {button.description: button for button in buttons.children},
        "true": true,
        "weights": weights,
        "sliders": sliders,
        "picture": picture,
        "words": words,
    }


def test_first_frame_is_the_static_picture(parts):
    fresh, live = FormulaFigure.with_controls(FIGURE1, 1)
    assert parts["picture"].value == fresh.png() == FormulaFigure(FIGURE1, 1).png()
    assert [slider.value for slider in parts["sliders"]] == FIGURE1
    _, switches = live.children[1].children
    assert len(switches.children) == 1, "no switch without weights to switch to"


def test_moving_a_slider_moves_the_others_and_redraws(parts):
    before = parts["picture"].value
    parts["sliders"][3].value = 0.65
    expected = move(FIGURE1, 3, 0.65)
    assert [slider.value for slider in parts["sliders"]] == pytest.approx(expected)
    assert parts["bars"].p == pytest.approx(expected)
    assert parts["picture"].value == parts["bars"].png() != before
    fpl = -math.log(0.25 * 0.35 / 0.70) - math.log(0.35)
    assert f"FPL = {fpl:.6f}" in parts["words"].value


def test_every_slider_position_shows_its_own_numbers(parts):
    shown = set()
    for value in np.linspace(0, 1, 11):
        parts["sliders"][1].value = float(value)
        p = parts["bars"].p
        assert p[1] == pytest.approx(value)
        _, values = oracle(p, 1, [1.0] * 5)
        numbers = re.findall(r"= (∞|inf|\d+\.\d{6})", parts["words"].value)
        assert [float(n.replace("∞", "inf")) for n in numbers] == pytest.approx(
            list(values.values()), abs=1e-6
        )
        shown.add(parts["picture"].value)
    assert len(shown) == 11


def test_the_pages_own_rounding_is_not_taken_for_a_move(parts):
    parts["sliders"][0].value = 0.44
    p = parts["bars"].p.copy()
    for slider in parts["sliders"]:
        slider.value = round(slider.value, 2)
    assert (parts["bars"].p == p).all()


def test_buttons_and_switches(parts):
    bars, buttons, first = parts["bars"], parts["buttons"], parts["picture"].value
    parts["true"].value = 3
    assert bars.true == 3 and bars.false == 1 and parts["picture"].value != first
    buttons["Sure and right"].click()
    assert bars.p[3] == 0.9 and "right" in bars.sentence()
    buttons["Sure and wrong"].click()
    assert bars.p[bars.false] == 0.9 and bars.true == 3 and "wrong" in bars.sentence()
    buttons["No idea"].click()
    assert bars.p == pytest.approx([0.2] * 5)
    assert [slider.value for slider in parts["sliders"]] == pytest.approx([0.2] * 5)
    parts["weights"].index = 1
    weighted = 0.92 * math.log(5) + 0.50 * math.log(5 / 4)
    assert bars.values()["FPL"] == pytest.approx(weighted)
    parts["weights"].index = 0
    buttons["Start"].click()
    assert parts["true"].value == 1 and parts["picture"].value == first


def test_without_ipywidgets_the_picture_is_still_there(monkeypatch, capsys):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "ipywidgets" else find_spec(name)
    )
    bars, live = FormulaFigure.with_controls(FIGURE1, 1, weights=EQ4)
    assert live is None
    plots.show(bars.figure, alt=bars.sentence(), live=live)  # also: small enough to be stored
    assert "FPL = 1.742969" in capsys.readouterr().out
