"""The exercises of notebook 05: a loop, an optimiser, a loss's scale, and a number to judge."""

from __future__ import annotations

from fpl_lib.exercises.nb05_adadelta import ADADELTA, FIRST_STEP
from fpl_lib.exercises.nb05_quizzes import QUIZZES
from fpl_lib.exercises.nb05_runs import ALL_RIGHT
from fpl_lib.exercises.nb05_scale import EQUIVALENT, MATCH
from fpl_lib.exercises.nb05_step import FIRST_LOSS, STEP

__all__ = ["EXERCISES", "QUIZZES"]

EXERCISES = (FIRST_LOSS, STEP, ADADELTA, FIRST_STEP, EQUIVALENT, MATCH, ALL_RIGHT)
