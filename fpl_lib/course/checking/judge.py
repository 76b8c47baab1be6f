"""From an exercise and an answer to a verdict: not attempted, right, or wrong and why."""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fpl_lib.course.checking.compare import agree, difference, show_apart, show_value, size
from fpl_lib.course.checking.guard import (
    Outcome,
    Refused,
    TooSlow,
    has_blank,
    run,
    same_outcome,
    where,
)
from fpl_lib.course.checking.kinds import Exercise, FunctionExercise, ValueExercise

NOT_ATTEMPTED, RIGHT, WRONG = "not attempted", "right", "wrong"


@dataclass(frozen=True)
class Verdict:
    """The outcome of a check: `reason` is a sentence, `detail` the smallest failing case below it.

    `mistake` is the name of the mistake that was recognised, if one was; `figure` the student's.
    """

    status: str
    reason: str = ""
    detail: str = ""
    mistake: str | None = None
    figure: Any = None


@functools.singledispatch
def judge(exercise: Exercise, answer: Any, seed: int = 0) -> Verdict:
    """Judge an answer on inputs drawn from `seed`. Whatever the answer is or does, this returns.

    Raises TypeError only if `exercise` is not one of the three kinds.
    """
    raise TypeError(f"cannot judge a {type(exercise).__name__}")


@judge.register
def _(exercise: ValueExercise, answer: Any, seed: int = 0) -> Verdict:
    if has_blank(answer):
        return Verdict(NOT_ATTEMPTED)
    if callable(answer):
        return Verdict(WRONG, "the answer is a value, not a function: call it, or write the value")
    tolerance = tolerance_of(exercise)
    right, given = Outcome(exercise.solution), Outcome(answer)
    if same_outcome(right, given, **tolerance):
        return Verdict(RIGHT)
    for mistake in exercise.mistakes:
        if same_outcome(Outcome(mistake.code), given, **tolerance):
            return Verdict(WRONG, mistake.message, mistake=mistake.name)
    reason = difference(exercise.solution, answer, what="your answer", **tolerance)
    if reason == "your answer is off":
        way = "small" if float(answer) < float(exercise.solution) else "large"
        reason = f"{show_apart(exercise.solution, answer)[1]} is too {way}"
    return Verdict(WRONG, reason)


@judge.register
def _(exercise: FunctionExercise, answer: Any, seed: int = 0) -> Verdict:
    if has_blank(answer):
        return Verdict(NOT_ATTEMPTED)
    if not callable(answer):
        got = show_value(answer)
        return Verdict(WRONG, f"expected a function, got {got}: pass it without calling it")
    rng = np.random.default_rng([zlib.crc32(exercise.id.encode()), seed])
    cases = [tuple(case) for case in exercise.cases(rng)]
    tolerance = tolerance_of(exercise)

    def outcome(function: Callable[..., Any], case: tuple[Any, ...], **seed: int) -> Outcome:
        return run(functools.partial(exercise.observe, function), case, **seed)

    given = []
    for case in cases:
        given.append(outcome(answer, case))
        if given[-1].blank:
            return blank_verdict(given[-1], answer)
        if isinstance(given[-1].error, TooSlow):
            return Verdict(WRONG, raised(given[-1].error))
    right = [outcome(exercise.solution, case) for case in cases]
    wrong = [i for i in range(len(cases)) if not same_outcome(right[i], given[i], **tolerance)]
    if not same_outcome(given[0], outcome(answer, cases[0], seed=1)):
        return Verdict(WRONG, "two calls with the same input gave two different results")
    if not wrong:
        used = next((name for name in exercise.forbidden if uses(answer, name)), None)
        return Verdict(WRONG, exercise.forbidden[used]) if used else Verdict(RIGHT)
    for mistake in exercise.mistakes:
        mistaken = [outcome(mistake.code, case) for case in cases]
        if recognised(right, mistaken, given, tolerance):
            return Verdict(WRONG, mistake.message, mistake=mistake.name)
    smallest = min(wrong, key=lambda i: size(cases[i]))
    inputs = _inputs(exercise.solution, cases[smallest])
    return _explain(right[smallest], given[smallest], inputs, tolerance)


def uses(function: Callable[..., Any], name: str) -> bool:
    """Whether a function, or one of the same notebook that it calls, uses this name anywhere.

    What was given another name before, or is an instance of a class of this name, counts, too.

    >>> uses(lambda z: np.linalg.norm(z), "norm"), uses(lambda z: z.sum(), "norm")
    (True, False)
    """
    seen, waiting = set(), [function]
    while waiting:
        code = getattr(part := waiting.pop(), "__code__", part)
        if not inspect.iscode(code) or code in seen:
            continue
        seen.add(code)
        if name in code.co_names:
            return True
        waiting += code.co_consts
        known = getattr(part, "__globals__", {})
        called = [known[other] for other in code.co_names if other in known]
        if any(name in (getattr(f, "__name__", ""), type(f).__name__) for f in called):
            return True
        waiting += [f for f in called if getattr(f, "__module__", "") == function.__module__]
    return False


