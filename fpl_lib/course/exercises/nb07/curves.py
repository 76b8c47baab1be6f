"""Notebook 07's exercises on curves: how rough one is, and its steps as a figure."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from fpl_lib._files import RUNS
from fpl_lib.course.checking import FigureExercise, FunctionExercise, drawn
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
    "07-rough",
    solution=_rough,
    cases=_curves,
    mistakes={
        "first difference": lambda top1: float(np.abs(np.diff(top1)).mean()),
        "no absolute value": lambda top1: float(np.diff(top1, 2).mean()),
        "sum": lambda top1: float(np.abs(np.diff(top1, 2)).sum()),
        "squares": lambda top1: float((np.diff(top1, 2) ** 2).mean()),
        "spread": lambda top1: float(np.std(top1)),
        "divided by all epochs": lambda top1: float(np.abs(np.diff(top1, 2)).sum() / len(top1)),
    },
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
    "07-steps",
    solution=draw_steps,
    readings={**drawn(("FPL", "CE"), _EPOCHS, y=["point"]), "a line at zero": _has_zero},
    mistakes={
        "accuracy itself": {"steps": lambda top1: top1[1:]},
        "second difference": {"steps": lambda top1: np.diff(top1, 2), "at": _EPOCHS[1:]},
        "sizes only": {"steps": lambda top1: np.abs(np.diff(top1))},
        "one epoch early": {"at": _EPOCHS - 1},
        "labels swapped": {"names": ("CE", "FPL")},
        "no unit": {"y_name": "step"},
        "no zero": {"zero": False},
        "no title": {"title": ""},
    },
)
