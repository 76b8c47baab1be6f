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


_NO_AUTOGRAD = dict.fromkeys(
    ("grad", "backward", "autograd", "jacobian", "jacrev", "jacfwd", "vjp"),
    "The numbers are right, but autograd found them. Write the formula out: that is the exercise.",
)

CE_GRADIENT = FunctionExercise(
    id="02-ce-gradient",
    title="The gradient of cross-entropy by hand",
    difficulty=1,
    minutes=4,
    solution=lambda z, t: z.softmax(0) - _unit(z, t),
    cases=_samples,
    forbidden=_NO_AUTOGRAD,
    mistakes={
        "sign of e_T": (
            "You add `e_T`: the gradient at T is `p_T - 1`, which is negative, so that descent "
            "raises the logit of T.",
            lambda z, t: z.softmax(0) + _unit(z, t),
        ),
        "the push": (
            "This is the push, minus the gradient: the exercise asks for the gradient itself.",
            lambda z, t: _unit(z, t) - z.softmax(0),
        ),
        "only T": (
            "Only the entry of T is filled. The loss contains every logit, through the sum in the "
            "softmax: the others have the gradient `p_j`.",
            lambda z, t: (z.softmax(0) - 1) * _unit(z, t),
        ),
        "in p": (
            "This is the derivative by the probability, `-1 / p_T`. Descent moves the logits: "
            "go one step further through the softmax.",
            lambda z, t: -_unit(z, t) / z.softmax(0),
        ),
    },
    hints=(
        "Write the loss in the logits: `log(sum_j exp(z_j)) - z_T`. Differentiate both parts.",
        "The derivative of `log(sum_j exp(z_j))` by `z_i` is `p_i`.",
    ),
    takeaway="Every wrong class is pushed down by its own probability.",
)


def _with_a_sure_one(rng: np.random.Generator) -> list[tuple[Tensor, int]]:
    """As above, and a class left out beside which the others round to 0, as float32 does."""
    z = torch.from_numpy(rng.standard_normal(int(rng.integers(4, 8)))).float()
    i = int(rng.integers(len(z)))
    z[i] += 200
    return [*_samples(rng), (z, i)]


WITHOUT = FunctionExercise(
    id="02-without",
    title="The softmax that leaves one class out",
    difficulty=1,
    minutes=5,
    solution=_without,
    cases=_with_a_sure_one,
    mistakes={
        "changes its input": (
            "The numbers are right, but your function writes into the caller's `z`: work on "
            "`z.clone()`.",
            _without_in_place,
        ),
        "not renormalised": (
            "What is left sums to `1 - p_i`, not to 1: divide by that, or take the softmax after "
            "leaving the class out.",
            lambda z, i: z.softmax(0) * (1 - _unit(z, i)),
        ),
        "divided by what is left": (
            "Where class i has nearly all of the probability, what is left rounds to 0, and you "
            "divide by it: NaN. Leave the class out before the softmax.",
            lambda z, i: z.softmax(0) * (1 - _unit(z, i)) / (1 - z.softmax(0)[i]),
        ),
        "left in": (
            "Class i is still in it: this is the ordinary softmax of all classes.",
            lambda z, i: z.softmax(0),
        ),
        "logit 0": (
            "A logit of 0 is as good as any other: it still gets `exp(0) = 1`. The logit whose "
            "exponential is 0 is minus infinity.",
            _logit_zero,
        ),
        "shorter": (
            "One entry is missing: the result has C entries, with a 0 in place i.",
            lambda z, i: torch.cat([z[:i], z[i + 1 :]]).softmax(0),
        ),
    },
    hints=(
        "Which logit has `exp(z) = 0`?",
        "Copy `z`, put `-torch.inf` in place i of the copy, and take its softmax.",
    ),
    takeaway="It is also p given that the class is not i: `p_j / (1 - p_i)`.",
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
    id="02-fpl-gradient",
    title="The gradient of FPL by hand",
    difficulty=2,
    minutes=10,
    solution=_gradient,
    cases=_weighted,
    decimals=4,
    forbidden=_NO_AUTOGRAD,
    mistakes={
        "higher index": (
            "Where wrong classes tie, this takes the higher index for F. Agree on the lower one, "
            "as `argmax` and the library do.",
            {"false": _last_leader},
        ),
        "F may be T": (
            "Where T is predicted you take T itself for F: choose F among the other classes only.",
            {"false": lambda z, t: int(z.argmax())},
        ),
        "in p": (
            "These are the derivatives by `p_T` and `p_F`. Descent moves the logits: go on through "
            "the softmax.",
            {
                "true_part": lambda z, t: -_unit(z, t) / z.softmax(0),
                "false_part": lambda z, t, f: _unit(z, f) / (1 - z.softmax(0)),
            },
        ),
        "F without T's part": (
            "The entry of F lacks the push that `L_T` gives to every wrong class: `alpha_T * p_F`.",
            _no_true_push_on_f,
        ),
        "only F": (
            "Your second part pushes F alone. What F loses the others gain, by `q`: the entries of "
            "this gradient sum to 0.",
            {"false_part": lambda z, t, f: z.softmax(0)[f] * _unit(z, f)},
        ),
        "q not renormalised": (
            "Your `q` does not sum to 1: it is p with a hole at F. Divide by `1 - p_F`.",
            {
                "false_part": lambda z, t, f: (
                    z.softmax(0)[f] * (_unit(z, f) - z.softmax(0) * (1 - _unit(z, f)))
                )
            },
        ),
        "q with F": (
            "Your `q` still contains F: it is p. Leave F out, so that `q_F` is 0.",
            {"false_part": lambda z, t, f: z.softmax(0)[f] * (_unit(z, f) - z.softmax(0))},
        ),
        "p_F missing": (
            "The second part lacks its factor `p_F`: an F of low probability gets a small push.",
            {"false_part": lambda z, t, f: _unit(z, f) - _without(z, f)},
        ),
        "sign of e_T": (
            "You add `e_T`: the gradient of `L_T` at T is `p_T - 1`, which is negative.",
            {"true_part": lambda z, t: z.softmax(0) + _unit(z, t)},
        ),
        "sign of L_F": (
            "The second part has the wrong sign: the loss grows with the logit of F, so that its "
            "gradient there is positive.",
            {"false_part": lambda z, t, f: -z.softmax(0)[f] * (_unit(z, f) - _without(z, f))},
        ),
        "the push": (
            "This is the push, minus the gradient: every sign is the other way round.",
            lambda z, t, alpha_t, alpha_f: -_gradient(z, t, alpha_t, alpha_f),
        ),
        "alphas exchanged": (
            "The two weights are exchanged: `alpha_T` belongs to `p - e_T`.",
            lambda z, t, alpha_t, alpha_f: _gradient(z, t, alpha_f, alpha_t),
        ),
    },
    hints=(
        "Three vectors of length C are needed: `p - e_T`, `e_F`, and `q` with `q_F = 0`.",
        "Find F on a copy of `z` in which T has the logit `-torch.inf`.",
        "Test yourself: the entries of the gradient sum to 0, and with `alpha_f = 0` they are "
        "those of cross-entropy times `alpha_t`.",
    ),
    takeaway="Two pulls in one shape: towards T by 1 - p_T, away from F by p_F.",
)
