"""Notebook 02's exercises on gradients written by hand: CE's, the softmax without F, FPL's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from fpl_lib.course.checking import FunctionExercise


def _samples(rng: np.random.Generator) -> list[tuple[Tensor, int]]:
    """One sample each, (C,) and T: T leads, T is last, and whatever comes."""
    cases = []
    for place in (1, 0, None):
        z = torch.from_numpy(rng.standard_normal(int(rng.integers(4, 8))))
        t = int(rng.integers(len(z)))
        if place is not None:
            z[t] = z.max() + 0.5 if place else z.min() - 0.5
        cases.append((z, t))
    return cases


def _unit(z: Tensor, i: int) -> Tensor:
    return one_hot(torch.tensor(i), len(z)).to(z.dtype)


def _without(z: Tensor, i: int) -> Tensor:
    rest = z.clone()
    rest[i] = -torch.inf
    return rest.softmax(0)


def _without_in_place(z: Tensor, i: int) -> Tensor:
    z[i] = -torch.inf
    return z.softmax(0)


def _logit_zero(z: Tensor, i: int) -> Tensor:
    rest = z.clone()
    rest[i] = 0
    return rest.softmax(0)


_NO_AUTOGRAD = ("grad", "backward", "autograd", "jacobian", "jacrev", "jacfwd", "vjp")

CE_GRADIENT = FunctionExercise(
    "02-ce-gradient",
    solution=lambda z, t: z.softmax(0) - _unit(z, t),
    cases=_samples,
    forbidden=_NO_AUTOGRAD,
    mistakes={
        "sign of e_T": lambda z, t: z.softmax(0) + _unit(z, t),
        "the push": lambda z, t: _unit(z, t) - z.softmax(0),
        "only T": lambda z, t: (z.softmax(0) - 1) * _unit(z, t),
        "in p": lambda z, t: -_unit(z, t) / z.softmax(0),
    },
)


def _with_a_sure_one(rng: np.random.Generator) -> list[tuple[Tensor, int]]:
    """As above, and a class left out beside which the others round to 0, as float32 does."""
    z = torch.from_numpy(rng.standard_normal(int(rng.integers(4, 8)))).float()
    i = int(rng.integers(len(z)))
    z[i] += 200
    return [*_samples(rng), (z, i)]


WITHOUT = FunctionExercise(
    "02-without",
    solution=_without,
    cases=_with_a_sure_one,
    mistakes={
        "changes its input": _without_in_place,
        "not renormalised": lambda z, i: z.softmax(0) * (1 - _unit(z, i)),
        "divided by what is left": lambda z, i: (
            z.softmax(0) * (1 - _unit(z, i)) / (1 - z.softmax(0)[i])
        ),
        "left in": lambda z, i: z.softmax(0),
        "logit 0": _logit_zero,
        "shorter": lambda z, i: torch.cat([z[:i], z[i + 1 :]]).softmax(0),
    },
)


def _weighted(rng: np.random.Generator) -> list[tuple[Tensor, int, float, float]]:
    """With two weights; in the last two samples wrong classes tie, and F is the first of them."""
    pair, t = torch.from_numpy(rng.standard_normal(6)), int(rng.integers(6))
    a, b = rng.permutation([i for i in range(6) if i != t])[:2]
    pair[[a, b]] = pair.max() + 0.5
    samples = [*_samples(rng), (pair, t), (torch.zeros(4, dtype=torch.float64), t % 4)]
    return [(z, t, float(rng.uniform(0.5, 1.0)), float(rng.uniform(1.1, 2.0))) for z, t in samples]


def _leader(z: Tensor, t: int) -> int:
    rest = z.clone()
    rest[t] = -torch.inf
    return int(rest.argmax())


def _last_leader(z: Tensor, t: int) -> int:
    return len(z) - 1 - _leader(z.flip(0), len(z) - 1 - t)


def _gradient(
    z: Tensor,
    t: int,
    alpha_t: float,
    alpha_f: float,
    *,
    false: Callable[[Tensor, int], int] = _leader,
    true_part: Callable[..., Tensor] = lambda z, t: z.softmax(0) - _unit(z, t),
    false_part: Callable[..., Tensor] = lambda z, t, f: (
        z.softmax(0)[f] * (_unit(z, f) - _without(z, f))
    ),
) -> Tensor:
    """α_T (p - e_T) + α_F p_F (e_F - q), with any part exchanged for a usual mistake."""
    return alpha_t * true_part(z, t) + alpha_f * false_part(z, t, false(z, t))


def _no_true_push_on_f(z: Tensor, t: int, alpha_t: float, alpha_f: float) -> Tensor:
    f = _leader(z, t)
    return _gradient(z, t, alpha_t, alpha_f) - alpha_t * z.softmax(0)[f] * _unit(z, f)


FPL_GRADIENT = FunctionExercise(
    "02-fpl-gradient",
    solution=_gradient,
    cases=_weighted,
    decimals=4,
    forbidden=_NO_AUTOGRAD,
    mistakes={
        "higher index": {"false": _last_leader},
        "F may be T": {"false": lambda z, t: int(z.argmax())},
        "in p": {
            "true_part": lambda z, t: -_unit(z, t) / z.softmax(0),
            "false_part": lambda z, t, f: _unit(z, f) / (1 - z.softmax(0)),
        },
        "F without T's part": _no_true_push_on_f,
        "only F": {"false_part": lambda z, t, f: z.softmax(0)[f] * _unit(z, f)},
        "q not renormalised": {
            "false_part": lambda z, t, f: (
                z.softmax(0)[f] * (_unit(z, f) - z.softmax(0) * (1 - _unit(z, f)))
            )
        },
        "q with F": {"false_part": lambda z, t, f: z.softmax(0)[f] * (_unit(z, f) - z.softmax(0))},
        "p_F missing": {"false_part": lambda z, t, f: _unit(z, f) - _without(z, f)},
        "sign of e_T": {"true_part": lambda z, t: z.softmax(0) + _unit(z, t)},
        "sign of L_F": {
            "false_part": lambda z, t, f: -z.softmax(0)[f] * (_unit(z, f) - _without(z, f))
        },
        "the push": lambda z, t, alpha_t, alpha_f: -_gradient(z, t, alpha_t, alpha_f),
        "alphas exchanged": lambda z, t, alpha_t, alpha_f: _gradient(z, t, alpha_f, alpha_t),
    },
)
