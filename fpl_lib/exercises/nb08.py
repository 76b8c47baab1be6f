"""The exercises of notebook 08: what wrong labels do to a loss, and a loss to wrong labels."""

from __future__ import annotations

from fpl_lib.exercises.nb08_figure import CONSTANT
from fpl_lib.exercises.nb08_fitted import FITTED
from fpl_lib.exercises.nb08_quizzes import QUIZZES
from fpl_lib.exercises.nb08_theory import ASKED, RATES, RISK

__all__ = ["EXERCISES", "QUIZZES"]

EXERCISES = (RATES, RISK, CONSTANT, ASKED, FITTED)
