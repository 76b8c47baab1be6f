"""Notebook 05's exercises on AdaDelta: one step of it, and how its first step sees a gradient."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Tensor

from fpl_lib.course.checking import FigureExercise, FunctionExercise, drawn, scales


def _states(rng: np.random.Generator) -> list[tuple[Tensor, Tensor, Tensor, float, float]]:
    """Gradients from tiny to large, and the two running means of a training that has begun."""
    cases = []
    for rho, eps in ((0.9, 1e-6), (0.95, 1e-4)):
        g, v, u = rng.standard_normal((3, int(rng.integers(3, 6))))
        g[0] *= 1e-3
        arrays = (torch.from_numpy(a) for a in (g, v**2, 1e-3 * u**2))
        cases.append((*arrays, rho, eps))
    return cases


def _adadelta(
    g: Tensor,
    v: Tensor,
    u: Tensor,
    rho: float,
    eps: float,
    *,
    mean: Callable[[Tensor, Tensor, float], Tensor] = lambda old, new, rho: (
        rho * old + (1 - rho) * new
    ),
    root: Callable[[Tensor, float], Tensor] = lambda square, eps: (square + eps).sqrt(),
    below: str = "new",
    above: str = "old",
    remember: str = "delta",
    sign: float = 1.0,
    in_place: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    old_v = v.clone()
    v = v.mul_(rho).add_((1 - rho) * g**2) if in_place else mean(v, g**2, rho)
    top = root(u, eps) if above == "old" else torch.ones_like(u)
    delta = sign * top / root(v if below == "new" else old_v, eps) * g
    if remember == "step":
        return delta, v, mean(u, delta, rho)
    return delta, v, mean(u, (delta if remember == "delta" else g) ** 2, rho)


ADADELTA = FunctionExercise(
    "05-adadelta",
    solution=_adadelta,
    cases=_states,
    mistakes={
        "in place": {"in_place": True},
        "rho swapped": {"mean": lambda old, new, rho: (1 - rho) * old + rho * new},
        "a sum, no mean": {"mean": lambda old, new, rho: rho * old + new},
        "eps outside": {"root": lambda square, eps: square.sqrt() + eps},
        "no root": {"root": lambda square, eps: square + eps},
        "old v": {"below": "old"},
        "RMSprop": {"above": "none"},
        "u of the gradients": {"remember": "g"},
        "u not squared": {"remember": "step"},
        "sign": {"sign": -1.0},
    },
)

_RHO, _EPS = 0.9, 1e-6
_SIZES = np.logspace(-6, 2, 401)


def _first_steps(
    *,
    keep: float = 1 - _RHO,
    ratio: Callable[[np.ndarray, float], np.ndarray] = lambda g, keep: (
        np.sqrt(_EPS) * g / np.sqrt(keep * g**2 + _EPS)
    ),
    rates: tuple[float, float, float] = (0.1, 1.0, 0.001),
    names: tuple[str, str, str] = ("SGD 0.1", "AdaDelta 1.0", "AdaDelta 0.001"),
    scale: str = "log",
    x_name: str = "size of the gradient |g|",
    title: str = "AdaDelta's first step hardly sees how large a gradient is",
) -> plt.Axes:
    """How far the first step goes over the size of the gradient; each keyword is one mistake."""
    step = ratio(_SIZES, keep)
    _, ax = plt.subplots()
    for name, rate, size in zip(names, rates, (_SIZES, step, step), strict=True):
        ax.plot(_SIZES, rate * size, label=name)
    ax.set(xscale=scale, yscale=scale, xlabel=x_name, ylabel="length of the first step")
    ax.set_title(title)
    return ax


_GRID = np.array([1e-5, 1e-3, 3e-3, 1e-2, 1.0, 50.0])

FIRST_STEP = FigureExercise(
    "05-first-step",
    solution=_first_steps,
    readings={
        **drawn(("SGD 0.1", "AdaDelta 1.0", "AdaDelta 0.001"), _GRID),
        "the axes, both logarithmic": scales,
    },
    rtol=0.05,
    atol=0.0,
    mistakes={
        "v without 1 - rho": {"keep": 1.0},
        "v with rho": {"keep": _RHO},
        "eps outside": {"ratio": lambda g, keep: np.sqrt(_EPS) * g / (np.sqrt(keep) * g + _EPS)},
        "no numerator": {"ratio": lambda g, keep: g / np.sqrt(keep * g**2 + _EPS)},
        "numerator eps": {"ratio": lambda g, keep: _EPS * g / np.sqrt(keep * g**2 + _EPS)},
        "without learning rate": {"rates": (1.0, 1.0, 1.0)},
        "labels swapped": {"names": ("SGD 0.1", "AdaDelta 0.001", "AdaDelta 1.0")},
        "no labels": {"names": ("_1", "_2", "_3")},
        "linear axes": {"scale": "linear"},
        "x axis without a name": {"x_name": ""},
        "no title": {"title": ""},
    },
)
