"""A hidden test's judgement: of fresh copies, on draws of its own, with nothing left behind."""

from __future__ import annotations

import sys
import zlib

import numpy as np
import pytest
import trial_exercises as trial

import fpl_lib.course.calls
from fpl_lib.course import exercises
from fpl_lib.course.checking import judge
from fpl_lib.course.exercises import FunctionExercise, all_exercises
from fpl_lib.course.grading.grade import grade


@pytest.fixture(autouse=True)
def known(monkeypatch):
    trial.install(monkeypatch.setattr)


def test_it_is_silent_for_a_right_answer_and_raises_why_for_a_wrong_one(capsys):
    for task in trial.EXERCISES:
        grade(task.id, task.solution)
        with pytest.raises(AssertionError, match="^○ Not attempted"):
            grade(task.id)
        for mistake in task.mistakes:
            with pytest.raises(AssertionError) as caught:
                grade(task.id, mistake.code)
            assert mistake.message in str(caught.value)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["check", "_judge", "exercise"])
def test_a_changed_check_module_does_not_decide(monkeypatch, name):
    monkeypatch.setattr(fpl_lib.course.calls, name, lambda *args, **kwargs: trial.HALF)
    with pytest.raises(AssertionError, match="Answer with a probability"):
        grade("99-half", 50)


def test_changed_exercises_do_not_decide(monkeypatch):
    monkeypatch.setattr(judge, "RIGHT", "wrong")
    monkeypatch.setattr(judge, "same_outcome", lambda *args, **kwargs: True)
    object.__setattr__(trial.HALF, "solution", 50)
    try:
        with pytest.raises(AssertionError):
            grade("99-half", 50)
    finally:
        object.__setattr__(trial.HALF, "solution", 0.5)


def test_it_leaves_the_notebooks_own_modules_as_they_were():
    def judges():
        return {name: module for name, module in sys.modules.items() if "fpl_lib." in name}

    before = judges()
    grade("99-half", 0.5)
    grade("99-softmax", trial.SOFTMAX.solution)
    assert judges() == before
    assert (
        fpl_lib.course.calls is sys.modules["fpl_lib.course.calls"]
        and fpl_lib.course.exercises is exercises
    )


def test_an_unknown_exercise_is_an_error():
    with pytest.raises(ValueError, match="no exercise '99-haf'; did you mean 99-half"):
        grade("99-haf", 0.5)


@pytest.mark.parametrize(
    "task",
    [task for task in all_exercises() if isinstance(task, FunctionExercise)],
    ids=lambda task: task.id,
)
def test_hidden_tests_draw_other_inputs_than_any_check_of_a_student(task):
    def drawn(seed):
        return repr(task.cases(np.random.default_rng([zlib.crc32(task.id.encode()), seed])))

    seen = {drawn(seed) for seed in range(1, 6)}
    assert not seen & {drawn(seed) for seed in fpl_lib.course.calls._GRADING_SEEDS}
