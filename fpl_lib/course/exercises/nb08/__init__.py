"""The exercises of notebook 08: what wrong labels do to a loss, and a loss to wrong labels."""

from __future__ import annotations

from fpl_lib.course.exercises.nb08.figure import CONSTANT
from fpl_lib.course.exercises.nb08.fitted import FITTED
from fpl_lib.course.exercises.nb08.quizzes import QUIZZES
from fpl_lib.course.exercises.nb08.theory import ASKED, RATES, RISK

__all__ = ["EXERCISES", "QUIZZES"]

EXERCISES = (RATES, RISK, CONSTANT, ASKED, FITTED)
