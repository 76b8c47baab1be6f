"""Two exercises of notebook 01: the loss of a batch, and what it says of errors."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fpl_lib.course.checking import FunctionExercise


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
    """The solution; each keyword puts one mistake into it."""
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
    id="01-mean-fpl",
    title="FPL of a batch, from logits",
    difficulty=2,
    minutes=8,
    solution=mean_fpl,
    cases=_batches,
    forbidden=dict.fromkeys(
        ("false_positive_loss", "FalsePositiveLoss"),
        "This calls the library's loss. Write the steps out: softmax, F, two logarithms, mean.",
    ),
    mistakes={
        "wrong axis": (
            "Your softmax runs over the samples: the probabilities of one sample sum to 1, axis 1.",
            {"axis": 0},
        ),
        "no softmax": (
            "These are logits, which may be negative: make probabilities of them with `softmax`.",
            {"softmax": lambda z, axis: z},
        ),
        "F allowed to be T": (
            "Where a prediction is right, your F is T itself, and T is then punished for being "
            "right: bar T before `argmax`.",
            {"barred": None},
        ),
        "one F for all": (
            "You choose one F for the whole batch, from its average. Every sample has its own F.",
            {"pick": lambda others: others.mean(0).argmax().repeat(len(others))},
        ),
        "1 - p_T": (
            "L_F takes the logarithm of 1 - p_F; you have 1 - p_T there.",
            {"of_false": lambda p_true, p_false: 1 - p_true},
        ),
        "log of p_F": (
            "L_F is -log(1 - p_F). Yours is -log p_F, which rewards a confident error.",
            {"of_false": lambda p_true, p_false: p_false},
        ),
        "Σα as denominator": (
            "You divide by the sum of the weights, as torch's weighted cross-entropy does. The "
            "mean of FPL is over the samples: divide by N.",
            {"reduce": lambda loss, weights: loss.sum() / weights[0].sum()},
        ),
        "all of Σα": (
            "You divide by the sum of both weights, α_T and α_F. The mean of FPL is over the "
            "samples: divide by N.",
            {"reduce": lambda loss, weights: loss.sum() / (weights[0] + weights[1]).sum()},
        ),
        "sum": (
            "This is the sum over the batch: a batch twice as large has twice this loss. Divide by"
            " N.",
            {"reduce": lambda loss, weights: loss.sum()},
        ),
        "one a sample": (
            "This is one loss for each sample. Wanted is their mean, one number.",
            {"reduce": lambda loss, weights: loss},
        ),
        "N times C": (
            "You divide by all entries of the batch, N times C. There are N samples, with one loss"
            " each.",
            lambda logits, target, alpha: mean_fpl(logits, target, alpha) / logits.shape[1],
        ),
        "alphas swapped": (
            "The weights are swapped: α_T is the weight of class T, α_F that of class F.",
            {"weigh": lambda alpha, true, false: (alpha[false], alpha[true])},
        ),
        "α_T for both": (
            "Both terms have T's weight here. L_F is weighted with the weight of class F.",
            {"weigh": lambda alpha, true, false: (alpha[true], alpha[true])},
        ),
        "weights left out": (
            "The weights are missing: this is FPL with α = 1 for every class.",
            {"weigh": lambda alpha, true, false: (torch.ones_like(alpha)[true],) * 2},
        ),
        "sign": (
            "A loss is not negative: Eq. 2 and Eq. 3 begin with a minus.",
            {"log": lambda p: -torch.log(p)},
        ),
        "log10": (
            "These are logarithms to base 10: take the natural ones, `torch.log`.",
            {"log": torch.log10},
        ),
        "log2": ("These are logarithms to base 2: take the natural ones.", {"log": torch.log2}),
    },
    hints=(
        "Five steps, as above: p, F, L_T, L_F, the weighted sum. Then a sixth: the mean over N.",
        "`p[torch.arange(N), target]` takes one entry of each row; so does `alpha[target]`.",
        "Check it on Figure 1: with unit weights the loss is 1.742969.",
    ),
    takeaway="The library does these steps in one pass, and keeps digits that these steps lose.",
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
    p = np.asarray(p, dtype=float)
    if p.shape != (classes,):
        raise ValueError(f"expected one probability for each of {classes} classes, got {p.shape}")
    lead = p[0] - p[1:].max()
    with np.errstate(all="ignore"):
        fpl = -np.log(p[0]) - np.log(1 - p[1:].max())
    return {
        "the sum": bool(abs(p.sum() - 1) < 1e-6),
        "the sign of the probabilities": bool((p >= 0).all()),
        "p_T beside p_F": "larger" if lead > 1e-6 else "smaller" if lead < -1e-6 else "equal",
        "the part of the other classes": bool(p.sum() - p[0] - p[1:].max() > 1e-6),
        "FPL above 2 log 2": bool(fpl > BOUND),
    }


def _with_true(p_true: float):
    """A prediction that gives T (class 0) `p_true`, and the others equal shares of the rest."""

    def predict(classes: int) -> np.ndarray:
        return np.r_[p_true, np.full(classes - 1, (1 - p_true) / (classes - 1))]

    return predict


COSTLY = FunctionExercise(
    id="01-costly",
    title="Right, and yet costly",
    difficulty=3,
    minutes=6,
    solution=costly,
    observe=_properties,
    cases=lambda rng: [(int(c),) for c in rng.choice(np.arange(4, 60), 3, replace=False)],
    mistakes={
        "a tie": (
            "With equal probabilities nothing is predicted rightly: T and F tie. You are very "
            "close: let T lead by a little.",
            lambda classes: np.full(classes, 1 / classes),
        ),
        "wrong prediction": (
            "FPL is large, but the prediction is wrong: another class has more than T, which is "
            "class 0.",
            _with_true(0.0),
        ),
        "cheap": (
            "The prediction is right, but FPL is below 2 log 2. T and F may both be small: where "
            "else can the probability be?",
            _with_true(0.6),
        ),
        "one rival": (
            "The prediction is right, but FPL is just below 2 log 2. With a single rival it always "
            "is, since the other classes leave T and F all of the probability. Use them.",
            lambda classes: np.r_[0.51, 0.49, np.zeros(classes - 2)],
        ),
        "sum": (
            "These are no probabilities: they do not sum to 1.",
            lambda classes: np.r_[0.2, np.full(classes - 1, 0.1)] / (2 * classes),
        ),
    },
    hints=(
        "FPL of a right prediction grows as p_T falls. How small can p_T be, if no class may have "
        "more?",
        "Start from equal probabilities, 1/C each, and give T a little more than its share.",
    ),
    takeaway="A loss above the bound does not mean an error: it may mean doubt.",
)
