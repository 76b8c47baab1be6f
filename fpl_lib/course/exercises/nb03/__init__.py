"""The exercises of notebook 03: terms, weights and false classes to exchange, and what it does."""

from __future__ import annotations

from fpl_lib.course.exercises.nb03.false import K_FALSE, POOLS
from fpl_lib.course.exercises.nb03.quizzes import QUIZZES
from fpl_lib.course.exercises.nb03.terms import OWN, PULL, TAYLOR
from fpl_lib.course.exercises.nb03.weights import BATCH, FLOOR

__all__ = ["EXERCISES", "QUIZZES"]

EXERCISES = (TAYLOR, PULL, OWN, BATCH, K_FALSE, POOLS, FLOOR)
