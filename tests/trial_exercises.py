"""The trial exercises (trial/nb99) as notebook 99's, in the test's process or in a kernel."""

from __future__ import annotations

import importlib
from pathlib import Path

from fpl_lib.course import exercises

FOLDER = str(Path(__file__).parent / "trial")

exercises.__path__.append(FOLDER)
_trial = importlib.import_module("fpl_lib.course.exercises.nb99.trial")
exercises.__path__.remove(FOLDER)

SOFTMAX, HALF, CURVE = EXERCISES = _trial.SOFTMAX, _trial.HALF, _trial.CURVE
(QUIZ,) = QUIZZES = exercises.read_quizzes(Path(FOLDER) / "nb99" / "quizzes.md")
draw = _trial.draw


def install(patch=setattr) -> None:
    """Make the trial exercises known beside the course's own.

    A test passes `monkeypatch.setattr`, so that no other test sees them.
    """
    patch(exercises, "__path__", [*exercises.__path__, FOLDER])
