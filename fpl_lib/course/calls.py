"""The exercises' checks, hints and quizzes, as a notebook calls them.

    check("01-softmax", softmax)      # not attempted, right, or not yet and why
    hint("01-softmax")                # one hint at a time, each after another try
    predict("01-which-is-larger")     # a question to answer before the answer is shown
    recall("01-which-is-larger")      # in a later notebook: what was answered to it

Graders have `fpl_lib.course.grading.grade`. The exercises are data, in `fpl_lib/course/exercises`.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from dataclasses import dataclass, replace
from types import CodeType
from typing import Any

from fpl_lib.course.checking.compare import show_value
from fpl_lib.course.checking.display import BLUE, GREEN, GREY, RED, box, inline
from fpl_lib.course.checking.figures import describe
from fpl_lib.course.checking.judge import NOT_ATTEMPTED, RIGHT, WRONG, Verdict, judge
from fpl_lib.course.checking.kinds import Exercise
from fpl_lib.course.checking.quizzes import ask, feedback
from fpl_lib.course.exercises import exercise, quiz
from fpl_lib.course.kept import guesses
from fpl_lib.plots.style import publish, show

MARKS = {NOT_ATTEMPTED: "○", RIGHT: "✓", WRONG: "✗"}
_EDGES = {NOT_ATTEMPTED: GREY, RIGHT: GREEN, WRONG: RED}


@dataclass
class _Progress:
    """What the running kernel remembers of one exercise."""

    checks: int = 0
    tries: int = 0
    last_try: str = ""
    hints_open: int = 0
    tries_at_hint: int = 0


_progress: defaultdict[str, _Progress] = defaultdict(_Progress)


def check(name: str, answer: Any = ...) -> None:
    """Check an answer and print one status: ○ not attempted, ✓ right, or ✗ not yet and why.

    Every call draws fresh random inputs. A wrong answer never raises, so that a notebook runs to
    its end. Raises ValueError for an unknown exercise.

    >>> check("01-no-such-exercise", 1)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: there is no exercise '01-no-such-exercise'; did you mean ...
    """
    task = exercise(name)
    state = _progress[name]
    state.checks += 1
    found, said = verdict(task, answer, seed=state.checks)
    if found.status == WRONG and (mark := _fingerprint(answer)) != state.last_try:
        state.tries += 1
        state.last_try = mark
    if found.figure is not None:
        try:
            with warnings.catch_warnings():  # such as that the font lacks a letter
                warnings.simplefilter("ignore")
                show(found.figure, alt=describe(found.figure))
        except Exception as error:  # too wide a figure, or a slip in a formula's text
            said += f"\nYour figure cannot be shown: {error}"
    if found.status == WRONG:
        said += f'\nStuck? Run `hint("{name}")`.'
    _say(said, _EDGES[found.status])


def hint(name: str) -> None:
    """Open the next hint of an exercise: the first is free, each further one costs another try.

    A try is a checked answer that is wrong and not the same as the last one. Hints once opened
    stay open. Raises ValueError for an exercise that does not exist.
    """
    task = exercise(name)
    state = _progress[name]
    total = len(task.hints)
    note = ""
    if state.hints_open < total and (not state.hints_open or state.tries > state.tries_at_hint):
        state.hints_open += 1
        state.tries_at_hint = state.tries
    elif state.hints_open < total:
        note = f"Hint {state.hints_open + 1} opens after another try: change your answer, check it."
    lines = [f"Hint {i + 1} of {total}: {task.hints[i]}" for i in range(state.hints_open)]
    if not note:
        left = total - state.hints_open
        note = f"{left} more after another try." if left else "That was the last one."
    _say("\n".join([*lines, note]), BLUE)


def card(name: str) -> str:
    """The line of Markdown that stands above an exercise (`make student` keeps it up to date)."""
    task = exercise(name)
    stars = "★" * task.difficulty + "☆" * (3 - task.difficulty)
    unit = "minute" if task.minutes == 1 else "minutes"
    return (
        f"**Exercise · {task.title}** · difficulty {stars} · about {task.minutes} {unit} · "
        f'{len(task.hints)} hints: `hint("{task.id}")`'
    )


def predict(name: str) -> None:
    """Ask a quiz question: pick an answer, then read why it is right or wrong.

    A running notebook shows buttons. Elsewhere each option opens its own explanation, so that
    the question works on a web page as well.
    """
    ask(quiz(name))


def recall(name: str) -> None:
    """Come back to a quiz of an earlier notebook: what was answered there, and what is true.

    Where nothing was answered, the question is asked now. Raises ValueError for an unknown one.
    """
    question, said = quiz(name), guesses().get(name)
    picked = next((option for option in question.options if option.text == said), None)
    if picked is None:
        ask(replace(question, answered_in=""))
        return
    text = f"{question.question}\nYou said: {picked.text}"
    card = f"<p>{inline(question.question)}<br><b>You said:</b> {inline(picked.text)}</p>"
    publish({"text/plain": text, "text/html": card + feedback(picked)})


def verdict(task: Exercise, answer: Any, seed: int) -> tuple[Verdict, str]:
    """The verdict on an answer, on inputs drawn from `seed`, and the words for it. Never raises."""
    try:
        found = judge(task, answer, seed)
    except Exception as error:  # an answer can break in ways that nobody foresaw
        found = Verdict(WRONG, f"this answer cannot be read: {type(error).__name__}: {error}")
    mark, detail = MARKS[found.status], f"\n{found.detail}" if found.detail else ""
    if found.status == NOT_ATTEMPTED:
        return found, f"{mark} Not attempted: {task.title}"
    if found.status == RIGHT:
        learnt = f". {task.takeaway}" if task.takeaway else ""
        return found, f"{mark} Right: {task.title}{learnt}{detail}"
    return found, f"{mark} Not yet: {found.reason}{detail}"


def _say(text: str, edge: str) -> None:
    publish({"text/plain": text, "text/html": box(text, edge)})


def _fingerprint(answer: Any) -> str:
    """Something that changes when a student edits an answer, and not when a cell is run again."""
    code = getattr(answer, "__code__", None)
    if code is None:
        return show_value(answer)

    def parts(code: CodeType) -> tuple:
        inner = [parts(one) if isinstance(one, CodeType) else one for one in code.co_consts]
        return code.co_code, inner, code.co_names

    return repr(parts(code))
