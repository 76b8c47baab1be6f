"""Notebook 01's exercises on one sample: FPL by hand, the false class, the weights of Eq. 4."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fpl_lib.course.checking import FunctionExercise, ValueExercise


def by_hand(true: float, false: float, log=np.log) -> tuple[float, float, float]:
    """L_T, L_F and FPL with unit weights; `false` is 1 - p_F, what the second logarithm is of."""
    first, second = -log(true), -log(false)
    return float(first), float(second), float(first + second)


BY_HAND = ValueExercise(
    "01-by-hand",
    solution=by_hand(0.55, 1 - 0.25),
    rtol=0,
    atol=5e-4,
    mistakes={
        "no F when right": by_hand(0.55, 1.0),
        "F is the predicted class": by_hand(0.55, 1 - 0.55),
        "counted from one": by_hand(0.25, 1 - 0.55),
        "log of p_F": by_hand(0.55, 0.25),
        "log10": by_hand(0.55, 0.75, np.log10),
        "log2": by_hand(0.55, 0.75, np.log2),
        "sign": tuple(-part for part in by_hand(0.55, 0.75)),
        "halved": (*by_hand(0.55, 0.75)[:2], by_hand(0.55, 0.75)[2] / 2),
        "all wrong classes": (
            -np.log(0.55),
            -np.log([0.75, 0.95, 0.88, 0.97]).sum(),
            -np.log([0.55, 0.75, 0.95, 0.88, 0.97]).sum(),
        ),
    },
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


def _bar_whole_rows(p: Tensor, target: Tensor) -> Tensor:
    others = p.clone()
    others[target] = -1.0
    return others.argmax(1)


def _overwrite(p: Tensor, target: Tensor) -> Tensor:
    p[torch.arange(len(p)), target] = -1.0
    return p.argmax(1)


FALSE_CLASS = FunctionExercise(
    "01-false-class",
    solution=false_class,
    cases=_predictions,
    mistakes={
        "whole rows": _bar_whole_rows,
        "p_T set to 0": lambda p, target: p.scatter(1, target[:, None], 0.0).argmax(1),
        "higher index": _last_of_equals,
        "F allowed to be T": lambda p, target: p.argmax(1),
        "second place": lambda p, target: p.topk(2, 1).indices[:, 1],
        "index after deletion": _drop_true_column,
        "least probable": lambda p, target: p.scatter(1, target[:, None], 2.0).argmin(1),
        "axis kept": lambda p, target: false_class(p, target)[:, None],
        "in place": _overwrite,
        "the probability": lambda p, target: p.scatter(1, target[:, None], -1.0).amax(1),
        "wrong axis": lambda p, target: p.scatter(1, target[:, None], -1.0).argmax(0),
        "one F for all": lambda p, target: (
            p.scatter(1, target[:, None], -1.0).mean(0).argmax().repeat(len(target))
        ),
    },
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
    return 1 - torch.bincount(labels, minlength=num_classes) / len(labels)


def _share(labels: Tensor, num_classes: int) -> Tensor:
    return torch.bincount(labels, minlength=num_classes) / len(labels)


WEIGHTS = FunctionExercise(
    "01-weights",
    solution=class_weights,
    forbidden=("class_alpha",),
    cases=_labels,
    mistakes={
        "share of the class": _share,
        "inverse frequency": lambda labels, c: 1 / (c * _share(labels, c)),
        "absent class": lambda labels, c: 1 - torch.bincount(labels) / len(labels),
        "normalised": lambda labels, c: class_weights(labels, c) / (c - 1),
        "one a sample": lambda labels, c: class_weights(labels, c)[labels],
        "divided by C": lambda labels, c: (len(labels) - torch.bincount(labels, minlength=c)) / c,
        "whole numbers": lambda labels, c: (
            (len(labels) - torch.bincount(labels, minlength=c)) // len(labels)
        ),
    },
)
