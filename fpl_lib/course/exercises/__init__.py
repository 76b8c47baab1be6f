"""The exercises and quizzes of every notebook: `nb01.py` holds those of notebook 01, and so on.

A module `nbNN.py` defines two tuples, `EXERCISES` and `QUIZZES`; every id starts with `NN-`. It is
imported when the first of its ids is asked for.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType
from typing import TypeVar

from fpl_lib.course.checking.kinds import (
    Exercise,
    FigureExercise,
    FunctionExercise,
    Mistake,
    Option,
    Quiz,
    ValueExercise,
)

__all__ = [
    "Exercise",
    "FigureExercise",
    "FunctionExercise",
    "Mistake",
    "Option",
    "Quiz",
    "ValueExercise",
    "all_exercises",
    "all_quizzes",
    "exercise",
    "quiz",
]

Item = TypeVar("Item", Exercise, Quiz)


def exercise(name: str) -> Exercise:
    """The exercise with this id; ValueError, naming the nearest ids, if there is none."""
    return _find(name, "EXERCISES")


def quiz(name: str) -> Quiz:
    """The quiz with this id; ValueError, naming the nearest ids, if there is none."""
    return _find(name, "QUIZZES")


def all_exercises() -> tuple[Exercise, ...]:
    """Every exercise of the course, in the notebooks' order."""
    return tuple(item for module in _modules() for item in _items(module, "EXERCISES").values())


def all_quizzes() -> tuple[Quiz, ...]:
    """Every quiz of the course, in the notebooks' order."""
    return tuple(item for module in _modules() for item in _items(module, "QUIZZES").values())


def _modules() -> list[str]:
    names = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name for name in names if re.fullmatch(r"nb\d\d", name))


def _find(name: str, kind: str) -> Item:
    if not isinstance(name, str):
        raise TypeError(
            f"expected an id as a string such as '01-softmax', got {type(name).__name__}: "
            "the id comes first, then your answer"
        )
    module = f"nb{name[:2]}"
    items = _items(module, kind) if module in _modules() else {}
    if name not in items:
        known = [key for other in _modules() for key in _items(other, kind)]
        near = get_close_matches(name, known, n=3, cutoff=0.4) or known[:3]
        what = "exercise" if kind == "EXERCISES" else "quiz"
        raise ValueError(f"there is no {what} {name!r}; did you mean {' or '.join(near) or '…'}?")
    return items[name]


@cache
def _items(module: str, kind: str) -> MappingProxyType[str, Item]:
    """The exercises or quizzes of one module by id, after a look at the ids themselves."""
    found = getattr(importlib.import_module(f"{__name__}.{module}"), kind)
    items = {item.id: item for item in found}
    strangers = [name for name in items if not name.startswith(f"{module[2:]}-")]
    if len(items) < len(found) or strangers:
        raise ValueError(
            f"{module}.{kind}: ids must be different and start with '{module[2:]}-', "
            f"got {[item.id for item in found]}"
        )
    return MappingProxyType(items)
