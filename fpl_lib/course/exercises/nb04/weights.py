"""Notebook 04's exercises on Eq. 4: how far its weights can differ, and how to turn them round."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fpl_lib.course.checking import FunctionExercise, ValueExercise
from fpl_lib.losses.alphas import class_alpha

LIMIT = ValueExercise(
    id="04-limit",
    title="How far Eq. 4 can go",
    difficulty=2,
    minutes=6,
    solution=(1.25, 0.99),
    atol=0.004,
    mistakes={
        "all heads at once": (
            "The first number takes the five frequent classes for one that holds everything, or "
            "half. Each of the five holds a fifth.",
            (2.0, 0.99),
        ),
        "a tenth each": (
            "The first number comes from a share of one tenth. The five rare classes have next to "
            "nothing, so five classes share it all.",
            (1 / 0.9, 0.99),
        ),
        "frequent over rare": (
            "The first number is the frequent class's weight over the rare one's: turn it over.",
            (0.8, 0.99),
        ),
        "inverse share": (
            "The first number is 1 / share, the inverse frequency. Eq. 4 weights by 1 - share.",
            (5.0, 0.99),
        ),
        "no limit": (
            "The weights of Eq. 4 do not follow the counts' ratio: the rare class's weight cannot "
            "pass 1, and the frequent one's stays at 1 minus its share.",
            (float("inf"), 0.99),
        ),
        "what is left": (
            "The second number is what the other classes have left. Asked is the share of the "
            "largest class.",
            (1.25, 0.01),
        ),
        "exchanged": (
            "The two numbers are exchanged: first the limit, then the share.",
            (0.99, 1.25),
        ),
    },
    hints=(
        "In the limit the rare classes have no share, so their weight is 1. What share has one "
        "frequent class?",
        "For the second number solve 1 / (1 - share) = 100.",
    ),
    takeaway="A weight between 1 - share and 1 can only be strong against one overwhelming class.",
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
    id="04-flip",
    title="Turn the false weight round",
    difficulty=2,
    minutes=6,
    solution=_flip,
    cases=_counts,
    mistakes={
        "order of the classes": (
            "You turn the list of weights round: the last class gets the first one's. Each class "
            "shall keep its place and get another weight.",
            lambda counts: (class_alpha(counts), class_alpha(counts).flip(0)),
        ),
        "one minus": (
            "1 - α is the class's share N_i / N: next to 0 for every rare class. Keep the range "
            "of Eq. 4: the largest weight becomes the smallest.",
            lambda counts: (class_alpha(counts), 1 - class_alpha(counts)),
        ),
        "exchanged": (
            "The pair is the wrong way round: first α_T, which stays as Eq. 4 has it, then α_F.",
            lambda counts: _flip(counts)[::-1],
        ),
        "both": (
            "You turned both round. α_T already favours rare classes: leave it.",
            lambda counts: (_flip(counts)[1],) * 2,
        ),
        "not at all": (
            "Both weights are those of Eq. 4: α_F is still smallest for the most frequent class.",
            lambda counts: (class_alpha(counts),) * 2,
        ),
        "reciprocal": (
            "1 / α turns the order round, but leaves the range of Eq. 4.",
            lambda counts: (class_alpha(counts), 1 / class_alpha(counts)),
        ),
        "counts": (
            "You turn the counts round before Eq. 4: other counts sum to another N.",
            lambda counts: (
                class_alpha(counts),
                class_alpha(counts.max() + counts.min() - counts),
            ),
        ),
        "no pair": (
            "Return the pair of both weights, as `alpha=` takes it.",
            lambda counts: _flip(counts)[1],
        ),
    },
    hints=(
        "What must be added to the largest weight so that, after subtracting the weight itself, "
        "the smallest is left?",
        "For each class max α + min α - α: the largest and the smallest change places.",
    ),
    takeaway="Now a false alarm costs most where it happens most: on the frequent classes.",
)
