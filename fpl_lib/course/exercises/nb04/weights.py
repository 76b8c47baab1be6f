"""Notebook 04's exercises on Eq. 4: how far its weights can differ, and how to turn them round."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fpl_lib.course.checking import FunctionExercise, ValueExercise
from fpl_lib.losses.alphas import class_alpha

LIMIT = ValueExercise(
    "04-limit",
    solution=(1.25, 0.99),
    atol=0.004,
    mistakes={
        "all heads at once": (2.0, 0.99),
        "a tenth each": (1 / 0.9, 0.99),
        "frequent over rare": (0.8, 0.99),
        "inverse share": (5.0, 0.99),
        "no limit": (float("inf"), 0.99),
        "what is left": (1.25, 0.01),
        "exchanged": (0.99, 1.25),
    },
)


def _flip(counts: Tensor) -> tuple[Tensor, Tensor]:
    alpha = class_alpha(counts)
    return alpha, alpha.max() + alpha.min() - alpha


def _counts(rng: np.random.Generator) -> list[tuple[Tensor]]:
    """Class sizes in no order, so that turning the list round is not turning the weights round."""
    cases = []
    for classes in (3, 5, 10):
        sizes = np.unique(rng.integers(5, 5000, 4 * classes))
        cases.append((torch.from_numpy(rng.permutation(sizes)[:classes]),))
    return cases


FLIP = FunctionExercise(
    "04-flip",
    solution=_flip,
    cases=_counts,
    mistakes={
        "order of the classes": lambda counts: (class_alpha(counts), class_alpha(counts).flip(0)),
        "one minus": lambda counts: (class_alpha(counts), 1 - class_alpha(counts)),
        "exchanged": lambda counts: _flip(counts)[::-1],
        "both": lambda counts: (_flip(counts)[1],) * 2,
        "not at all": lambda counts: (class_alpha(counts),) * 2,
        "reciprocal": lambda counts: (class_alpha(counts), 1 / class_alpha(counts)),
        "counts": lambda counts: (
            class_alpha(counts),
            class_alpha(counts.max() + counts.min() - counts),
        ),
        "no pair": lambda counts: _flip(counts)[1],
    },
)
