"""Is a training's number all right? Accepted as often as promised, and every fault told apart."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fpl_lib._files import RUNS
from fpl_lib.course.calls import check
from fpl_lib.course.checking import Mistake
from fpl_lib.course.checking.judge import NOT_ATTEMPTED, RIGHT, WRONG, judge
from fpl_lib.course.checking.spread import TrainingExercise
from fpl_lib.course.exercises import all_exercises
from fpl_lib.evidence.stats import prediction_interval

pytestmark = pytest.mark.slow

KNOWN = (36.0, 38.6, 36.1, 35.9, 36.3, 38.3)
TASK = TrainingExercise(
    id="99-all-right",
    title="Two trainings",
    difficulty=1,
    minutes=5,
    known=lambda: KNOWN,
    runs=2,
    solution=(36.5, 38.0),
    mistakes=(
        Mistake("share", "Accuracy is asked for in percent, not as a share.", (0.36, 0.38)),
        Mistake("errors", "This is the share of errors: subtract it from 100.", (64.0, 62.0)),
        Mistake("same seed", "Both networks grew from one seed: set it anew.", (37.0, 37.0)),
    ),
    hints=("First hint.", "Second hint."),
)
ONE = dataclasses.replace(TASK, id="99-one", runs=1, solution=37.0)


def test_as_many_right_answers_are_accepted_as_the_level_says():
    rng = np.random.default_rng(0)
    task = dataclasses.replace(TASK, level=0.9)
    verdicts = []
    for _ in range(2000):
        known, mine = rng.normal(60, 1, 8), rng.normal(60, 1, 2)
        one = dataclasses.replace(task, known=lambda known=known: known)
        verdicts.append(judge(one, mine).status)
    assert verdicts.count(RIGHT) / 2000 == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize("answer", [(36.5, 38.0), [38, 36], np.array([36.0, 37.0])])
def test_numbers_among_the_known_are_right_however_they_are_held(answer):
    verdict = judge(TASK, answer)
    assert verdict.status == RIGHT
    assert verdict.detail.startswith("6 known runs: mean 36.9 %, standard deviation 1.2 points.")
    assert "99 of 100 cases the mean of 2 further runs lies from" in verdict.detail


def test_one_run_may_lie_further_off_than_a_mean_of_two():
    both, one = (prediction_interval(KNOWN, level=0.99, runs=runs) for runs in (2, 1))
    assert one.low < both.low < both.high < one.high
    lonely = (one.low + both.low) / 2
    assert judge(ONE, lonely).status == RIGHT
    assert judge(TASK, (lonely - 0.1, lonely + 0.1)).status == WRONG


@pytest.mark.parametrize("mistake", TASK.mistakes, ids=lambda mistake: mistake.name)
@pytest.mark.parametrize("shift", [0.98, 1.0, 1.02])
def test_answers_like_a_mistakes_are_known_by_its_name(mistake, shift):
    values = shift * np.array(mistake.code)
    assert judge(TASK, values).mistake == mistake.name


def test_other_numbers_are_judged_by_their_distance():
    low, high = judge(TASK, (20.0, 21.0)), judge(TASK, (48.0, 50.0))
    assert low.reason.startswith("20.5 % is 16.4 points below") and "6 known" in low.detail
    assert high.reason.startswith("49.0 % is 12.1 points above")
    assert low.mistake is high.mistake is None


def test_one_number_twice_is_never_right():
    """Two seeds that give the very same count of right answers are one seed used twice."""
    chance = Mistake("chance", "A network that knows nothing is right in 10 %.", (9.0, 11.0))
    plain = dataclasses.replace(TASK, mistakes=(*TASK.mistakes[:2], chance))
    assert "the very same accuracy" in judge(plain, (37.0, 37.0)).reason


@pytest.mark.parametrize(
    "answer",
    [
        37.0,
        (37.0,),
        (36.0, 37.0, 38.0),
        "37",
        (True, False),
        (37.0, np.nan),
        (37.0, 137.0),
        [[36.0, 37.0]],
        lambda: (36.0, 37.0),
    ],
)
def test_what_is_no_accuracy_is_refused_with_what_was_expected(answer):
    verdict = judge(TASK, answer)
    assert verdict.status == WRONG and "2 accuracies in percent, one a seed" in verdict.reason


@pytest.mark.parametrize("answer", [..., None, (..., ...), [37.0, ...], [None, None]])
def test_a_stub_is_not_attempted(answer):
    assert judge(TASK, answer).status == NOT_ATTEMPTED


def test_a_right_answer_is_shown_its_neighbours(monkeypatch, capsys):
    monkeypatch.setattr("fpl_lib.course.calls.exercise", lambda name: ONE)
    check("99-one", 36.4)
    assert capsys.readouterr().out.split("\n") == [
        "✓ Right: Two trainings", judge(ONE, 36.4).detail, ""
    ]  # fmt: skip


def test_the_records_are_looked_for_in_the_repository():
    assert (RUNS / "table2").is_dir()


@pytest.mark.parametrize(
    "task",
    [task for task in all_exercises() if isinstance(task, TrainingExercise)],
    ids=lambda task: task.id,
)
def test_the_courses_exercises_can_tell_a_fault_from_a_seed(task):
    """Their known runs are recorded, and leave less than a quarter of 0 to 100 % to chance."""
    region = prediction_interval(task.known(), level=task.level, runs=task.runs)
    assert len(set(task.known())) >= 5
    assert region.high - region.low < 25
    assert 10 < region.low, "a network that guesses must not pass"
