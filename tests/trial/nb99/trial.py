"""A notebook's worth of small exercises, so that the machinery is tested without the course."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import torch

from fpl_lib.course.checking import FigureExercise, FunctionExercise, ValueExercise
from fpl_lib.course.checking.figures import curve

GRID = np.linspace(0.1, 0.9, 9)


def _logits(rng: np.random.Generator) -> list[tuple[torch.Tensor]]:
    shapes = [(int(rng.integers(2, 5)), int(rng.integers(6, 9))) for _ in range(3)]
    return [(torch.from_numpy(3 * rng.standard_normal(shape)),) for shape in shapes]


def _subtract_in_place(z: torch.Tensor) -> torch.Tensor:
    z -= z.amax(1, keepdim=True)
    return torch.softmax(z, 1)


def draw(height=lambda p: -np.log(p), label="CE", x_name="$p_T$"):
    fig, ax = plt.subplots()
    p = np.linspace(0.05, 1, 200)
    ax.plot(p, height(p), label=label)
    ax.set(xlabel=x_name, ylabel="loss (nats)")
    return ax


SOFTMAX = FunctionExercise(
    "99-softmax",
    solution=lambda z: torch.softmax(z, 1),
    cases=_logits,
    mistakes={
        "wrong axis": lambda z: torch.softmax(z, 0),
        "no keepdim": lambda z: z.exp() / z.exp().sum(1),
        "all of it": lambda z: z.exp() / z.exp().sum(),
        "in place": _subtract_in_place,
    },
)
HALF = ValueExercise(
    "99-half",
    solution=0.5,
    mistakes={
        "percent": 50,
        "one": 1.0,
        "third": 1 / 3,
    },
)
CURVE = FigureExercise(
    "99-curve",
    solution=draw,
    readings={
        "the curve labelled CE": lambda ax: curve(ax, "CE", GRID),
        "the name of the x axis": lambda ax: "p_T" in ax.get_xlabel(),
    },
    rtol=0.01,
    mistakes={
        "sign": lambda: draw(np.log),
        "log10": lambda: draw(lambda p: -np.log10(p)),
        "no name": {"x_name": ""},
        "no label": {"label": None},
    },
)
