"""The figure exercise of notebook 08: the sum of a loss over all labels, as confidence grows."""

from __future__ import annotations

import functools

import matplotlib.pyplot as plt
import numpy as np

from fpl_lib.course.checking import FigureExercise, drawn
from fpl_lib.plots.style import COLORS

CLASSES = 10
_P = np.linspace(0.1, 0.99, 179)
_GRID = np.array([0.15, 0.35, 0.6, 0.85, 0.97])


def _sums(p: np.ndarray, *, leader_false: bool = True) -> dict[str, np.ndarray]:
    """CE, FPL and MAE summed over ten labels; the leader has p, the others share the rest."""
    s = (1 - p) / (CLASSES - 1)
    n = CLASSES - 1
    ce = -np.log(p) - n * np.log(s)
    false = -np.log(1 - s) - n * np.log(1 - (p if leader_false else s))
    return {"CE": ce, "FPL": ce + false, "MAE": 2 * (1 - p) + n * 2 * (1 - s)}


def _of_leader(p: np.ndarray) -> dict[str, np.ndarray]:
    s = (1 - p) / (CLASSES - 1)
    return {"CE": -np.log(p), "FPL": -np.log(p) - np.log(1 - s), "MAE": 2 * (1 - p)}


def draw_sums(
    *,
    sums=_sums,
    scale: float = 1.0,
    names: dict[str, str] | None = None,
    x_name: str = "probability of the leading class",
    y_name: str = "sum of the loss over all ten labels",
    title: str = "MAE's sum is constant; those of CE and FPL have no limit",
):
    """The three sums over p of the leading class; each keyword makes one mistake."""
    _, ax = plt.subplots()
    for name, height in sums(_P).items():
        label = (names or {}).get(name, name)
        ax.plot(_P, scale * height, color=COLORS[name.lower()], label=label)
    ax.set(xlabel=x_name, ylabel=y_name, title=title, ylim=(0, None))
    ax.legend()
    return ax


def _without_false(p: np.ndarray) -> dict[str, np.ndarray]:
    found = _sums(p)
    return {**found, "FPL": found["FPL"] - found["CE"]}


CONSTANT = FigureExercise(
    "08-constant",
    solution=draw_sums,
    readings=drawn(("FPL", "CE", "MAE"), _GRID),
    rtol=0.01,
    mistakes={
        "one label": {"sums": _of_leader},
        "mean": {"scale": 1 / CLASSES},
        "leader never F": {"sums": functools.partial(_sums, leader_false=False)},
        "L_F alone": {"sums": _without_false},
        "labels swapped": {"names": {"CE": "FPL", "FPL": "CE"}},
        "no labels": {"names": {"CE": "_1", "FPL": "_2", "MAE": "_3"}},
        "x axis without a name": {"x_name": ""},
        "y axis without a name": {"y_name": ""},
        "no title": {"title": ""},
    },
)
