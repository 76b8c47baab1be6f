"""The exercises of notebook 03: terms, weights and false classes to exchange, and what it does."""

from __future__ import annotations

from fpl_lib.exercises.nb03_false import K_FALSE, POOLS
from fpl_lib.exercises.nb03_quizzes import QUIZZES
from fpl_lib.exercises.nb03_terms import OWN, PULL, TAYLOR
from fpl_lib.exercises.nb03_weights import BATCH, FLOOR

__all__ = ["EXERCISES", "QUIZZES"]

EXERCISES = (TAYLOR, PULL, OWN, BATCH, K_FALSE, POOLS, FLOOR)
