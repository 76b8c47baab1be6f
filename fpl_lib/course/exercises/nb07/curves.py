"""Notebook 07's exercises on curves: how rough one is, and its steps as a figure."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from fpl_lib._files import RUNS
from fpl_lib.course.checking import FigureExercise, FunctionExercise, curve, named, titled
from fpl_lib.evidence.records import read_record
from fpl_lib.plots.style import COLORS


def _rough(top1: np.ndarray) -> float:
    return float(np.abs(np.diff(top1, 2)).mean())


def _curves(rng: np.random.Generator) -> list[tuple[np.ndarray]]:
    def one(epochs: int) -> np.ndarray:
        rise = 90 - 80 * np.exp(-np.arange(epochs) / rng.uniform(2, 8))
        return rise + rng.normal(0, rng.uniform(0.3, 2), epochs)

    return [(one(int(epochs)),) for epochs in rng.integers(5, 30, 3)]


ROUGH = FunctionExercise(
    id="07-rough",
    title="The roughness of a curve",
    difficulty=1,
    minutes=6,
    solution=_rough,
    cases=_curves,
    mistakes={
        "first difference": (
            "That is the mean size of a step. A straight, steep rise has large steps and is "
            "perfectly smooth: take differences of the differences.",
            lambda top1: float(np.abs(np.diff(top1)).mean()),
        ),
        "no absolute value": (
            "Ups and downs cancel: take absolute values before the mean.",
            lambda top1: float(np.diff(top1, 2).mean()),
        ),
        "sum": (
            "That is a sum, which grows with the number of epochs: take the mean.",
            lambda top1: float(np.abs(np.diff(top1, 2)).sum()),
        ),
        "squares": (
            "That is the mean of squares, in squared points: take absolute values instead.",
            lambda top1: float((np.diff(top1, 2) ** 2).mean()),
        ),
        "spread": (
            "That is the standard deviation over epochs: it says how far the curve rises, not how "
            "smoothly.",
            lambda top1: float(np.std(top1)),
        ),
        "divided by all epochs": (
            "E epochs have only E - 2 second differences: divide by their number.",
            lambda top1: float(np.abs(np.diff(top1, 2)).sum() / len(top1)),
        ),
    },
    hints=(
        "`np.diff(top1)` are the steps. In a straight line they are all equal.",
        "`np.diff(top1, 2)` are the differences of the steps; take the mean of their sizes.",
    ),
    takeaway="0 for any straight line, however steep: it measures the ups and downs alone.",
)

_EPOCHS = np.arange(2, 21, dtype=float)


@cache
def _recorded(loss: str) -> np.ndarray:
    """Top-1 of Table 2's recorded ResNet18, seed 0, an epoch a number."""
    record = read_record(RUNS / "table2" / f"resnet18-{loss}-0.jsonl")
    return np.array([row["top1"] for row in record.epochs])


def draw_steps(
    *,
    steps: Callable[[np.ndarray], np.ndarray] = np.diff,
    at: np.ndarray = _EPOCHS,
    names: tuple[str, str] = ("FPL", "CE"),
    y_name: str = "step of top-1 (points)",
    zero: bool = True,
    title: str = "Both curves rise by smaller and smaller steps",
) -> Axes:
    """How much top-1 rises from one epoch to the next; the keywords make the mistakes."""
    fig, ax = plt.subplots()
    for loss, name in zip(("fpl", "ce"), names, strict=True):
        values = steps(_recorded(loss))
        ax.plot(at[: len(values)], values, "o-", color=COLORS[loss], label=name)
    if zero:
        ax.axhline(0, color="#444444", linewidth=1)
    ax.set(xlabel="epoch", ylabel=y_name, title=title)
    ax.legend()
    return ax


def _has_zero(ax: Axes) -> bool:
    lines = [np.asarray(line.get_ydata(), float) for line in ax.lines]
    drawn = [group for group in ax.collections if isinstance(group, LineCollection)]  # ax.hlines
    lines += [segment[:, 1] for group in drawn for segment in group.get_segments()]
    return any(len(y) and np.allclose(y, 0) for y in lines)


STEPS = FigureExercise(
    id="07-steps",
    title="Draw the steps of a curve",
    difficulty=2,
    minutes=8,
    solution=draw_steps,
    readings={
        "the line labelled FPL": lambda ax: curve(ax, "FPL", _EPOCHS),
        "the line labelled CE": lambda ax: curve(ax, "CE", _EPOCHS),
        "the name of the y axis, and its unit": named("y", "point"),
        "the name of the x axis": named("x"),
        "a line at zero": _has_zero,
        "the title": titled,
    },
    mistakes={
        "accuracy itself": (
            "These are the accuracies. Wanted is how much each epoch adds: the differences.",
            {"steps": lambda top1: top1[1:]},
        ),
        "second difference": (
            "These are differences of differences. A step is the difference of two epochs.",
            {"steps": lambda top1: np.diff(top1, 2), "at": _EPOCHS[1:]},
        ),
        "sizes only": (
            "Every step points up: keep the sign, since some epochs lose accuracy.",
            {"steps": lambda top1: np.abs(np.diff(top1))},
        ),
        "one epoch early": (
            "The first step ends at epoch 2: draw it there. Yours stands at epoch 1.",
            {"at": _EPOCHS - 1},
        ),
        "labels swapped": (
            "The two labels are swapped: in the records CE's first step is the larger one.",
            {"names": ("CE", "FPL")},
        ),
        "no unit": (
            "The y axis does not say in what the step is counted: points of accuracy.",
            {"y_name": "step"},
        ),
        "no zero": (
            "Without a line at zero one does not see which epochs lose accuracy: `ax.axhline(0)`.",
            {"zero": False},
        ),
        "no title": ("Say in a title what the figure shows.", {"title": ""}),
    },
    hints=(
        "`np.diff(top1)` has one entry less than `top1`: the first belongs to epoch 2.",
        "`ax.plot(range(2, 21), np.diff(top1), label='CE')`, and the same for FPL.",
    ),
    takeaway="What one reads off one pair of curves holds for these two runs, not for the losses.",
)
