"""The False Positive Loss, α_T φ(log p_T) + Σ_F α_F φ(log(1 - p_F)), as function and module."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fpl_lib.losses.checks import (
    Alpha,
    Term,
    check_alpha_sizes,
    check_logits,
    check_options,
    check_target,
    explains_cross_entropy,
    find_counted,
    split_alphas,
    split_terms,
)
from fpl_lib.losses.closed_form import LogFPL, suits_closed_form
from fpl_lib.losses.general import in_full_precision, loss_by_autograd
from fpl_lib.losses.terms import log_term
from fpl_lib.losses.weights import class_weights


@explains_cross_entropy
def false_positive_loss(
    logits: Tensor,
    target: Tensor,
    *,
    alpha: Alpha | tuple[Alpha, Alpha] = 1.0,
    term: Term | tuple[Term, Term] = log_term,
    k: int | None = 1,
    pool: str | None = None,
    reduction: str = "mean",
    ignore_index: int = -100,
) -> Tensor:
    """False Positive Loss: a term for the true class and one for the leading wrong one (Eq. 1-8).

    FPL = α_T φ_T(log p_T) + Σ_F α_F φ_F(log(1 - p_F)), where p is the softmax of the logits, T the
    true class, and F runs over the k most probable other classes. With `alpha=(1, 0)` and the log
    term it is `torch.nn.functional.cross_entropy`.

    Args:
        logits: raw scores, shape (C,), (N, C) or (N, C, d1, ...), at least two classes. float16 and
            bfloat16 are computed in float32.
        target: class indices, shape (), (N,) or (N, d1, ...), of any integer type. For a mix of two
            labels (Mixup, CutMix) take λ · loss(logits, a) + (1 − λ) · loss(logits, b).
        alpha: the weights: a number, a (C,) tensor, a callable `(target, num_classes) -> (C,)` such
            as `batch_alpha` or a `LearnableAlpha`, or a pair (α_T, α_F) of these. A callable gets
            the labels of the batch, flat; on the CPU without the ignored ones, which elsewhere
            (CUDA, torch.compile, vmap) stay in as -1, so that no device has to count them.
        term: φ, an elementwise function of r = the log-probability of being right: `log_term`
            (Eq. 2, 3), `squared_term` (Eq. 5, 6) or any other; or a pair (φ_T, φ_F).
        k: how many false classes (Eq. 8), 1 to C - 1; None for all. Of equal logits the lower
            class index comes first.
        pool: None sums over the false classes. "mean" and "median" make one p_F of their
            probabilities (for an even k the median is the mean of the middle two), weighted by the
            mean of their α_F.
        reduction: "mean" (over the counted samples: divided by their number, not by Σα), "sum", or
            "none" (target's shape, 0 where ignored).
        ignore_index: the label of samples to leave out. If all are, the mean is NaN, as in torch.

    The loss is float64 for float64 logits and float32 for all others. A logit of -inf is a class
    ruled out (probability 0); NaN and +inf end in a NaN or infinite loss, as in cross-entropy.
    TypeError or ValueError say which argument does not fit, and what was expected. Labels out of
    range and negative weights in tensors are found on the CPU; on CUDA, where reading them would
    stall every step, a bad label ends in CUDA's own device assertion.

    >>> p = torch.tensor([0.15, 0.25, 0.20, 0.30, 0.10])  # the paper's Figure 1: T = 1, F = 3
    >>> false_positive_loss(p.log(), torch.tensor(1))  # -log 0.25 - log(1 - 0.30)
    tensor(1.7430)

    Source: Kiaei et al. 2023, Section 2, doi:10.20944/preprints202309.0280.v1.
    """
    check_options(k, pool, reduction, ignore_index)
    terms, alphas = split_terms(term), split_alphas(alpha)
    num_classes = check_logits(logits, k)
    target = check_target(target, logits)
    counted = find_counted(target, num_classes, ignore_index)

    single = logits.dim() == 1
    if single:
        logits, target = logits.unsqueeze(0), target.unsqueeze(0)
        counted = None if counted is None else counted.unsqueeze(0)

    numbers = isinstance(alphas[0], float) and isinstance(alphas[1], float)
    if terms[0] is log_term and numbers and alphas[0] > 0 and alphas[1] == 0:
        loss = torch.nn.functional.cross_entropy(
            in_full_precision(logits), target, ignore_index=ignore_index, reduction=reduction
        )
        loss = loss if alphas[0] == 1 else alphas[0] * loss
        return loss.squeeze(0) if single and reduction == "none" else loss

    # The mean over all samples is a factor of the weights: that spares a pass over the gradient.
    scale = 1 / target.numel() if reduction == "mean" and counted is None else 1.0
    weights = class_weights(alphas, logits, target, counted, scale)
    true = (target if counted is None else target.masked_fill(~counted, 0)).unsqueeze(1)
    k = num_classes - 1 if k is None else k
    if k == 1 and terms[0] is log_term is terms[1] and suits_closed_form(logits, weights):
        summed = counted is None and reduction != "none"
        loss = LogFPL.apply(logits, true, *weights, summed)
        if summed:
            return loss
    else:
        loss = loss_by_autograd(in_full_precision(logits), true, weights, terms, k, pool)
    if counted is not None:
        loss = loss.masked_fill(~counted, 0)
    if reduction == "none":
        return loss.squeeze(0) if single else loss
    if reduction == "mean" and counted is not None:
        return loss.sum() / counted.sum()
    return loss.sum()


class FalsePositiveLoss(nn.Module):
    """`false_positive_loss` as a module, which keeps its options (Eq. 1-8).

    Weights given as tensors become buffers (an `nn.Parameter` a parameter), weights and terms given
    as modules become submodules: `.to()`, `state_dict()` and `parameters()` reach them all, and a
    `LearnableAlpha` is trained along if the optimiser gets this module's parameters too.

    Arguments, shapes, errors and source as of `false_positive_loss`; what can be judged without the
    logits is refused here, the rest at the first call. Coming from `nn.CrossEntropyLoss`:

    | there | here | what differs |
    |---|---|---|
    | `weight=w` | `alpha=(w, 0)` | "mean" divides by N, there by the sum of the samples' weights |
    | | `alpha=w` | the same, and weighs the false class's term too |
    | `label_smoothing=ε` | none | FPL needs one true class: add a smoothed cross-entropy to it |
    | `input=z` | `logits=z` | nothing |
    | shares as target | labels only | λ · loss(z, a) + (1 − λ) · loss(z, b) for Mixup, CutMix |

    >>> loss = FalsePositiveLoss(alpha=(1.0, torch.tensor([0.5, 0.7, 0.8])), k=2)
    >>> loss(torch.tensor([[2.0, 1.0, 0.0]]), torch.tensor([1]))
    tensor(2.0303)
    """

    @explains_cross_entropy
    def __init__(
        self,
        alpha: Alpha | tuple[Alpha, Alpha] = 1.0,
        term: Term | tuple[Term, Term] = log_term,
        *,
        k: int | None = 1,
        pool: str | None = None,
        reduction: str = "mean",
        ignore_index: int = -100,
    ) -> None:
        super().__init__()
        check_options(k, pool, reduction, ignore_index)
        split_terms(term)
        check_alpha_sizes(split_alphas(alpha), k)
        self._alpha_is_pair = self._hold("alpha", alpha)
        self._term_is_pair = self._hold("term", term)
        self.k, self.pool, self.reduction, self.ignore_index = k, pool, reduction, ignore_index

    def _hold(self, name: str, value: object) -> bool:
        """Register each part, so that .to(), state_dict() and parameters() see it."""
        is_pair = isinstance(value, tuple)
        names = (f"{name}_true", f"{name}_false") if is_pair else (name,)
        for one_name, one in zip(names, value if is_pair else (value,), strict=True):
            if isinstance(one, Tensor) and not isinstance(one, nn.Parameter):
                self.register_buffer(one_name, one)
            else:
                setattr(self, one_name, one)
        return is_pair

    @explains_cross_entropy
    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The loss of a batch."""
        alpha, term = self._alpha_and_term()
        return false_positive_loss(
            logits, target, alpha=alpha, term=term, k=self.k, pool=self.pool,
            reduction=self.reduction, ignore_index=self.ignore_index,
        )  # fmt: skip

    def _alpha_and_term(self) -> tuple:
        alpha = (self.alpha_true, self.alpha_false) if self._alpha_is_pair else self.alpha
        term = (self.term_true, self.term_false) if self._term_is_pair else self.term
        return alpha, term

    def extra_repr(self) -> str:
        alpha, term = map(_describe, self._alpha_and_term())
        return (
            f"alpha={alpha}, term={term}, k={self.k}, pool={self.pool!r}, "
            f"reduction={self.reduction!r}, ignore_index={self.ignore_index}"
        )


def _describe(value: object) -> str:
    """A weight or term, or a pair of them, in a word each."""
    if isinstance(value, tuple):
        return f"({', '.join(map(_describe, value))})"
    if isinstance(value, Tensor):
        return f"tensor of {len(value)}"
    return getattr(value, "__name__", type(value).__name__) if callable(value) else f"{value:g}"
