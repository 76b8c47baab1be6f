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
    "04-groups",
    solution=_groups,
    decimals=2,
    cases=_tables,
    mistakes={
        "columns": lambda confusion, groups: _groups(confusion.T, groups),
        "the whole block": lambda confusion, groups: [
            float(100 * confusion[np.ix_(g, g)].sum() / confusion[list(g)].sum()) for g in groups
        ],
        "share of all images": lambda confusion, groups: [
            float(100 * confusion.diagonal()[list(g)].sum() / confusion.sum()) for g in groups
        ],
        "mean of the classes": lambda confusion, groups: [
            float((100 * confusion.diagonal() / confusion.sum(1))[list(g)].mean()) for g in groups
        ],
        "no percent": lambda confusion, groups: [
            value / 100 for value in _groups(confusion, groups)
        ],
        "errors": lambda confusion, groups: [100 - value for value in _groups(confusion, groups)],
    },
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
    centred = torch.from_numpy(numbers - numbers.mean(1, keepdims=True))
    # Halves stay halves, whose type says how exact they are.
    return centred.to(adjusted.dtype) if isinstance(adjusted, Tensor) else centred


ADJUST = FunctionExercise(
    "04-adjust",
    solution=_adjust,
    cases=_logits,
    observe=_up_to_a_shift,
    decimals=3,
    mistakes={
        "sign": lambda logits, counts, tau: _adjust(logits, counts, -tau),
        "no logarithm": lambda logits, counts, tau: logits - tau * counts / counts.sum(),
        "no tau": lambda logits, counts, tau: _adjust(logits, counts, 1.0),
        "tau on the logits": lambda logits, counts, tau: _adjust(tau * logits, counts, tau),
        "probabilities": lambda logits, counts, tau: (
            logits.softmax(1) / (counts / counts.sum()) ** tau
        ),
        "weights of Eq. 4": lambda logits, counts, tau: logits + tau * class_alpha(counts).log(),
    },
)
