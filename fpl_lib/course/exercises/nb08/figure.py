"""The figure exercise of notebook 08: the sum of a loss over all labels, as confidence grows."""

from __future__ import annotations

import functools

import matplotlib.pyplot as plt
import numpy as np

from fpl_lib.course.checking import FigureExercise, curve, named, titled
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
    id="08-constant",
    title="Draw the constant sum",
    difficulty=2,
    minutes=8,
    solution=draw_sums,
    readings={
        "the curve labelled FPL": lambda ax: curve(ax, "FPL", _GRID),
        "the curve labelled CE": lambda ax: curve(ax, "CE", _GRID),
        "the curve labelled MAE": lambda ax: curve(ax, "MAE", _GRID),
        "the name of the x axis": named("x"),
        "the name of the y axis": named("y"),
        "the title": titled,
    },
    rtol=0.01,
    mistakes={
        "one label": (
            "This is the loss of one label, the leading class. Add up over all ten labels.",
            {"sums": _of_leader},
        ),
        "mean": (
            "This is the mean over the labels: the condition is about their sum, ten times as "
            "large.",
            {"scale": 1 / CLASSES},
        ),
        "leader never F": (
            "With a wrong label the leading class is F: it is the most probable class other than "
            "the label. In your FPL it never is.",
            {"sums": functools.partial(_sums, leader_false=False)},
        ),
        "L_F alone": (
            "Your FPL is its false part alone: add the true part, whose sum is that of CE.",
            {"sums": _without_false},
        ),
        "labels swapped": (
            "The labels of CE and FPL are swapped: FPL's sum is CE's plus that of the false parts.",
            {"names": {"CE": "FPL", "FPL": "CE"}},
        ),
        "no labels": (
            "Label the lines 'CE', 'FPL' and 'MAE', so that a legend can name them.",
            {"names": {"CE": "_1", "FPL": "_2", "MAE": "_3"}},
        ),
        "x axis without a name": (
            "Say at the x axis what grows there: the probability of the leading class.",
            {"x_name": ""},
        ),
        "y axis without a name": ("A reader must know that these are sums.", {"y_name": ""}),
        "no title": ("The title is missing: which of the sums is constant?", {"title": ""}),
    },
    hints=(
        "Probabilities of shape (n, 10), the leader in column 0, have their logarithms as logits.",
        "Loop over the ten labels: `loss(z, torch.full((n,), c), reduction='none')`, and add up.",
        "The three functions are `cross_entropy`, `false_positive_loss` and `rivals.mae_loss`.",
    ),
    takeaway="Only MAE does not care how sure the network is, summed over all labels.",
)
