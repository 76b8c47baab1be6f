"""From what a user gives as alpha to a weight for every class of every sample."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import torch
from torch import Tensor

from fpl_lib.losses.checks import Alpha, check_fits, check_weights


def class_weights(
    alphas: tuple[Alpha, Alpha], z: Tensor, labels: Tensor, counted: Tensor | None, scale: float
) -> tuple[float | Tensor, float | Tensor]:
    """scale * alpha for each: a number, or a tensor expanded to z's shape (N, C, d1, ...), a view.

    Callables are asked here, with the labels of the batch.
    """
    first = _class_weight(alphas[0], z, labels, counted, scale)
    if alphas[1] is alphas[0]:  # a callable is asked once
        return first, first
    return first, _class_weight(alphas[1], z, labels, counted, scale)


def _class_weight(
    alpha: Alpha, z: Tensor, labels: Tensor, counted: Tensor | None, scale: float
) -> float | Tensor:
    if isinstance(alpha, float):
        return alpha * scale
    if not isinstance(alpha, Tensor):
        alpha = _ask(alpha, _labels_for_rule(labels, counted), z.shape[1])
    check_fits("alpha", alpha, z)
    alpha = alpha.to(torch.float64 if z.dtype == torch.float64 else torch.float32)
    if scale != 1:
        alpha = alpha * scale
    return alpha.view(-1, *[1] * (z.dim() - 2)).expand(z.shape)


def _ask(rule: Callable[[Tensor, int], Tensor], labels: Tensor, num_classes: int) -> Tensor:
    """The rule's weights. A rule that takes something else, such as class_alpha, is named."""
    try:
        alpha = rule(labels, num_classes)
    except TypeError as error:
        try:
            inspect.signature(rule).bind(labels, num_classes)
        except ValueError:  # a builtin without a signature
            raise error from None
        except TypeError:
            name = getattr(rule, "__name__", type(rule).__name__)
            raise TypeError(
                f"alpha: expected a callable (target, num_classes) -> (C,); {name} does not take "
                f"these two. Was its result meant, {name}(...)?"
            ) from error
        raise
    if not isinstance(alpha, Tensor):
        raise TypeError(
            "alpha: expected a (C,) tensor from the callable; got "
            f"{type(alpha).__name__}: {alpha!r}."
        )
    return check_weights(alpha)


def _labels_for_rule(labels: Tensor, counted: Tensor | None) -> Tensor:
    """The counted labels, flat. Where a size cannot depend on values the others stay, as -1."""
    flat = labels.reshape(-1)
    if counted is None:
        return flat
    counted = counted.reshape(-1)
    if labels.is_cpu and not torch.compiler.is_compiling():
        try:
            return flat[counted]
        except RuntimeError:  # under torch.func.vmap
            pass
    return flat.masked_fill(~counted, -1)
