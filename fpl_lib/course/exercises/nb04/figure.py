"""Notebook 04's exercise that is a figure: three weights over the imbalance."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Tensor

from fpl_lib.cifar10.subsets import long_tail_counts
from fpl_lib.course.checking import FigureExercise, curve, drawn, scales
from fpl_lib.losses import class_balanced_weights
from fpl_lib.losses.alphas import class_alpha

_RULES: dict[str, Callable[[Tensor], Tensor]] = {
    "Eq. 4": class_alpha,
    "class-balanced": class_balanced_weights,
    "inverse frequency": lambda counts: 1 / counts,
}
_GRID = np.array([2.0, 5.0, 10.0, 20.0, 50.0, 100.0])


def _ratio(weights: Tensor) -> float:
    return float(weights[-1] / weights[0])


def _draw(
    compare: Callable[[Tensor], float] = _ratio,
    *,
    kind: str = "exponential",
    label: str = "{}",
    x_name: str = "imbalance ratio",
    scale: str = "log",
    last: float = 1000.0,
    rules: dict[str, Callable[[Tensor], Tensor]] = _RULES,
) -> plt.Axes:
    _, ax = plt.subplots()
    ratios = np.geomspace(1, last, 61)
    for name, rule in rules.items():
        heights = []
        for ratio in ratios:
            counts = long_tail_counts(5000, min(ratio, 1000.0), 10, kind=kind)
            heights.append(compare(rule(torch.tensor(counts, dtype=torch.float64))))
        ax.plot(ratios, heights, label=label.format(name))
    ax.set(xlabel=x_name, ylabel="weight of the rarest class / of the largest")
    ax.set(xscale="log", yscale=scale)
    return ax


DRAW = FigureExercise(
    "04-draw",
    solution=_draw,
    readings={
        **drawn(_RULES, _GRID, title=False),
        "where the curves begin and end": lambda ax: [
            bool(np.isfinite(curve(ax, name, np.array([1.1, 900.0]))).all()) for name in _RULES
        ],
        "the two axes, both logarithmic": scales,
    },
    rtol=0.03,  # class sizes are whole numbers: another grid of ratios gives slightly other ones
    mistakes={
        "upside down": {"compare": lambda weights: 1 / _ratio(weights)},
        "step profile": {"kind": "step"},
        "difference": {"compare": lambda weights: float(weights[-1] - weights[0])},
        "the rarest alone": {"compare": lambda weights: float(weights[-1])},
        "another beta": {
            "rules": _RULES
            | {"class-balanced": lambda counts: class_balanced_weights(counts, 0.999)}
        },
        "linear heights": {"scale": "linear"},
        "stops early": {"last": 100.0},
        "no labels": {"label": "_{}"},
        "x axis without a name": {"x_name": ""},
    },
)
