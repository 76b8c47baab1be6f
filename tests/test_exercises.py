"""Every exercise of the course: its solution accepted, each mistake rejected by name, no answer
that breaks the check, and words a student can use."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

import pytest
import torch
from repository import ROOT
from torch.nn.functional import cross_entropy

import fpl_lib.course.calls as front
from fpl_lib import FalsePositiveLoss, false_positive_loss
from fpl_lib.course.calls import MARKS
from fpl_lib.course.checking import FigureExercise, FunctionExercise, ValueExercise
from fpl_lib.course.checking.judge import NOT_ATTEMPTED, RIGHT, WRONG, judge
from fpl_lib.course.checking.spread import TrainingExercise
from fpl_lib.course.exercises import all_exercises, all_quizzes, exercise
from fpl_lib.course.exercises.nb03.terms import _taylor

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


BORROWED = {
    "01-mean-fpl": lambda z, target, alpha: false_positive_loss(z, target, alpha=alpha),
    "02-stable": lambda z, target: false_positive_loss(
        z.float(), target, alpha=(0, 1), reduction="none"
    ),
    "03-k-false": lambda z, target, k: FalsePositiveLoss(k=k)(z, target),
    "02-ce-gradient": lambda z, t: autograd_of(cross_entropy, z, t),
    "02-fpl-gradient": lambda z, t, a, b: autograd_of(
        lambda z, t: false_positive_loss(z, t, alpha=(a, b)), z, t
    ),
}


def autograd_of(loss, z, t):
    leaf = z.clone().requires_grad_()
    loss(leaf, torch.tensor(t)).backward()
    return leaf.grad


@pytest.mark.parametrize("name", BORROWED)
def test_what_a_card_forbids_is_refused_by_name(name):
    verdict = judge(exercise(name), BORROWED[name], 1)
    assert verdict.status == WRONG, verdict
    assert re.search("library's loss|autograd", verdict.reason)


def test_a_term_that_is_detached_is_refused_by_name():
    verdict = judge(exercise("03-taylor"), lambda r, t: _taylor(r.detach(), t), 1)
    assert verdict.status == WRONG and "`.detach()`" in verdict.reason


def test_a_stable_loss_may_be_written_in_several_ways():
    def parts(z, target):
        z, rows = z.float(), torch.arange(len(z))
        others = z.clone()
        others[rows, target] = -torch.inf
        false = others.argmax(1)
        rest = torch.where(torch.arange(z.shape[1]) == false[:, None], -torch.inf, z)
        return z[rows, false], rest.logsumexp(1)

    def with_softplus(z, target):
        z_false, rest = parts(z, target)
        return torch.nn.functional.softplus(z_false - rest)

    def with_logaddexp(z, target):
        z_false, rest = parts(z, target)
        return torch.logaddexp(torch.zeros_like(rest), z_false - rest)

    for answer in (with_softplus, with_logaddexp):
        verdict = judge(exercise("02-stable"), answer, 1)
        assert verdict.status == RIGHT, verdict


def test_the_cards_example_of_a_tie_decides():
    """`fpl_gradient(torch.zeros(3), 0, 1.0, 1.0)`, as printed."""
    found = exercise("02-fpl-gradient").solution(torch.zeros(3), 0, 1.0, 1.0)
    torch.testing.assert_close(found, torch.tensor([-5 / 6, 2 / 3, 1 / 6]))


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
