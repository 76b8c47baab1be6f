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
from fpl_lib.losses.checks import Term, check_counts, check_fits, check_logits
from fpl_lib.losses.fpl import false_positive_loss
from fpl_lib.losses.general import in_full_precision
from fpl_lib.losses.terms import focal_term, gce_term, mae_term, poly1_term, sce_term


def _of_true_class(name: str, term: Term) -> Callable[..., Tensor]:
    """FPL of one term, for the true class alone."""

    def loss(logits, target, *, reduction="mean", ignore_index=-100, **options) -> Tensor:
        return false_positive_loss(
            logits, target, alpha=(1, 0), term=partial(term, **options),
            reduction=reduction, ignore_index=ignore_index,
        )  # fmt: skip

    loss.__name__ = loss.__qualname__ = name
    loss.__doc__ = (
        f"`false_positive_loss` with α = (1, 0), no false class, and `{term.__name__}`.\n\n"
        f"Shapes and errors as there; options, formula and source as of `{term.__name__}`."
    )
    return loss


focal_loss = _of_true_class("focal_loss", focal_term)
poly1_loss = _of_true_class("poly1_loss", poly1_term)
gce_loss = _of_true_class("gce_loss", gce_term)
sce_loss = _of_true_class("sce_loss", sce_term)
mae_loss = _of_true_class("mae_loss", mae_term)


def class_balanced_loss(
    logits: Tensor, target: Tensor, *, counts: Tensor, beta: float = 0.9999, **reduced
) -> Tensor:
    """Cross-entropy weighted by `class_balanced_weights`.

    Shapes and errors as in the head of this file; counts, on the logits' device, and beta as in
    `class_balanced_weights`. torch's weighted mean differs: it divides by the sum of the samples'
    weights.

    >>> counts = torch.tensor([90, 10])
    >>> class_balanced_loss(torch.zeros(2, 2), torch.tensor([0, 1]), counts=counts)
    tensor(0.6931)

    Source: Cui et al., CVPR 2019, arXiv:1901.05555.
    """
    alpha = class_balanced_weights(_counts_for(logits, counts), beta)
    return false_positive_loss(logits, target, alpha=(alpha, 0), **reduced)


def logit_adjusted_loss(
    logits: Tensor, target: Tensor, *, counts: Tensor, tau: float = 1.0, **reduced
) -> Tensor:
    """Cross-entropy of the logits plus τ log π, π being the classes' shares of the training set.

    A network trained with it predicts by its plain logits: the head start of frequent classes is
    given in training only, and so not learned.

    Shapes and errors as in the head of this file; counts (C,), training samples of each class,
    above zero, on the logits' device; tau, zero or more, else ValueError: 0 is cross-entropy, 1
    balanced softmax.

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

    The case τ = 1 of `logit_adjusted_loss`: arguments, shapes and errors as there.

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

    function: called as `function(logits, target, **options)`; TypeError for what cannot be called.

    >>> LossModule(focal_loss, gamma=1.0)(torch.zeros(3, 2), torch.tensor([0, 1, 1]))
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
        """The loss of a batch, of the shapes that the function takes and gives."""
        return self.function(logits, target, **self.options, **self._buffers)

    def extra_repr(self) -> str:
        named = [f"{name}={value!r}" for name, value in self.options.items()]
        return ", ".join([getattr(self.function, "__name__", type(self.function).__name__), *named])
