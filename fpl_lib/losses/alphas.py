"""The weights α of the False Positive Loss: from class counts, from the batch, or learned."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fpl_lib._arguments import check_integer, check_real
from fpl_lib.losses.checks import bounds, check_counts, is_integer


def class_alpha(counts: Tensor | Sequence[float]) -> Tensor:
    """Weight each class by the share of samples that are *not* of that class (Eq. 4).

    alpha_i = (N - N_i) / N, where N_i of the N training samples are of class i.

    counts: (C,), a tensor, list or tuple; TypeError if not of numbers, ValueError if of another
    shape, C < 2, or (found on the CPU) negative, not finite or all zero. The weights, (C,), are in
    [0, 1] and sum to C - 1; float64 counts stay float64, others give torch's default float type.

    >>> class_alpha([50, 30, 20])
    tensor([0.5000, 0.7000, 0.8000])

    Source: Kiaei et al. 2023, Section 2.1, doi:10.20944/preprints202309.0280.v1.
    """
    # Counts are added up in float64: beyond 2**24 samples float32 could no longer count by ones.
    given = check_counts(counts, empty=True).double()
    total = given.sum()
    as_given = isinstance(counts, Tensor) and counts.dtype == torch.float64
    return ((total - given) / total).to(torch.float64 if as_given else torch.get_default_dtype())


def flipped_alpha(counts: Tensor | Sequence[float]) -> Tensor:
    """Eq. 4's weights in the opposite order: the largest weight for the most frequent class.

    max(alpha) + min(alpha) - alpha_i, with alpha of `class_alpha`: the same range, so that as α_F
    it changes which false class counts most and nothing else. Counts, the weights (C,) and errors
    as in `class_alpha`. Not in the paper.

    >>> flipped_alpha([50, 30, 20])
    tensor([0.8000, 0.6000, 0.5000])
    """
    alpha = class_alpha(counts)
    return alpha.max() + alpha.min() - alpha


def class_balanced_weights(counts: Tensor | Sequence[float], beta: float = 0.9999) -> Tensor:
    """Weight each class by one over its effective number of samples, (1 - β^n) / (1 - β).

    counts: training samples of each class, (C,), each above zero. beta: from 0, equal weights, to
    below 1, where they near 1/n. TypeError or ValueError for others. The weights, (C,), sum to C;
    float64 for lists and float64 counts, else float32.

    >>> class_balanced_weights(torch.tensor([5000, 50]))
    tensor([0.0250, 1.9750])

    Source: Cui et al., CVPR 2019, arXiv:1901.05555.
    """
    n = check_counts(counts, empty=False)
    n = n if n.dtype == torch.float64 else n.float()
    if check_real("beta", beta, 0) >= 1:
        raise ValueError(f"beta: expected a number from 0 to below 1; got {beta}.")
    weights = 1 / -torch.expm1(n * math.log(beta)) if beta else torch.ones_like(n)
    return weights * (len(weights) / weights.sum())


def batch_alpha(target: Tensor, num_classes: int) -> Tensor:
    """Weight each class by the share of the minibatch that is *not* of that class (Eq. 7).

    alpha_i = (m - m_i) / m, where m_i of the minibatch's m samples are of class i. Hand the
    function itself to the loss, `alpha=batch_alpha`: it is then called with every batch's labels.
    A class that the batch lacks has weight 1. Negative labels mark ignored samples, which count
    neither in m_i nor in m; without any counted sample every weight is 1.

    target: a tensor of integers of any shape, else TypeError; num_classes: C, two or more, and (on
    the CPU) above each label, else ValueError. The weights, (C,), are of torch's default float type
    and on target's device.

    >>> batch_alpha(torch.tensor([0, 0, 1, 2]), 4)
    tensor([0.5000, 0.7500, 0.7500, 1.0000])

    Source: Kiaei et al. 2023, Section 2.3, doi:10.20944/preprints202309.0280.v1.
    """
    if not isinstance(target, Tensor) or not is_integer(target):
        got = target.dtype if isinstance(target, Tensor) else type(target).__name__
        raise TypeError(
            f"target: expected the batch's labels as a tensor of integers; got {got}. Hand the "
            "function itself to the loss (alpha=batch_alpha)."
        )
    check_integer("num_classes", num_classes, 2)
    if (found := bounds(target)) and found[1] >= num_classes:
        raise ValueError(
            f"target: expected labels from 0 to {num_classes - 1}; got {found[1]}. Is num_classes "
            "right, and do labels start at 0?"
        )
    labels = target.reshape(-1).long()
    # A slot of its own for ignored samples keeps every size fixed: no device has to be asked how
    # many there are, and torch.compile and vmap can follow. scatter_add refuses labels > C.
    slots = torch.where(labels < 0, num_classes, labels)
    counts = slots.new_zeros(num_classes + 1).scatter_add(0, slots, torch.ones_like(slots))
    counts = counts[:num_classes]  # whole numbers: float32 could not count beyond 2**24
    total = counts.sum()
    return (total - counts + (total == 0)) / total.clamp(min=1)


class LearnableAlpha(nn.Module):
    """One positive weight a class, trained along with the network, as the paper proposes to try.

    alpha_i = floor + softplus(raw_i), so a weight is positive whatever the optimiser does.

    **Left alone, these weights collapse.** The loss is linear in every alpha, with factors (the
    terms) that are never negative. So its gradient by alpha is never negative either, and descent
    lowers every weight towards `floor`, whatever the data: with the default floor of 0 the loss
    ends at 0 without a single better prediction. Give a floor above 0, or add a penalty such as
    `-alpha().log().sum()` to the objective, and watch the weights.

    num_classes: C, at least two; floor: the value that no weight falls below, 0 or more; init:
    every weight's first value, above `floor`; TypeError or ValueError for others. Called with
    whatever target, it gives (C,).

    >>> LearnableAlpha(3, floor=0.1)()
    tensor([1., 1., 1.], grad_fn=<AddBackward0>)

    Source: Kiaei et al. 2023, Section 4, which suggests learning alpha but not how; the
    parametrisation is this kit's.
    """

    def __init__(self, num_classes: int, *, floor: float = 0.0, init: float = 1.0) -> None:
        super().__init__()
        self.num_classes = check_integer("num_classes", num_classes, 2)
        self.floor = check_real("floor", floor, 0)
        gap = check_real("init", init, 0) - self.floor
        if gap <= 0:
            raise ValueError(
                f"init: expected a number above floor = {floor}, since softplus is positive; got "
                f"{init}."
            )
        # The inverse of softplus, log(e^x - 1), written so that a large x does not overflow.
        self.raw = nn.Parameter(torch.full((num_classes,), gap + math.log(-math.expm1(-gap))))

    def forward(self, target: Tensor | None = None, num_classes: int | None = None) -> Tensor:
        """The current weights, shape (C,)."""
        if num_classes is not None and num_classes != self.num_classes:
            raise ValueError(
                f"LearnableAlpha: expected logits of {self.num_classes} classes; got "
                f"{num_classes}. Make it as LearnableAlpha({num_classes})."
            )
        return self.floor + F.softplus(self.raw)

    def extra_repr(self) -> str:
        return f"num_classes={self.num_classes}, floor={self.floor:g}"
