"""The figure of notebook 10: how good the best of many equal losses looks, and how good it is."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np

from fpl_lib.course.checking import FigureExercise, drawn, with_legend

GRID = np.arange(1, 21)


def _best(seen: np.ndarray, fresh: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the best of the row looks like, and what it gives anew."""
    rows = np.arange(len(seen))
    chosen = seen.argmax(1)
    return seen[rows, chosen], fresh[rows, chosen]


def draw_best(
    choose: Callable[..., tuple[np.ndarray, np.ndarray]] = _best,
    *,
    scale: Callable[[int], float] = lambda m: 1.0,
    names: tuple[str, str] = ("looks", "is"),
    y_name: str = "advantage (standard deviations)",
    title: str = "The more losses one tries, the better the best one looks",
) -> tuple:
    """Both curves over the number of losses tried; each keyword makes one mistake."""
    seen, fresh = np.random.default_rng(10).standard_normal((2, 4000, 20))
    means = np.array(
        [[scale(m) * part.mean() for part in choose(seen[:, :m], fresh[:, :m])] for m in GRID]
    )
    fig, ax = plt.subplots()
    for name, values in zip(names, means.T, strict=True):
        ax.plot(GRID, values, label=name)
    ax.set(xlabel="losses tried", ylabel=y_name, title=title)
    ax.legend()
    return fig, ax


BEST_OF = FigureExercise(
    "10-best-of",
    solution=draw_best,
    readings={
        **drawn(("looks", "is"), GRID, y=["standard dev", "std", "sd", "σ", r"\sigma"]),
        "the legend": with_legend,
    },
    rtol=0.02,
    atol=0.05,
    mistakes={
        "labels swapped": {"names": ("is", "looks")},
        "chosen anew": {"choose": lambda seen, fresh: (seen.max(1), fresh.max(1))},
        "nobody is chosen": {"choose": lambda seen, fresh: (seen, fresh)},
        "one for all rows": {"choose": lambda seen, fresh: (seen.max(keepdims=True), fresh)},
        "absolute values": {
            "choose": lambda seen, fresh: (abs(seen).max(1), _best(abs(seen), fresh)[1])
        },
        "worst": {"choose": lambda seen, fresh: (seen.min(1), _best(-seen, fresh)[1])},
        "divided by √m": {"scale": lambda m: m**-0.5},
        "no unit": {"y_name": "advantage"},
        "no title": {"title": ""},
    },
)
