"""Notebook 08's exercises on rates, on the expected loss, and on what FPL asks for under noise."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from fpl_lib.course.checking import FunctionExercise, ValueExercise

RATES = ValueExercise(
    "08-rates",
    solution=(0.36, 0.64, 0.9),
    rtol=0.002,
    mistakes={
        "all replaced are wrong": (0.40, 0.60, 0.9),
        "majority": (0.36, 0.64, 0.5),
        "total noise": (0.36, 0.64, 1.0),
        "right and wrong swapped": (0.64, 0.36, 0.9),
        "a ninth stays right": (0.4 * 8 / 9, 1 - 0.4 * 8 / 9, 0.9),
    },
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
    "08-risk",
    solution=_risk,
    cases=_tables,
    mistakes={
        "from all classes": {"others": lambda c: c, "own": True},
        "over C": {"others": lambda c: c},
        "each gets the whole rate": {"others": lambda c: 1},
        "true class counted twice": {"own": True},
        "clean part at full weight": {"right": lambda rate: 1.0},
        "rates swapped": {"right": lambda rate: rate, "wrong": lambda rate: 1 - rate},
        "clean alone": {"wrong": lambda rate: 0.0},
        "sum": {"reduce": torch.sum},
    },
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
    "08-asked",
    solution=_asked,
    decimals=4,
    cases=_rates_and_classes,
    mistakes={
        "the truth": lambda rate, num_classes: 1 - rate,
        "larger root": {"sign": 1.0, "floor": False},
        "below the others": {"floor": False},
        "s itself": {"give": lambda s, n: s},
        "one wrong class": {"give": lambda s, n: 1 - s},
        "a constant": lambda rate, num_classes: 0.4411,
        "ten classes always": {"classes": 10},
    },
)
