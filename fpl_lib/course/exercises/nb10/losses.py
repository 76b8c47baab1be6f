"""Notebook 10's exercises on losses: a test for shift invariance, and a loss of the margin."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fpl_lib.course.checking import FunctionExercise
from fpl_lib.losses.fpl import false_positive_loss

Loss = Callable[[Tensor, Tensor], Tensor]


def _slope(loss: Loss, z: Tensor, target: Tensor) -> Tensor:
    z = z.detach().clone().requires_grad_()
    return torch.autograd.grad(loss(z, target), z)[0]


def _row_sums(loss: Loss, z: Tensor, target: Tensor) -> Tensor:
    return _slope(loss, z, target).sum(1)


def _by_probability(loss: Loss, z: Tensor, target: Tensor) -> Tensor:
    p = z.softmax(1).detach().requires_grad_()
    return torch.autograd.grad(loss(p.log(), target), p)[0].sum(1)


def brier_on_logits(z: Tensor, target: Tensor) -> Tensor:
    """The squared error of the logits themselves, as if they were probabilities."""
    return (z - F.one_hot(target, z.shape[1])).square().sum(1).mean()


def with_penalty(z: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy and a penalty on large logits."""
    return F.cross_entropy(z, target) + 0.1 * z.square().sum(1).mean()


def _losses(rng: np.random.Generator) -> list[tuple[Loss, Tensor, Tensor]]:
    cases = []
    for loss in (brier_on_logits, with_penalty, false_positive_loss):
        count, classes = int(rng.integers(2, 5)), int(rng.integers(5, 8))
        z = torch.from_numpy(rng.standard_normal((count, classes)))
        cases.append((loss, z, torch.from_numpy(rng.integers(0, classes, count))))
    return cases


SHIFT = FunctionExercise(
    "10-shift",
    solution=_row_sums,
    cases=_losses,
    atol=1e-6,
    mistakes={
        "over the samples": lambda loss, z, target: _slope(loss, z, target).sum(0),
        "one number": lambda loss, z, target: _slope(loss, z, target).sum(),
        "absolute values": lambda loss, z, target: _slope(loss, z, target).abs().sum(1),
        "by the probabilities": _by_probability,
        "times N": lambda loss, z, target: len(z) * _row_sums(loss, z, target),
        "one shift": lambda loss, z, target: loss(z + 1, target) - loss(z, target),
        "no sum": _slope,
    },
)


def _margin(
    z: Tensor,
    target: Tensor,
    *,
    rival: Callable[[Tensor, Tensor], Tensor] = lambda z, t: z.scatter(1, t, -torch.inf).amax(1),
    cost: Callable[[Tensor], Tensor] = F.softplus,
    reduce: Callable[[Tensor], Tensor] = torch.mean,
) -> Tensor:
    true = target[:, None]
    return reduce(cost(rival(z, true) - z.gather(1, true)[:, 0]))


def _every_class(z: Tensor, target: Tensor) -> Tensor:
    true = target[:, None]
    gaps = F.softplus(z - z.gather(1, true)).scatter(1, true, 0.0)
    return gaps.sum(1).mean()


def _value_and_slope(function: Loss, z: Tensor, target: Tensor) -> object:
    z = z.clone().requires_grad_()
    value = function(z, target)
    if value is None or value is ...:
        return value
    # A plain number has no slope to be wrong about: the card asks for one number.
    sloped = value if isinstance(value, Tensor) and value.requires_grad else _margin(z, target)
    return {"the loss": value, "its gradient": torch.autograd.grad(sloped, z)[0]}


def _logits(rng: np.random.Generator) -> list[tuple[Tensor, Tensor]]:
    cases = []
    for count, classes in ((3, 4), (5, 6)):
        z = torch.from_numpy(2 * rng.standard_normal((count, classes))).float()
        target = torch.from_numpy(rng.integers(0, classes, count))
        target[0] = z[0].argmax()  # one that is right already
        cases.append((z, target))
    gap = float(rng.uniform(200, 300))
    cases.append((torch.tensor([[0.0, gap, 1.0], [2.0, 1.0, 0.0]]), torch.tensor([0, 0])))
    return cases


MARGIN = FunctionExercise(
    "10-margin",
    solution=_margin,
    cases=_logits,
    observe=_value_and_slope,
    mistakes={
        "F allowed to be T": {"rival": lambda z, true: z.amax(1)},
        "sign": {"cost": lambda gap: F.softplus(-gap)},
        "overflow": {"cost": lambda gap: (1 + gap.exp()).log()},
        "sum": {"reduce": torch.sum},
        "not reduced": {"reduce": lambda losses: losses},
        "of the probabilities": lambda z, target: _margin(z.softmax(1), target),
        "every class": _every_class,
        "least": {"rival": lambda z, true: z.scatter(1, true, torch.inf).amin(1)},
        "hinge": {"cost": lambda gap: F.relu(1 + gap)},
        "no softplus": {"cost": lambda gap: gap},
    },
)
