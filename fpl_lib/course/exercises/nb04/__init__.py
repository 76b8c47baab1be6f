"""The exercises of notebook 04: what a class weight can do about imbalance, and what else can."""

from __future__ import annotations

from fpl_lib.course.exercises.nb04.figure import DRAW
from fpl_lib.course.exercises.nb04.long_tail import ADJUST, GROUPS
from fpl_lib.course.exercises.nb04.quizzes import QUIZZES
from fpl_lib.course.exercises.nb04.weights import FLIP, LIMIT

__all__ = ["EXERCISES", "QUIZZES"]

EXERCISES = (LIMIT, DRAW, FLIP, GROUPS, ADJUST)
