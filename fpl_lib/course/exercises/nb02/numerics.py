"""Notebook 02's exercise on numerics: log(1 - p_F) without ever forming 1 - p_F."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from fpl_lib.course.checking import FunctionExercise
from fpl_lib.course.checking.guard import Refused, value_and_gradient


def _false_loss(z: Tensor, target: Tensor) -> Tensor:
    z = z.float()
    true = target[:, None]
    false = z.detach().scatter(1, true, -torch.inf).argmax(1, keepdim=True)
    rest = z.scatter(1, false, -torch.inf).logsumexp(1)
    return -logsigmoid(rest - z.gather(1, false).squeeze(1))


def _by_softmax(
    right: Callable[[Tensor], Tensor],
    *,
    dtype: torch.dtype | None = None,
) -> Callable[[Tensor, Tensor], Tensor]:
    """-log of right(p_F), from probabilities that have been rounded already."""

    def loss(z: Tensor, target: Tensor) -> Tensor:
        p = (z if dtype is None else z.to(dtype)).softmax(1)
        p_false = p.scatter(1, target[:, None], 0.0).amax(1)
        return -right(p_false).log().float()

    return loss


def _by_logsumexp(
    left_out: Callable[[Tensor, Tensor], Tensor],
    *,
    fill: float = -torch.inf,
    dtype: torch.dtype | None = torch.float32,
) -> Callable[[Tensor, Tensor], Tensor]:
    """logsumexp over all classes minus logsumexp without the class `left_out(z, true)`."""

    def loss(z: Tensor, target: Tensor) -> Tensor:
        z = z if dtype is None else z.to(dtype)
        out = left_out(z.detach(), target[:, None])
        return (z.logsumexp(1) - z.scatter(1, out, fill).logsumexp(1)).float()

    return loss


def _leading(z: Tensor, true: Tensor) -> Tensor:
    return z.scatter(1, true, -torch.inf).argmax(1, keepdim=True)


def _surprise_of_f(z: Tensor, target: Tensor) -> Tensor:
    z = z.float()
    return z.logsumexp(1) - z.gather(1, _leading(z.detach(), target[:, None])).squeeze(1)


def _value_and_gradient(function: Callable, z: Tensor, target: Tensor) -> dict[str, Tensor] | None:
    """The gradient, and the loss as far as 12: above that a floor's own value would decide.

    The logarithm tells whether a small loss has kept its digits.
    """
    found = value_and_gradient(function, z, target)
    if not isinstance(found, dict):
        return found
    if found["the value"].dtype in (torch.bfloat16, torch.float16):
        raise Refused("your result has too few digits: the card asks for float32")
    loss = found["the value"].clamp(max=12.0)
    gradient = found["the gradient"].float()
    return {"the gradient": gradient, "the value": loss, "the logarithm of the value": loss.log()}


def _gaps(rng: np.random.Generator) -> list[tuple[Tensor, Tensor]]:
    """Moderate logits; gaps that float32, bfloat16 and float64 cannot take; T far ahead."""
    count = int(rng.integers(4, 7))
    moderate = torch.from_numpy(2 * rng.standard_normal((count, 5))).float()
    moderate[0, 2] = moderate[0].max() + 1  # T leads in the first sample
    targets = torch.from_numpy(rng.integers(0, 5, count))
    targets[0] = 2
    far = torch.tensor([[0.0, 200.0, 1.0]]) + float(rng.integers(0, 3))
    near = torch.tensor([[0.0, 1.0, 30.0, -1.0], [0.0, 1.0, 12.0, -1.0]]) + float(
        rng.integers(0, 3)
    )
    short = torch.from_numpy(rng.standard_normal((3, 6))).to(torch.bfloat16)
    short[:, 4] += 9
    ahead = torch.tensor([[18.0, 0.0, 1.0, -1.0], [60.0, 0.0, 1.0, -1.0]])
    ahead += float(rng.integers(0, 3))
    zero = torch.zeros(1, dtype=torch.long)
    return [
        (moderate, targets),
        (far, zero),
        (near, zero.repeat(2)),
        (short, torch.tensor([0, 1, 2])),
        (ahead, zero.repeat(2)),
    ]


STABLE = FunctionExercise(
    "02-stable",
    solution=_false_loss,
    cases=_gaps,
    observe=_value_and_gradient,
    forbidden=("false_positive_loss", "FalsePositiveLoss"),
    rtol=1e-3,
    atol=1e-4,
    mistakes={
        "as written": _by_softmax(lambda p: 1 - p),
        "as written, in float32": _by_softmax(lambda p: 1 - p, dtype=torch.float32),
        "as written, in float64": _by_softmax(lambda p: 1 - p, dtype=torch.float64),
        "a floor": _by_softmax(lambda p: (1 - p).clamp(min=1e-7), dtype=torch.float32),
        "a small number added": _by_softmax(lambda p: 1 - p + 1e-7, dtype=torch.float32),
        "left out T": _by_logsumexp(lambda z, true: true),
        "logit 0": _by_logsumexp(_leading, fill=0.0),
        "F may be T": _by_logsumexp(lambda z, true: z.argmax(1, keepdim=True)),
        "summed before upcast": _by_logsumexp(_leading, dtype=None),
        "two sums subtracted": _by_logsumexp(_leading),
        "two sums subtracted, in float64": _by_logsumexp(_leading, dtype=torch.float64),
        "surprise of F": _surprise_of_f,
    },
)
