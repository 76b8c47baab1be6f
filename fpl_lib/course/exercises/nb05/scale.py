"""Notebook 05's exercises on the scale of a loss: what it does under SGD, and its control."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from fpl_lib.course.checking import FunctionExercise
from fpl_lib.course.checking.guard import value_and_gradient
from fpl_lib.losses.fpl import false_positive_loss


def _recipes(rng: np.random.Generator) -> list[tuple[float, float, float]]:
    rows = [(0.1, 5e-4, 2.0), (0.05, 1e-4, 0.9)]
    return rows + [tuple(rng.uniform((0.01, 1e-5, 0.3), (1.0, 1e-2, 0.8)).tolist())]


EQUIVALENT = FunctionExercise(
    "05-equivalent",
    solution=lambda lr, weight_decay, scale: (lr * scale, weight_decay / scale),
    cases=_recipes,
    mistakes={
        "weight decay left": lambda lr, weight_decay, scale: (lr * scale, weight_decay),
        "weight decay times scale": lambda lr, weight_decay, scale: (
            lr * scale,
            weight_decay * scale,
        ),
        "other way round": lambda lr, weight_decay, scale: (lr / scale, weight_decay * scale),
        "learning rate divided": lambda lr, weight_decay, scale: (lr / scale, weight_decay),
        "order": lambda lr, weight_decay, scale: (weight_decay / scale, lr * scale),
        "decay scaled alone": lambda lr, weight_decay, scale: (lr, weight_decay / scale),
    },
)


def fpl(logits: Tensor, target: Tensor) -> Tensor:
    """FPL with the weight that Eq. 4 gives ten balanced classes."""
    return false_positive_loss(logits, target, alpha=0.9)


def _gradient(
    loss: Callable[[Tensor, Tensor], Tensor], logits: Tensor, target: Tensor, *, graph: bool = False
) -> Tensor:
    z = logits if graph else logits.detach().clone().requires_grad_()
    return torch.autograd.grad(loss(z, target), z, create_graph=graph)[0]


def _matched(
    logits: Tensor,
    target: Tensor,
    loss: Callable,
    reference: Callable,
    *,
    ratio: Callable[[Tensor, Tensor], Tensor] = lambda wanted, own: wanted.norm() / own.norm(),
    graph: bool = False,
) -> Tensor:
    """The solution, a loss times a ratio of the two gradients; each keyword makes mistakes."""
    own = _gradient(loss, logits, target, graph=graph)
    wanted = _gradient(reference, logits, target, graph=graph)
    return ratio(wanted, own) * loss(logits, target)


def _values(logits: Tensor, target: Tensor, loss: Callable, reference: Callable) -> Tensor:
    own = loss(logits, target)
    return reference(logits, target).detach() / own.detach() * own


def _by_sample(logits: Tensor, target: Tensor, loss: Callable, reference: Callable) -> Tensor:
    own, wanted = (_gradient(f, logits, target).norm(dim=1) for f in (loss, reference))
    rows = cross_entropy(logits, target, reduction="none")
    return (wanted / own * rows).mean()


def _batches(rng: np.random.Generator) -> list[tuple[Tensor, Tensor]]:
    cases = []
    for _ in range(2):
        n = int(rng.integers(3, 6))
        z = torch.from_numpy(2 * rng.standard_normal((n, 10)))
        cases.append((z, torch.from_numpy(rng.integers(0, 10, n))))
    return cases


MATCH = FunctionExercise(
    "05-match",
    solution=_matched,
    cases=_batches,
    observe=lambda matched, z, target: value_and_gradient(matched, z, target, cross_entropy, fpl),
    mistakes={
        "other way round": {"ratio": lambda wanted, own: own.norm() / wanted.norm()},
        "factor not detached": {"graph": True},
        "values matched": _values,
        "sample by sample": _by_sample,
        "squared norms": {"ratio": lambda wanted, own: (wanted**2).sum() / (own**2).sum()},
        "largest entries": {"ratio": lambda wanted, own: wanted.abs().max() / own.abs().max()},
        "a constant": {"ratio": lambda wanted, own: torch.tensor(0.9)},
        "the reference itself": lambda logits, target, loss, reference: reference(logits, target),
        "plain CE": lambda logits, target, loss, reference: loss(logits, target),
    },
)
