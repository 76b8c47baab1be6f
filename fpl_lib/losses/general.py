"""Eq. 8 as it stands, for any terms, weights and k, differentiated by autograd."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from fpl_lib.losses.checks import Term, check_term_result

LOWEST = torch.finfo(torch.float32).min


def loss_by_autograd(
    z: Tensor,
    true: Tensor,
    weights: tuple[float | Tensor, ...],
    terms: tuple[Term, ...],
    k: int,
    pool: str | None,
) -> Tensor:
    """α_T φ(log p_T) + Σ_F α_F φ(log(1 - p_F)) for each sample.

    Shapes: z (N, C, d1, ...), true (N, 1, d1, ...); a weight is a number, or a tensor expanded to
    z's shape. Gives (N, d1, ...).
    """
    if not isinstance(weights[1], Tensor) and weights[1] == 0:  # nobody asks for a false class
        r_true = -functional.cross_entropy(z, true.squeeze(1), reduction="none").unsqueeze(1)
        return _weighted_term(terms[0], r_true, weights[0], true).squeeze(1)
    false = false_classes(z.detach(), true, k)
    r_true, r_false = log_right(z, true, false, pool)
    loss_true = _weighted_term(terms[0], r_true, weights[0], true)
    return (loss_true + _weighted_term(terms[1], r_false, weights[1], false)).squeeze(1)


def false_classes(z: Tensor, true: Tensor, k: int) -> Tensor:
    """The k most probable classes other than the true one, best first, ties to the lower index.

    Shapes: z (N, C, d1, ...), true (N, 1, d1, ...); gives (N, k, d1, ...).
    """
    # Only T is below the lowest number, so that even a class ruled out (-inf) comes before it.
    left = z.clamp(min=LOWEST).scatter(1, true, -torch.inf)
    # topk would be fast always, but leaves open which of two equal logits comes first.
    if k > 1 and 8 * k > z.shape[1]:
        return left.sort(dim=1, descending=True, stable=True).indices[:, :k]
    best = [left.max(1, keepdim=True).indices]
    while len(best) < k:
        left.scatter_(1, best[-1], -torch.inf)
        best.append(left.max(1, keepdim=True).indices)
    return torch.cat(best, 1)


def log_right(z: Tensor, true: Tensor, false: Tensor, pool: str | None) -> tuple[Tensor, Tensor]:
    """log p_T and log(1 - p_F), differentiable, accurate however close to 0 or 1 p_T and p_F are.

    Only the first false class can have a probability above 1/2. There 1 - p_F rounds to 0 in
    float32 once its logit leads by 17, so it is summed up from the other classes instead:
    log Σ_{j≠F} e^z_j - log Σ_j e^z_j, shifted by the largest z_j, j ≠ F. For the further false
    classes, and for any mean or median of two or more, p_F ≤ 1/2 and log1p(-p_F) loses nothing.

    Shapes: (N, 1, d1, ...), and (N, k, d1, ...) or, pooled, (N, 1, d1, ...).
    """
    rest = z.scatter(1, false[:, :1], -torch.inf)
    shift = rest.detach().amax(1, keepdim=True).clamp(min=LOWEST)
    # 0 · ∞ is NaN: a false class at +inf would otherwise have p_F = 1, and bounded terms a value.
    shift = shift + 0 * z.detach().gather(1, false[:, :1]).clamp(min=LOWEST)
    sum_rest = (rest - shift).exp().sum(1, keepdim=True)
    # All other classes ruled out: p_F is 1 and L_F infinite. Its gradient stays e_F, with nothing
    # for the others to share; the slope of log 0 would make it NaN.
    alone = sum_rest == 0
    log_rest = sum_rest.masked_fill(alone, 1).log()
    shifted = z.gather(1, torch.cat((true, false), 1)) - shift
    z_true, z_top, z_false = shifted[:, :1], shifted[:, 1:2], shifted[:, 1:]
    log_all = torch.logaddexp(log_rest, z_top)
    r_true, r_top = z_true - log_all, functional.logsigmoid(log_rest - z_top)
    r_top = r_top - torch.zeros_like(r_top).masked_fill(alone, torch.inf)
    if false.shape[1] == 1:
        return r_true, r_top
    p_false = (z_false - log_all).exp()
    if pool is None:
        return r_true, torch.cat((r_top, torch.log1p(-p_false[:, 1:])), 1)
    if pool == "median":
        # Best first means sorted: the median is the middle one, or the mean of the middle two.
        half = p_false.shape[1] // 2
        p_false = p_false[:, half - 1 + p_false.shape[1] % 2 : half + 1]
    return r_true, torch.log1p(-p_false.mean(1, keepdim=True))


def in_full_precision(logits: Tensor) -> Tensor:
    """float64 as it is, everything else as float32."""
    return logits if logits.dtype == torch.float64 else logits.float()


def _weighted_term(term: Term, r: Tensor, weight: float | Tensor, classes: Tensor) -> Tensor:
    """Σ α φ(r) over the classes in dimension 1, (N, 1, d1, ...)."""
    if not isinstance(weight, Tensor) and weight == 0:
        # Left out rather than multiplied: φ may be infinite, and 0 * inf is NaN. NaN stays.
        return r[:, :1].clamp(min=LOWEST) * 0
    loss = term(r)
    check_term_result(loss, r)
    if isinstance(weight, Tensor):
        weight = weight.gather(1, classes)
        if weight.shape != r.shape:  # pooled: one probability stands for all k
            weight = weight.mean(1, keepdim=True)
    return (weight * loss).sum(1, keepdim=True)
