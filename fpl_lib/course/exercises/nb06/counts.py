"""Notebook 06's exercises on counts: Eq. 9 class by class, and Table 2's changes as bars."""

from __future__ import annotations

from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from fpl_lib import paper
from fpl_lib.cifar10.files import CLASSES
from fpl_lib.course.checking import FigureExercise, FunctionExercise, bars, named, titled
from fpl_lib.training.metrics import one_vs_rest_accuracy


def _parts(confusion: np.ndarray):
    """TP, FP, FN of each class."""
    right = confusion.diagonal()
    return right, confusion.sum(0) - right, confusion.sum(1) - right


def _eq9(confusion: np.ndarray, *, counted_right=None) -> np.ndarray:
    tp, fp, fn = _parts(confusion)
    tn = confusion.sum() - tp - fp - fn if counted_right is None else counted_right(tp)
    return 100 * (tp + tn) / (tp + fp + tn + fn)


def _cases(rng: np.random.Generator) -> list[tuple[np.ndarray]]:
    sizes = rng.integers(3, 8, size=3)
    return [(rng.integers(1, 60, (n, n)) + np.diag(rng.integers(50, 200, n)),) for n in sizes]


EQ9 = FunctionExercise(
    id="06-eq9",
    title="Eq. 9, class by class",
    difficulty=2,
    minutes=7,
    solution=one_vs_rest_accuracy,
    decimals=1,
    cases=_cases,
    mistakes={
        "recall": (
            "That is TP / (TP + FN), the share of a class that is recognised (recall). Eq. 9 "
            "counts the images of other classes as well.",
            lambda confusion: 100 * confusion.diagonal() / confusion.sum(1),
        ),
        "precision": (
            "That is TP / (TP + FP), the share of right ones among what is called so (precision). "
            "Eq. 9 has TN and FN as well.",
            lambda confusion: 100 * confusion.diagonal() / confusion.sum(0),
        ),
        "top-1": (
            "That is one number for all classes, the usual accuracy. Eq. 9 has a TN, so it is "
            "about one class against the rest: a number a class.",
            lambda confusion: np.full(len(confusion), 100 * confusion.trace() / confusion.sum()),
        ),
        "no true negatives": (
            "The true negatives are missing: an image of another class that is not called this "
            "class is one of them, and most images are.",
            partial(_eq9, counted_right=lambda tp: 0 * tp),
        ),
        "only the right ones": (
            "You count a true negative only where the other class is recognised. It is enough that "
            "the image is not called this class: a dog called cat is a true negative of bird.",
            partial(_eq9, counted_right=lambda tp: tp.sum() - tp),
        ),
        "share": (
            "These are shares from 0 to 1: accuracies are in percent here.",
            lambda confusion: _eq9(confusion) / 100,
        ),
        "errors": (
            "These are the errors, (FP + FN) / N: the accuracy is what is left of 100.",
            lambda confusion: 100 - _eq9(confusion),
        ),
    },
    hints=(
        "TP is the diagonal. FP is the rest of the column, FN the rest of the row. And TN?",
        "TN is what remains of all images: `confusion.sum() - TP - FP - FN`.",
    ),
    takeaway="With ten classes, never saying cat is 90 % accurate about cats: nobody reports this.",
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
    id="06-change",
    title="Table 2's changes, class by class",
    difficulty=2,
    minutes=8,
    solution=draw_change,
    readings={
        "the length of each class's bar": lambda ax: bars(ax, names=CLASSES),
        "the number of bars: one a class": lambda ax: len(bars(ax)),
        "the name of the x axis": named("x"),
        "the name of the y axis": named("y", "false positive"),
        "the title": titled,
    },
    mistakes={
        "other network": (
            "These are ResNet18's changes: the rows wanted are EfficientNetV2's.",
            lambda: draw_change("resnet18"),
        ),
        "CE - FPL": (
            "The signs are the wrong way round: the cat loses 399 false positives under FPL, so "
            "its bar points down.",
            {"order": ("ce", "fpl")},
        ),
        "total included": (
            "The column `total` is drawn like an eleventh class.",
            {"columns": (*CLASSES, "total")},
        ),
        "percent": (
            "These are percent of CE's count. The question is about images: how many more or less.",
            {"share": True},
        ),
        "no sign": (
            "All bars point up: draw the change with its sign, so that one sees what cancels.",
            {"absolute": True},
        ),
        "no name": (
            "A reader cannot tell what the heights count: name the y axis, with `false positives`.",
            {"name": ""},
        ),
        "no title": ("Say in a title what the figure shows.", {"title": ""}),
    },
    hints=(
        "`table.loc['fpl', classes] - table.loc['ce', classes]` is the change of each class.",
        "`ax.bar(range(10), change)`, then `ax.set_xticks(range(10), classes)`.",
    ),
    takeaway="The classes trade hundreds of false positives; the total hardly moves.",
)
