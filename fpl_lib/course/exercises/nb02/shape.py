"""Notebook 02's exercises on the gradient's shape: bystanders, the jump at a tie, its length."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from fpl_lib.course.checking import FigureExercise, ValueExercise, curve, named
from fpl_lib.losses.fpl import false_positive_loss

_COUNTS = {"all": 12406, "head": 5000, "tail": 50}


def _turning_point(alpha_t: float, alpha_f: float) -> float:
    return alpha_t / (alpha_t + alpha_f)


_RARE = (_COUNTS["all"] - _COUNTS["tail"]) / _COUNTS["all"]
_FREQUENT = (_COUNTS["all"] - _COUNTS["head"]) / _COUNTS["all"]

THRESHOLD = ValueExercise(
    id="02-threshold",
    title="Where bystanders turn on a long tail",
    difficulty=2,
    minutes=5,
    solution=_turning_point(_RARE, _FREQUENT),
    atol=0.006,  # two decimals: 0.625 may be rounded either way
    mistakes={
        "exchanged": (
            "T is the rare class and F the frequent one; you have it the other way round, or "
            "`alpha_F` above the fraction bar.",
            _turning_point(_FREQUENT, _RARE),
        ),
        "equal weights": (
            "1/2 holds for equal weights only. Eq. 4 gives the two classes different ones.",
            0.5,
        ),
        "ratio of the weights": (
            "That is `alpha_F / alpha_T`. The share wanted is `alpha_T / (alpha_T + alpha_F)`.",
            _FREQUENT / _RARE,
        ),
        "odds": (
            "That is `alpha_T / alpha_F`, the odds `p_F / (1 - p_F)` at the turning point; a "
            "probability is wanted.",
            _RARE / _FREQUENT,
        ),
        "inverse frequency": (
            "You weighted by `1 / N_i`. Eq. 4 weights by `(N - N_i) / N`, which is far weaker.",
            _turning_point(1 / _COUNTS["tail"], 1 / _COUNTS["head"]),
        ),
        "share instead of rest": (
            "You weighted by `N_i / N`, the class's share. Eq. 4 is the rest, `(N - N_i) / N`.",
            _turning_point(_COUNTS["tail"], _COUNTS["head"]),
        ),
    },
    hints=(
        "First the two weights of Eq. 4: one is close to 1, the other close to 0.6.",
        "Set the push on a bystander to 0 and solve for `p_F`.",
    ),
    takeaway="Where a rare class is taken for a frequent one, bystanders turn after 1/2.",
)

JUMP = ValueExercise(
    id="02-jump",
    title="The height of the jump",
    difficulty=2,
    minutes=5,
    solution=1 / 3,
    atol=0.005,
    mistakes={
        "no jump": (
            "The loss does not jump at the tie, its gradient does. Write down the entry of A with "
            "A as F, and with A as a bystander.",
            0.0,
        ),
        "without q": (
            "1/4 is `alpha_F * p_F`, what A pays as F. As a bystander it also received a share "
            "`q_A` of it, which it loses.",
            0.25,
        ),
        "one side: F": (
            "1/2 is the entry itself while A is F. Subtract the entry while A is a bystander.",
            0.5,
        ),
        "one side: bystander": (
            "1/6 is the entry itself while A is a bystander. The jump is the difference to the "
            "other side.",
            1 / 6,
        ),
        "sign": ("The entry grows when A takes the lead: F is pushed down hardest.", -1 / 3),
    },
    hints=(
        "As F, the entry of A is `(alpha_T + alpha_F) * p_A`.",
        "As a bystander it is `alpha_T * p_A - alpha_F * p_F * q_A`, with `q_A = p_A / (1 - p_F)`.",
    ),
    takeaway="At a tie the jump is alpha_F p_F / (1 - p_F).",
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
    id="02-ratio",
    title="Draw how long FPL's gradient is",
    difficulty=3,
    minutes=12,
    solution=_draw_ratio,
    readings={
        "the curve labelled C = 2": lambda ax: curve(ax, "C = 2", _GRID),
        "the curve labelled C = 3": lambda ax: curve(ax, "C = 3", _GRID),
        "the curve labelled C = 10": lambda ax: curve(ax, "C = 10", _GRID),
        "the name of the x axis, p_F": named("x", "f"),
        "the name of the y axis": named("y"),
    },
    rtol=0.01,
    mistakes={
        "upside down": (
            "Your curves lie below 1: you divided CE's length by FPL's.",
            lambda: _draw_ratio(lambda z: _length_ratio(z, -1.0)),
        ),
        "squared": (
            "You compare squared lengths: take the square root (`.norm()` does).",
            lambda: _draw_ratio(lambda z: _length_ratio(z, 2.0)),
        ),
        "losses": (
            "This is the ratio of the loss values. What drives training is the gradient: compare "
            "the lengths of those.",
            lambda: _draw_ratio(_loss_ratio),
        ),
        "FPL alone": (
            "This is the length of FPL's gradient: divide it by the length of CE's.",
            lambda: _draw_ratio(_length),
        ),
        "over the logit": (
            "Your x axis is the logit of F: draw the curves over its probability `p_F`.",
            {"across": lambda p: np.log(p / (1 - p))},
        ),
        "no labels": (
            "Label the lines 'C = 2', 'C = 3' and 'C = 10', so that a legend can name them.",
            {"label": "_{}"},
        ),
        "x axis without a name": (
            "A reader cannot tell what the x axis is: name it p_F.",
            {"x_name": ""},
        ),
    },
    hints=(
        "For one value of `p_F`: the other classes have `(1 - p_F) / (C - 1)` each. The logits are "
        "the logarithms of these probabilities.",
        "`gradient(fpl, z, target)` and `gradient(ce, z, target)` take a batch: make `z` of shape "
        "(49, C), one row a value of `p_F`, and take `.norm(dim=1)`.",
        "In the loop over C: `p = ((1 - p_f) / (C - 1)).repeat(1, C)`, then set column 1 to `p_f`.",
    ),
    takeaway="Two classes: always 2. Three or more: the more confident the mistake, the longer.",
)
