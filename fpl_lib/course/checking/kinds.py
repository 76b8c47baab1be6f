"""What an exercise and a quiz are made of.

An exercise knows its usual mistakes *as code*: every `Mistake` holds a complete wrong answer. That
code is the detector (a student whose answer gives what the mistake gives reads that mistake's
message) and its own test (the suite hands every mistake in and wants it back by name).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Mistake:
    """A usual wrong answer: its name for the teacher, its message for the student, its code.

    `code` is written as a student would hand it in: a function, a value, or a function that draws.
    It may raise, or change its inputs: that too is recognised.

    >>> Mistake("axis", "This sums over the samples.", lambda z: z.sum(0)).name
    'axis'
    """

    name: str
    message: str
    code: Any


@dataclass(frozen=True, kw_only=True, eq=False)
class Exercise:
    """What all kinds of exercises share; make one of the kinds below.

    A module defines its code: the id, the `solution` and the `mistakes`, each name with its code,
    the most specific first. Where a function's keywords make its mistakes, the code may be a dict
    of them. The exercise keeps a tuple of Mistake. Numbers agree within `rtol` and `atol`, or if
    they are rounded to `decimals` places (those that the card shows) or more.

    All that is read comes from `exercises.md` (`texts.with_texts`): the title, the `difficulty`
    from 1 to 3, the `minutes` that a student needs, the mistakes' messages, the `hints` from a
    nudge to nearly the answer, and the `takeaway`, a sentence shown with a right answer.

    >>> double = ValueExercise("01-double", solution=12, mistakes={"half": 3, "square": 36})
    >>> double.mistakes[0]
    Mistake(name='half', message='', code=3)
    """

    id: str = field(kw_only=False)
    solution: Any
    mistakes: Mapping[str, Any] | tuple[Mistake, ...]
    rtol: float = 1e-5
    atol: float = 1e-7
    decimals: int | None = None
    title: str = ""
    difficulty: int = 1
    minutes: int = 1
    hints: tuple[str, ...] = ()
    takeaway: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.mistakes, Mapping):
            rows = self.mistakes.items()
            made = tuple(Mistake(name, "", self._wrong(code)) for name, code in rows)
            object.__setattr__(self, "mistakes", made)

    def _wrong(self, code: Any) -> Any:
        by_keywords = callable(self.solution) and isinstance(code, dict)
        return functools.partial(self.solution, **code) if by_keywords else code


@dataclass(frozen=True, kw_only=True, eq=False)
class FunctionExercise(Exercise):
    """The answer is a function, compared with `solution` on fresh random inputs.

    `cases(rng)` gets a numpy Generator and returns a list of argument tuples: other shapes and
    numbers at every check. `observe(function, *args)` is what is compared; by default the value
    `function(*args)`. Give another one to compare a gradient as well, say
    (`guard.value_and_gradient`); if it returns a dict, its keys are words that a student reads, and
    the message is about the first entry that is off. `forbidden` are names that a right answer must
    do without; `exercises.md` has the message for an answer that uses one.
    """

    cases: Callable[[np.random.Generator], Sequence[tuple[Any, ...]]]
    observe: Callable[..., Any] = lambda function, *args: function(*args)
    forbidden: Mapping[str, str] | tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class ValueExercise(Exercise):
    """The answer is a number, a word, or a tuple of these, compared with `solution`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FigureExercise(Exercise):
    """The answer is a function that draws and returns a figure (or the figure itself).

    `readings` says what matters: for each name a function of the figure's first Axes with
    data (`figures` has many), e.g. `{"the curve of CE": lambda ax: curve(ax, "CE", grid), "the name
    of the x axis": named("x", "p_T")}`. A student's readings must agree with the solution's; the
    message for an unknown mistake is "look again at" and the name of the first that does not. A
    mistake is recognised by the readings in which it differs from the solution.
    """

    readings: Mapping[str, Callable[[Any], Any]]


@dataclass(frozen=True)
class Option:
    """One answer of a quiz: its text, whether it is right, and why (or why not)."""

    text: str
    right: bool
    why: str


@dataclass(frozen=True)
class Quiz:
    """A question to commit to before the answer is shown. Exactly one option is right.

    answered_in: the later notebook that answers it, such as "notebook 09", if this one does not.

    Raises ValueError unless there are two to six different options, one right, each with a reason.
    """

    id: str
    question: str
    options: tuple[Option, ...]
    answered_in: str = ""

    def __post_init__(self) -> None:
        if not self.question.strip():
            raise ValueError(f"{self.id}: the question is missing")
        if not re.fullmatch(r"|notebook \d\d", self.answered_in):
            raise ValueError(
                f"{self.id}: expected 'notebook NN' or nothing, got {self.answered_in!r}"
            )
        if not 2 <= len(self.options) <= 6:
            raise ValueError(f"{self.id}: give two to six options, got {len(self.options)}")
        if sum(option.right for option in self.options) != 1:
            raise ValueError(f"{self.id}: exactly one option must be right")
        for part in ("text", "why"):
            texts = {getattr(option, part).strip() for option in self.options}
            if len(texts) < len(self.options) or "" in texts:
                raise ValueError(f"{self.id}: every option needs its own {part!r}")
