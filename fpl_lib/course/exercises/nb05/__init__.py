"""The exercises of notebook 05: a loop, an optimiser, a loss's scale, and a number to judge."""

from __future__ import annotations

from fpl_lib.course.exercises.nb05.adadelta import ADADELTA, FIRST_STEP
from fpl_lib.course.exercises.nb05.quizzes import QUIZZES
from fpl_lib.course.exercises.nb05.runs import ALL_RIGHT
from fpl_lib.course.exercises.nb05.scale import EQUIVALENT, MATCH
from fpl_lib.course.exercises.nb05.step import FIRST_LOSS, STEP

__all__ = ["EXERCISES", "QUIZZES"]

EXERCISES = (FIRST_LOSS, STEP, ADADELTA, FIRST_STEP, EQUIVALENT, MATCH, ALL_RIGHT)
