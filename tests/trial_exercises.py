"""The trial exercises (trial/nb99) as notebook 99's, in the test's process or in a kernel."""

from __future__ import annotations

import importlib
from pathlib import Path

from fpl_lib.course import exercises

FOLDER = str(Path(__file__).parent / "trial")

exercises.__path__.append(FOLDER)
SOFTMAX, HALF, CURVE = EXERCISES = tuple(
    exercises.exercise(f"99-{name}") for name in ("softmax", "half", "curve")
)
draw = importlib.import_module("fpl_lib.course.exercises.nb99.trial").draw
exercises.__path__.remove(FOLDER)
(QUIZ,) = QUIZZES = exercises.read_quizzes(Path(FOLDER) / "nb99" / "quizzes.md")


def install(patch=setattr) -> None:
    """Make the trial exercises known beside the course's own.

    A test passes `monkeypatch.setattr`, so that no other test sees them.
    """
    patch(exercises, "__path__", [*exercises.__path__, FOLDER])
