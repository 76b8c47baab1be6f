"""The exercises of notebook 04: what a class weight can do about imbalance, and what else can."""

from __future__ import annotations

from fpl_lib.exercises.nb04_figure import DRAW
from fpl_lib.exercises.nb04_long_tail import ADJUST, GROUPS
from fpl_lib.exercises.nb04_quizzes import QUIZZES
from fpl_lib.exercises.nb04_weights import FLIP, LIMIT

__all__ = ["EXERCISES", "QUIZZES"]

EXERCISES = (LIMIT, DRAW, FLIP, GROUPS, ADJUST)
