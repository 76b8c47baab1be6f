"""Judges one answer: what a hidden test calls, which raises unless the answer is right."""

from __future__ import annotations

from typing import Any

from fpl_lib.course.calls import verdict
from fpl_lib.course.checking.judge import RIGHT
from fpl_lib.course.exercises import exercise

_SEEDS = (1_000_001, 1_000_002, 1_000_003)  # no student's check gets this far


class ExerciseFailed(AssertionError):
    """An answer is not right: the message is what `check` would print."""

    def _render_traceback_(self) -> list[str]:
        """What Jupyter, and so nbgrader's feedback, shows instead of a traceback: the message."""
        return str(self).split("\n")


def grade(name: str, answer: Any = ...) -> None:
    """Raise ExerciseFailed unless the answer is right in three draws that no student's check makes.

    Raises ValueError for an unknown exercise.

    >>> grade("01-by-hand", (0, 0, 0))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    fpl_lib.course.grading.grade.ExerciseFailed: ✗ Not yet: ...
    """
    task = exercise(name)
    for seed in _SEEDS:
        found, said = verdict(task, answer, seed)
        if found.status != RIGHT:
            raise ExerciseFailed(said)
