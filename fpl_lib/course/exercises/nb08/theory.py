"""Notebook 08's exercises on rates, on the expected loss, and on what FPL asks for under noise."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from fpl_lib.course.checking import FunctionExercise, ValueExercise

RATES = ValueExercise(
    id="08-rates",
    title="Two kinds of 40 %",
    difficulty=1,
    minutes=4,
    solution=(0.36, 0.64, 0.9),
    rtol=0.002,
    mistakes={
        "all replaced are wrong": (
            "A replaced label is drawn from all ten classes, its own among them: one in ten stays "
            "right by chance.",
            (0.40, 0.60, 0.9),
        ),
        "majority": (
            "The last number is not ½: the wrong labels spread over nine classes, so the true one "
            "can be the most frequent without a majority.",
            (0.36, 0.64, 0.5),
        ),
        "total noise": (
            "Long before every label is wrong the true class has lost its lead: set the share of "
            "right labels equal to the share of one wrong class.",
            (0.36, 0.64, 1.0),
        ),
        "right and wrong swapped": (
            "The first two are swapped: first the share of wrong labels, then of right ones.",
            (0.64, 0.36, 0.9),
        ),
        "a ninth stays right": (
            "Of ten classes the own one is drawn in one case of ten, not of nine.",
            (0.4 * 8 / 9, 1 - 0.4 * 8 / 9, 0.9),
        ),
    },
    hints=(
        "First number: 40 % are drawn anew, and nine of ten draws are wrong.",
        "Last number: solve 1 - η = η/9.",
    ),
    takeaway="Whoever compares two papers on noise must first ask which 40 % they mean.",
)


def _risk(
    losses: Tensor,
    target: Tensor,
    rate: float,
    *,
    others: Callable[[int], float] = lambda c: c - 1,
    right: Callable[[float], float] = lambda rate: 1 - rate,
    wrong: Callable[[float], float] = lambda rate: rate,
    own: bool = False,
    reduce: Callable[[Tensor], Tensor] = torch.mean,
) -> Tensor:
    """The solution; each keyword puts one mistake into it."""
    of_true = losses.gather(1, target[:, None]).squeeze(1)
    rest = losses.sum(1) - (0 if own else of_true)
    return reduce(right(rate) * of_true + wrong(rate) * rest / others(losses.shape[1]))


def _tables(rng: np.random.Generator) -> list[tuple[Tensor, Tensor, float]]:
    cases = []
    for _ in range(3):
        n, c = int(rng.integers(2, 5)), int(rng.integers(3, 6))
        losses = torch.from_numpy(rng.uniform(0.1, 3, (n, c)))
        cases.append((losses, torch.from_numpy(rng.integers(0, c, n)), rng.uniform(0.1, 0.6)))
    return cases


RISK = FunctionExercise(
    id="08-risk",
    title="The loss that noise makes of a loss",
    difficulty=2,
    minutes=7,
    solution=_risk,
    cases=_tables,
    mistakes={
        "from all classes": (
            "This is noise drawn from all C classes. Here a wrong label is one of C - 1.",
            {"others": lambda c: c, "own": True},
        ),
        "over C": (
            "Your weights do not sum to 1: the rate is shared by C - 1 classes, not by C.",
            {"others": lambda c: c},
        ),
        "each gets the whole rate": (
            "Each wrong class has the whole rate in your sum. They share it: divide by C - 1.",
            {"others": lambda c: 1},
        ),
        "true class counted twice": (
            "Your sum over the wrong classes contains T: take its loss out.",
            {"own": True},
        ),
        "clean part at full weight": (
            "The label is right in a share of 1 - rate only: weigh the loss of T with it.",
            {"right": lambda rate: 1.0},
        ),
        "rates swapped": (
            "You weigh T with the rate of wrong labels, and the others with that of right ones.",
            {"right": lambda rate: rate, "wrong": lambda rate: 1 - rate},
        ),
        "clean alone": (
            "Only the right labels are in your mean: the wrong ones are trained on as well.",
            {"wrong": lambda rate: 0.0},
        ),
        "sum": ("This is the sum over the samples: take their mean.", {"reduce": torch.sum}),
    },
    hints=(
        "Column c of `losses` is what a sample would cost if its label were c. Label T comes with "
        "probability 1 - rate.",
        "`losses.gather(1, target[:, None]).squeeze(1)` is the loss of T, and the row's sum less "
        "that is the loss of all others.",
    ),
    takeaway="The row sums decide: if they are one constant, noise only shifts and shrinks the "
    "loss.",
)


def _asked(
    rate: float,
    num_classes: int,
    *,
    sign: float = -1.0,
    floor: bool = True,
    give: Callable[[float, int], float] = lambda s, n: 1 - n * s,
    classes: int | None = None,
) -> float:
    """The solution; each keyword puts one mistake into it."""
    c = classes or num_classes
    n = c - 1
    root = math.sqrt(c**2 * (1 + rate) ** 2 - 16 * n * rate)
    s = (c * (1 + rate) + sign * root) / (4 * n)
    return give(min(s, 1 / c) if floor else s, n)


def _rates_and_classes(rng: np.random.Generator) -> list[tuple[float, int]]:
    cases = [(rng.uniform(0.1, 0.45), int(c)) for c in rng.choice([4, 5, 8, 20], 2, False)]
    for c in (3, int(rng.integers(5, 12))):  # all classes tie: with three from a rate of 0.56 on
        limit = 1 - 2 * (c - 1) / c**2
        cases.append((limit + 0.6 * (1 - 1 / c - limit), c))
    return cases


ASKED = FunctionExercise(
    id="08-asked",
    title="What FPL asks for under noise",
    difficulty=3,
    minutes=10,
    solution=_asked,
    decimals=4,
    cases=_rates_and_classes,
    mistakes={
        "the truth": (
            "1 - rate is the share of right labels: cross-entropy asks for it. FPL asks for less.",
            lambda rate, num_classes: 1 - rate,
        ),
        "larger root": (
            "You took the larger root of the quadratic. There s is above 1/(C - 1), and nothing is "
            "left for T.",
            {"sign": 1.0, "floor": False},
        ),
        "below the others": (
            "Beyond a certain rate your p_T is below 1/C. There T itself is no longer ahead, the "
            "formula for s does not hold, and all classes tie.",
            {"floor": False},
        ),
        "s itself": (
            "This is s, what each wrong class gets. The question is for p_T.",
            {"give": lambda s, n: s},
        ),
        "one wrong class": (
            "You subtracted s once. There are C - 1 wrong classes.",
            {"give": lambda s, n: 1 - s},
        ),
        "a constant": (
            "This is the answer to the card's example, whatever the rate: compute it from `rate`.",
            lambda rate, num_classes: 0.4411,
        ),
        "ten classes always": (
            "This holds for ten classes. Use `num_classes`.",
            {"classes": 10},
        ),
    },
    hints=(
        "The quadratic in s has two roots; only the smaller leaves something for T.",
        "The formula's s is what one wrong class gets. How many of them does T leave room for?",
        "All classes tie where s reaches 1/C: from there on s stays at it, however large the rate.",
    ),
    takeaway="From a rate of 0.82 on, with ten classes, FPL asks for no opinion at all.",
)
