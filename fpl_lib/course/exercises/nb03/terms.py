"""Notebook 03's exercises on terms: one from a formula, how hard one pulls, one's own."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from fpl_lib.course.checking import HALF, FunctionExercise, precision_of
from fpl_lib.course.checking.guard import Refused, numbers_of, value_and_gradient
from fpl_lib.losses import squared_term
from fpl_lib.losses.terms import focal_term, gce_term, poly1_term


def _log_probabilities(rng: np.random.Generator) -> Tensor:
    shape = int(rng.integers(2, 4)), int(rng.integers(4, 7))
    return torch.from_numpy(rng.uniform(0.03, 0.97, shape)).log()


def _taylor(
    r: Tensor,
    t: int,
    *,
    base: Callable[[Tensor], Tensor] = lambda r: 1 - r.exp(),
    divide_by: Callable[[int], float] = float,
    first: int = 1,
    last: Callable[[int], int] = lambda t: t,
) -> Tensor:
    """The series of -log p in powers of 1 - p, cut after t terms; each keyword is one mistake."""
    powers = range(first, last(t) + 1)
    return sum((base(r) ** i / divide_by(i) for i in powers), torch.zeros_like(r))


TAYLOR = FunctionExercise(
    "03-taylor",
    solution=_taylor,
    cases=lambda rng: [
        (_log_probabilities(rng), t) for t in (1, int(rng.integers(2, 5)), int(rng.integers(5, 9)))
    ],
    observe=value_and_gradient,
    mistakes={
        "r for p": {"base": lambda r: 1 - r},
        "powers of p": {"base": lambda r: r.exp()},
        "no denominators": {"divide_by": lambda i: 1.0},
        "factorials": {"divide_by": math.factorial},
        "one too few": {"last": lambda t: t - 1},
        "starts at 0": {"first": 0},
        "last power alone": lambda r, t: (1 - r.exp()) ** t / t,
        "whole series": lambda r, t: -r,
    },
)


def _derivative(term: Callable[[Tensor], Tensor], r: Tensor) -> Tensor:
    x = r.detach().clone().requires_grad_()
    return torch.autograd.grad(term(x).sum(), x)[0]


def _bowl(r: Tensor) -> Tensor:
    """A term that falls and then rises: its pull changes sign at r = -1."""
    return (r + 1) ** 2


def _terms(rng: np.random.Generator) -> list[tuple[Callable[[Tensor], Tensor], Tensor]]:
    chosen = (
        partial(focal_term, gamma=float(rng.uniform(1.5, 3.0))),
        partial(gce_term, q=float(rng.uniform(0.3, 0.9))),
        partial(poly1_term, epsilon=float(rng.uniform(0.5, 2.0))),
        squared_term,
        _bowl,
    )
    return [(term, _log_probabilities(rng)) for term in chosen]


PULL = FunctionExercise(
    "03-pull",
    solution=lambda term, r: -_derivative(term, r),
    cases=_terms,
    mistakes={
        "sign": lambda term, r: _derivative(term, r),
        "absolute value": lambda term, r: _derivative(term, r).abs(),
        "by p": lambda term, r: -_derivative(term, r) / r.exp(),
        "mean": lambda term, r: -_derivative(term, r) / r.numel(),
        "summed up": lambda term, r: -_derivative(term, r).sum(),
        "the value": lambda term, r: term(r),
        "ratio of the losses": lambda term, r: term(r) / -r,
        "push on the logit": lambda term, r: -_derivative(term, r) * (1 - r.exp()),
    },
)


def _pull_at(function: Callable[[Tensor], Tensor], u: float) -> float:
    """Minus the slope by r at probability u, from two values: an answer may be NumPy inside."""
    step = 1e-5
    r = torch.tensor([math.log(u) - step, math.log(u) + step], dtype=torch.float64)
    low, high = _values(function, r)
    return float((low - high) / (2 * step))


def _values(function: Callable[[Tensor], Tensor], r: Tensor) -> np.ndarray:
    values = numbers_of(found := function(r), tuple(r.shape))  # a term keeps the shape of r
    if precision_of(found) > HALF:
        raise Refused("the slope of your term is asked for, too: keep the type of r")
    return values


def _properties(function: Callable[[Tensor], Tensor], r: Tensor):
    """What the exercise asks of a term; many terms have it, so that this is what is compared."""
    if function(r) is None or function(r) is ...:
        return function(r)
    ends = torch.tensor([-50.0, 0.0], dtype=torch.float64)
    values, (hopeless, right) = _values(function, r), _values(function, ends)
    doubtful, nearly, lost = (_pull_at(function, u) for u in (0.3, 0.9, 0.01))
    return {
        "the cost of being right": bool(abs(right) < 1e-6),
        "that being less right costs more": bool((np.diff(values) <= 1e-9).all()),
        "the greatest cost": bool(max(hopeless, values.max()) <= 2 + 1e-9),
        "the pull at 0.3 beside that at 0.9": bool(doubtful > 1e-6 and doubtful >= 4 * nearly),
        "the pull at 0.3 beside that at 0.01": bool(doubtful > 1e-6 and doubtful >= 4 * lost),
    }


def _power(n: int, *, scale: float = 1.0, offset: float = 0.0) -> Callable[[Tensor], Tensor]:
    return lambda r: offset + scale * (1 - r.exp()) ** n


OWN = FunctionExercise(
    "03-own-term",
    solution=_power(3),
    observe=_properties,
    cases=lambda rng: [
        (torch.from_numpy(np.sort(rng.uniform(0.001, 0.999, 30))).log(),) for _ in range(2)
    ],
    mistakes={
        "log-like": lambda r: -r,
        "no limit": focal_term,
        "nearly right counts": squared_term,
        "costs when right": _power(3, scale=0.5, offset=0.5),
        "upside down": lambda r: r.exp() ** 3,
        "too large": _power(3, scale=8.0),
        "too steep": _power(20),
    },
)
