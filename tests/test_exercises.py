"""Every exercise of the course: its solution accepted, each mistake rejected by name, no answer
that breaks the check, and words a student can use."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

import pytest
import torch
from repository import ROOT

import fpl_lib.course.calls as front
from fpl_lib.course.calls import MARKS
from fpl_lib.course.checking.judge import NOT_ATTEMPTED, RIGHT, WRONG, judge
from fpl_lib.course.checking.spread import TrainingExercise
from fpl_lib.course.exercises import (
    FigureExercise,
    FunctionExercise,
    ValueExercise,
    all_exercises,
    all_quizzes,
)

pytestmark = pytest.mark.slow

TASKS = all_exercises()
MISTAKES = [(task, mistake) for task in TASKS for mistake in task.mistakes]
SEEDS = range(1, 6)


def name(value) -> str:
    return getattr(value, "id", None) or str(getattr(value, "name", value)).replace(" ", "-")


def test_there_are_exercises_in_every_kind():
    assert {FunctionExercise, ValueExercise, FigureExercise} <= {type(task) for task in TASKS}
    assert len(MISTAKES) >= 3 * len(TASKS)
    assert set(MARKS) == {NOT_ATTEMPTED, RIGHT, WRONG}


def test_every_notebook_has_three_exercises_and_the_course_thirty_with_five_figures():
    notebooks = [path.name[:2] for path in (ROOT / "notebooks").glob("[0-9]*.ipynb")]
    count = Counter(task.id[:2] for task in TASKS)
    assert len(TASKS) >= 30 and sorted(count) == sorted(notebooks)
    assert {number: n for number, n in count.items() if n < 3} == {}
    assert sum(isinstance(task, FigureExercise) for task in TASKS) >= 5
    assert {task.difficulty for task in TASKS} == {1, 2, 3}


def seeds(task) -> range:
    """A value does not depend on the draw, nor does a figure."""
    return SEEDS if isinstance(task, FunctionExercise) else range(1)


@pytest.mark.parametrize("task", TASKS, ids=name)
def test_solution_is_accepted(task):
    for seed in seeds(task):
        verdict = judge(task, task.solution, seed)
        assert verdict.status == RIGHT, verdict


@pytest.mark.parametrize(("task", "mistake"), MISTAKES, ids=name)
def test_mistake_is_rejected_with_its_own_message(task, mistake):
    for seed in seeds(task):
        verdict = judge(task, mistake.code, seed)
        assert (verdict.status, verdict.mistake) == (WRONG, mistake.name), (seed, verdict)
        assert verdict.reason == mistake.message


@pytest.mark.parametrize("task", TASKS, ids=name)
def test_hints_open_one_after_the_other_each_after_a_try(task, monkeypatch, capsys):
    monkeypatch.setattr(front, "_progress", defaultdict(front._Progress))
    for number, text in enumerate(task.hints, start=1):
        for _ in range(2):  # a second look opens nothing
            front.hint(task.id)
            shown = capsys.readouterr().out
            assert f"Hint {number} of {len(task.hints)}: {text}\n" in shown
            assert all(later not in shown for later in task.hints[number:])
        front.check(task.id, f"a wrong answer, number {number}")
        assert f'Stuck? Run `hint("{task.id}")`.' in capsys.readouterr().out


def stub(*args): ...


def raising_stub(*args):
    raise NotImplementedError


@pytest.mark.parametrize("task", TASKS, ids=name)
def test_untouched_stub_is_not_attempted(task):
    answers = [..., None, (..., ...)]
    if not isinstance(task, ValueExercise | TrainingExercise):
        answers += [stub, raising_stub]
    assert {judge(task, answer).status for answer in answers} == {NOT_ATTEMPTED}


GARBAGE = ["nonsense", b"", -987654.5, float("nan"), [], {}, object(), 1j, torch.empty(0), range(7)]


@pytest.mark.parametrize("task", TASKS, ids=name)
def test_garbage_is_refused_without_an_exception(task):
    for value in GARBAGE:
        assert judge(task, value).status == WRONG, value
        assert judge(task, lambda *args, value=value: value).status == WRONG, value
    assert judge(task, lambda *args: 1 / 0).status == WRONG
    assert judge(task, lambda: None).status != RIGHT


@pytest.mark.parametrize(
    "task", [task for task in TASKS if isinstance(task, FunctionExercise)], ids=name
)
def test_draws_differ_and_are_reproducible(task):
    """Fresh inputs at every check, the same ones again for the same seed."""

    def seen(seed):
        inputs = []

        def spy(*args):
            inputs.append(repr(args))
            return task.solution(*args)

        assert judge(task, spy, seed).status == RIGHT
        return inputs

    assert seen(1) == seen(1)
    assert seen(1) != seen(2)


def words() -> list[tuple[str, str]]:
    """Every text that a student can come to read, with a name for it."""
    texts = []
    for task in TASKS:
        texts += [(f"{task.id} hint {i + 1}", hint) for i, hint in enumerate(task.hints)]
        texts += [(f"{task.id} {mistake.name}", mistake.message) for mistake in task.mistakes]
        texts += [(f"{task.id} takeaway", task.takeaway)] * bool(task.takeaway)
    for quiz in all_quizzes():
        texts.append((f"{quiz.id} question", quiz.question))
        texts += [(f"{quiz.id} {option.text}", option.why) for option in quiz.options]
    return texts


@pytest.mark.parametrize(("what", "text"), words(), ids=lambda value: value.replace(" ", "-")[:40])
def test_words_are_sentences_in_plain_type(what, text):
    """A message ends like a sentence and uses no markup that its card would not set."""
    assert text == " ".join(text.split())
    assert text.rstrip("`”)").endswith((".", "?", "!", "…"))
    assert text.count("`") % 2 == 0
    assert not re.search(r"(?<![\w`)])\*\w[^*`]*\*", text), "no emphasis: a card does not set it"
    assert "$" not in text and "**" not in text and "\\" not in text


def test_no_two_exercises_have_the_same_title_or_hint():
    titles = [task.title for task in TASKS]
    hints = [hint for task in TASKS for hint in task.hints]
    assert len(set(titles)) == len(titles) and len(set(hints)) == len(hints)


@pytest.mark.parametrize("quiz", all_quizzes(), ids=name)
def test_quiz_asks_a_question(quiz):
    assert quiz.question.rstrip().endswith("?")
    # A radio button's label is one line.
    assert max(len(option.text) for option in quiz.options) <= 110


def test_right_options_are_spread_over_the_letters():
    places = {next(i for i, o in enumerate(q.options) if o.right) for q in all_quizzes()}
    assert len(places) > 1 or len(all_quizzes()) < 3
