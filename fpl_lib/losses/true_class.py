"""The loss of a term of the true class alone: what every rival of FPL in this kit is."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from fpl_lib.losses.checks import check_logits, check_options, check_target, find_counted


def true_class_loss(
    logits: Tensor,
    target: Tensor,
    term: Callable[[Tensor], Tensor],
    reduction: str,
    ignore_index: int,
    weights: Tensor | None = None,
) -> Tensor:
    """The term of log p_T for each sample, times its class's weight, reduced.

    "mean" divides by the number of counted samples, weighted or not.
    """
    check_options(1, None, reduction, ignore_index)
    num_classes = check_logits(logits, None)
    check_target(target, logits)
    counted = find_counted(target, num_classes, ignore_index)
    labels = target.long() if counted is None else target.long().masked_fill(~counted, 0)
    loss = term(-functional.cross_entropy(at_least_float32(logits), labels, reduction="none"))
    if weights is not None:
        loss = weights.to(loss.dtype)[labels] * loss
    if counted is not None:
        loss = loss.masked_fill(~counted, 0)
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    return loss.mean() if counted is None else loss.sum() / counted.sum()


def at_least_float32(logits: Tensor) -> Tensor:
    """Half precision as float32, the rest as it is; the gradient comes back in the logits' type."""
    return logits if logits.dtype == torch.float64 else logits.float()
