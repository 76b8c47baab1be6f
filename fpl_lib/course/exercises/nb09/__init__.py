"""The exercises of notebook 09: what single runs, pairs and intervals may carry."""

from __future__ import annotations

from fpl_lib.course.exercises.nb09.judging import JUDGE, SENTENCES
from fpl_lib.course.exercises.nb09.power import POWER, SEEDS
from fpl_lib.course.exercises.nb09.quizzes import QUIZZES
from fpl_lib.course.exercises.nb09.tests import ERRORS, FLIP

__all__ = ["EXERCISES", "QUIZZES"]

EXERCISES = (ERRORS, POWER, SEEDS, FLIP, JUDGE, SENTENCES)
