"""Notebook 04's exercises on long-tailed runs: accuracy by group, logits adjusted afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fpl_lib.course.checking import FunctionExercise, as_numbers
from fpl_lib.losses.alphas import class_alpha


def _groups(confusion: np.ndarray, groups: Sequence[Sequence[int]]) -> list[float]:
    right = confusion.diagonal()
    return [float(100 * right[list(g)].sum() / confusion[list(g)].sum()) for g in groups]


def _tables(rng: np.random.Generator) -> list[tuple[np.ndarray, list[list[int]]]]:
    cases = []
    for groups in ([[0], [1, 2]], [[0, 1], [2, 3], [4, 5]], [[2, 0], [1, 5, 4], [3, 6]]):
        classes = sum(map(len, groups))
        table = rng.integers(1, 30, (classes, classes)) + np.diag(rng.integers(5, 90, classes))
        cases.append((table, groups))
    return cases


GROUPS = FunctionExercise(
    id="04-groups",
    title="Accuracy by group",
    difficulty=1,
    minutes=6,
    solution=_groups,
    decimals=2,
    cases=_tables,
    mistakes={
        "columns": (
            "You divide by what was predicted as the group, which is its precision. Rows are the "
            "true classes.",
            lambda confusion, groups: _groups(confusion.T, groups),
        ),
        "the whole block": (
            "You count a class taken for another of its group as right. Right is the diagonal.",
            lambda confusion, groups: [
                float(100 * confusion[np.ix_(g, g)].sum() / confusion[list(g)].sum())
                for g in groups
            ],
        ),
        "share of all images": (
            "You divide by all images. The accuracy of a group is among the group's own images.",
            lambda confusion, groups: [
                float(100 * confusion.diagonal()[list(g)].sum() / confusion.sum()) for g in groups
            ],
        ),
        "mean of the classes": (
            "You average the classes' accuracies. With test sets of one size that is the same; "
            "here classes have different numbers of images: add up images, then divide.",
            lambda confusion, groups: [
                float((100 * confusion.diagonal() / confusion.sum(1))[list(g)].mean())
                for g in groups
            ],
        ),
        "no percent": (
            "These are shares between 0 and 1: percent is wanted.",
            lambda confusion, groups: [value / 100 for value in _groups(confusion, groups)],
        ),
        "errors": (
            "This is the share of wrong answers: 100 minus the accuracy.",
            lambda confusion, groups: [100 - value for value in _groups(confusion, groups)],
        ),
    },
    hints=(
        "Images of a group: the sum of its rows. Right ones: its entries on the diagonal.",
        "`confusion[group]` takes the rows of a list of classes; `confusion.diagonal()[group]` the "
        "entries.",
    ),
    takeaway="One accuracy hides who pays for it; three do not.",
)


def _adjust(logits: Tensor, counts: Tensor, tau: float) -> Tensor:
    return logits - tau * (counts / counts.sum()).log()


def _logits(rng: np.random.Generator) -> list[tuple[Tensor, Tensor, float]]:
    cases = []
    for classes in (3, 5, 10):
        logits = torch.from_numpy(2 * rng.standard_normal((4, classes)))
        counts = torch.from_numpy(rng.permutation(np.geomspace(5, 500, classes)).round())
        cases.append((logits, counts, float(rng.uniform(0.4, 0.8))))
    return cases


def _up_to_a_shift(function: Callable[..., Any], logits: Tensor, counts: Tensor, tau: float) -> Any:
    """Adding one number to all logits of a sample changes no probability: so it is taken out."""
    adjusted = function(logits, counts, tau)
    numbers = as_numbers(adjusted)
    if numbers is None or numbers.shape != logits.shape:
        return adjusted
    return numbers - numbers.mean(1, keepdims=True)


ADJUST = FunctionExercise(
    id="04-adjust",
    title="Logit adjustment afterwards",
    difficulty=2,
    minutes=6,
    solution=_adjust,
    cases=_logits,
    observe=_up_to_a_shift,
    decimals=3,
    mistakes={
        "sign": (
            "You add τ log π. The loss does that in training; a network trained without it has the "
            "classes' shares in its logits already: take them out.",
            lambda logits, counts, tau: _adjust(logits, counts, -tau),
        ),
        "no logarithm": (
            "You subtract the share itself. Shares multiply probabilities, so their logarithms add "
            "to logits.",
            lambda logits, counts, tau: logits - tau * counts / counts.sum(),
        ),
        "no tau": (
            "τ is missing: it scales log π.",
            lambda logits, counts, tau: _adjust(logits, counts, 1.0),
        ),
        "tau on the logits": (
            "You scale the logits by τ; it belongs to log π alone.",
            lambda logits, counts, tau: _adjust(tau * logits, counts, tau),
        ),
        "probabilities": (
            "This is p / π^τ, which predicts the same class, but these are no logits: take the "
            "logarithm.",
            lambda logits, counts, tau: logits.softmax(1) / (counts / counts.sum()) ** tau,
        ),
        "weights of Eq. 4": (
            "You used Eq. 4's weights, 1 - π. The correction is by π itself.",
            lambda logits, counts, tau: logits + tau * class_alpha(counts).log(),
        ),
    },
    hints=(
        "π is `counts / counts.sum()`. A network's probabilities are proportional to π times what "
        "the image says.",
        "Dividing probabilities by π^τ is subtracting τ log π from logits.",
    ),
    takeaway="No training, one line, and no loss of its own: the yardstick for every weight.",
)
