"""What FPL is compared with: focal, poly-1, GCE, SCE and MAE, and three answers to imbalance.

The first five are a term of `terms.py`, taken of the true class alone. Class-balanced, balanced
softmax and logit-adjusted loss also take the classes' `counts`. All take logits and targets as
`torch.nn.functional.cross_entropy` does, compute half precision in float32, and by "mean" divide by
the number of counted samples. Label smoothing is an option of torch's own cross-entropy.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from fpl_lib.losses.imbalance import (
    balanced_softmax_loss,
    class_balanced_loss,
    class_balanced_weights,
    logit_adjusted_loss,
)
from fpl_lib.losses.terms import focal_term, gce_term, mae_term, poly1_term, sce_term
from fpl_lib.losses.true_class import true_class_loss

__all__ = [
    "LossModule",
    "balanced_softmax_loss",
    "class_balanced_loss",
    "class_balanced_weights",
    "focal_loss",
    "gce_loss",
    "logit_adjusted_loss",
    "mae_loss",
    "poly1_loss",
    "sce_loss",
]


def focal_loss(
    logits: Tensor,
    target: Tensor,
    *,
    gamma: float = 2.0,
    reduction: str = "mean",
    ignore_index: int = -100,
) -> Tensor:
    """Focal loss, `focal_term` of the true class; arguments as there and in `cross_entropy`.

    Raises:
        TypeError, ValueError: as in `false_positive_loss`, or a gamma below zero.

    Example:
        >>> focal_loss(torch.zeros(3, 2), torch.tensor([0, 1, 1]))
        tensor(0.1733)

    Source: Lin et al., ICCV 2017, arXiv:1708.02002.
    """
    term = partial(focal_term, gamma=gamma)
    return true_class_loss(logits, target, term, reduction, ignore_index)


def poly1_loss(
    logits: Tensor,
    target: Tensor,
    *,
    epsilon: float = 2.0,
    reduction: str = "mean",
    ignore_index: int = -100,
) -> Tensor:
    """Poly-1 loss, `poly1_term` of the true class; arguments as there and in `cross_entropy`.

    Raises:
        TypeError, ValueError: as in `false_positive_loss`, or an epsilon below -1.

    Example:
        >>> poly1_loss(torch.zeros(3, 2), torch.tensor([0, 1, 1]))
        tensor(1.6931)

    Source: Leng et al., ICLR 2022, arXiv:2204.12511.
    """
    term = partial(poly1_term, epsilon=epsilon)
    return true_class_loss(logits, target, term, reduction, ignore_index)


def gce_loss(
    logits: Tensor,
    target: Tensor,
    *,
    q: float = 0.7,
    reduction: str = "mean",
    ignore_index: int = -100,
) -> Tensor:
    """Generalised cross-entropy, `gce_term` of the true class; arguments as there and in torch's.

    Raises:
        TypeError, ValueError: as in `false_positive_loss`, or a q outside 0 to 1.

    Example:
        >>> gce_loss(torch.zeros(3, 2), torch.tensor([0, 1, 1]))
        tensor(0.5492)

    Source: Zhang and Sabuncu, NeurIPS 2018, arXiv:1805.07836.
    """
    return true_class_loss(logits, target, partial(gce_term, q=q), reduction, ignore_index)


def sce_loss(
    logits: Tensor,
    target: Tensor,
    *,
    alpha: float = 0.1,
    beta: float = 1.0,
    log_zero: float = -4.0,
    reduction: str = "mean",
    ignore_index: int = -100,
) -> Tensor:
    """Symmetric cross-entropy, `sce_term` of the true class; arguments as there and in torch's.

    Raises:
        TypeError, ValueError: as in `false_positive_loss`, or options out of range.

    Example:
        >>> sce_loss(torch.zeros(3, 2), torch.tensor([0, 1, 1]))
        tensor(2.0693)

    Source: Wang et al., ICCV 2019, arXiv:1908.06112.
    """
    term = partial(sce_term, alpha=alpha, beta=beta, log_zero=log_zero)
    return true_class_loss(logits, target, term, reduction, ignore_index)


def mae_loss(
    logits: Tensor, target: Tensor, *, reduction: str = "mean", ignore_index: int = -100
) -> Tensor:
    """Mean absolute error of the probabilities, `mae_term` of the true class.

    Raises:
        TypeError, ValueError: as in `false_positive_loss`.

    Example:
        >>> mae_loss(torch.zeros(3, 2), torch.tensor([0, 1, 1]))
        tensor(1.)

    Source: Ghosh, Kumar and Sastry, AAAI 2017, arXiv:1712.09482.
    """
    return true_class_loss(logits, target, mae_term, reduction, ignore_index)


class LossModule(nn.Module):
    """A loss function and its options as a module; options that are tensors become buffers.

    Args:
        function: called as `function(logits, target, **options)`, such as those of this file.
        options: its keyword arguments.

    Raises:
        TypeError: not a function.

    Example:
        >>> loss = LossModule(focal_loss, gamma=1.0)
        >>> loss(torch.zeros(3, 2), torch.tensor([0, 1, 1]))
        tensor(0.3466)
    """

    def __init__(self, function: Callable[..., Tensor], **options: object) -> None:
        super().__init__()
        if not callable(function):
            raise TypeError(f"function: expected a loss function; got {function!r}.")
        self.function = function
        self.options = {k: v for k, v in options.items() if not torch.is_tensor(v)}
        for name in options.keys() - self.options.keys():
            self.register_buffer(name, options[name])

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        return self.function(logits, target, **self.options, **dict(self.named_buffers()))

    def extra_repr(self) -> str:
        named = [f"{name}={value!r}" for name, value in self.options.items()]
        return ", ".join([self.function.__name__, *named])
