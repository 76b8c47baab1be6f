"""Notebook 02's live figures: the triangle and its flows, the pushes, and their controls."""

from __future__ import annotations

import importlib.util
import io
import itertools

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image

from fpl_lib.plots import style as plots
from fpl_lib.plots.live import DescentFigure, PushFigure, descend, draw_simplex, interior, to_plane
from fpl_lib.plots.live.simplex import gradient

pytestmark = pytest.mark.slow

FIGURE_1 = [0.1, 0.6, 0.4, 0.8, -0.3]


def pushes_by_loops(z, true, alpha_true, alpha_false):
    """Minus the gradient of FPL, by central differences of Eq. 1 to 3 in plain numpy."""
    z = np.asarray(z, dtype=float)

    def loss(z):
        p = np.exp(z - z.max())
        p /= p.sum()
        p_false = max(p[j] for j in range(len(p)) if j != true)
        return -alpha_true * np.log(p[true]) - alpha_false * np.log(1 - p_false)

    steps = 1e-6 * np.eye(len(z))
    return np.array([(loss(z - step) - loss(z + step)) / 2e-6 for step in steps])


def test_triangle_has_its_corners_and_keeps_straight_lines_straight():
    corners = to_plane(np.eye(3))
    lengths = [np.linalg.norm(a - b) for a, b in itertools.combinations(corners, 2)]
    assert np.allclose(lengths, 1)
    assert corners[0, 1] > corners[1:, 1].max(), "T is on top"
    p, v = np.array([0.2, 0.5, 0.3]), np.array([0.1, -0.3, 0.2])
    assert np.allclose(to_plane(p + v), to_plane(p) + to_plane(v))


@pytest.mark.parametrize("n", [3, 4, 13])
def test_interior_points_are_even_distinct_and_inside(n):
    points = interior(n)
    assert points.shape == ((n - 1) * (n - 2) // 2, 3) == (len(points.unique(dim=0)), 3)
    assert torch.allclose(points.sum(1), torch.ones(len(points), dtype=torch.float64))
    assert points.min() > 0


def test_simplex_says_where_f_is_and_what_is_predicted():
    fig, ax = plt.subplots()
    draw_simplex(ax)
    words = {text.get_text() for text in ax.texts}
    assert {"T", "A", "B", "T predicted", "F = A, $p_A > ½$"} <= words
    markers = [line.get_marker() for line in ax.lines if line.get_marker() != "None"]
    assert markers == [plots.TRUE_MARKER, plots.FALSE_MARKER, plots.FALSE_MARKER]
    fig.canvas.draw()
    inside = [text.get_window_extent() for text in ax.texts]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(inside, 2))
    grey = ax.patches[0].get_xy()  # where p_A > 1/2: its points have more than half of A
    assert np.allclose(sorted(map(tuple, grey[:3])), sorted(map(tuple, to_plane(
        [[0, 1, 0], [0.5, 0.5, 0], [0, 0.5, 0.5]]))))  # fmt: skip


def test_gradient_is_that_of_the_formula():
    z = torch.tensor([[0.3, 1.7, -0.4]], dtype=torch.float64)
    for name, alpha in (("ce", (1.0, 0.0)), ("fpl", (1.0, 1.0))):
        expected = pushes_by_loops(z[0], 0, *alpha)
        assert np.allclose(-gradient(name, z)[0], expected, atol=1e-7)
    with pytest.raises(KeyError, match="mse"):
        gradient("mse", z)


def test_descent_raises_p_true_and_equal_length_means_equal_length():
    start = [0.0, 3.0, 1.0]
    for name in ("ce", "fpl"):
        p = descend(name, start, rate=0.1, steps=20)
        assert p.shape == (21, 3) and np.allclose(p.sum(1), 1)
        assert (np.diff(p[:, 0]) > 0).all()

    def first_step(name, **how):
        logs = np.log(descend(name, start, rate=0.1, steps=1, **how))
        step = logs[1] - logs[0]
        return np.linalg.norm(step - step.mean())  # a shift of all logits is no step

    assert first_step("fpl") > 1.2 * first_step("ce")
    assert first_step("fpl", same_length=True) == pytest.approx(first_step("ce"))


def test_equal_length_turns_the_order_round():
    """The message of the notebook's section 9, in the figure that shows it."""
    figure = DescentFigure([0.0, 3.0, 1.0], rate=0.2, steps=40)
    title = figure.figure.texts[0]
    assert figure.paths["fpl"][-1, 0] > figure.paths["ce"][-1, 0]
    assert "FPL is ahead" in title.get_text()
    figure.set(same_length=True)
    assert figure.paths["fpl"][-1, 0] < figure.paths["ce"][-1, 0]
    assert "CE is ahead" in title.get_text()
    assert "as long as CE's" in figure.sentence()
    figure.set(start=[0.0, 0.0, 0.0], steps=1)
    assert len(figure.paths["ce"]) == 2 and figure.same_length


