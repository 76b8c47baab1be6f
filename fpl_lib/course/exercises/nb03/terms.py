"""Notebook 03's exercises on terms: one from a formula, how hard one pulls, one's own."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from fpl_lib.course.checking import FunctionExercise
from fpl_lib.course.checking.guard import value_and_gradient
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
    id="03-taylor",
    title="A term from a formula in p",
    difficulty=1,
    minutes=6,
    solution=_taylor,
    cases=lambda rng: [
        (_log_probabilities(rng), t) for t in (1, int(rng.integers(2, 5)), int(rng.integers(5, 9)))
    ],
    observe=value_and_gradient,
    mistakes={
        "r for p": (
            "You put r itself where p belongs: r is the logarithm of the probability, so that p "
            "is `r.exp()`.",
            {"base": lambda r: 1 - r},
        ),
        "powers of p": (
            "These are powers of p, which cost most where the network is right. The series is in "
            "powers of `1 - p`.",
            {"base": lambda r: r.exp()},
        ),
        "no denominators": (
            "The denominators are missing: the i-th power is divided by i.",
            {"divide_by": lambda i: 1.0},
        ),
        "factorials": (
            "You divide by i!, as in the series of the exponential. The logarithm's has 1/i.",
            {"divide_by": math.factorial},
        ),
        "one too few": (
            "The last power is missing: `range(1, t)` ends at t - 1.",
            {"last": lambda t: t - 1},
        ),
        "starts at 0": ("The sum starts at i = 1: at i = 0 you divide by zero.", {"first": 0}),
        "last power alone": (
            "This is the last power only: add up all of them from 1 to t.",
            lambda r, t: (1 - r.exp()) ** t / t,
        ),
        "whole series": (
            "This is -log p, the sum of all powers: stop after t of them.",
            lambda r, t: -r,
        ),
    },
    hints=(
        "A term gets r, the log-probability of being right. First make p of it.",
        "`sum(... for i in range(1, t + 1))` adds tensors as well as numbers.",
    ),
    takeaway="t = 1 is half of MAE, and t without end is the log term: one dial between the two.",
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
    id="03-pull",
    title="How hard a term pulls",
    difficulty=2,
    minutes=7,
    solution=lambda term, r: -_derivative(term, r),
    cases=_terms,
    mistakes={
        "sign": (
            "The sign is wrong: a term falls where r grows, so its derivative is negative, and the "
            "pull is minus that.",
            lambda term, r: _derivative(term, r),
        ),
        "absolute value": (
            "You take the size of the slope. Where a term rises with r it pulls the other way: "
            "keep the sign.",
            lambda term, r: _derivative(term, r).abs(),
        ),
        "by p": (
            "You differentiated by the probability p. The pull is the derivative by r = log p.",
            lambda term, r: -_derivative(term, r) / r.exp(),
        ),
        "mean": (
            "Every number is too small by one factor: before the backward pass you took the mean. "
            "Take the sum, so that each entry keeps its own derivative.",
            lambda term, r: -_derivative(term, r) / r.numel(),
        ),
        "summed up": (
            "This is one number for all entries: w has the shape of r.",
            lambda term, r: -_derivative(term, r).sum(),
        ),
        "the value": (
            "This is what the term costs, not how steep it is: differentiate it.",
            lambda term, r: term(r),
        ),
        "ratio of the losses": (
            "You divided the term by the log term. Divide their slopes: the log term's is -1.",
            lambda term, r: term(r) / -r,
        ),
        "push on the logit": (
            "This is the push on the class's own logit, `w * (1 - p)`. Leave the factor out.",
            lambda term, r: -_derivative(term, r) * (1 - r.exp()),
        ),
    },
    hints=(
        "Autograd needs a tensor of its own: `x = r.detach().clone().requires_grad_()`.",
        "`torch.autograd.grad(term(x).sum(), x)` returns a tuple with one tensor of r's shape.",
    ),
    takeaway="This works for any term, whether or not anybody has worked out its derivative.",
)


def _pull_at(function: Callable[[Tensor], Tensor], u: float) -> float:
    """Minus the slope by r at probability u, from two values: an answer may be NumPy inside."""
    step = 1e-5
    r = torch.tensor([math.log(u) - step, math.log(u) + step], dtype=torch.float64)
    low, high = _values(function, r)
    return float((low - high) / (2 * step))


def _values(function: Callable[[Tensor], Tensor], r: Tensor) -> np.ndarray:
    values = np.asarray(function(r), dtype=float)
    if values.shape != tuple(r.shape):
        raise ValueError(
            f"a term keeps the shape of r: got shape {values.shape} for {tuple(r.shape)}"
        )
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
    id="03-own-term",
    title="A term of your own",
    difficulty=3,
    minutes=8,
    solution=_power(3),
    observe=_properties,
    cases=lambda rng: [
        (torch.from_numpy(np.sort(rng.uniform(0.001, 0.999, 30))).log(),) for _ in range(2)
    ],
    mistakes={
        "log-like": (
            "The log term's pull is 1 everywhere, and its cost has no limit. Start from one that "
            "stays bounded.",
            lambda r: -r,
        ),
        "no limit": (
            "A nearly right sample counts little, as it should, but a hopeless one costs without "
            "limit and pulls too hard. A logarithm in the term does that.",
            focal_term,
        ),
        "nearly right counts": (
            "Bounded, but a nearly right sample counts too much: `(1 - p)^2` pulls with 2p(1 - p),"
            " MAE with 2p. What makes a term flatter where p is close to 1?",
            squared_term,
        ),
        "costs when right": (
            "Being right must cost nothing: your term is not 0 at r = 0.",
            _power(3, scale=0.5, offset=0.5),
        ),
        "upside down": (
            "Your term grows with the probability of being right: descent would make the network "
            "wrong.",
            lambda r: r.exp() ** 3,
        ),
        "too large": (
            "The shape is right, the size is not: the greatest cost is above 2. Scale it down.",
            _power(3, scale=8.0),
        ),
        "too steep": (
            "Only hopeless samples count any more: at 0.01 the term pulls almost as hard as at 0.3,"
            " or harder. A lower power would do.",
            _power(20),
        ),
    },
    hints=(
        "A power of `1 - p` is bounded, and 0 where p is 1.",
        "The pull of `(1 - p)^n` is `n p (1 - p)^(n - 1)`. Try values of n at 0.01, 0.3 and 0.9.",
    ),
    takeaway="Notebook 10 trains with a term of yours, against all the others.",
)
