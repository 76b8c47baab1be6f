"""What FPL is compared with: focal, poly-1, GCE, SCE and MAE, and three answers to imbalance.

The first five are FPL without a false class, α = (1, 0), with a term of `terms.py`; class-balanced
loss has an α_T besides, and balanced softmax and logit adjustment are cross-entropy of shifted
logits. So all take logits (N, C), (C,) or (N, C, d1, ...), targets, `reduction` and `ignore_index`
as `false_positive_loss` does, give what it gives, refuse what it refuses, and by "mean" divide by
the number of counted samples. Label smoothing is an option of torch's own cross-entropy.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from fpl_lib._arguments import check_real
from fpl_lib.losses.alphas import class_balanced_weights
from fpl_lib.losses.checks import check_counts, check_fits, check_logits
from fpl_lib.losses.fpl import false_positive_loss
from fpl_lib.losses.general import in_full_precision
from fpl_lib.losses.terms import focal_term, gce_term, mae_term, poly1_term, sce_term


def focal_loss(logits: Tensor, target: Tensor, *, gamma: float = 2.0, **reduced) -> Tensor:
    """Focal loss, `focal_term` of the true class: what is nearly right hardly counts.

    Args, shapes and errors as in the head of this file; gamma as in `focal_term`.

    Example:
        >>> focal_loss(torch.zeros(3, 2), torch.tensor([0, 1, 1]))
        tensor(0.1733)

    Source: Lin et al., ICCV 2017, arXiv:1708.02002.
    """
    term = partial(focal_term, gamma=gamma)
    return false_positive_loss(logits, target, alpha=(1, 0), term=term, **reduced)


def poly1_loss(logits: Tensor, target: Tensor, *, epsilon: float = 2.0, **reduced) -> Tensor:
    """Poly-1 loss, `poly1_term` of the true class: cross-entropy with its first coefficient raised.

    Args, shapes and errors as in the head of this file; epsilon as in `poly1_term`.

    Example:
        >>> poly1_loss(torch.zeros(3, 2), torch.tensor([0, 1, 1]))
        tensor(1.6931)

    Source: Leng et al., ICLR 2022, arXiv:2204.12511.
    """
    term = partial(poly1_term, epsilon=epsilon)
    return false_positive_loss(logits, target, alpha=(1, 0), term=term, **reduced)


def gce_loss(logits: Tensor, target: Tensor, *, q: float = 0.7, **reduced) -> Tensor:
    """Generalised cross-entropy, `gce_term` of the true class: between cross-entropy and MAE.

    Args, shapes and errors as in the head of this file; q as in `gce_term`.

    Example:
        >>> gce_loss(torch.zeros(3, 2), torch.tensor([0, 1, 1]))
        tensor(0.5492)

    Source: Zhang and Sabuncu, NeurIPS 2018, arXiv:1805.07836.
    """
    term = partial(gce_term, q=q)
    return false_positive_loss(logits, target, alpha=(1, 0), term=term, **reduced)


def sce_loss(
    logits: Tensor,
    target: Tensor,
    *,
    alpha: float = 0.1,
    beta: float = 1.0,
    log_zero: float = -4.0,
    **reduced,
) -> Tensor:
    """Symmetric cross-entropy, `sce_term` of the true class: α CE + β reverse CE.

    Args, shapes and errors as in the head of this file; the others as in `sce_term`.

    Example:
        >>> sce_loss(torch.zeros(3, 2), torch.tensor([0, 1, 1]))
        tensor(2.0693)

    Source: Wang et al., ICCV 2019, arXiv:1908.06112.
    """
    term = partial(sce_term, alpha=alpha, beta=beta, log_zero=log_zero)
    return false_positive_loss(logits, target, alpha=(1, 0), term=term, **reduced)


def mae_loss(logits: Tensor, target: Tensor, **reduced) -> Tensor:
    """Mean absolute error of the probabilities, `mae_term` of the true class.

    Args, shapes and errors as in the head of this file.

    Example:
        >>> mae_loss(torch.zeros(3, 2), torch.tensor([0, 1, 1]))
        tensor(1.)

    Source: Ghosh, Kumar and Sastry, AAAI 2017, arXiv:1712.09482.
    """
    return false_positive_loss(logits, target, alpha=(1, 0), term=mae_term, **reduced)


def class_balanced_loss(
    logits: Tensor,
    target: Tensor,
    *,
    counts: Tensor,
    beta: float = 0.9999,
    gamma: float = 0.0,
    **reduced,
) -> Tensor:
    """Cross-entropy, or with a `gamma` focal loss, weighted by `class_balanced_weights`.

    Args, shapes and errors as in the head of this file; counts, on the logits' device, and beta as
    in `class_balanced_weights`, gamma as in `focal_term`. torch's weighted mean differs: it divides
    by the sum of the samples' weights.

    Example:
        >>> counts = torch.tensor([90, 10])
        >>> class_balanced_loss(torch.zeros(2, 2), torch.tensor([0, 1]), counts=counts)
        tensor(0.6931)

    Source: Cui et al., CVPR 2019, arXiv:1901.05555.
    """
    alpha = class_balanced_weights(_counts_for(logits, counts), beta)
    term = partial(focal_term, gamma=gamma)
    return false_positive_loss(logits, target, alpha=(alpha, 0), term=term, **reduced)


def logit_adjusted_loss(
    logits: Tensor, target: Tensor, *, counts: Tensor, tau: float = 1.0, **reduced
) -> Tensor:
    """Cross-entropy of the logits plus τ log π, π being the classes' shares of the training set.

    A network trained with it predicts by its plain logits: the head start of frequent classes is
    given in training only, and so not learned.

    Args, shapes and errors as in the head of this file; counts (C,), training samples of each
    class, each above zero, on the logits' device; tau, zero or more: 0 is cross-entropy, 1
    `balanced_softmax_loss`.

    Example:
        >>> counts = torch.tensor([900, 100])
        >>> logit_adjusted_loss(torch.zeros(2, 2), torch.tensor([0, 1]), counts=counts)
        tensor(1.2040)

    Source: Menon et al., ICLR 2021, arXiv:2007.07314.
    """
    check_real("tau", tau, 0)
    n = _counts_for(logits, counts)
    head_start = (tau * (n / n.sum()).log()).view(-1, *[1] * (logits.dim() - 2))
    z = in_full_precision(logits) + head_start
    return false_positive_loss(z, target, alpha=(1, 0), **reduced)


def balanced_softmax_loss(logits: Tensor, target: Tensor, *, counts: Tensor, **reduced) -> Tensor:
    """-log(n_T e^z_T / Σ_j n_j e^z_j), softmax with each class counted as often as it was seen.

    Args, shapes and errors as in `logit_adjusted_loss`, of which it is the case τ = 1.

    Example:
        >>> counts = torch.tensor([900, 100])
        >>> balanced_softmax_loss(torch.zeros(2, 2), torch.tensor([0, 1]), counts=counts)
        tensor(1.2040)

    Source: Ren et al., NeurIPS 2020, arXiv:2007.10740.
    """
    return logit_adjusted_loss(logits, target, counts=counts, **reduced)


def _counts_for(logits: Tensor, counts: Tensor) -> Tensor:
    """The counts in the precision that the logits are computed in."""
    check_logits(logits, None)
    counts = check_counts(counts, empty=False)
    check_fits("counts", counts, logits)
    return counts.to(torch.float64 if logits.dtype == torch.float64 else torch.float32)


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
        """The loss of a batch."""
        return self.function(logits, target, **self.options, **dict(self.named_buffers()))

    def extra_repr(self) -> str:
        named = [f"{name}={value!r}" for name, value in self.options.items()]
        return ", ".join([self.function.__name__, *named])
