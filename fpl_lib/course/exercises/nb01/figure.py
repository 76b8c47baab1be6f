"""The figure exercise of notebook 01: CE and FPL along a path on which p_T stays the same."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from fpl_lib.course.checking import FigureExercise, along, named, titled
from fpl_lib.plots.style import COLORS

TRUE, REST = 0.4, 0.6
SHARES = np.linspace(0, 1, 51)  # of the way: the card leaves open what stands at the x axis


def draw_path(
    *,
    false=lambda p_A, p_B: np.maximum(p_A, p_B),
    right_false=lambda p_true, p_false: 1 - p_false,
    add=lambda true, false: true + false,
    log=np.log,
    names=("CE", "FPL"),
    x_name="$p_B$, the probability of B",
    y_name="loss (nats)",
    title="CE does not see where the rest goes; FPL does",
):
    """CE and FPL while 0.6 of probability wanders from A to B; each keyword makes one mistake."""
    p_B = np.linspace(0, REST, 241)
    p_true, p_false = np.full_like(p_B, TRUE), false(REST - p_B, p_B)
    true = -log(p_true)
    fig, ax = plt.subplots()
    ax.plot(p_B, true, color=COLORS["ce"], label=names[0])
    fpl = add(true, -log(right_false(p_true, p_false)))
    ax.plot(p_B, fpl, color=COLORS["fpl"], label=names[1])
    ax.set(xlabel=x_name, ylabel=y_name, ylim=(0, None), title=title)
    ax.legend()
    return fig, ax


DRAW = FigureExercise(
    id="01-draw",
    title="Two losses on one path",
    difficulty=2,
    minutes=8,
    solution=draw_path,
    readings={
        "the curve labelled FPL": lambda ax: along(ax, "FPL", SHARES),
        "the curve labelled CE": lambda ax: along(ax, "CE", SHARES),
        "the name of the x axis": named("x"),
        "the name of the y axis, and its unit": named("y", "nat"),
        "the title": titled,
    },
    rtol=0.01,
    mistakes={
        "F allowed to be T": (
            "Your FPL is flat in the middle: there T itself is the most probable class. F is "
            "chosen among A and B only.",
            {"false": lambda p_A, p_B: np.maximum(TRUE, np.maximum(p_A, p_B))},
        ),
        "F fixed": (
            "Your F is B everywhere. Left of the middle A is the more probable one, and F.",
            {"false": lambda p_A, p_B: p_B},
        ),
        "F fixed to A": (
            "Your F is A everywhere. Right of the middle B is the more probable one, and F.",
            {"false": lambda p_A, p_B: p_A},
        ),
        "least probable": (
            "Your FPL is highest in the middle: F is the wrong class with the largest probability.",
            {"false": np.minimum},
        ),
        "both wrong classes": (
            "Your FPL adds a term for A and one for B. That is Eq. 8 with k = 2; Eq. 1 has one F, "
            "the larger of the two.",
            {"false": lambda p_A, p_B: 1 - (1 - p_A) * (1 - p_B)},
        ),
        "1 - p_T": (
            "Your FPL is a straight line: its second logarithm is of 1 - p_T. It should be 1 - "
            "p_F.",
            {"right_false": lambda p_true, p_false: 1 - p_true},
        ),
        "log of p_F": (
            "Your FPL falls where F grows: Eq. 3 has -log(1 - p_F), not -log p_F.",
            {"right_false": lambda p_true, p_false: p_false},
        ),
        "sign": (
            "Your FPL is below CE: L_F is never negative, so with unit weights FPL is above CE.",
            {"add": lambda true, false: true - false},
        ),
        "L_F alone": (
            "This is L_F alone: FPL is the sum of L_T and L_F.",
            {"add": lambda true, false: false},
        ),
        "log10": (
            "These are logarithms to base 10: a loss in nats takes the natural ones.",
            {"log": np.log10},
        ),
        "labels swapped": (
            "The two labels are swapped: the curve that does not move is CE.",
            {"names": ("FPL", "CE")},
        ),
        "no unit": (
            "The y axis does not say in what the loss is counted: natural logarithms give nats.",
            {"y_name": "loss"},
        ),
        "no title": ("Say in a title what the figure shows.", {"title": ""}),
    },
    hints=(
        "p_T is 0.4 all along, so CE cannot change. What is the larger one of the other two?",
        "`np.maximum(p_A, p_B)` is the larger of two arrays, point by point.",
    ),
    takeaway="FPL is least where the wrong classes share, with a kink where F changes hands.",
)