@pytest.mark.parametrize("true, alpha", [(1, (1.0, 1.0)), (3, (0.5, 1.0)), (0, (1.0, 0.1))])
def test_pushes_are_those_of_the_formula(true, alpha):
    bars = PushFigure(FIGURE_1, true, alpha=alpha)
    pushes = bars.pushes()
    assert np.allclose(pushes["CE"], pushes_by_loops(FIGURE_1, true, 1.0, 0.0), atol=1e-7)
    assert np.allclose(pushes["FPL"], pushes_by_loops(FIGURE_1, true, *alpha), atol=1e-7)
    ax = bars.figure.axes[0]
    heights = [patch.get_height() for patch in ax.patches]
    assert np.allclose(heights, [*pushes["CE"], *pushes["FPL"]])


def test_bars_say_on_which_side_of_the_turning_point_they_are():
    bars = PushFigure(FIGURE_1, 1)
    assert bars.sentence().startswith("p_F = 0.30 ≤ 0.50: both losses push the bystanders down")
    bars.set(logits=[0.1, 0.6, 0.4, 2.8, -0.3])
    assert bars.sentence().startswith("p_F = 0.76 > 0.50: FPL pushes the bystanders up")
    assert all(bars.pushes()["FPL"][[0, 2, 4]] > 0)
    bars.set(alpha=(1.0, 0.1))
    assert bars.threshold == pytest.approx(1 / 1.1)
    assert "down" in bars.sentence()
    assert "Two classes" in PushFigure([0.0, 1.0], 0).sentence()


def test_every_bar_and_number_stays_inside_the_frame():
    bars = PushFigure([-4.0, 8.0, -4.0], 0)
    bars.figure.canvas.draw()
    ax = bars.figure.axes[0]
    frame = ax.get_window_extent()
    for text in (t for numbers in bars._numbers.values() for t in numbers):
        box = text.get_window_extent()
        assert frame.y0 <= box.y0 and box.y1 <= frame.y1


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: PushFigure([0.0], 0), "2 or more classes"),
        (lambda: PushFigure([0.0, float("nan")], 0), "finite logits"),
        (lambda: PushFigure([0.0, 1.0], 2), "from 0 to 1, got 2"),
        (lambda: PushFigure([0.0, 1.0], 0, names=["a"]), "expected 2 names, one per class; got 1"),
        (lambda: PushFigure([0.0, 1.0], 0, alpha=(1.0, 2.0)), "each above 0 up to 1"),
        (lambda: PushFigure([0.0, 1.0], 0).set(logits=[1.0, 2.0, 3.0]), "expected 2 logits, got 3"),
        (lambda: DescentFigure([0.0, 1.0], rate=1.0, steps=1), "the logits of T, A and B"),
        (lambda: DescentFigure([0.0, 1.0, 2.0], rate=0.0, steps=1), "`rate` must be"),
        (lambda: DescentFigure([0.0, 1.0, 2.0], rate=1.0, steps=0), "`steps` must be from 1"),
    ],
)
def test_parts_that_do_not_fit_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_a_name_that_is_no_parameter_and_a_bad_value_leave_the_figure_as_it_is():
    bars = PushFigure(FIGURE_1, 1)
    before = bars.png()
    with pytest.raises(TypeError, match="expected logits, true, alpha; got k"):
        bars.set(true=2, k=1)
    with pytest.raises(ValueError, match="above 0"):
        bars.set(true=2, alpha=(1.0, 0.0))
    assert bars.true == 1 and bars.png() == before


def controls(box):
    for child in box.children:
        if isinstance(child, ipywidgets.Box):
            yield from controls(child)
        else:
            yield child


def parts(live):
    """The controls by description, the picture, and the words below it."""
    *rest, picture, words = controls(live)
    assert isinstance(picture, ipywidgets.Image) and isinstance(words, ipywidgets.HTML)
    return {control.description: control for control in rest}, picture, words


def test_moving_a_logit_redraws_the_pushes():
    bars, live = PushFigure.with_controls(FIGURE_1, true=1)
    named, picture, words = parts(live)
    before = picture.value
    assert Image.open(io.BytesIO(before)).size == (900, 400)
    named["z of c3"].value = 2.8
    assert picture.value != before and words.value == bars.sentence()
    assert bars.p[3] == pytest.approx(0.76, abs=0.01)
    named["α_F"].value = 0.5
    assert bars.threshold == pytest.approx(2 / 3)
    named["T is"].value = 3
    assert (bars.true, bars.false) == (3, 1)


def test_moving_a_control_redraws_the_descent():
    paths, live = DescentFigure.with_controls([0.0, 3.0, 1.0], rate=0.2, steps=10)
    named, picture, words = parts(live)
    for name, value in (
        ("steps", 20),
        ("learning rate", 0.5),
        ("start: z of B", 2.0),
        ("give FPL's steps the length of CE's", True),
    ):
        before = picture.value
        named[name].value = value
        assert picture.value != before and words.value == paths.sentence()
    assert (paths.steps, paths.rate, paths.same_length) == (20, 0.5, True)
    assert paths.start == (0.0, 3.0, 2.0)


def test_without_ipywidgets_there_is_the_figure_alone(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert PushFigure.with_controls(FIGURE_1, true=1)[1] is None
    assert DescentFigure.with_controls([0.0, 3.0, 1.0], rate=0.2, steps=2)[1] is None
