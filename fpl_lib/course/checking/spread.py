"""Exercises whose answer is what a training gave: is my number all right?

Accuracy differs from seed to seed, and in its last digits from machine to machine. So a student's
runs are compared with known runs of the same recipe from other seeds: they are all right if their
mean lies where the mean of as many further runs like them would lie.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fpl_lib.course.checking.compare import as_numbers
from fpl_lib.course.checking.guard import has_blank
from fpl_lib.course.checking.judge import NOT_ATTEMPTED, RIGHT, WRONG, Verdict, judge
from fpl_lib.course.checking.kinds import ValueExercise
from fpl_lib.evidence.stats import Interval, prediction_interval


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingExercise(ValueExercise):
    """The answer is the accuracy in percent of `runs` trainings, one a seed (a number, if one).

    `known()` gives the accuracies of runs by the same recipe from other seeds, at least five. An
    answer is right if its mean lies where the mean of as many further runs lies with probability
    `level`. A mistake's code is what it typically gives; answers as near to that, in proportion,
    are taken for it, and so is one number repeated where the mistake repeats one.
    """

    known: Callable[[], Sequence[float]]
    runs: int = 1
    level: float = 0.99


@judge.register
def _(exercise: TrainingExercise, answer: Any, seed: int = 0) -> Verdict:
    # A stub that trains nothing gives None for each seed.
    untouched = isinstance(answer, tuple | list) and answer and all(one is None for one in answer)
    if untouched or has_blank(answer):
        return Verdict(NOT_ATTEMPTED)
    given, fault = _accuracies(answer, exercise.runs)
    if fault:
        return Verdict(WRONG, fault)
    known = np.asarray(exercise.known(), dtype=float)
    region = prediction_interval(known, level=exercise.level, runs=exercise.runs)
    said = _in_words(known, region, exercise)
    if given.mean() in region and not _repeats(given):
        return Verdict(RIGHT, detail=said)
    for mistake in exercise.mistakes:
        if _is_like(np.atleast_1d(mistake.code), given, region):
            return Verdict(WRONG, mistake.message, said, mistake=mistake.name)
    if _repeats(given):
        reason = f"{exercise.runs} different seeds do not give the very same accuracy: is it reset?"
        return Verdict(WRONG, reason, said)
    way = "below" if given.mean() < region.low else "above"
    distance = abs(given.mean() - region.estimate)
    return Verdict(
        WRONG,
        f"{given.mean():.1f} % is {distance:.1f} points {way} the known runs' mean: too far to be "
        "the seeds. Something in the training or in the test differs",
        said,
    )


def _accuracies(answer: Any, runs: int) -> tuple[np.ndarray, str]:
    """The answer as `runs` float64 numbers, or what is wrong with it."""
    one = "an accuracy in percent" if runs == 1 else f"{runs} accuracies in percent, one a seed"
    if callable(answer):
        return np.empty(0), f"the answer is {one}, not a function: call it"
    numbers = as_numbers(answer)
    if numbers is None or numbers.dtype.kind == "b" or numbers.ndim > 1 or numbers.size != runs:
        return np.empty(0), f"expected {one}"
    values = numbers.astype(float).reshape(runs)
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > 100:
        return np.empty(0), f"expected {one}, from 0 to 100"
    return values, ""


def _repeats(values: np.ndarray) -> bool:
    return len(values) > 1 and bool((values == values[0]).all())


def _is_like(mistaken: np.ndarray, given: np.ndarray, region: Interval) -> bool:
    """Whether `given` lies as near to what a mistake gives as a right answer does to the known."""
    share = (region.high - region.low) / 2 / region.estimate
    near = abs(given.mean() - mistaken.mean()) <= share * abs(mistaken.mean())
    return bool(near) and _repeats(mistaken) == _repeats(given)


def _in_words(known: np.ndarray, region: Interval, exercise: TrainingExercise) -> str:
    further = "one further run" if exercise.runs == 1 else f"the mean of {exercise.runs} further"
    return (
        f"{len(known)} known runs: mean {known.mean():.1f} %, standard deviation "
        f"{known.std(ddof=1):.1f} points. In {100 * exercise.level:g} of 100 cases {further} "
        f"{'lies' if exercise.runs == 1 else 'runs lies'} from {region.low:.1f} to "
        f"{region.high:.1f} %."
    )
