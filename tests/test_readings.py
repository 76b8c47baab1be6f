"""What is read from a figure does not depend on how it was drawn."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from fpl_lib.course.checking.figures import (
    along,
    bar_names,
    bars,
    colour,
    curve,
    from_zero,
    named,
    scales,
    side_by_side,
    titled,
    with_legend,
)

NAMES, CE, FPL = ("cat", "dog", "frog"), [3, 5, 2], [4, 1, 6]
PLACES = np.arange(3)


def upright(ax):
    ax.bar(PLACES - 0.2, CE, 0.4, label="CE"), ax.bar(PLACES + 0.2, FPL, 0.4, label="FPL")
    ax.set_xticks(PLACES, NAMES)


def lying_bars(ax):
    ax.barh(PLACES - 0.2, CE, 0.4, label="ce"), ax.barh(PLACES + 0.2, FPL, 0.4, label="fpl")
    ax.set_yticks(PLACES, NAMES)


def reversed_order(ax):
    ax.bar(PLACES - 0.2, CE[::-1], 0.4), ax.bar(PLACES + 0.2, FPL[::-1], 0.4)
    ax.set_xticks(PLACES, NAMES[::-1])
    ax.legend(["CE", "FPL"])


@pytest.mark.parametrize("draw", [upright, lying_bars, reversed_order])
def test_bars_are_read_by_name_however_they_stand(draw):
    _, ax = plt.subplots()
    draw(ax)
    assert bars(ax, "CE", NAMES) == CE and bars(ax, "FPL", NAMES) == FPL
    assert set(NAMES) <= bar_names(ax).keys() and len(bars(ax)) == 6
    assert side_by_side(ax, "CE", "FPL") and from_zero(ax)


def test_bars_that_hide_or_carry_each_other_are_seen():
    _, ax = plt.subplots()
    ax.bar(NAMES, CE, label="CE"), ax.bar(NAMES, FPL, bottom=CE, label="FPL")
    assert not side_by_side(ax, "CE", "FPL") and not from_zero(ax)
    with pytest.raises(LookupError, match="nothing is labelled 'MAE'"):
        bars(ax, "MAE")


@pytest.mark.parametrize("kind", ["plot", "scatter", "errorbar", "step"])
def test_a_curve_is_read_however_it_is_drawn(kind):
    _, ax = plt.subplots()
    getattr(ax, kind)([3, 1, 2], [9, 1, 4], label="CE", color="#0072b2")
    assert curve(ax, "ce", np.array([1.0, 2.5, 4.0])) == pytest.approx(
        [1, 6.5, np.nan], nan_ok=True
    )
    assert along(ax, "ce", np.array([0.0, 1.0])) == pytest.approx([1, 9])
    assert colour(ax, "CE") == "#0072b2"


def test_names_titles_and_scales():
    fig, ax = plt.subplots()
    ax.plot([1, 2], [1, 2])
    assert not (named("x")(ax) or titled(ax) or with_legend(ax))
    (
        ax.set(xlabel="Seeds per loss", yscale="log"),
        fig.suptitle("More seeds"),
        fig.supylabel("power"),
    )
    assert named("x", "seed")(ax) and not named("x", "epoch")(ax) and named("y")(ax)
    assert titled(ax) and scales(ax) == ("linear", "log")
    _, ax = plt.subplots()
    ax.barh(NAMES, CE)
    ax.set(xlabel="false positives", ylabel="class")
    assert named("y", "false positive")(ax) and named("x", "class")(ax)
