"""Notebook 06's exercises on counts: Eq. 9 class by class, and Table 2's changes as bars."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from fpl_lib import paper
from fpl_lib.cifar10.files import CLASSES
from fpl_lib.course.checking import FigureExercise, FunctionExercise, bars, named, titled


def _eq9(
    confusion: np.ndarray,
    *,
    negatives: Callable[[np.ndarray, np.ndarray], np.ndarray] = lambda rest, tp: rest,
) -> np.ndarray:
    """The solution; other true `negatives` put a mistake into it."""
    tp = confusion.diagonal()
    fp, fn = confusion.sum(0) - tp, confusion.sum(1) - tp
    tn = negatives(confusion.sum() - tp - fp - fn, tp)
    return 100 * (tp + tn) / (tp + fp + tn + fn)


def _cases(rng: np.random.Generator) -> list[tuple[np.ndarray]]:
    sizes = rng.integers(3, 8, size=3)
    return [(rng.integers(1, 60, (n, n)) + np.diag(rng.integers(50, 200, n)),) for n in sizes]


EQ9 = FunctionExercise(
    "06-eq9",
    solution=_eq9,
    decimals=1,
    cases=_cases,
    mistakes={
        "recall": lambda confusion: 100 * confusion.diagonal() / confusion.sum(1),
        "precision": lambda confusion: 100 * confusion.diagonal() / confusion.sum(0),
        "top-1": lambda confusion: np.full(
            len(confusion), 100 * confusion.trace() / confusion.sum()
        ),
        "no true negatives": {"negatives": lambda rest, tp: 0 * tp},
        "only the right ones": {"negatives": lambda rest, tp: tp.sum() - tp},
        "share": lambda confusion: _eq9(confusion) / 100,
        "errors": lambda confusion: 100 - _eq9(confusion),
    },
)


def draw_change(
    model: str = "efficientnet_v2_s",
    *,
    order: tuple[str, str] = ("fpl", "ce"),
    columns: tuple[str, ...] = CLASSES,
    share: bool = False,
    absolute: bool = False,
    name: str = "FPL − CE (false positives)",
    title: str = "39 in all is the small remainder of large changes",
) -> Axes:
    """FPL − CE of one network's printed row, class by class; the keywords make the mistakes."""
    table = paper.table2().query("model == @model").set_index("loss")
    change = (table.loc[order[0], list(columns)] - table.loc[order[1], list(columns)]).astype(float)
    if share:
        change = 100 * change / table.loc[order[1], list(columns)].astype(float)
    if absolute:
        change = change.abs()
    fig, ax = plt.subplots(figsize=(9, 4))
    ax.bar(range(len(columns)), change, color=["#D55E00" if c > 0 else "#0072B2" for c in change])
    ax.set_xticks(range(len(columns)), columns)
    ax.axhline(0, color="#444444", linewidth=1)
    ax.set(xlabel="predicted class", ylabel=name, title=title)
    return ax


CHANGE = FigureExercise(
    "06-change",
    solution=draw_change,
    readings={
        "the length of each class's bar": lambda ax: bars(ax, names=CLASSES),
        "the number of bars: one a class": lambda ax: len(bars(ax)),
        "the name of the x axis": named("x"),
        "the name of the y axis": named("y", "false positive"),
        "the title": titled,
    },
    mistakes={
        "other network": {"model": "resnet18"},
        "CE - FPL": {"order": ("ce", "fpl")},
        "total included": {"columns": (*CLASSES, "total")},
        "percent": {"share": True},
        "no sign": {"absolute": True},
        "no name": {"name": ""},
        "no title": {"title": ""},
    },
)
