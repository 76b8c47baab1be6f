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
    "03-batch",
    solution=(_SPREAD, _MISSING),
    atol=0.002,
    mistakes={
        "variance": (_SPREAD**2, _MISSING),
        "counts": (_SPREAD * _M, _MISSING),
        "one sample": (_SPREAD * _M**0.5, _MISSING),
        "without 1 - π": ((_SHARE / _M) ** 0.5, _MISSING),
        "nothing else": (_SPREAD, _SHARE**_M),
        "present": (_SPREAD, 1 - _MISSING),
        "order": (_MISSING, _SPREAD),
    },
)


def _best(costs: Tensor, floor: float) -> Tensor:
    alpha = torch.full_like(costs, floor)
    alpha[costs.argmin()] += 1 - floor * len(costs)
    return alpha


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
    "03-floor",
    solution=_best,
    cases=_costs,
    mistakes={
        "the hardest class": lambda costs, floor: _best(-costs, floor),
        "sum above 1": lambda costs, floor: _set_to(costs, floor, 1.0),
        "one floor lost": lambda costs, floor: _set_to(costs, floor, 1 - floor * len(costs)),
        "no floor": lambda costs, floor: _best(costs, 0.0),
        "all on the floor": lambda costs, floor: torch.full_like(costs, floor),
        "equal": lambda costs, floor: torch.full_like(costs, 1 / len(costs)),
        "softmax": lambda costs, floor: (-costs).softmax(0),
        "inverse cost": lambda costs, floor: (1 / costs) / (1 / costs).sum(),
    },
)
