"""The exercises of notebook 10: design a loss, plan its trial, and report what came out."""

from __future__ import annotations

from fpl_lib.course.exercises.nb10.best import BEST_OF
from fpl_lib.course.exercises.nb10.losses import MARGIN, SHIFT
from fpl_lib.course.exercises.nb10.quizzes import QUIZZES
from fpl_lib.course.exercises.nb10.report import REPORT
from fpl_lib.course.exercises.nb10.seeds import PLAN, REHEARSE

__all__ = ["EXERCISES", "QUIZZES"]

EXERCISES = (SHIFT, MARGIN, PLAN, BEST_OF, REHEARSE, REPORT)
