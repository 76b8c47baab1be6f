"""A hidden test's judgement: on draws of its own, with one sentence for the feedback."""

from __future__ import annotations

import zlib
from collections import defaultdict

import numpy as np
import pytest
import torch
import trial_exercises as trial
from IPython.core.interactiveshell import InteractiveShell

from fpl_lib.course import calls
from fpl_lib.course.calls import check
from fpl_lib.course.checking import FunctionExercise
from fpl_lib.course.exercises import all_exercises
from fpl_lib.course.grading import grade as grading
from fpl_lib.course.grading.grade import ExerciseFailed, grade


@pytest.fixture(autouse=True)
def known(monkeypatch):
    trial.install(monkeypatch.setattr)
    monkeypatch.setattr(calls, "_progress", defaultdict(calls._Progress))


def test_it_is_silent_for_a_right_answer_and_raises_why_for_a_wrong_one(capsys):
    for task in trial.EXERCISES:
        grade(task.id, task.solution)
        with pytest.raises(ExerciseFailed, match="^○ Not attempted"):
            grade(task.id)
        for mistake in task.mistakes:
            with pytest.raises(ExerciseFailed) as caught:
                grade(task.id, mistake.code)
            assert mistake.message in str(caught.value)
    assert capsys.readouterr().out == ""
    assert not calls._progress, "grading opens no hints"


def test_an_answer_that_is_right_only_for_one_draw_is_found(capsys):
    first = np.random.default_rng([zlib.crc32(b"99-softmax"), 1])
    known = {tuple(z.shape) for (z,) in trial.SOFTMAX.cases(first)}

    def learnt_by_heart(z):
        return torch.softmax(z, 1) if tuple(z.shape) in known else torch.softmax(z, 0)

    check("99-softmax", learnt_by_heart)
    assert capsys.readouterr().out.startswith("✓")
    with pytest.raises(ExerciseFailed):
        grade("99-softmax", learnt_by_heart)


def test_a_notebook_shows_the_sentence_and_no_traceback(capsys):
    shell = InteractiveShell.instance()
    shell.run_cell('from fpl_lib.course.grading.grade import grade\ngrade("99-half", 50)')
    InteractiveShell.clear_instance()
    said = capsys.readouterr().out.strip()
    assert said == "✗ Not yet: Answer with a probability between 0 and 1, not in percent."


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
    assert not seen & {drawn(seed) for seed in grading._SEEDS}
