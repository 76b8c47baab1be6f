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
    id="10-shift",
    title="Shift invariance in one backward pass",
    difficulty=1,
    minutes=6,
    solution=_row_sums,
    cases=_losses,
    atol=1e-6,
    mistakes={
        "over the samples": (
            "This sums over the samples. A shift moves the classes of one sample together: sum "
            "over the classes.",
            lambda loss, z, target: _slope(loss, z, target).sum(0),
        ),
        "one number": (
            "This is the sum over everything. Two samples could cancel: give a sum for each.",
            lambda loss, z, target: _slope(loss, z, target).sum(),
        ),
        "absolute values": (
            "The absolute values do not cancel even where a loss is invariant: sum the slopes "
            "with their signs.",
            lambda loss, z, target: _slope(loss, z, target).abs().sum(1),
        ),
        "by the probabilities": (
            "This is the gradient by the probabilities. The shift is one of the logits.",
            _by_probability,
        ),
        "times N": (
            "This is N times too large: the loss is a mean over the samples, and its gradient "
            "stays as it is here.",
            lambda loss, z, target: len(z) * _row_sums(loss, z, target),
        ),
        "one shift": (
            "This is how much the loss itself changes by a shift of 1. Wanted is the slope for "
            "each sample.",
            lambda loss, z, target: loss(z + 1, target) - loss(z, target),
        ),
        "no sum": ("This is the gradient: sum each row of it.", _slope),
    },
    hints=(
        "Differentiate loss(z + c) by c at c = 0: the chain rule sums the slopes of that sample.",
        "`torch.autograd.grad(loss(x, target), x)` on a copy x of z that requires a gradient, then "
        "one sum over dim 1.",
    ),
    takeaway="A loss is shift invariant exactly if this is zero everywhere: one backward pass.",
)


def _margin(z: Tensor, target: Tensor) -> Tensor:
    return F.softplus(_gap(z, target)).mean()


def _gap(z: Tensor, target: Tensor) -> Tensor:
    true = target[:, None]
    others = z.scatter(1, true, -torch.inf)
    return others.amax(1) - z.gather(1, true)[:, 0]


def _t_allowed(z: Tensor, target: Tensor) -> Tensor:
    return F.softplus(z.amax(1) - z.gather(1, target[:, None])[:, 0]).mean()


def _least(z: Tensor, target: Tensor) -> Tensor:
    true = target[:, None]
    return F.softplus(z.scatter(1, true, torch.inf).amin(1) - z.gather(1, true)[:, 0]).mean()


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
    return value, torch.autograd.grad(sloped, z)[0]


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
    id="10-margin",
    title="A loss of the margin",
    difficulty=2,
    minutes=8,
    solution=_margin,
    cases=_logits,
    observe=_value_and_slope,
    mistakes={
        "F allowed to be T": (
            "Where the network is right your F is T itself and the margin is 0. F is the largest "
            "logit of the other classes.",
            _t_allowed,
        ),
        "sign": (
            "The sign is turned round: this loss is large where T leads.",
            lambda z, target: F.softplus(-_gap(z, target)).mean(),
        ),
        "overflow": (
            "exp of a gap of 200 is infinite in float32. `F.softplus` computes log(1 + exp(x)) "
            "without it.",
            lambda z, target: (1 + _gap(z, target).exp()).log().mean(),
        ),
        "sum": (
            "This is the sum over the samples. With a sum, the batch's size sets the step.",
            lambda z, target: F.softplus(_gap(z, target)).sum(),
        ),
        "not reduced": (
            "This is one loss for each sample: take their mean.",
            lambda z, target: F.softplus(_gap(z, target)),
        ),
        "of the probabilities": (
            "This is the margin of the probabilities, which is at most 1 and lets go of confident "
            "mistakes. Wanted is that of the logits.",
            lambda z, target: _margin(z.softmax(1), target),
        ),
        "every class": (
            "This sums over all wrong classes. Wanted is the largest of them alone.",
            _every_class,
        ),
        "least": (
            "Your F is the class with the smallest logit: it should be the largest of the others.",
            _least,
        ),
        "hinge": (
            "This is a hinge: it stops at a margin of 1. softplus never quite stops.",
            lambda z, target: F.relu(1 + _gap(z, target)).mean(),
        ),
        "no softplus": (
            "This is the mean gap itself, which falls without end: the softplus is missing.",
            lambda z, target: _gap(z, target).mean(),
        ),
    },
    hints=(
        "Set T's own logit to minus infinity in a copy (`z.scatter(1, true, -torch.inf)`), and the "
        "largest of what is left is z_F.",
        "`torch.nn.functional.softplus(x)` is log(1 + exp(x)), for a large x as well.",
    ),
    takeaway="With two classes it is cross-entropy. With more, no φ of one probability gives it.",
)
