"""How a grader's hidden test judges an answer, whatever the notebook has done to `check`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

import fpl_lib

_JUDGES = ("check", "exercises")


def grade(name: str, answer: Any = ...) -> None:
    """Raise ExerciseFailed unless the answer is right, judged by checks read afresh from disk.

    So neither a variable `check` in the notebook nor a changed module `fpl_lib.course.check` or
    `fpl_lib.course.exercises` decides on points. The inputs are drawn from seeds that no student's check
    uses. Raises ValueError for an unknown exercise.

    >>> grade("01-by-hand", (0, 0, 0))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    fpl_lib.course.check.ExerciseFailed: ✗ Not yet: ...
    """
    with _fresh_judges():
        from fpl_lib.course.check import check

        check(name, answer, strict=True)


@contextlib.contextmanager
def _fresh_judges() -> Iterator[None]:
    """Within the block, imports of the judging modules run their files again."""
    before = _take_out()
    parts = {part: getattr(fpl_lib, part) for part in _JUDGES if hasattr(fpl_lib, part)}
    try:
        yield
    finally:
        _take_out()
        sys.modules.update(before)
        for part, module in parts.items():
            setattr(fpl_lib, part, module)


def _take_out() -> dict[str, Any]:
    """Remove the judging modules from `sys.modules` and return them."""
    mine = tuple(f"{fpl_lib.__name__}.{part}" for part in _JUDGES)
    names = [n for n in sys.modules if n in mine or n.startswith(tuple(f"{m}." for m in mine))]
    return {name: sys.modules.pop(name) for name in names}
