"""The loss as the paper writes it, in 120 decimal digits: plain loops, no torch, no trick.

So many digits make p = e^z / Σ e^z, 1 - p_F and log(1 - p_F) exact as they stand, for logits up to
250 apart, and finite differences with a step of 1e-40 exact as gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Context, Decimal, localcontext

DIGITS = 120
STEP = Decimal("1e-40")

Term = Callable[[Decimal], Decimal]


def log_term(r: Decimal) -> Decimal:
    return -r


def squared_term(r: Decimal) -> Decimal:
    return (1 - r.exp()) ** 2


def focal_term(r: Decimal) -> Decimal:
    return -((1 - r.exp()) ** 2) * r


def sample_loss(
    logits: Sequence[float],
    true: int,
    *,
    alpha_true: Sequence[float],
    alpha_false: Sequence[float],
    terms: tuple[Term, Term] = (log_term, log_term),
    k: int = 1,
    pool: str | None = None,
) -> float:
    """Eq. 8 for one sample; a weight for every class."""
    with localcontext(Context(prec=DIGITS)):
        exact = [Decimal(float(z)) for z in logits]
        return float(_loss(exact, true, alpha_true, alpha_false, terms, k, pool))


def sample_gradient(logits: Sequence[float], true: int, **options) -> list[float]:
    """The derivative of `sample_loss` by each logit, by central differences."""
    with localcontext(Context(prec=DIGITS)):
        exact = [Decimal(float(z)) for z in logits]
        arguments = (
            true,
            options["alpha_true"],
            options["alpha_false"],
            options.get("terms", (log_term, log_term)),
            options.get("k", 1),
            options.get("pool"),
        )
        slopes = []
        for j in range(len(exact)):
            up, down = list(exact), list(exact)
            up[j] += STEP
            down[j] -= STEP
            slopes.append((_loss(up, *arguments) - _loss(down, *arguments)) / (2 * STEP))
        return [float(slope) for slope in slopes]


def _loss(z, true, alpha_true, alpha_false, terms, k, pool) -> Decimal:
    weights = [value.exp() for value in z]
    total = sum(weights)
    p = [weight / total for weight in weights]
    ranking = sorted((j for j in range(len(z)) if j != true), key=lambda j: (-z[j], j))
    false = ranking[:k]
    loss = Decimal(float(alpha_true[true])) * terms[0](p[true].ln())
    alphas = [Decimal(float(alpha_false[j])) for j in false]
    if pool is None:
        pairs = zip(alphas, [p[j] for j in false], strict=True)
    else:
        values = sorted(p[j] for j in false)
        if pool == "mean":
            pooled = sum(values) / k
        else:
            pooled = (values[(k - 1) // 2] + values[k // 2]) / 2
        pairs = [(sum(alphas) / k, pooled)]
    for alpha, p_false in pairs:
        loss += alpha * terms[1]((1 - p_false).ln())
    return loss
