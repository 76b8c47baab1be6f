"""Notebook 05's exercises on the scale of a loss: what it does under SGD, and its control."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from fpl_lib.course.checking import FunctionExercise
from fpl_lib.losses.fpl import false_positive_loss


def _recipes(rng: np.random.Generator) -> list[tuple[float, float, float]]:
    rows = [(0.1, 5e-4, 2.0), (0.05, 1e-4, 0.9)]
    return rows + [tuple(rng.uniform((0.01, 1e-5, 0.3), (1.0, 1e-2, 0.8)).tolist())]


EQUIVALENT = FunctionExercise(
    id="05-equivalent",
    title="A scale becomes a recipe",
    difficulty=2,
    minutes=5,
    solution=lambda lr, weight_decay, scale: (lr * scale, weight_decay / scale),
    cases=_recipes,
    mistakes={
        "weight decay left": (
            "The learning rate is right. But it multiplies the weight decay as well, which the "
            "scale of the loss did not: that has to give way.",
            lambda lr, weight_decay, scale: (lr * scale, weight_decay),
        ),
        "weight decay times scale": (
            "The new learning rate already makes the decay stronger by the scale. Divide by it.",
            lambda lr, weight_decay, scale: (lr * scale, weight_decay * scale),
        ),
        "other way round": (
            "A loss twice as high has a gradient twice as long: the learning rate that does the "
            "same for the plain loss is larger, not smaller.",
            lambda lr, weight_decay, scale: (lr / scale, weight_decay * scale),
        ),
        "learning rate divided": (
            "A loss twice as high has a gradient twice as long: the learning rate that does the "
            "same for the plain loss is larger.",
            lambda lr, weight_decay, scale: (lr / scale, weight_decay),
        ),
        "order": (
            "Return the learning rate first, then the weight decay.",
            lambda lr, weight_decay, scale: (weight_decay / scale, lr * scale),
        ),
        "decay scaled alone": (
            "Only the weight decay has changed. The learning rate has to take in the scale.",
            lambda lr, weight_decay, scale: (lr, weight_decay / scale),
        ),
    },
    hints=(
        "Write one step with the scaled loss: w - η (c g + λ w). Now put c outside the bracket.",
        "w - ηc (g + (λ/c) w).",
    ),
    takeaway="Two losses of different scale at one learning rate are two different recipes.",
)


def fpl(logits: Tensor, target: Tensor) -> Tensor:
    """FPL with the weight that Eq. 4 gives ten balanced classes."""
    return false_positive_loss(logits, target, alpha=0.9)


def _gradient(
    loss: Callable[[Tensor, Tensor], Tensor], logits: Tensor, target: Tensor, *, graph: bool = False
) -> Tensor:
    z = logits if graph else logits.detach().clone().requires_grad_()
    return torch.autograd.grad(loss(z, target), z, create_graph=graph)[0]


def _norms(ratio: Callable[[Tensor, Tensor], Tensor], *, graph: bool = False) -> Callable:
    """A wrong or right match: CE times a ratio made of the two gradients."""

    def matched(logits: Tensor, target: Tensor, loss: Callable, reference: Callable) -> Tensor:
        own = _gradient(loss, logits, target, graph=graph)
        wanted = _gradient(reference, logits, target, graph=graph)
        return ratio(wanted, own) * loss(logits, target)

    return matched


def _values(logits: Tensor, target: Tensor, loss: Callable, reference: Callable) -> Tensor:
    own = loss(logits, target)
    return reference(logits, target).detach() / own.detach() * own


def _by_sample(logits: Tensor, target: Tensor, loss: Callable, reference: Callable) -> Tensor:
    own, wanted = (_gradient(f, logits, target).norm(dim=1) for f in (loss, reference))
    rows = cross_entropy(logits, target, reduction="none")
    return (wanted / own * rows).mean()


def _matched(logits: Tensor, target: Tensor, loss: Callable, reference: Callable) -> Tensor:
    return _norms(lambda wanted, own: wanted.norm() / own.norm())(logits, target, loss, reference)


def _value_and_gradient(matched: Callable, logits: Tensor, target: Tensor) -> tuple | None:
    leaf = logits.clone().requires_grad_()
    value = matched(leaf, target, cross_entropy, fpl)
    if value is None or value is ...:
        return value
    (gradient,) = torch.autograd.grad(value, leaf)
    return gradient, value.detach()


def _batches(rng: np.random.Generator) -> list[tuple[Tensor, Tensor]]:
    cases = []
    for _ in range(2):
        n = int(rng.integers(3, 6))
        z = torch.from_numpy(2 * rng.standard_normal((n, 10)))
        cases.append((z, torch.from_numpy(rng.integers(0, 10, n))))
    return cases


MATCH = FunctionExercise(
    id="05-match",
    title="CE with FPL's gradient norm",
    difficulty=3,
    minutes=10,
    solution=_matched,
    cases=_batches,
    observe=_value_and_gradient,
    mistakes={
        "other way round": (
            "You multiply by own over wanted: the gradient ends up further off than before.",
            _norms(lambda wanted, own: own.norm() / wanted.norm()),
        ),
        "factor not detached": (
            "The factor depends on the logits, and autograd goes through it: the gradient gets a "
            "second part with another direction. Detach the factor.",
            _norms(lambda wanted, own: wanted.norm() / own.norm(), graph=True),
        ),
        "values matched": (
            "You matched the two losses. What moves the weights are the gradients: match their "
            "norms.",
            _values,
        ),
        "sample by sample": (
            "You scale each sample's loss by a factor of its own, which changes the direction as "
            "well. One factor for the whole batch.",
            _by_sample,
        ),
        "squared norms": (
            "This is the ratio of the squared norms: take the root.",
            _norms(lambda wanted, own: (wanted**2).sum() / (own**2).sum()),
        ),
        "largest entries": (
            "You compare the largest entries. The norm is the root of the sum of all squares.",
            _norms(lambda wanted, own: wanted.abs().max() / own.abs().max()),
        ),
        "a constant": (
            "A constant 0.9 is α, not the ratio: FPL has two terms, and their sum changes length "
            "from batch to batch.",
            _norms(lambda wanted, own: torch.tensor(0.9)),
        ),
        "the reference itself": (
            "This is FPL itself. Keep CE's direction, and give it FPL's length.",
            lambda logits, target, loss, reference: reference(logits, target),
        ),
        "plain CE": (
            "The gradient still has CE's own length: multiply the loss by the ratio of the norms.",
            lambda logits, target, loss, reference: loss(logits, target),
        ),
    },
    hints=(
        "Two gradients with respect to a detached copy of the logits, two norms, one factor.",
        "`torch.autograd.grad(value, z)` gives a tuple with one gradient. Take z as a detached "
        "copy that requires a gradient, so that the factor itself is a constant.",
        "Return the factor times `loss(logits, target)`, with the logits that were handed in.",
    ),
    takeaway="What is left between it and FPL under SGD is a matter of direction.",
)
