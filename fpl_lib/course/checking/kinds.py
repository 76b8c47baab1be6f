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

ID = re.compile(r"\d\d-[a-z0-9]+(-[a-z0-9]+)*")


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

    def __post_init__(self) -> None:
        if not self.name.strip() or len(self.message) < 20:
            raise ValueError(
                f"mistake {self.name!r} needs a name and a message that explains it, "
                f"got {self.message!r}"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class Exercise:
    """What all kinds of exercises share; make one of the three kinds below.

    `difficulty` is 1, 2 or 3; `minutes` an honest estimate for a student; `hints` go from a nudge
    to nearly the answer, at least two; `mistakes` are at least three, the most specific first: each
    name with its message and its code. Where a function's keywords make its mistakes, the code may
    be a dict of them. The exercise keeps a tuple of Mistake.
    `takeaway` is one sentence shown with a right answer. Numbers agree within `rtol` and `atol`, or
    if they are rounded to `decimals` places (those that the card shows) or more.

    >>> double = ValueExercise(
    ...     id="01-double",
    ...     title="Twice six",
    ...     difficulty=1,
    ...     minutes=1,
    ...     solution=12,
    ...     mistakes={
    ...         "half": ("This is half of six.", 3),
    ...         "square": ("This is six times six.", 36),
    ...         "same": ("This is six itself, taken once.", 6),
    ...     },
    ...     hints=("How much is six and six?", "One more than eleven."),
    ... )
    >>> double.mistakes[0]
    Mistake(name='half', message='This is half of six.', code=3)

    Raises ValueError if a part is missing or repeated.
    """

    id: str
    title: str
    difficulty: int
    minutes: int
    solution: Any
    mistakes: Mapping[str, tuple[str, Any]] | Sequence[Mistake]
    hints: tuple[str, ...]
    takeaway: str = ""
    rtol: float = 1e-5
    atol: float = 1e-7
    decimals: int | None = None

    def __post_init__(self) -> None:
        _check_id(self.id)
        if self.difficulty not in (1, 2, 3):
            raise ValueError(f"{self.id}: difficulty must be 1, 2 or 3, got {self.difficulty!r}")
        if not (isinstance(self.minutes, int) and self.minutes > 0):
            raise ValueError(f"{self.id}: minutes must be a positive int, got {self.minutes!r}")
        if len(self.hints) < 2 or len(set(self.hints)) < len(self.hints):
            raise ValueError(f"{self.id}: give at least two different hints, got {self.hints!r}")
        if isinstance(self.mistakes, Mapping):
            rows = self.mistakes.items()
            made = (Mistake(name, text, self._wrong(code)) for name, (text, code) in rows)
            object.__setattr__(self, "mistakes", tuple(made))
        names = [mistake.name for mistake in self.mistakes]
        messages = {mistake.message for mistake in self.mistakes}
        if len(names) < 3 or len(set(names)) < len(names) or len(messages) < len(names):
            raise ValueError(
                f"{self.id}: give at least three mistakes with different names and messages, "
                f"got {names}"
            )

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
    do without, each with the message for an answer that uses it.
    """

    cases: Callable[[np.random.Generator], Sequence[tuple[Any, ...]]]
    observe: Callable[..., Any] = lambda function, *args: function(*args)
    forbidden: Mapping[str, str] = field(default_factory=dict)


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
    """A question to commit to before the next cell is run. Exactly one option is right.

    Raises ValueError unless there are two to six different options, one right, each with a reason.
    """

    id: str
    question: str
    options: tuple[Option, ...]

    def __post_init__(self) -> None:
        _check_id(self.id)
        if not self.question.strip():
            raise ValueError(f"{self.id}: the question is missing")
        if not 2 <= len(self.options) <= 6:
            raise ValueError(f"{self.id}: give two to six options, got {len(self.options)}")
        if sum(option.right for option in self.options) != 1:
            raise ValueError(f"{self.id}: exactly one option must be right")
        for part in ("text", "why"):
            texts = {getattr(option, part).strip() for option in self.options}
            if len(texts) < len(self.options) or "" in texts:
                raise ValueError(f"{self.id}: every option needs its own {part!r}")


def _check_id(name: str) -> None:
    if not ID.fullmatch(name):
        raise ValueError(
            f"an id is the notebook's two digits and lower-case words, as in '01-softmax', "
            f"got {name!r}"
        )
