"""The weights α of the False Positive Loss: from class counts, from the batch, or learned."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def class_alpha(counts: Tensor | Sequence[float]) -> Tensor:
    """Weight each class by the share of samples that are *not* of that class (Eq. 4).

    alpha_i = (N - N_i) / N, where N_i of the N training samples are of class i.

    Args:
        counts: samples per class, shape (C,): a tensor, or a list or tuple of numbers.

    Returns:
        The weights, shape (C,), each in [0, 1], summing to C - 1. float64 counts stay float64;
        everything else gives torch's default float type.

    Raises:
        TypeError: counts are not numbers.
        ValueError: counts are not of shape (C,), C >= 2, or are negative, not finite or all zero.

    Example:
        >>> class_alpha([50, 30, 20])
        tensor([0.5000, 0.7000, 0.8000])

    Source: Kiaei et al. 2023, Section 2.1, doi:10.20944/preprints202309.0280.v1.
    """
    if isinstance(counts, Tensor):
        given = counts.detach()
    else:
        try:
            given = torch.as_tensor(counts, dtype=torch.float64)
        except (TypeError, ValueError, RuntimeError) as error:
            raise TypeError(
                "class_alpha: expected the number of samples of each class, a (C,) tensor or a "
                f"list of numbers; got {type(counts).__name__}: {counts!r}."
            ) from error
    if given.dtype == torch.bool or given.is_complex():
        raise TypeError(
            f"class_alpha: expected counts as integers or floats; got {given.dtype}. "
            "torch.bincount(labels, minlength=num_classes) counts labels."
        )
    if given.dim() != 1 or given.numel() < 2:
        raise ValueError(
            "class_alpha: expected one count for each of at least two classes, shape (C,); got "
            f"shape {tuple(given.shape)}. torch.bincount(labels, minlength=num_classes) counts."
        )
    # Counts are added up in float64: beyond 2**24 samples float32 could no longer count by ones.
    exact = given.to(torch.float64)
    if not bool(torch.isfinite(exact).all()):
        raise ValueError(f"class_alpha: expected finite counts; got {given.tolist()}.")
    if bool((exact < 0).any()):
        worst = int(exact.argmin())
        raise ValueError(
            f"class_alpha: expected counts of zero or more; class {worst} has "
            f"{exact[worst].item():g}."
        )
    total = exact.sum()
    if not bool(total > 0):
        raise ValueError("class_alpha: every count is zero; at least one class needs a sample.")
    is_float64_tensor = isinstance(counts, Tensor) and counts.dtype == torch.float64
    return ((total - exact) / total).to(
        torch.float64 if is_float64_tensor else torch.get_default_dtype()
    )


def flipped_alpha(counts: Tensor | Sequence[float]) -> Tensor:
    """Eq. 4's weights in the opposite order: the largest weight for the most frequent class.

    max(alpha) + min(alpha) - alpha_i, with alpha of `class_alpha`: the same range, so that as α_F
    it changes which false class counts most and nothing else. Not in the paper.

    Args and errors as in `class_alpha`.

    Example:
        >>> flipped_alpha([50, 30, 20])
        tensor([0.8000, 0.6000, 0.5000])
    """
    alpha = class_alpha(counts)
    return alpha.max() + alpha.min() - alpha


def batch_alpha(target: Tensor, num_classes: int) -> Tensor:
    """Weight each class by the share of the minibatch that is *not* of that class (Eq. 7).

    alpha_i = (m - m_i) / m, where m_i of the minibatch's m samples are of class i. Hand the
    function itself to the loss, `alpha=batch_alpha`: it is then called with every batch's labels.
    A class that the batch lacks has weight 1. Negative labels mark ignored samples, which count
    neither in m_i nor in m; without any counted sample every weight is 1.

    Args:
        target: class indices of any shape, integers.
        num_classes: C.

    Returns:
        The weights, shape (C,), in torch's default float type, on target's device.

    Raises:
        TypeError: target is not a tensor of integers.
        ValueError: num_classes is below two, or (on the CPU) a label is num_classes or more.

    Example:
        >>> batch_alpha(torch.tensor([0, 0, 1, 2]), 4)
        tensor([0.5000, 0.7500, 0.7500, 1.0000])

    Source: Kiaei et al. 2023, Section 2.3, doi:10.20944/preprints202309.0280.v1.
    """
    if not isinstance(target, Tensor):
        raise TypeError(
            f"batch_alpha: expected the batch's labels as a tensor; got {type(target).__name__}. "
            "Hand the function itself to the loss (alpha=batch_alpha)."
        )
    if target.is_floating_point() or target.is_complex() or target.dtype == torch.bool:
        raise TypeError(f"batch_alpha: expected integer class indices; got {target.dtype}.")
    if num_classes < 2:
        raise ValueError(f"batch_alpha: expected at least two classes; got {num_classes}.")
    labels = target.reshape(-1).to(torch.int64)
    # A slot of its own for ignored samples keeps every size fixed: no device has to be asked how
    # many there are, and torch.compile and vmap can follow. scatter_add refuses labels >= C.
    slots = torch.where(labels < 0, num_classes, labels)
    if labels.is_cpu and not torch.compiler.is_compiling():
        _refuse_large_labels(labels, num_classes)
    ones = torch.ones_like(slots, dtype=torch.get_default_dtype())
    counts = ones.new_zeros(num_classes + 1).scatter_add(0, slots, ones)[:num_classes]
    total = counts.sum()
    return (total - counts + (total == 0)) / total.clamp(min=1)


def _refuse_large_labels(labels: Tensor, num_classes: int) -> None:
    try:
        largest = int(labels.max()) if labels.numel() else -1
    except RuntimeError:  # under torch.func.vmap a value cannot be read
        return
    if largest >= num_classes:
        raise ValueError(
            f"batch_alpha: expected labels from 0 to {num_classes - 1}; got {largest}. "
            "Is num_classes right, and do labels start at 0?"
        )


class LearnableAlpha(nn.Module):
    """One positive weight a class, trained along with the network, as the paper proposes to try.

    alpha_i = floor + softplus(raw_i), so a weight is positive whatever the optimiser does.

    **Left alone, these weights collapse.** The loss is linear in every alpha, with factors (the
    terms) that are never negative. So its gradient by alpha is never negative either, and descent
    lowers every weight towards `floor`, whatever the data: with the default floor of 0 the loss
    ends at 0 without a single better prediction. Give a floor above 0, or add a penalty such as
    `-alpha().log().sum()` to the objective, and watch the weights.

    Args:
        num_classes: C, at least two.
        floor: the value that no weight falls below, 0 or more.
        init: every weight's first value, above `floor`.

    Shape:
        `forward(target=None, num_classes=None)` returns (C,), whatever the target.

    Raises:
        TypeError, ValueError: an argument is of the wrong kind, or outside the ranges above.

    Example:
        >>> alpha = LearnableAlpha(3, floor=0.1)
        >>> alpha()
        tensor([1., 1., 1.], grad_fn=<AddBackward0>)

    Source: Kiaei et al. 2023, Section 4, which suggests learning alpha but not how; the
    parametrisation is this kit's.
    """

    def __init__(self, num_classes: int, *, floor: float = 0.0, init: float = 1.0) -> None:
        super().__init__()
        if not isinstance(num_classes, int) or isinstance(num_classes, bool):
            raise TypeError(
                f"LearnableAlpha: num_classes must be an int; got {type(num_classes).__name__}."
            )
        if num_classes < 2:
            raise ValueError(f"LearnableAlpha: num_classes must be at least 2; got {num_classes}.")
        for name, value in (("floor", floor), ("init", init)):
            if not isinstance(value, int | float) or isinstance(value, bool):
                raise TypeError(
                    f"LearnableAlpha: {name} must be a number; got {type(value).__name__}."
                )
            if not math.isfinite(value):
                raise ValueError(f"LearnableAlpha: {name} must be finite; got {value}.")
        if floor < 0:
            raise ValueError(f"LearnableAlpha: floor must be zero or more; got {floor}.")
        if init <= floor:
            raise ValueError(
                f"LearnableAlpha: init must lie above floor = {floor}, since softplus is positive; "
                f"got {init}."
            )
        self.num_classes = num_classes
        self.floor = float(floor)
        gap = float(init) - self.floor
        # The inverse of softplus, log(e^x - 1), written so that a large x does not overflow.
        self.raw = nn.Parameter(torch.full((num_classes,), gap + math.log(-math.expm1(-gap))))

    def forward(self, target: Tensor | None = None, num_classes: int | None = None) -> Tensor:
        """The current weights, shape (C,)."""
        if num_classes is not None and num_classes != self.num_classes:
            raise ValueError(
                f"LearnableAlpha: made for {self.num_classes} classes, but the logits have "
                f"{num_classes}. Make it as LearnableAlpha({num_classes})."
            )
        return self.floor + F.softplus(self.raw)

    def extra_repr(self) -> str:
        return f"num_classes={self.num_classes}, floor={self.floor:g}"
