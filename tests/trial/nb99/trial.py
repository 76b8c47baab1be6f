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
    id="99-softmax",
    title="Softmax by hand",
    difficulty=1,
    minutes=5,
    solution=lambda z: torch.softmax(z, 1),
    cases=_logits,
    mistakes={
        "wrong axis": (
            "The probabilities of one class sum to 1 here, those of one sample should.",
            lambda z: torch.softmax(z, 0),
        ),
        "no keepdim": (
            "The row sums lost an axis: keep it with `keepdim=True`.",
            lambda z: z.exp() / z.exp().sum(1),
        ),
        "all of it": (
            "This divides by the sum over the whole batch: sum over the classes only.",
            lambda z: z.exp() / z.exp().sum(),
        ),
        "in place": (
            "`z -= …` changes the caller's logits: write `z = z - …`.",
            _subtract_in_place,
        ),
    },
    hints=("What must sum to one?", "`keepdim=True` keeps a summed axis."),
    takeaway="Only differences between logits matter.",
)
HALF = ValueExercise(
    id="99-half",
    title="Where the bystanders turn",
    difficulty=2,
    minutes=3,
    solution=0.5,
    mistakes={
        "percent": ("Answer with a probability between 0 and 1, not in percent.", 50),
        "one": ("At p_F = 1 nothing is left to push: think of the ratio.", 1.0),
        "third": ("1/3 would be the chance level of three classes, not a balance.", 1 / 3),
    },
    hints=("Write both pushes down.", "Set them equal."),
)
CURVE = FigureExercise(
    id="99-curve",
    title="Draw cross-entropy",
    difficulty=1,
    minutes=5,
    solution=draw,
    readings={
        "the curve labelled CE": lambda ax: curve(ax, "CE", GRID),
        "the name of the x axis": lambda ax: "p_T" in ax.get_xlabel(),
    },
    rtol=0.01,
    mistakes={
        "sign": (
            "Your curve is negative: cross-entropy is *minus* the logarithm.",
            lambda: draw(np.log),
        ),
        "log10": (
            "This is the logarithm to base 10: the kit uses natural logarithms.",
            lambda: draw(lambda p: -np.log10(p)),
        ),
        "no name": ("A reader cannot tell what the x axis is: name it p_T.", {"x_name": ""}),
        "no label": (
            "Give the line the label 'CE', so that a legend can name it.",
            {"label": None},
        ),
    },
    hints=("Which base?", "`np.log` is the natural logarithm."),
)
