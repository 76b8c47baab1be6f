"""What a loss function must and should do, found out in seconds, before a network is trained on it.

`require_trainable` refuses a loss that would spoil a training. What `properties_of` lists are no
duties: each is a sentence that holds for cross-entropy; a loss should break one only on purpose.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import product

import torch
from torch import Tensor, nn

CLASSES = 10


def require_trainable(loss: nn.Module) -> None:
    """Refuse a loss whose value or gradient a training could not use.

    `loss(logits, target)` must turn logits (N, 10) float32 and labels (N,) into one number, for a
    batch of any size, with a finite gradient for every logit, at ordinary logits and at
    (0, 200, 1, 0, ...). TypeError or ValueError say what was expected, what came, and what to do.

    >>> require_trainable(nn.CrossEntropyLoss(reduction="none"))
    Traceback (most recent call last):
    ...
    ValueError: the loss of 64 samples has shape (64,): expected one number, shape (). ...
    """
    for count in (64, 7):  # an epoch's last batch is shorter
        logits, target = samples(count, CLASSES)
        _gradient(loss, logits.float(), target, f"{count} samples")
    logits = torch.zeros(3, CLASSES)
    logits[:, 1:3] = torch.tensor([200.0, 1.0])  # a confident network: softmax rounds to 0 and 1
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


def properties_of(loss: nn.Module) -> dict[str, bool]:
    """Which of seven sentences hold for a loss of ten classes, tried in float64 on random samples.

    - "shift": adding one number to all logits of a sample changes nothing, as for the softmax.
    - "class names": renaming the classes, in logits and labels alike, changes nothing.
    - "mean": every sample twice, and the loss is the same; a sum would double.
    - "T up": no sample's own class is ever pushed down.
    - "right is least": no prediction costs less than the sure and right one.
    - "learns from blunders": a sure and wrong sample, logits (0, 20, 1, 0, ...), still has a
      gradient longer than 0.01.
    - "truthful": with labels of 60, 30 and 10 %, it asks for these probabilities (`asks_for`).

    Raises TypeError or ValueError for a loss that `require_trainable` refuses.

    >>> [name for name, holds in properties_of(nn.CrossEntropyLoss()).items() if not holds]
    []
    """
    require_trainable(loss)
    logits, target = samples(64, CLASSES)
    rows = torch.arange(64)
    value = loss(logits, target)

    def same(z: Tensor, t: Tensor) -> bool:
        return bool((loss(z, t) - value).abs() <= 1e-6 * (1 + value.abs()))

    rng = torch.Generator().manual_seed(1)
    shift = torch.randn(64, 1, generator=rng, dtype=torch.float64)
    order = torch.randperm(CLASSES, generator=rng)
    push = -_gradient(loss, logits, target, "64 samples")
    sure = logits.clone()
    sure[rows, target] += 60
    blunder = torch.zeros(1, CLASSES, dtype=torch.float64)
    blunder[0, 1:3] = torch.tensor([20.0, 1.0])
    pull = _gradient(loss, blunder, torch.tensor([0]), "a sure and wrong sample")
    shares = (0.6, 0.3, 0.1)
    off = asks_for(loss, shares) - torch.tensor(shares, dtype=torch.float64)
    return {
        "shift": same(logits + shift, target),
        "class names": same(logits[:, order], order.argsort()[target]),
        "mean": same(logits.repeat(2, 1), target.repeat(2)),
        "T up": bool((push[rows, target] >= -1e-12).all()),
        "right is least": bool(loss(sure, target) <= value + 1e-9),
        "learns from blunders": bool(pull.norm() > 0.01),
        "truthful": bool(off.abs().max() < 0.015),
    }


def relative_length(loss: nn.Module) -> float:
    """How long a batch's gradient is beside cross-entropy's, on random samples, mostly wrong ones.

    Plain SGD takes steps in proportion: a loss of relative length 0.2 trains as if the learning
    rate were a fifth. `GradientMatched` evens it out.

    >>> round(relative_length(nn.CrossEntropyLoss()), 6)
    1.0
    """
    logits, target = samples(64, CLASSES)
    losses = loss, nn.CrossEntropyLoss()
    own, reference = (_gradient(one, logits, target, "64 samples") for one in losses)
    return float(own.norm() / reference.norm())


def asks_for(loss: nn.Module, shares: Sequence[float], num_classes: int = CLASSES) -> Tensor:
    """The one prediction that costs least, on average, for images whose labels have these shares.

    Cross-entropy asks for the shares themselves, and so does FPL with `k=None`, a sum of binary
    cross-entropies. FPL with k = 1 does not, and may not even keep the top class: see
    `keeps_top_class`.

    Found by trying, from the middle and each corner: the logits of any set of classes go up by a
    step for as long as that helps, then by half of it, so that no kink where classes tie stops it.

    loss: called as `loss(logits, target)`, a mean over samples. shares: of the labels, two to six,
    summing to 1, fractions with denominators up to 100, and no more than `num_classes`, else
    ValueError; further classes get next to nothing. Gives the probabilities of the classes with
    shares, (len(shares),) float64, to 0.001.

    >>> asks_for(nn.CrossEntropyLoss(), (0.6, 0.3, 0.1)).tolist()
    [0.6, 0.3, 0.1]

    Source: Gneiting and Raftery, JASA 102 (2007) 359, on losses that ask for the truth.
    """
    exact = [Fraction(share).limit_denominator(100) for share in shares]
    near = all(abs(share - part) < 1e-9 for share, part in zip(shares, exact, strict=True))
    n, beyond = len(exact), num_classes - len(exact)
    if not 2 <= n <= 6 or sum(exact) != 1 or min(exact) < 0 or not near or beyond < 0:
        raise ValueError(
            "shares: expected two to six fractions, one for each of as many classes or more, with "
            f"denominators up to 100 and sum 1; got {tuple(shares)} for {num_classes} classes."
        )
    images = math.lcm(*(part.denominator for part in exact))
    target = torch.arange(n).repeat_interleave(torch.tensor([int(images * p) for p in exact]))
    rest = torch.full((beyond,), math.log(1e-6), dtype=torch.float64)
    sets = torch.tensor([s for s in product((0.0, 1.0), repeat=n) if 0 < sum(s) < n]).double()

    def cost(z: Tensor) -> float:
        logits = torch.cat((z.log_softmax(0).clamp(min=math.log(1e-5)), rest))
        return loss(logits.expand(images, -1), target).item()

    def lowest(z: Tensor, step: float, last: float) -> tuple[float, Tensor]:
        least = cost(z)
        while step >= last:
            tried = ((cost(moved), moved) for moved in z + step * sets)
            better = next((pair for pair in tried if pair[0] < least), None)
            step, (least, z) = (step, better) if better else (step / 2, (least, z))
        return least, z

    with torch.no_grad():
        starts = torch.cat((torch.zeros(1, n), 3 * torch.eye(n))).double()
        _, z = min((lowest(start, 2, 0.5) for start in starts), key=lambda pair: pair[0])
        return lowest(z, 0.25, 2**-11)[1].softmax(0).round(decimals=3)


def keeps_top_class(shares: Sequence[float]) -> bool:
    """Whether FPL with log terms, k = 1 and unit weights asks for a prediction with the same top.

    It need not: **FPL with k = 1 is not classification-calibrated**. Labels with the shares (0.4,
    0.3, 0.2, 0.1) ask for (0.279, 0.279, 0.279, 0.163): a lead of ten points becomes a tie. The
    order of classes is never turned round, and with `k=None` shares and prediction are the same.

    Let q_1 > q_2 ≥ ... be the shares and S = q_1 + ... + q_m. Of the predictions where m classes
    tie at the top, the best one gives each of them a, the smaller root of

        2 m a² - (1 + m + S) a + S = 0,

    and any other class p_j = q_j (1 - m a) / (1 - S); m is the smallest number, two or more, for
    which no p_j exceeds a. There the sum of the false terms, which has a kink, has slopes w_j / (1
    - a) with any w_j from 0 to 1 - q_j that sum to 1, since class j is no false class of its own
    samples. Where the costs balance, w_1 = (1 - a) (q_1 - S/m) / a + 1/m. So the tie is the best of
    all, the costs being convex in p, unless that is too much: the top class is kept just where

        (1 - a) (q_1 - S/m) / a + 1/m > 1 - q_1.

    It holds whenever q_1 ≥ 1/2. Where all C classes tie, it reads q_1 > 2 (C - 1) / C². ValueError
    unless there are two shares or more, summing to 1.

    >>> keeps_top_class((0.5, 0.3, 0.2)), keeps_top_class((0.44, 0.40, 0.16))
    (True, False)

    Source: this kit's; the notion is Bartlett, Jordan and McAuliffe's, JASA 101 (2006) 138.
    """
    q = sorted(shares, reverse=True)
    if len(q) < 2 or q[-1] < 0 or abs(sum(q) - 1) > 1e-9:
        raise ValueError(f"shares: expected two or more, none negative, with sum 1; got {shares}.")
    if q[0] >= 0.5:
        return q[0] > q[1]
    for m in range(2, len(q) + 1):
        s = sum(q[:m])
        a = (1 + m + s - math.sqrt((1 + m + s) ** 2 - 8 * m * s)) / (4 * m)
        if m == len(q) or q[m] * (1 - m * a) <= a * (1 - s):
            break
    return (1 - a) * (q[0] - s / m) / a + 1 / m > 1 - q[0] + 1e-12


def samples(count: int, num_classes: int) -> tuple[Tensor, Tensor]:
    """Logits (count, C) float64 from shy to confident, and labels (count,); the same every time."""
    rng = torch.Generator().manual_seed(0)
    scale = torch.logspace(-1, 1, count, dtype=torch.float64)[:, None]
    logits = scale * torch.randn(count, num_classes, generator=rng, dtype=torch.float64)
    return logits, torch.randint(num_classes, (count,), generator=rng)
