"""Losses that know how many samples each class has; `rivals.py` exports them."""

from __future__ import annotations

import math
from functools import partial

import torch
from torch import Tensor

from fpl_lib._arguments import check_real
from fpl_lib.losses.checks import check_logits
from fpl_lib.losses.fpl import log_term
from fpl_lib.losses.terms import focal_term
from fpl_lib.losses.true_class import at_least_float32, true_class_loss


def class_balanced_weights(counts: Tensor, beta: float = 0.9999) -> Tensor:
    """Weight each class by one over its effective number of samples, (1 - β^n) / (1 - β).

    Args:
        counts: (C,) training samples of each class, each above zero.
        beta: from 0, equal weights, to below 1, where they near 1/n.

    Returns:
        (C,) weights that sum to C; float64 for float64 counts, else float32.

    Raises:
        TypeError, ValueError: counts or beta that are not as said.

    Example:
        >>> class_balanced_weights(torch.tensor([5000, 50]))
        tensor([0.0250, 1.9750])

    Source: Cui et al., CVPR 2019, arXiv:1901.05555.
    """
    _check_counts(counts)
    if not 0 <= check_real("beta", beta) < 1:
        raise ValueError(f"beta: expected a number from 0 to below 1; got {beta}.")
    if not counts.is_floating_point() or counts.dtype.itemsize < 4:
        counts = counts.float()
    weights = 1 / -torch.expm1(counts * math.log(beta)) if beta else torch.ones_like(counts)
    return weights * (len(weights) / weights.sum())


def class_balanced_loss(
    logits: Tensor,
    target: Tensor,
    *,
    counts: Tensor,
    beta: float = 0.9999,
    gamma: float = 0.0,
    reduction: str = "mean",
    ignore_index: int = -100,
) -> Tensor:
    """Cross-entropy, or with a `gamma` focal loss, weighted by `class_balanced_weights`.

    Args:
        logits, target, reduction, ignore_index: as in `cross_entropy`. "mean" divides by the number
            of samples, where torch divides by the sum of weights.
        counts, beta: as in `class_balanced_weights`, counts on the logits' device.
        gamma: as in `focal_loss`; 0 is cross-entropy.

    Raises:
        TypeError, ValueError: as in `false_positive_loss`, or counts and options that do not fit.

    Example:
        >>> class_balanced_loss(
        ...     torch.zeros(2, 2), torch.tensor([0, 1]), counts=torch.tensor([90, 10])
        ... )
        tensor(0.6931)

    Source: Cui et al., CVPR 2019, arXiv:1901.05555.
    """
    check_logits(logits, None)
    _check_counts(counts, logits)
    weights = class_balanced_weights(counts.to(at_least_float32(logits).dtype), beta)
    term = partial(focal_term, gamma=gamma)
    return true_class_loss(logits, target, term, reduction, ignore_index, weights)


def logit_adjusted_loss(
    logits: Tensor,
    target: Tensor,
    *,
    counts: Tensor,
    tau: float = 1.0,
    reduction: str = "mean",
    ignore_index: int = -100,
) -> Tensor:
    """Cross-entropy of the logits plus τ log π, π being the classes' shares of the training set.

    A network trained with it predicts by its plain logits: the head start of frequent classes is
    given in training only, and so not learned.

    Args:
        logits, target, reduction, ignore_index: as in `cross_entropy`.
        counts: (C,) training samples of each class, each above zero, on the logits' device.
        tau: strength, zero or more; 0 is cross-entropy, 1 `balanced_softmax_loss`.

    Raises:
        TypeError, ValueError: as in `false_positive_loss`, or counts and tau that do not fit.

    Example:
        >>> logit_adjusted_loss(
        ...     torch.zeros(2, 2), torch.tensor([0, 1]), counts=torch.tensor([900, 100])
        ... )
        tensor(1.2040)

    Source: Menon et al., ICLR 2021, arXiv:2007.07314.
    """
    check_real("tau", tau, 0)
    check_logits(logits, None)
    _check_counts(counts, logits)
    z = at_least_float32(logits)
    n = counts.to(z.dtype)
    z = z + (tau * (n / n.sum()).log()).view(-1, *[1] * (z.dim() - 2))
    return true_class_loss(z, target, log_term, reduction, ignore_index)


def balanced_softmax_loss(
    logits: Tensor,
    target: Tensor,
    *,
    counts: Tensor,
    reduction: str = "mean",
    ignore_index: int = -100,
) -> Tensor:
    """-log(n_T e^z_T / Σ_j n_j e^z_j), softmax with each class counted as often as it was seen.

    Arguments and errors as in `logit_adjusted_loss`, of which it is the case τ = 1.

    Example:
        >>> balanced_softmax_loss(
        ...     torch.zeros(2, 2), torch.tensor([0, 1]), counts=torch.tensor([900, 100])
        ... )
        tensor(1.2040)

    Source: Ren et al., NeurIPS 2020, arXiv:2007.10740.
    """
    return logit_adjusted_loss(
        logits, target, counts=counts, reduction=reduction, ignore_index=ignore_index
    )


def _check_counts(counts: Tensor, logits: Tensor | None = None) -> None:
    if not isinstance(counts, Tensor) or counts.dim() != 1 or not len(counts):
        raise TypeError(
            f"counts: expected a (C,) tensor of samples a class; got {counts!r}. Count labels with "
            "torch.bincount(labels, minlength=num_classes)."
        )
    if logits is not None:
        num_classes = logits.shape[0 if logits.dim() == 1 else 1]
        if len(counts) != num_classes:
            raise ValueError(
                f"counts: expected {num_classes}, one for each class of the logits; got "
                f"{len(counts)}."
            )
        if counts.device != logits.device:
            raise ValueError(
                f"counts are on {counts.device}, but the logits are on {logits.device}. Hold them "
                f'in a LossModule and move that with .to("{logits.device}").'
            )
    # On CUDA reading them would stop the queue at every step.
    if counts.device.type == "cpu" and not torch.compiler.is_compiling():
        if not bool((counts > 0).all()) or not bool(counts.isfinite().all()):
            raise ValueError(
                f"counts: expected at least one sample of each class; got {counts.tolist()}."
            )
