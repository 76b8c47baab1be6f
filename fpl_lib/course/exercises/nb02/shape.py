"""Notebook 02's exercises on the gradient's shape: bystanders, the jump at a tie, its length."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from fpl_lib.course.checking import FigureExercise, ValueExercise, drawn
from fpl_lib.losses.fpl import false_positive_loss

_COUNTS = {"all": 12406, "head": 5000, "tail": 50}


def _turning_point(alpha_t: float, alpha_f: float) -> float:
    return alpha_t / (alpha_t + alpha_f)


_RARE = (_COUNTS["all"] - _COUNTS["tail"]) / _COUNTS["all"]
_FREQUENT = (_COUNTS["all"] - _COUNTS["head"]) / _COUNTS["all"]

THRESHOLD = ValueExercise(
    "02-threshold",
    solution=_turning_point(_RARE, _FREQUENT),
    atol=0.006,  # two decimals: 0.625 may be rounded either way
    mistakes={
        "exchanged": _turning_point(_FREQUENT, _RARE),
        "equal weights": 0.5,
        "ratio of the weights": _FREQUENT / _RARE,
        "odds": _RARE / _FREQUENT,
        "inverse frequency": _turning_point(1 / _COUNTS["tail"], 1 / _COUNTS["head"]),
        "share instead of rest": _turning_point(_COUNTS["tail"], _COUNTS["head"]),
    },
)

JUMP = ValueExercise(
    "02-jump",
    solution=1 / 3,
    atol=0.005,
    mistakes={
        "no jump": 0.0,
        "without q": 0.25,
        "one side: F": 0.5,
        "one side: bystander": 1 / 6,
        "sign": -1 / 3,
    },
)


def _length_ratio(z: Tensor, power: float = 1.0) -> float:
    """|gradient of FPL| / |gradient of CE| for one sample (C,) with T = class 0."""
    z = z.clone().requires_grad_()
    target = torch.tensor(0)
    fpl = torch.autograd.grad(false_positive_loss(z, target), z)[0].norm()
    ce = torch.autograd.grad(cross_entropy(z, target), z)[0].norm()
    return float((fpl / ce) ** power)


def _loss_ratio(z: Tensor) -> float:
    target = torch.tensor(0)
    return float(false_positive_loss(z, target) / cross_entropy(z, target))


def _length(z: Tensor) -> float:
    z = z.clone().requires_grad_()
    return float(torch.autograd.grad(false_positive_loss(z, torch.tensor(0)), z)[0].norm())


def _draw_ratio(
    height: Callable[[Tensor], float] = _length_ratio,
    *,
    label: str = "C = {}",
    x_name: str = "$p_F$",
    across: Callable[[np.ndarray], np.ndarray] = lambda p: p,
) -> plt.Axes:
    _, ax = plt.subplots()
    p_false = np.linspace(0.5, 0.98, 49)
    for count in (2, 3, 10):
        heights = []
        for p in p_false:
            rest = (1 - p) / (count - 1)
            probabilities = torch.full((count,), float(rest), dtype=torch.float64)
            probabilities[1] = p
            heights.append(height(probabilities.log()))
        ax.plot(across(p_false), heights, label=label.format(count))
    ax.set(xlabel=x_name, ylabel="length of FPL's gradient / length of CE's")
    return ax


_GRID = np.array([0.55, 0.65, 0.75, 0.85, 0.95])

RATIO = FigureExercise(
    "02-ratio",
    solution=_draw_ratio,
    readings=drawn(("C = 2", "C = 3", "C = 10"), _GRID, x="f", title=False),
    rtol=0.01,
    mistakes={
        "upside down": {"height": lambda z: _length_ratio(z, -1.0)},
        "squared": {"height": lambda z: _length_ratio(z, 2.0)},
        "losses": {"height": _loss_ratio},
        "FPL alone": {"height": _length},
        "over the logit": {"across": lambda p: np.log(p / (1 - p))},
        "no labels": {"label": "_{}"},
        "x axis without a name": {"x_name": ""},
    },
)
