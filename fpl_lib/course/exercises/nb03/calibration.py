"""Notebook 03's exercise on calibration: a lead in the labels that FPL's best prediction loses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fpl_lib.course.checking import FunctionExercise, precision_of
from fpl_lib.course.checking.guard import numbers_of
from fpl_lib.evidence import keeps_top_class


def _leading(times: float, total: float = 1.0) -> Callable[[int], np.ndarray]:
    """Shares of which the first is `times` each of the others."""
    return lambda classes: total * np.r_[times, np.ones(classes - 1)] / (classes - 1 + times)


def _properties(function: Callable[[int], object], classes: int):
    """What the exercise asks of the shares; many have it, so that this is what is compared."""
    found = function(classes)
    if found is None or found is ...:
        return found
    shares, rounding = numbers_of(found, (classes,)), 4 * precision_of(found)
    valid = bool(abs(shares.sum() - 1) < 1e-5 + rounding), bool((shares >= 0).all())
    lead = shares[0] / max(shares[1:].max(), 1e-12)
    length = "enough" if lead + rounding >= 1.4999 else "short" if lead > 1 else "none"
    kept = all(valid) and keeps_top_class((shares / shares.sum()).tolist())
    return {
        "the sum": valid[0],
        "the sign of the shares": valid[1],
        "the lead of the first": length,
        "what FPL's best prediction has on top": "it alone" if kept else "a tie",
    }


TORN = FunctionExercise(
    "03-torn",
    solution=_leading(1.5),
    observe=_properties,
    cases=lambda rng: [(int(c),) for c in (3, *rng.choice(np.arange(4, 61), 2, replace=False))],
    mistakes={
        "kept": _leading(4.0),
        "no lead": _leading(1.0),
        "short lead": _leading(1.2),
        "one number of classes": lambda classes: [0.4, 0.3, 0.2, 0.1],
        "no shares": _leading(1.5, total=2.0),
    },
)
