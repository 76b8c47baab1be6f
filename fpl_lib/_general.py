"""Eq. 8 as it stands, for any terms, weights and k, differentiated by autograd."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from fpl_lib._checks import Term, check_term_result


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
    false = false_classes(z.detach(), true, k)
    r_true, r_false = log_right(z, true, false, pool)
    loss_true = _weighted_term(terms[0], r_true, weights[0], true)
    return (loss_true + _weighted_term(terms[1], r_false, weights[1], false)).squeeze(1)


def false_classes(z: Tensor, true: Tensor, k: int) -> Tensor:
    """The k most probable classes other than the true one, best first, ties to the lower index.

    Shapes: z (N, C, d1, ...), true (N, 1, d1, ...); gives (N, k, d1, ...).
    """
    if k == 1:
        best = z.scatter(1, true, -torch.inf).argmax(1, keepdim=True)
        # argmax lands on T itself only if T is class 0 and every other logit is -inf too.
        return best + (best == true)
    index = torch.arange(z.shape[1] - 1, device=z.device).view(-1, *[1] * (z.dim() - 2))
    others = index + (index >= true)
    # topk would be faster, but leaves open which of two equal logits comes first.
    order = z.gather(1, others).sort(dim=1, descending=True, stable=True).indices
    return others.gather(1, order[:, :k])


def log_right(z: Tensor, true: Tensor, false: Tensor, pool: str | None) -> tuple[Tensor, Tensor]:
    """log p_T and log(1 - p_F), differentiable, accurate however close to 0 or 1 p_T and p_F are.

    Only the first false class can have a probability above 1/2. There 1 - p_F rounds to 0 in
    float32 once its logit leads by 17, so it is summed up from the other classes instead:
    log Σ_{j≠F} e^z_j - log Σ_j e^z_j, shifted by the largest z_j, j ≠ F. For the further false
    classes, and for any mean or median of two or more, p_F ≤ 1/2 and log1p(-p_F) loses nothing.

    Shapes: (N, 1, d1, ...), and (N, k, d1, ...) or, pooled, (N, 1, d1, ...).
    """
    top = false[:, :1]
    rest = z.scatter(1, top, -torch.inf)
    # If all classes but F are ruled out (-inf), a finite shift keeps -inf - shift from being NaN.
    shift = rest.detach().amax(1, keepdim=True).clamp(min=torch.finfo(z.dtype).min)
    log_rest = (rest - shift).logsumexp(1, keepdim=True)
    z_top = z.gather(1, top) - shift
    log_all = torch.logaddexp(log_rest, z_top)
    r_true = z.gather(1, true) - shift - log_all
    r_top = functional.logsigmoid(log_rest - z_top)
    if false.shape[1] == 1:
        return r_true, r_top
    p_false = (z.gather(1, false) - shift - log_all).exp()
    if pool is None:
        return r_true, torch.cat([r_top, torch.log1p(-p_false[:, 1:])], 1)
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
        # Left out rather than multiplied: φ may be infinite, and 0 * inf is NaN.
        return r[:, :1].nan_to_num(0.0, 0.0, 0.0) * 0
    loss = term(r)
    check_term_result(loss, r)
    if isinstance(weight, Tensor):
        weight = weight.gather(1, classes)
        if weight.shape != r.shape:  # pooled: one probability stands for all k
            weight = weight.mean(1, keepdim=True)
    return (weight * loss).sum(1, keepdim=True)
