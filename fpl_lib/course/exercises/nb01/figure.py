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
    ax.set(xlabel="$p_B$, the probability of B", ylabel=y_name, ylim=(0, None), title=title)
    ax.legend()
    return fig, ax


DRAW = FigureExercise(
    "01-draw",
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
        "F allowed to be T": {"false": lambda p_A, p_B: np.maximum(TRUE, np.maximum(p_A, p_B))},
        "F fixed": {"false": lambda p_A, p_B: p_B},
        "F fixed to A": {"false": lambda p_A, p_B: p_A},
        "least probable": {"false": np.minimum},
        "both wrong classes": {"false": lambda p_A, p_B: 1 - (1 - p_A) * (1 - p_B)},
        "1 - p_T": {"right_false": lambda p_true, p_false: 1 - p_true},
        "log of p_F": {"right_false": lambda p_true, p_false: p_false},
        "sign": {"add": lambda true, false: true - false},
        "L_F alone": {"add": lambda true, false: false},
        "log10": {"log": np.log10},
        "labels swapped": {"names": ("FPL", "CE")},
        "no unit": {"y_name": "loss"},
        "no title": {"title": ""},
    },
)
