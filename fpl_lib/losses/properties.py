"""What a loss function must and should do, found out in seconds, before a network is trained on it.

`require_trainable` refuses a loss that would spoil a training. What `properties_of` lists are no
duties: each is a sentence that holds for cross-entropy; a loss should break one only on purpose.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fpl_lib.losses.matched import gradient_norm

CLASSES = 10
EXTREME = (0.0, 200.0, 1.0)  # a confident network; softmax rounds to 0 and 1 here


def require_trainable(loss: nn.Module, num_classes: int = CLASSES) -> None:
    """Refuse a loss whose value or gradient a training could not use.

    It must turn logits (N, C) float32 and labels (N,) into one number, for a batch of any size,
    with a finite gradient for every logit, at ordinary logits and at (0, 200, 1, 0, ...).

    Args:
        loss: called as `loss(logits, target)`.
        num_classes: C, at least three.

    Raises:
        TypeError, ValueError: what was expected, what came, and what to do.

    Example:
        >>> require_trainable(nn.CrossEntropyLoss(reduction="none"))
        Traceback (most recent call last):
        ...
        ValueError: the loss of 64 samples has shape (64,): expected one number, shape (). ...
    """
    for count in (64, 7):  # an epoch's last batch is shorter
        logits, target = samples(count, num_classes)
        _gradient(loss, logits.float(), target, f"{count} samples")
    logits = torch.zeros(3, num_classes)
    logits[:, :3] = torch.tensor(EXTREME)
    for true in range(3):
        target = torch.full((3,), true)
        _gradient(loss, logits, target, f"logits (0, 200, 1, 0, ...) with T = {true}")


def _gradient(loss: nn.Module, logits: Tensor, target: Tensor, what: str) -> Tensor:
    """The gradient by the logits, or an error that says what is wrong with the loss."""
    z, t = logits.clone().requires_grad_(), target.clone()
    try:
        value = loss(z + 0, t)  # a leaf that needs a gradient may not be changed: its copy may
    except Exception as error:
        raise ValueError(
            f"the loss of {what} raises {type(error).__name__}: {error} Try it on "
            f"torch.randn({len(z)}, {z.shape[1]}) and torch.zeros({len(z)}, dtype=torch.int64)."
        ) from error
    if not torch.equal(t, target):
        raise ValueError(f"the loss of {what} changes the labels that it gets: work on a copy.")
    if not isinstance(value, Tensor):
        raise TypeError(
            f"the loss of {what} is a {type(value).__name__}: expected a tensor. Keep to torch, "
            "without .item(), .tolist() and numpy, so that autograd can follow."
        )
    if value.shape != ():
        raise ValueError(
            f"the loss of {what} has shape {tuple(value.shape)}: expected one number, shape (). "
            "Take the mean over the samples."
        )
    if not value.is_floating_point() or not value.requires_grad:
        raise ValueError(
            f"the loss of {what} does not lead back to the logits: expected a float that autograd "
            "can follow. Look for .detach(), torch.no_grad(), argmax or a comparison."
        )
    (slope,) = torch.autograd.grad(value, z, allow_unused=True)
    if slope is None:
        raise ValueError(
            f"the loss of {what} has no gradient by the logits: expected one for each of them. It "
            "depends on something else only."
        )
    for name, found in (("value", value), ("gradient", slope)):
        if not torch.isfinite(found).all():
            bad = found[~torch.isfinite(found)].flatten()[0].item()
            raise ValueError(
                f"the {name} of {what} holds {bad}: expected finite numbers. Use log_softmax or "
                "logsumexp instead of the log of a softmax, and no division by what can be 0."
            )
    return slope


def properties_of(loss: nn.Module, num_classes: int = CLASSES) -> dict[str, bool]:
    """Which of seven sentences hold for a loss, tried in float64 on random samples.

    - "shift": adding one number to all logits of a sample changes nothing, as for the softmax.
    - "class names": renaming the classes, in logits and labels alike, changes nothing.
    - "mean": every sample twice, and the loss is the same; a sum would double.
    - "T up": no sample's own class is ever pushed down.
    - "right is least": no prediction costs less than the sure and right one.
    - "heeds blunders": a sure and wrong sample, logits (0, 20, 1, 0, ...), still has a gradient
      longer than 0.01.
    - "truthful": with labels of 60, 30 and 10 %, it asks for these probabilities (`asks_for`).

    Raises TypeError or ValueError for a loss that `require_trainable` refuses.

    >>> [name for name, holds in properties_of(nn.CrossEntropyLoss()).items() if not holds]
    []
    """
    require_trainable(loss, num_classes)
    logits, target = samples(64, num_classes)
    rows = torch.arange(64)
    value = loss(logits, target)

    def same(z: Tensor, t: Tensor) -> bool:
        return bool((loss(z, t) - value).abs() <= 1e-6 * (1 + value.abs()))

    rng = torch.Generator().manual_seed(1)
    shift = torch.randn(64, 1, generator=rng, dtype=torch.float64)
    order = torch.randperm(num_classes, generator=rng)
    push = -_gradient(loss, logits, target, "64 samples")
    sure = logits.clone()
    sure[rows, target] += 60
    blunder = torch.zeros(1, num_classes, dtype=torch.float64)
    blunder[0, 1:3] = torch.tensor([20.0, 1.0])
    pull = _gradient(loss, blunder, torch.tensor([0]), "a sure and wrong sample")
    shares = (0.6, 0.3, 0.1)
    off = asks_for(loss, shares, num_classes) - torch.tensor(shares, dtype=torch.float64)
    return {
        "shift": same(logits + shift, target),
        "class names": same(logits[:, order], order.argsort()[target]),
        "mean": same(logits.repeat(2, 1), target.repeat(2)),
        "T up": bool((push[rows, target] >= -1e-12).all()),
        "right is least": bool(loss(sure, target) <= value + 1e-9),
        "heeds blunders": bool(pull.norm() > 0.01),
        "truthful": bool(off.abs().max() < 0.015),
    }


def relative_length(loss: nn.Module, num_classes: int = CLASSES) -> float:
    """How long a batch's gradient is beside cross-entropy's, on random samples, mostly wrong ones.

    Plain SGD takes steps in proportion: a loss of relative length 0.2 trains as if the learning
    rate were a fifth. `controls.GradientMatched` evens it out.

    >>> round(relative_length(nn.CrossEntropyLoss()), 6)
    1.0
    """
    logits, target = samples(64, num_classes)
    own, reference = (gradient_norm(one, logits, target) for one in (loss, nn.CrossEntropyLoss()))
    return float(own / reference)


def asks_for(loss: nn.Module, shares: Sequence[float], num_classes: int = CLASSES) -> Tensor:
    """The one prediction that costs least, on average, for images whose labels have these shares.

    Found by trying predictions on a grid, first in steps of 0.05, then of 0.01: a loss may have
    kinks. Classes beyond the three get next to nothing.

    Args:
        loss: called as `loss(logits, target)`, a mean over samples.
        shares: of labels a, b and c; multiples of 0.1 that sum to 1.
        num_classes: C, at least three.

    Returns:
        The probabilities of a, b and c, shape (3,), to 0.01.

    Raises:
        ValueError: shares that are not as described.

    Example:
        >>> asks_for(nn.CrossEntropyLoss(), (0.6, 0.3, 0.1)).tolist()
        [0.6, 0.3, 0.1]

    Source: Gneiting and Raftery, JASA 102 (2007) 359, on losses that ask for the truth.
    """
    tenths = [round(10 * share) for share in shares]
    whole = all(abs(10 * share - n) < 1e-9 for share, n in zip(shares, tenths, strict=True))
    if len(tenths) != 3 or sum(tenths) != 10 or min(tenths) < 0 or not whole:
        raise ValueError(f"shares: expected three multiples of 0.1 with sum 1; got {shares}.")
    target = torch.arange(3).repeat_interleave(torch.tensor(tenths))

    def cost(percent: tuple[int, int]) -> float:
        a, b = percent
        p = torch.full((num_classes,), 1e-6, dtype=torch.float64)
        p[:3] = torch.tensor([a, b, 100 - a - b]).clamp(min=1e-3) / 100
        return loss(p.log().expand(10, -1), target).item()

    def best(points: list[tuple[int, int]]) -> tuple[int, int]:
        return min((p for p in points if min(*p, 100 - sum(p)) >= 0), key=cost)

    with torch.no_grad():
        a, b = best([(a, b) for a in range(0, 101, 5) for b in range(0, 101, 5)])
        near = range(-4, 5)
        a, b = best([(a + i, b + j) for i in near for j in near])
    return torch.tensor([a, b, 100 - a - b], dtype=torch.float64) / 100


def samples(count: int, num_classes: int) -> tuple[Tensor, Tensor]:
    """Logits (count, C) float64 from shy to confident, and labels (count,); the same every time."""
    rng = torch.Generator().manual_seed(0)
    scale = torch.logspace(-1, 1, count, dtype=torch.float64)[:, None]
    logits = scale * torch.randn(count, num_classes, generator=rng, dtype=torch.float64)
    return logits, torch.randint(num_classes, (count,), generator=rng)
