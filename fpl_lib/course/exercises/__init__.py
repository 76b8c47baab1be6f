"""The exercises and quizzes of every notebook: the folder `nb01` holds those of notebook 01.

Every Exercise that a module of the folder defines counts, modules by name and each from top to
bottom; their texts stand in its `exercises.md`, the quizzes in its `quizzes.md`. Ids start with the
folder's `NN-`. A folder is read when the first of its ids is asked for.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TypeVar

from fpl_lib.course.checking.kinds import Exercise, Quiz
from fpl_lib.course.checking.quizzes import read_quizzes
from fpl_lib.course.checking.texts import with_texts

Item = TypeVar("Item", Exercise, Quiz)


def exercise(name: str) -> Exercise:
    """The exercise with this id; ValueError, naming the nearest ids, if there is none."""
    return _find(name, Exercise)


def quiz(name: str) -> Quiz:
    """The quiz with this id; ValueError, naming the nearest ids, if there is none."""
    return _find(name, Quiz)


def all_exercises() -> tuple[Exercise, ...]:
    """Every exercise of the course, in the notebooks' order."""
    return tuple(item for folder in _folders() for item in _items(folder, Exercise).values())


def all_quizzes() -> tuple[Quiz, ...]:
    """Every quiz of the course, in the notebooks' order."""
    return tuple(item for folder in _folders() for item in _items(folder, Quiz).values())


def _folders() -> list[str]:
    names = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name for name in names if re.fullmatch(r"nb\d\d", name))


def _find(name: str, kind: type[Item]) -> Item:
    if not isinstance(name, str):
        raise TypeError(
            f"expected an id as a string such as '01-softmax', got {type(name).__name__}: "
            "the id comes first, then your answer"
        )
    folder = f"nb{name[:2]}"
    items = _items(folder, kind) if folder in _folders() else {}
    if name not in items:
        known = [key for other in _folders() for key in _items(other, kind)]
        near = get_close_matches(name, known, n=3, cutoff=0.4) or known[:3]
        what = kind.__name__.lower()
        raise ValueError(f"there is no {what} {name!r}; did you mean {' or '.join(near) or '…'}?")
    return items[name]


@cache
def _items(folder: str, kind: type[Item]) -> Mapping[str, Item]:
    """The exercises or the quizzes of one folder, by id."""
    package = importlib.import_module(f"{__name__}.{folder}")
    folder_path = Path(package.__path__[0])
    if kind is Quiz:
        return {item.id: item for item in read_quizzes(folder_path / "quizzes.md")}
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    modules = [importlib.import_module(f"{package.__name__}.{name}") for name in names]
    found = [v for module in modules for v in vars(module).values() if isinstance(v, Exercise)]
    return with_texts(found, folder_path / "exercises.md")