def recognised(
    right: Sequence[Outcome],
    mistaken: Sequence[Outcome],
    given: Sequence[Outcome],
    tolerance: dict[str, float],
) -> bool:
    """Whether `given` does what the mistake does wherever that differs from the solution."""
    telling = [
        (mistake, mine)
        for solution, mistake, mine in zip(right, mistaken, given, strict=True)
        if not same_outcome(solution, mistake, **tolerance)
    ]
    return bool(telling) and all(same_outcome(*pair, **tolerance) for pair in telling)


def blank_verdict(outcome: Outcome, answer: Any) -> Verdict:
    """The verdict on a function that gave nothing: an untouched stub, or a forgotten return."""
    if outcome.error is not None or outcome.value is not None or _is_stub(answer):
        return Verdict(NOT_ATTEMPTED)
    return Verdict(WRONG, "your function returns None: does it end with `return`?")


def raised(error: BaseException) -> str:
    """The reason to print when an answer raised an exception."""
    if isinstance(error, TooSlow | Refused):
        return str(error)
    text = textwrap.shorten(str(error), 200, placeholder=" …")
    line = where(error)
    place = f", in the line `{line}`" if line else ""
    return f"it raises {type(error).__name__}: {text}{place}"


def tolerance_of(exercise: Exercise) -> dict[str, float]:
    """How closely numbers must agree in this exercise."""
    rounded = 0.0 if exercise.decimals is None else 0.5001 * 10.0**-exercise.decimals
    return {"rtol": exercise.rtol, "atol": max(exercise.atol, rounded)}


def _explain(
    right: Outcome,
    given: Outcome,
    inputs: list[tuple[str, Any]],
    tolerance: dict[str, float],
) -> Verdict:
    """The generic reason for one failing case, with the case itself where that helps."""
    if given.error is not None:
        return Verdict(WRONG, raised(given.error), _table(inputs))
    if right.error is not None:
        kind = type(right.error).__name__
        return Verdict(WRONG, f"it returns a value where {kind} is expected", _table(inputs))
    if given.value is None:
        return Verdict(WRONG, "your function prints its result but returns None: add `return`")
    if given.changed and not right.changed:
        return Verdict(WRONG, "your function changes its input: work on a copy of it")
    expected, got, what = right.value, given.value, "the result"
    if isinstance(expected, dict) and isinstance(got, dict) and expected.keys() == got.keys():
        # Several things that were asked for: name the first that is not as it should be.
        what = next(key for key in expected if not agree(expected[key], got[key], **tolerance))
        expected, got = expected[what], got[what]
        if isinstance(expected, bool | str):
            return Verdict(WRONG, f"look again at {what}", _table(inputs))
    reason = difference(expected, got, what=what, **tolerance)
    shown = zip(("expected", "got"), show_apart(expected, got), strict=True)
    return Verdict(WRONG, reason, _table(inputs, list(shown)))


def _inputs(solution: Callable[..., Any], case: tuple[Any, ...]) -> list[tuple[str, Any]]:
    """The arguments of a case, each with the name that the solution gives it."""
    parameters = inspect.signature(solution).parameters.values()
    names = [one.name for one in parameters if one.kind is not one.KEYWORD_ONLY]
    if len(names) != len(case):
        names = [f"input {number}" for number in range(1, len(case) + 1)]
    return list(zip(names, case, strict=False))


def _table(inputs: Sequence[tuple[str, Any]], shown: Sequence[tuple[str, str]] = ()) -> str:
    """Lines `name = value` with the values, and the rows of a matrix, one under the other."""
    pairs = [*((name, show_value(value)) for name, value in inputs), *shown]
    width = max((len(name) for name, _ in pairs), default=0)
    lines = []
    for name, text in pairs:
        start = f"  {name:{width}} = "
        lines.append(start + text.replace("\n", "\n" + " " * len(start)))
    return "\n".join(lines)


def _is_stub(answer: Any) -> bool:
    """Whether a function still waits for work: a `...` or NotImplementedError, or nothing at all.

    What stands below a `...` on a line of its own is work done. Without its source (a function
    typed at a prompt, a callable object) it counts as a stub.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(answer)))
    except (OSError, TypeError, SyntaxError):
        return True
    body = next((n.body for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)), [])
    kept = [i for i, statement in enumerate(body) if _is_dots(getattr(statement, "value", None))]
    work = body[kept[-1] + 1 :] if kept else body
    nodes = [node for statement in work for node in ast.walk(statement)]
    # `z[..., 0]` is work done; a `...` by itself is work to do.
    indices = [part for n in nodes if isinstance(n, ast.Subscript) for part in ast.walk(n)]
    return all(map(_is_idle, work)) or any(
        (_is_dots(node) and node not in indices)
        or (isinstance(node, ast.Name) and node.id == "NotImplementedError")
        for node in nodes
    )


def _is_idle(statement: ast.stmt) -> bool:
    """Whether a statement does nothing, as a docstring or `pass`."""
    return isinstance(getattr(statement, "value", statement), ast.Pass | ast.Constant)


def _is_dots(node: Any) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...
