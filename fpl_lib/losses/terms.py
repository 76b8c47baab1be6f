"""Terms φ, the paper's two and others', for true and false classes: `false_positive_loss(term=φ)`.

Each turns r, log-probabilities of being right (any shape, zero or less), into a value for each, and
refuses an option outside its range by TypeError or ValueError. Of the true class alone they are the
losses of `rivals.py`. For other settings than the defaults use `functools.partial`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from fpl_lib._arguments import check_real


def log_term(r: Tensor) -> Tensor:
    """-r, the logarithmic term: -log p_T (Eq. 2) for the true class, -log(1 - p_F) (Eq. 3) for F.

    >>> log_term(torch.tensor(0.25).log())
    tensor(1.3863)

    r: log-probabilities of being right, any shape, zero or less.
    Source: Kiaei et al. 2023, Section 2.1, doi:10.20944/preprints202309.0280.v1.
    """
    return -r


def squared_term(r: Tensor) -> Tensor:
    """(1 - e^r)^2, the squared term: (1 - p_T)^2 (Eq. 5) for the true class, p_F^2 (Eq. 6) for F.

    >>> squared_term(torch.tensor(0.25).log())
    tensor(0.5625)

    r: log-probabilities of being right, any shape, zero or less.
    Source: Kiaei et al. 2023, Section 2.3, doi:10.20944/preprints202309.0280.v1.
    """
    # expm1 keeps the digits that 1 - exp(r) loses where r is close to zero.
    return torch.expm1(r).square()


def focal_term(r: Tensor, gamma: float = 2.0) -> Tensor:
    """-(1 - p)^γ log p, the focal term, of r = log p: what is nearly right hardly counts.

    >>> focal_term(torch.tensor(0.5).log())
    tensor(0.1733)

    gamma: zero or more, else ValueError; 0 is `log_term`. r: any shape.
    Source: Lin et al., ICCV 2017, arXiv:1708.02002, Eq. 4.
    """
    check_real("gamma", gamma, 0)
    # Below tiny the slope of x^γ, γ < 1, would be infinite, and 0 · ∞ is NaN.
    wrong = -torch.expm1(r).clamp(max=-torch.finfo(r.dtype).tiny)
    return wrong**gamma * -r


def poly1_term(r: Tensor, epsilon: float = 2.0) -> Tensor:
    """-log p + ε (1 - p), poly-1, of r = log p: one coefficient of the series changed.

    >>> poly1_term(torch.tensor(0.5).log())
    tensor(1.6931)

    epsilon: -1 or more, else ValueError; 0 is `log_term`, 2 the paper's for ImageNet. r: any shape.
    Source: Leng et al., ICLR 2022, arXiv:2204.12511.
    """
    check_real("epsilon", epsilon, -1)
    return -r - epsilon * torch.expm1(r)


def gce_term(r: Tensor, q: float = 0.7) -> Tensor:
    """(1 - p^q) / q, generalised cross-entropy, of r = log p: between cross-entropy and MAE.

    >>> gce_term(torch.tensor(0.5).log())
    tensor(0.5492)

    q: 0 (`log_term`) to 1 (half of `mae_term`), else ValueError; 0.7 is the paper's. r: any shape.
    Source: Zhang and Sabuncu, NeurIPS 2018, arXiv:1805.07836.
    """
    check_real("q", q, 0, 1)
    return -torch.expm1(q * r) / q if q else -r


def sce_term(r: Tensor, alpha: float = 0.1, beta: float = 1.0, log_zero: float = -4.0) -> Tensor:
    """α CE + β RCE, symmetric cross-entropy, of r = log p.

    The reverse cross-entropy RCE = -Σ_j p_j log y_j reads log 0 as a constant A, so that it is
    -A (1 - p_T), a multiple of MAE.

    >>> sce_term(torch.tensor(0.5).log())
    tensor(2.0693)

    alpha, beta: weights of the two, zero or more; 0.1 and 1 are the paper's for CIFAR-10. log_zero:
    A, zero or less; much code clips y at 1e-4, for -9.2. ValueError for others. r: any shape.
    Source: Wang et al., ICCV 2019, arXiv:1908.06112.
    """
    check_real("alpha", alpha, 0)
    check_real("beta", beta, 0)
    check_real("log_zero", log_zero, -math.inf, 0)
    return -alpha * r + beta * log_zero * torch.expm1(r)


def mae_term(r: Tensor) -> Tensor:
    """2 (1 - p), the mean absolute error Σ_j |y_j - p_j|, of r = log p.

    >>> mae_term(torch.tensor(0.25).log())
    tensor(1.5000)

    r: any shape. Source: Ghosh, Kumar and Sastry, AAAI 2017, arXiv:1712.09482.
    """
    return -2 * torch.expm1(r)
