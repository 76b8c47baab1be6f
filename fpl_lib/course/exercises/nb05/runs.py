"""Notebook 05's exercise on a training's result: is my number all right?"""

from __future__ import annotations

from functools import partial

from fpl_lib.course.checking import TrainingExercise
from fpl_lib.evidence import known_accuracies

ALL_RIGHT = TrainingExercise(
    "05-all-right",
    runs=2,
    known=partial(known_accuracies, "short", "small", "ce"),
    solution=(37.0, 37.6),
    mistakes={
        "one seed": (37.0, 37.0),
        "share": (0.37, 0.376),
        "errors": (63.0, 62.4),
        "top-5": (87.5, 88.5),
        "chance": (9.6, 10.4),
    },
)
