"""Notebook 01's exercises on one sample: FPL by hand, the false class, the weights of Eq. 4."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fpl_lib import class_alpha
from fpl_lib.course.checking import FunctionExercise, ValueExercise


def by_hand(true: float, false: float, log=np.log) -> tuple[float, float, float]:
    """L_T, L_F and FPL with unit weights; `false` is 1 - p_F, what the second logarithm is of."""
    first, second = -log(true), -log(false)
    return float(first), float(second), float(first + second)


BY_HAND = ValueExercise(
    id="01-by-hand",
    title="FPL by hand",
    difficulty=1,
    minutes=4,
    solution=by_hand(0.55, 1 - 0.25),
    rtol=0,
    atol=5e-4,
    mistakes={
        "no F when right": (
            "The prediction is right, but F is there all the same: F is the most probable class "
            "other than T, and L_F is counted for every sample.",
            by_hand(0.55, 1.0),
        ),
        "F is the predicted class": (
            "You took c1 for F because it is predicted. It is T; F is chosen among the others.",
            by_hand(0.55, 1 - 0.55),
        ),
        "counted from one": (
            "You took the first probability for c1. As in Figure 1 the classes count from c0: c1 "
            "has the second, .55.",
            by_hand(0.25, 1 - 0.55),
        ),
        "log of p_F": (
            "Eq. 3 has the logarithm of 1 - p_F: F is right about itself when p_F is small.",
            by_hand(0.55, 0.25),
        ),
        "log10": (
            "These are logarithms to base 10. The paper's `log`, like NumPy's and torch's, is "
            "natural.",
            by_hand(0.55, 0.75, np.log10),
        ),
        "log2": (
            "These are bits, from base 2. Losses are counted in nats: take the natural logarithm.",
            by_hand(0.55, 0.75, np.log2),
        ),
        "sign": (
            "A loss is not negative: Eq. 2 and Eq. 3 begin with a minus.",
            tuple(-part for part in by_hand(0.55, 0.75)),
        ),
        "halved": (
            "Your FPL is the mean of L_T and L_F. Eq. 1 is their weighted sum, here with weights "
            "of 1.",
            (*by_hand(0.55, 0.75)[:2], by_hand(0.55, 0.75)[2] / 2),
        ),
        "all wrong classes": (
            "This sums over all four wrong classes. That is Eq. 8 with k = 4; Eq. 1 has one F.",
            (
                -np.log(0.55),
                -np.log([0.75, 0.95, 0.88, 0.97]).sum(),
                -np.log([0.55, 0.75, 0.95, 0.88, 0.97]).sum(),
            ),
        ),
    },
    hints=(
        "T is given. Cover its bar with your thumb: which of the others is highest?",
        "L_T takes the logarithm of p_T, L_F that of 1 - p_F, both natural and with a minus.",
    ),
    takeaway="A right prediction has an F as well: the runner-up, here c0 with 0.25.",
)


def _predictions(rng: np.random.Generator) -> list[tuple[Tensor, Tensor]]:
    """Random ones, and three in which F is easily taken for something else."""
    cases = []
    for _ in range(2):
        n, c = int(rng.integers(3, 5)), int(rng.integers(5, 8))
        p = rng.dirichlet(np.ones(c), n)
        target = rng.integers(0, c, n)
        target[0], target[1] = p[0].argmax(), p[1].argmin()  # one right, one wrong
        target[2] = 0  # and one with F to the right of T
        cases.append((torch.from_numpy(p), torch.from_numpy(target)))
    ties = [[0.2, 0.4, 0.4, 0.0], [0.3, 0.3, 0.1, 0.3], [0.1, 0.2, 0.3, 0.4]]
    cases.append((torch.tensor(ties, dtype=torch.float64), torch.tensor([0, 1, 3])))
    certain = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.2, 0.3, 0.5]]
    cases.append((torch.tensor(certain, dtype=torch.float64), torch.tensor([0, 1, 0])))
    return cases


def false_class(p: Tensor, target: Tensor) -> Tensor:
    return p.scatter(1, target[:, None], -1.0).argmax(1)


def _drop_true_column(p: Tensor, target: Tensor) -> Tensor:
    others = [torch.cat([row[:t], row[t + 1 :]]) for row, t in zip(p, target, strict=True)]
    return torch.stack(others).argmax(1)


def _last_of_equals(p: Tensor, target: Tensor) -> Tensor:
    return p.shape[1] - 1 - p.scatter(1, target[:, None], -1.0).flip(1).argmax(1)


def _overwrite(p: Tensor, target: Tensor) -> Tensor:
    p[torch.arange(len(p)), target] = -1.0
    return p.argmax(1)


FALSE_CLASS = FunctionExercise(
    id="01-false-class",
    title="Find F",
    difficulty=2,
    minutes=6,
    solution=false_class,
    cases=_predictions,
    mistakes={
        "p_T set to 0": (
            "Almost. If T holds all of the probability, every other class has 0 as well, and a T "
            "set to 0 ties with them. Set it to something that no probability can be.",
            lambda p, target: p.scatter(1, target[:, None], 0.0).argmax(1),
        ),
        "higher index": (
            "Where two wrong classes tie, this takes the higher index; agree on the lower one, as "
            "`argmax` and the library do.",
            _last_of_equals,
        ),
        "F allowed to be T": (
            "This is the predicted class. Where the prediction is right, that is T, and F must be "
            "another class.",
            lambda p, target: p.argmax(1),
        ),
        "second place": (
            "The second most probable class is F only if T is in first place. Where the prediction "
            "is wrong, F is in first place.",
            lambda p, target: p.topk(2, 1).indices[:, 1],
        ),
        "index after deletion": (
            "With T's column deleted, the classes behind it move up by one: your index is one too "
            "low wherever F comes after T. Keep the column, and make it unable to win.",
            _drop_true_column,
        ),
        "least probable": (
            "This is the least probable of the wrong classes. F is the most probable one.",
            lambda p, target: p.scatter(1, target[:, None], 2.0).argmin(1),
        ),
        "axis kept": (
            "Right classes, but in a column of shape (N, 1): `argmax` needs no `keepdim` here.",
            lambda p, target: false_class(p, target)[:, None],
        ),
        "in place": (
            "This writes into the caller's `p`, whose p_T is lost after that: work on a copy.",
            _overwrite,
        ),
        "the probability": (
            "This is p_F, the probability. Asked for is F, the index of the class: `argmax`.",
            lambda p, target: p.scatter(1, target[:, None], -1.0).amax(1),
        ),
        "wrong axis": (
            "This looks for the best sample of each class. The classes are along axis 1.",
            lambda p, target: p.scatter(1, target[:, None], -1.0).argmax(0),
        ),
        "one F for all": (
            "This chooses one F from the batch's average. Every sample has its own F.",
            lambda p, target: (
                p.scatter(1, target[:, None], -1.0).mean(0).argmax().repeat(len(target))
            ),
        ),
    },
    hints=(
        "If T could not win, the most probable class would be F.",
        "Copy `p`, write something below every probability where T stands, take `argmax(1)`.",
        "`p.scatter(1, target[:, None], value)` is a copy of `p` with `value` at each row's T.",
    ),
    takeaway="F exists for every sample, right or wrong, and is never T.",
)


def _labels(rng: np.random.Generator) -> list[tuple[Tensor, int]]:
    """Unequal classes; in one case the last class has no sample."""
    cases = []
    for absent in (0, 1, 0):
        c = int(rng.integers(4, 7))
        counts = rng.permutation(np.arange(2, 2 + c)) * rng.integers(1, 4)
        labels = np.repeat(np.arange(c), counts)
        cases.append((torch.from_numpy(rng.permutation(labels)), c + absent))
    return cases


def class_weights(labels: Tensor, num_classes: int) -> Tensor:
    return class_alpha(torch.bincount(labels, minlength=num_classes))


def _share(labels: Tensor, num_classes: int) -> Tensor:
    return torch.bincount(labels, minlength=num_classes) / len(labels)


WEIGHTS = FunctionExercise(
    id="01-weights",
    title="Eq. 4 from labels",
    difficulty=1,
    minutes=5,
    solution=class_weights,
    cases=_labels,
    mistakes={
        "share of the class": (
            "This is N_i / N, which gives frequent classes more weight. Eq. 4 has (N - N_i) / N.",
            _share,
        ),
        "inverse frequency": (
            "This is the usual inverse frequency N / (C N_i). Eq. 4 is another, much flatter "
            "weight.",
            lambda labels, c: 1 / (c * _share(labels, c)),
        ),
        "absent class": (
            "A class without samples at the end is missing: tell `bincount` the number of classes "
            "with `minlength`.",
            lambda labels, c: 1 - torch.bincount(labels) / len(labels),
        ),
        "normalised": (
            "These weights sum to 1. Eq. 4's sum to C - 1; do not normalise them.",
            lambda labels, c: class_weights(labels, c) / (c - 1),
        ),
        "one a sample": (
            "This has one weight for each sample. Wanted is one for each class, shape (C,).",
            lambda labels, c: class_weights(labels, c)[labels],
        ),
        "divided by C": (
            "N is the number of samples, not of classes.",
            lambda labels, c: (len(labels) - torch.bincount(labels, minlength=c)) / c,
        ),
        "whole numbers": (
            "`//` drops the fraction, and all weights are fractions: divide with `/`.",
            lambda labels, c: (len(labels) - torch.bincount(labels, minlength=c)) // len(labels),
        ),
    },
    hints=(
        "How many samples has each class? `torch.bincount` counts labels.",
        "A class without samples has weight 1: `bincount(…, minlength=num_classes)` counts it as "
        "0.",
    ),
    takeaway="The weights sum to C - 1, and none can exceed 1: Eq. 4 is a mild weight.",
)
