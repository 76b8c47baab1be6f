"""How a grader's hidden test judges an answer, whatever the notebook has done to `check`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

import fpl_lib.course


def grade(name: str, answer: Any = ...) -> None:
    """Raise ExerciseFailed unless the answer is right, judged by checks read afresh from disk.

    So neither a variable `check` in the notebook nor a changed module of the course decides on
    points. The inputs are drawn from seeds that no student's check uses. Raises ValueError for an
    unknown exercise.

    >>> grade("01-by-hand", (0, 0, 0))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    fpl_lib.course.calls.ExerciseFailed: ✗ Not yet: ...
    """
    with _fresh_judges():
        from fpl_lib.course.calls import check

        check(name, answer, strict=True)


@contextlib.contextmanager
def _fresh_judges() -> Iterator[None]:
    """Within the block, imports of the course's modules run their files again."""
    before, course = _take_out(), fpl_lib.course
    try:
        yield
    finally:
        _take_out()
        sys.modules.update(before)
        fpl_lib.course = course


def _take_out() -> dict[str, Any]:
    """Remove the course's modules from `sys.modules` and return them."""
    names = [name for name in sys.modules if f"{name}.".startswith("fpl_lib.course.")]
    return {name: sys.modules.pop(name) for name in names}
