"""Notebook 03's exercises on the false classes: k of them (Eq. 8), and a pool of all."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Tensor

from fpl_lib.course.checking import FigureExercise, FunctionExercise, drawn


def _batches(rng: np.random.Generator) -> list[tuple[Tensor, Tensor, int]]:
    """Three batches with k in the middle, and one with all C - 1 false classes."""
    cases = []
    for all_of_them in (False, False, True):
        n, c = int(rng.integers(2, 5)), int(rng.integers(6, 9))
        z = torch.from_numpy(1.5 * rng.standard_normal((n, c)))
        target = torch.from_numpy(rng.integers(0, c, n))
        z[0, target[0]] += 4.0  # a right prediction: there T would be the first of the k
        cases.append((z, target, c - 1 if all_of_them else int(rng.integers(2, 4))))
    return cases


def _fpl_k(
    z: Tensor,
    target: Tensor,
    k: int,
    *,
    axis: int = 1,
    barred: float | None = -1.0,
    largest: bool = True,
    false_part: Callable[[Tensor], Tensor] = lambda p: -(1 - p).log().sum(1),
    with_true: bool = True,
    reduce: Callable[[Tensor], Tensor] = torch.mean,
) -> Tensor:
    p = z.softmax(axis)
    others = p if barred is None else p.scatter(1, target[:, None], barred)
    p_false = others.topk(k, dim=1, largest=largest).values
    p_true = p.gather(1, target[:, None]).squeeze(1)
    return reduce(false_part(p_false) - (p_true.log() if with_true else 0))


K_FALSE = FunctionExercise(
    "03-k-false",
    solution=_fpl_k,
    cases=_batches,
    forbidden=("false_positive_loss", "FalsePositiveLoss"),
    mistakes={
        "wrong axis": {"axis": 0},
        "T among the F": {"barred": None},
        "least probable": {"barred": 2.0, "largest": False},
        "the last alone": {"false_part": lambda p: -(1 - p[:, -1]).log()},
        "the first alone": {"false_part": lambda p: -(1 - p[:, 0]).log()},
        "mean over k": {"false_part": lambda p: -(1 - p).log().mean(1)},
        "log of the sum": {"false_part": lambda p: -(1 - p.sum(1)).log()},
        "log of p_F": {"false_part": lambda p: -p.log().sum(1)},
        "without T": {"with_true": False},
        "sum over the batch": {"reduce": torch.sum},
    },
)

_TRUE = 0.28
_P_FALSE = np.linspace(0.08, 0.70, 63)


def _curves(
    mean: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
    *,
    names: tuple[str, str, str] = ("k = 1", "mean", "median"),
    add: float = 0.0,
    loss: Callable[[np.ndarray], np.ndarray] = lambda p: -np.log(1 - p),
    x_name: str = "$p_F$",
    title: str = "The mean does not see F, the median rewards it",
) -> plt.Axes:
    """L_F while F takes from the eight other wrong classes; each keyword is one mistake."""
    other = (1 - _TRUE - _P_FALSE) / 8
    pooled = loss((_P_FALSE + 8 * other) / 9) if mean is None else mean(_P_FALSE, other)
    _, ax = plt.subplots()
    for name, height in zip(names, (loss(_P_FALSE), pooled, loss(other)), strict=True):
        ax.plot(_P_FALSE, height + add, label=name)
    ax.set(xlabel=x_name, ylabel="$L_F$ (nats)", title=title)
    return ax


_GRID = np.array([0.15, 0.3, 0.45, 0.6])

POOLS = FigureExercise(
    "03-pools",
    solution=_curves,
    readings=drawn(("k = 1", "mean", "median"), _GRID, x="f"),
    rtol=0.01,
    mistakes={
        "T in the pool": {"mean": lambda p, other: -np.log(1 - np.full_like(p, 0.1))},
        "mean of the losses": {
            "mean": lambda p, other: -(np.log(1 - p) + 8 * np.log(1 - other)) / 9
        },
        "sum instead of mean": {"mean": lambda p, other: -(np.log(1 - p) + 8 * np.log(1 - other))},
        "only one class pooled": {"mean": lambda p, other: -np.log(1 - p)},
        "L_T added": {"add": -float(np.log(_TRUE))},
        "log of p": {"loss": lambda p: -np.log(p)},
        "labels swapped": {"names": ("k = 1", "median", "mean")},
        "no labels": {"names": ("_1", "_2", "_3")},
        "x axis without a name": {"x_name": ""},
        "no title": {"title": ""},
    },
)
