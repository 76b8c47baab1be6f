"""Notebook 03's exercises on weights: those of a minibatch (Eq. 7), and those that are learned."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fpl_lib.course.checking import FunctionExercise, ValueExercise

_M, _SHARE = 16, 0.1
_SPREAD = (_SHARE * (1 - _SHARE) / _M) ** 0.5
_MISSING = (1 - _SHARE) ** _M

BATCH = ValueExercise(
    id="03-batch",
    title="How much Eq. 7 jitters",
    difficulty=1,
    minutes=5,
    solution=(_SPREAD, _MISSING),
    atol=0.002,
    mistakes={
        "variance": (
            "The first number is the variance: the standard deviation is its square root.",
            (_SPREAD**2, _MISSING),
        ),
        "counts": (
            "The first number is the standard deviation of the count: the weight has that count "
            "divided by m.",
            (_SPREAD * _M, _MISSING),
        ),
        "one sample": (
            "The first number is the spread of a single label. A mean over m labels spreads less, "
            "by the root of m.",
            (_SPREAD * _M**0.5, _MISSING),
        ),
        "without 1 - π": (
            "The variance of a binomial count is m π (1 - π): the last factor is missing.",
            ((_SHARE / _M) ** 0.5, _MISSING),
        ),
        "nothing else": (
            "The second number is the chance that all samples are of the class. Wanted is that "
            "none is.",
            (_SPREAD, _SHARE**_M),
        ),
        "present": (
            "The second number is the chance that the class is there at least once.",
            (_SPREAD, 1 - _MISSING),
        ),
        "order": (
            "The two numbers are exchanged: first the standard deviation, then the chance.",
            (_MISSING, _SPREAD),
        ),
    },
    hints=(
        "Which distribution has the number of labels, of m, that are of class i? And its variance?",
        "A class is missing if each of the 16 labels is another one: nine chances in ten each.",
    ),
    takeaway="Nearly every fifth batch of 16 lacks a given class; of 64, one in 850.",
)


def _best(costs: Tensor, floor: float) -> Tensor:
    alpha = torch.full_like(costs, floor)
    alpha[costs.argmin()] += 1 - floor * len(costs)
    return alpha


def _hardest(costs: Tensor, floor: float) -> Tensor:
    return _best(-costs, floor)


def _set_to(costs: Tensor, floor: float, value: float) -> Tensor:
    alpha = torch.full_like(costs, floor)
    alpha[costs.argmin()] = value
    return alpha


def _costs(rng: np.random.Generator) -> list[tuple[Tensor, float]]:
    cases = []
    for share in (0.0, rng.uniform(0.2, 0.5), rng.uniform(0.5, 0.8)):
        count = int(rng.integers(4, 9))
        costs = torch.from_numpy(rng.uniform(0.2, 2.0, count))
        cases.append((costs, float(share) / count))
    return cases


FLOOR = FunctionExercise(
    id="03-floor",
    title="Where learned weights end",
    difficulty=3,
    minutes=8,
    solution=_best,
    cases=_costs,
    mistakes={
        "the hardest class": (
            "You favour the class with the highest cost. That is what one would want; what "
            "minimises the loss is the opposite.",
            _hardest,
        ),
        "sum above 1": (
            "The favoured class has a weight of 1 and the others the floor: together more than 1.",
            lambda costs, floor: _set_to(costs, floor, 1.0),
        ),
        "one floor lost": (
            "The weights sum to 1 - floor: the favoured class has its own floor, too, plus "
            "all that is left over.",
            lambda costs, floor: _set_to(costs, floor, 1 - floor * len(costs)),
        ),
        "no floor": (
            "That is the answer without a floor: here no weight may fall below it.",
            lambda costs, floor: _best(costs, 0.0),
        ),
        "all on the floor": (
            "Every weight lies on the floor, and they do not sum to 1. Somebody gets what is left.",
            lambda costs, floor: torch.full_like(costs, floor),
        ),
        "equal": (
            "Equal weights satisfy the conditions, but do not minimise: shift weight from a dear "
            "class to a cheap one, and the loss falls.",
            lambda costs, floor: torch.full_like(costs, 1 / len(costs)),
        ),
        "softmax": (
            "A softmax of the costs is a compromise. A linear loss knows none: as long as one class"
            " is cheaper, shifting weight to it pays.",
            lambda costs, floor: (-costs).softmax(0),
        ),
        "inverse cost": (
            "Weights proportional to 1 / cost minimise another loss, one with a penalty for small "
            "weights. Here nothing holds the weight of a dear class up, except for the floor.",
            lambda costs, floor: (1 / costs) / (1 / costs).sum(),
        ),
    },
    hints=(
        "Start with every weight on the floor. How much is left to give away, and who gets it?",
        "A weight of 0.01 moved from class a to class b changes the loss by 0.01 (c_b - c_a).",
    ),
    takeaway="A floor saves the others from 0, but it decides their weights: nothing is learned.",
)
