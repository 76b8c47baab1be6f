"""The False Positive Loss, FPL = α_T φ(log p_T) + Σ_F α_F φ(log(1 − p_F)), as function and module."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from fpl_lib._checks import (
    Alpha,
    Term,
    check_alpha,
    check_alpha_for,
    check_alpha_values,
    check_logits,
    check_options,
    check_target,
    check_term,
    find_counted,
    split_pair,
)


def log_term(r: Tensor) -> Tensor:
    """-r, the logarithmic term: -log p_T for the true class (Eq. 2), -log(1 - p_F) for a false one (Eq. 3).

    Args:
        r: log-probability of being right, any shape, zero or less.

    Example:
        >>> log_term(torch.tensor(0.25).log())
        tensor(1.3863)

    Source: Kiaei et al. 2023, Section 2.1, doi:10.20944/preprints202309.0280.v1.
    """
    return -r


def squared_term(r: Tensor) -> Tensor:
    """(1 - exp(r))^2, the squared term: (1 - p_T)^2 (Eq. 5) and p_F^2 (Eq. 6).

    Args:
        r: log-probability of being right, any shape, zero or less.

    Example:
        >>> squared_term(torch.tensor(0.25).log())
        tensor(0.5625)

    Source: Kiaei et al. 2023, Section 2.3, doi:10.20944/preprints202309.0280.v1.
    """
    # expm1 keeps its digits where r is close to zero, and 1 - exp(r) does not.
    return torch.expm1(r).square()


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
    """Eq. 1 to 8 of the paper; full text follows."""
    check_options(k, pool, reduction, ignore_index)
    term_true, term_false = split_pair("term", term)
    alpha_true, alpha_false = split_pair("alpha", alpha)
    for one in (term_true, term_false):
        check_term(one)
    for one in (alpha_true, alpha_false):
        check_alpha(one)
    num_classes = check_logits(logits, k)
    check_target(target, logits)
    counted = find_counted(target, num_classes, ignore_index)

    weight_true = _weights(alpha_true, target, counted, logits)
    weight_false = (
        weight_true if alpha_false is alpha_true else _weights(alpha_false, target, counted, logits)
    )
    labels = target.long() if counted is None else target.long().masked_fill(~counted, 0)
    loss = _loss_per_sample(
        logits,
        labels,
        (weight_true, weight_false),
        (term_true, term_false),
        num_classes - 1 if k is None else k,
        pool,
    )
    if counted is not None:
        loss = loss.masked_fill(~counted, 0)
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    return loss.mean() if counted is None else loss.sum() / counted.sum()


def _weights(
    alpha: Alpha, target: Tensor, counted: Tensor | None, logits: Tensor
) -> float | Tensor:
    """α as a number or a checked (C,) tensor; callables are asked here."""
    if isinstance(alpha, Tensor):
        check_alpha_for(alpha, logits)
        return alpha
    if not callable(alpha):
        return alpha
    num_classes = logits.shape[0 if logits.dim() == 1 else 1]
    labels = target.reshape(-1)
    if counted is not None:
        kept = counted.reshape(-1)
        readable = target.device.type == "cpu" and not torch.compiler.is_compiling()
        try:
            labels = labels[kept] if readable else labels.masked_fill(~kept, -1)
        except RuntimeError:  # under torch.func.vmap a size cannot depend on values
            labels = labels.masked_fill(~kept, -1)
    weights = alpha(labels, num_classes)
    check_alpha_for(weights, logits, came_from=" from the callable")
    return weights


def _loss_per_sample(logits, target, weights, terms, k, pool) -> Tensor:
    """Eq. 8 for each sample, shape (N, d1, ...) as target, differentiated by autograd."""
    if logits.dim() == 1:
        return _loss_per_sample(logits[None], target[None], weights, terms, k, pool)[0]
    z = logits if logits.dtype == torch.float64 else logits.float()
    true = target.unsqueeze(1)
    false = _false_classes(z.detach(), true, k)
    r_true, r_false = _log_right(z, true, false, pool)
    loss = _weighted_term(terms[0], r_true, weights[0], true, None) + _weighted_term(
        terms[1], r_false, weights[1], false, pool
    )
    return loss


def _weighted_term(term, r, weight, classes, pool) -> Tensor:
    """Σ over dim 1 of weight · φ(r)."""
    if not isinstance(weight, Tensor) and weight == 0:
        # Left out, not multiplied: φ may be infinite, and 0 · ∞ is NaN.
        return (r * 0).sum(1)
    loss = term(r)
    if not isinstance(loss, Tensor):
        raise TypeError(f"term: expected it to return a tensor; got {type(loss).__name__}.")
    if loss.shape != r.shape:
        raise ValueError(
            f"term: expected a value for each log-probability, shape {tuple(r.shape)}; the term "
            f"returned shape {tuple(loss.shape)}. Leave the reduction to the loss."
        )
    if isinstance(weight, Tensor):
        weight = weight.to(r.dtype)[classes]
        if pool is not None:
            weight = weight.mean(1, keepdim=True)
    return (weight * loss).sum(1)


def _false_classes(z: Tensor, true: Tensor, k: int) -> Tensor:
    """The k most probable classes other than the true one, best first, ties to the lower index."""
    if k == 1:
        best = z.scatter(1, true, -torch.inf).argmax(1, keepdim=True)
        # Where every other logit is -inf too, argmax may land on the true class itself.
        return torch.where(best == true, (true == 0).long(), best)
    index = torch.arange(z.shape[1] - 1, device=z.device).view(-1, *[1] * (z.dim() - 2))
    others = index + (index >= true)
    order = z.gather(1, others).sort(dim=1, descending=True, stable=True).indices
    return others.gather(1, order[:, :k])


def _log_right(z: Tensor, true: Tensor, false: Tensor, pool: str | None) -> tuple[Tensor, Tensor]:
    """log p_T and log(1 − p_F), accurate however close to 0 or 1 the probabilities are."""
    top = false[:, :1]
    rest = z.scatter(1, top, -torch.inf)
    shift = rest.detach().amax(1, keepdim=True)
    shift = torch.where(shift.isfinite(), shift, 0)
    # log Σ over j ≠ F and over all j, both relative to the shift.
    log_rest = (rest - shift).logsumexp(1, keepdim=True)
    z_top = z.gather(1, top) - shift
    log_all = torch.logaddexp(log_rest, z_top)
    r_true = z.gather(1, true) - shift - log_all
    r_top = functional.logsigmoid(log_rest - z_top)
    if false.shape[1] == 1:
        return r_true, r_top
    p = (z.gather(1, false) - shift - log_all).exp()
    if pool is None:
        return r_true, torch.cat([r_top, torch.log1p(-p[:, 1:])], 1)
    if pool == "mean":
        p = p.mean(1, keepdim=True)
    else:
        middle = p.shape[1] // 2
        p = p[:, middle - 1 + p.shape[1] % 2 : middle + 1].mean(1, keepdim=True)
    return r_true, torch.log1p(-p)


class FalsePositiveLoss(nn.Module):
    """Eq. 1 to 8 of the paper; full text follows."""

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
        for one in split_pair("term", term):
            check_term(one)
        for one in split_pair("alpha", alpha):
            check_alpha(one)
            if isinstance(one, Tensor):
                check_alpha_values(one)
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

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        return false_positive_loss(
            logits,
            target,
            alpha=(self.alpha_true, self.alpha_false) if self._alpha_is_pair else self.alpha,
            term=(self.term_true, self.term_false) if self._term_is_pair else self.term,
            k=self.k,
            pool=self.pool,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
        )

    def extra_repr(self) -> str:
        return (
            f"k={self.k}, pool={self.pool!r}, reduction={self.reduction!r}, "
            f"ignore_index={self.ignore_index}"
        )
