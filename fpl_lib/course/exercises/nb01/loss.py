"""Two exercises of notebook 01: the loss of a batch, and what it says of errors."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fpl_lib.course.checking import FunctionExercise, precision_of
from fpl_lib.course.checking.guard import numbers_of


def _batches(rng: np.random.Generator) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Every batch has a right sample, a wrong one, and a different F in each of its rows."""
    cases = []
    for _ in range(3):
        n, c = int(rng.integers(3, 5)), int(rng.integers(5, 8))
        target = rng.permutation(c)[:n]
        z = rng.standard_normal((n, c))
        z[np.arange(n), (target + 1) % c] += 3.0
        z[0, target[0]] += 8.0
        alpha = rng.uniform(0.3, 0.95, c)
        cases.append(tuple(torch.from_numpy(part) for part in (z, target, alpha)))
    return cases


def mean_fpl(
    logits: Tensor,
    target: Tensor,
    alpha: Tensor,
    *,
    softmax=torch.softmax,
    axis=1,
    barred=-1.0,
    pick=lambda others: others.argmax(1),
    log=torch.log,
    of_false=lambda p_true, p_false: 1 - p_false,
    weigh=lambda alpha, true, false: (alpha[true], alpha[false]),
    reduce=lambda loss, weights: loss.sum() / len(loss),
) -> Tensor:
    p = softmax(logits, axis)
    rows = torch.arange(len(p))
    others = p.clone()
    if barred is not None:
        others[rows, target] = barred
    false = pick(others)
    p_true, p_false = p[rows, target], p[rows, false]
    weights = weigh(alpha, target, false)
    loss = weights[0] * -log(p_true) + weights[1] * -log(of_false(p_true, p_false))
    return reduce(loss, weights)


MEAN_FPL = FunctionExercise(
    "01-mean-fpl",
    solution=mean_fpl,
    cases=_batches,
    forbidden=("false_positive_loss", "FalsePositiveLoss"),
    mistakes={
        "wrong axis": {"axis": 0},
        "no softmax": {"softmax": lambda z, axis: z},
        "F allowed to be T": {"barred": None},
        "one F for all": {"pick": lambda others: others.mean(0).argmax().repeat(len(others))},
        "1 - p_T": {"of_false": lambda p_true, p_false: 1 - p_true},
        "log of p_F": {"of_false": lambda p_true, p_false: p_false},
        "Σα as denominator": {"reduce": lambda loss, weights: loss.sum() / weights[0].sum()},
        "all of Σα": {"reduce": lambda loss, weights: loss.sum() / (weights[0] + weights[1]).sum()},
        "sum": {"reduce": lambda loss, weights: loss.sum()},
        "one a sample": {"reduce": lambda loss, weights: loss},
        "N times C": lambda logits, target, alpha: (
            mean_fpl(logits, target, alpha) / logits.shape[1]
        ),
        "alphas swapped": {"weigh": lambda alpha, true, false: (alpha[false], alpha[true])},
        "α_T for both": {"weigh": lambda alpha, true, false: (alpha[true], alpha[true])},
        "F left out": {"weigh": lambda alpha, true, false: (alpha[true], 0 * alpha[false])},
        "weights left out": {
            "weigh": lambda alpha, true, false: (torch.ones_like(alpha)[true],) * 2
        },
        "sign": {"log": lambda p: -torch.log(p)},
        "log10": {"log": torch.log10},
        "log2": {"log": torch.log2},
    },
)


BOUND = 2 * np.log(2)


def costly(classes: int) -> np.ndarray:
    p = np.full(classes, (1 - 1.1 / classes) / (classes - 1))
    p[0] = 1.1 / classes
    return p


def _properties(function, classes: int):
    """What a prediction for T = 0 has to be; many predictions are, so that these are compared."""
    p = function(classes)
    if p is None or p is ...:
        return p
    p, rounding = numbers_of(p, (classes,)), 4 * precision_of(p)
    lead, least = p[0] - p[1:].max(), 1e-12 + rounding * p.max()
    with np.errstate(all="ignore"):
        fpl = -np.log(p[0]) - np.log(1 - p[1:].max())
    return {
        "the sum": bool(abs(p.sum() - 1) < 1e-6 + rounding),
        "the sign of the probabilities": bool((p >= 0).all()),
        "p_T beside p_F": "larger" if lead > least else "smaller" if lead < -least else "equal",
        "the part of the other classes": bool(p.sum() - p[0] - p[1:].max() > 1e-6),
        "FPL above 2 log 2": bool(fpl > BOUND),
    }


def _with_true(p_true: float):
    """A prediction that gives T (class 0) `p_true`, and the others equal shares of the rest."""

    def predict(classes: int) -> np.ndarray:
        return np.r_[p_true, np.full(classes - 1, (1 - p_true) / (classes - 1))]

    return predict


COSTLY = FunctionExercise(
    "01-costly",
    solution=costly,
    observe=_properties,
    cases=lambda rng: [(int(c),) for c in rng.choice(np.arange(4, 60), 3, replace=False)],
    mistakes={
        "a tie": lambda classes: np.full(classes, 1 / classes),
        "wrong prediction": _with_true(0.0),
        "cheap": _with_true(0.6),
        "one rival": lambda classes: np.r_[0.51, 0.49, np.zeros(classes - 2)],
        "sum": lambda classes: np.r_[0.2, np.full(classes - 1, 0.1)] / (2 * classes),
    },
)
