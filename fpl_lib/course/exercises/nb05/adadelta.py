"""Notebook 05's exercises on AdaDelta: one step of it, and how its first step sees a gradient."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Tensor

from fpl_lib.course.checking import FigureExercise, FunctionExercise, curve, named, scales, titled


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
    """The solution; each keyword puts one mistake into it."""
    old_v = v.clone()
    v = v.mul_(rho).add_((1 - rho) * g**2) if in_place else mean(v, g**2, rho)
    top = root(u, eps) if above == "old" else torch.ones_like(u)
    delta = sign * top / root(v if below == "new" else old_v, eps) * g
    if remember == "step":
        return delta, v, mean(u, delta, rho)
    return delta, v, mean(u, (delta if remember == "delta" else g) ** 2, rho)


ADADELTA = FunctionExercise(
    id="05-adadelta",
    title="One step of AdaDelta",
    difficulty=2,
    minutes=10,
    solution=_adadelta,
    cases=_states,
    mistakes={
        "in place": (
            "The numbers are right, but your function changes `v` in the caller's hands: make new "
            "tensors.",
            {"in_place": True},
        ),
        "rho swapped": (
            "You keep 1 - ρ of the past and take ρ of the new square: it is the other way round.",
            {"mean": lambda old, new, rho: (1 - rho) * old + rho * new},
        ),
        "a sum, no mean": (
            "You add the whole new square: a running mean takes 1 - ρ of it.",
            {"mean": lambda old, new, rho: rho * old + new},
        ),
        "eps outside": (
            "ε stands inside the root: √(v + ε). Outside, it is a thousand times too small.",
            {"root": lambda square, eps: square.sqrt() + eps},
        ),
        "no root": (
            "The ratio is one of roots: RMS, not mean square.",
            {"root": lambda square, eps: square + eps},
        ),
        "old v": (
            "`v` takes in the new gradient first; yours divides by the old one.",
            {"below": "old"},
        ),
        "RMSprop": ("The numerator √(u + ε) is missing: this is RMSprop.", {"above": "none"}),
        "u of the gradients": (
            "`u` is the running mean of Δ², the squared steps; yours is one of g².",
            {"remember": "g"},
        ),
        "u not squared": (
            "`u` is the running mean of the squares of Δ; yours takes Δ itself.",
            {"remember": "step"},
        ),
        "sign": (
            "Δ has the sign of the gradient: the minus comes later, with the learning rate.",
            {"sign": -1.0},
        ),
    },
    hints=(
        "Three lines in this order: the new v, then Δ from the new v and the old u, then the new "
        "u.",
        "`v = rho * v + (1 - rho) * g.square()`, and the same for u with Δ in place of g.",
    ),
    takeaway="The learning rate is in none of the three lines: AdaDelta cannot make up for it.",
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
    id="05-first-step",
    title="Draw the first step",
    difficulty=2,
    minutes=10,
    solution=_first_steps,
    readings={
        "the curve labelled SGD 0.1": lambda ax: curve(ax, "SGD 0.1", _GRID),
        "the curve labelled AdaDelta 1.0": lambda ax: curve(ax, "AdaDelta 1.0", _GRID),
        "the curve labelled AdaDelta 0.001": lambda ax: curve(ax, "AdaDelta 0.001", _GRID),
        "the axes, both logarithmic": scales,
        "the name of the x axis": named("x"),
        "the name of the y axis": named("y"),
        "the title": titled,
    },
    rtol=0.05,
    atol=0.0,
    mistakes={
        "v without 1 - rho": (
            "Your plateau is at √ε: the first v is (1 - ρ) g², not g².",
            {"keep": 1.0},
        ),
        "v with rho": (
            "The first v is (1 - ρ) g²: the running mean starts at 0 and takes in a tenth.",
            {"keep": _RHO},
        ),
        "eps outside": (
            "Your AdaDelta is flat down to the smallest gradients. ε stands inside the root, so "
            "that below 0.003 it takes over.",
            {"ratio": lambda g, keep: np.sqrt(_EPS) * g / (np.sqrt(keep) * g + _EPS)},
        ),
        "no numerator": (
            "Your AdaDelta lies a thousand times too high: the numerator √(0 + ε) is missing.",
            {"ratio": lambda g, keep: g / np.sqrt(keep * g**2 + _EPS)},
        ),
        "numerator eps": (
            "The numerator is √ε, a thousandth. Yours is ε, a millionth.",
            {"ratio": lambda g, keep: _EPS * g / np.sqrt(keep * g**2 + _EPS)},
        ),
        "without learning rate": (
            "Each curve is multiplied by its learning rate, the number in its label.",
            {"rates": (1.0, 1.0, 1.0)},
        ),
        "labels swapped": (
            "The labels of the two AdaDelta curves are swapped: 0.001 takes the shorter steps.",
            {"names": ("SGD 0.1", "AdaDelta 0.001", "AdaDelta 1.0")},
        ),
        "no labels": (
            "Label the lines 'SGD 0.1', 'AdaDelta 1.0' and 'AdaDelta 0.001'.",
            {"names": ("_1", "_2", "_3")},
        ),
        "linear axes": (
            "Eight powers of ten do not fit on linear axes: set both scales to 'log'.",
            {"scale": "linear"},
        ),
        "x axis without a name": ("Name the x axis: what grows there?", {"x_name": ""}),
        "no title": ("Give it a title that says what one sees.", {"title": ""}),
    },
    hints=(
        "Both running means start at 0. What is v after one step? What is u before it?",
        "Δ = √ε · g / √((1 - ρ) g² + ε). A step is the learning rate times Δ, for SGD times g.",
        "`ax.loglog(g, 1.0 * delta, label='AdaDelta 1.0')` draws on logarithmic axes.",
    ),
    takeaway="From 0.003 on AdaDelta sees only the sign; far below it is SGD in disguise.",
)
