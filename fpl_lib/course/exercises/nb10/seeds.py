"""Notebook 10's exercises on seeds: how many before you start, and is this run like its kind."""

from __future__ import annotations

import numpy as np

from fpl_lib.course.checking import FunctionExercise, TrainingExercise
from fpl_lib.evidence.planning import seeds_needed


def _plan(mine: np.ndarray, ce: np.ndarray, difference: float) -> int:
    return seeds_needed(difference, float((mine - ce).std(ddof=1)), paired=True)


def _pilots(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray, float]]:
    cases = []
    for shared in (1.5, 0.2):  # pairs that move together, and pairs that hardly do
        luck = shared * rng.standard_normal(5)
        mine, ce = 60 + luck + 0.8 * rng.standard_normal((2, 5))
        sd = (mine - ce).std(ddof=1)
        mine += 0.6 * sd - (mine - ce).mean()  # a pilot whose mean is no guide to the answer
        cases.append((mine, ce, float(sd * rng.uniform(0.25, 0.35))))
    return cases


PLAN = FunctionExercise(
    id="10-plan",
    title="How many seeds, before you start",
    difficulty=2,
    minutes=7,
    solution=_plan,
    cases=_pilots,
    mistakes={
        "one loss's spread": (
            "You took the spread of one loss over seeds. In pairs, what counts is the spread of "
            "the differences.",
            lambda mine, ce, d: seeds_needed(d, float(mine.std(ddof=1)), paired=True),
        ),
        "not paired": (
            "These are the seeds for two independent groups, with a spread that is one of pairs: "
            "say `paired=True`.",
            lambda mine, ce, d: seeds_needed(d, float((mine - ce).std(ddof=1))),
        ),
        "ddof": (
            "`std` divides by n by default, which is too small for a sample: `ddof=1`.",
            lambda mine, ce, d: seeds_needed(d, float((mine - ce).std()), paired=True),
        ),
        "variance": (
            "This takes the variance where a standard deviation belongs.",
            lambda mine, ce, d: seeds_needed(d, float((mine - ce).var(ddof=1)), paired=True),
        ),
        "the pilot's difference": (
            "You plan for the difference that the pilot happened to show. Plan for the one that "
            "you would not want to miss.",
            lambda mine, ce, d: seeds_needed(
                float((mine - ce).mean()), float((mine - ce).std(ddof=1)), paired=True
            ),
        ),
        "standard error": (
            "You divided by the root of the pilot's size. The spread of single differences is "
            "wanted: the seeds are what we look for.",
            lambda mine, ce, d: seeds_needed(
                d, float((mine - ce).std(ddof=1)) / len(mine) ** 0.5, paired=True
            ),
        ),
    },
    hints=(
        "Which numbers would the test be about? Their standard deviation is the one to use.",
        "A pilot is a sample, and its standard deviation divides by n - 1. Which default does "
        "NumPy's `std` have?",
    ),
    takeaway="A pilot tells the spread. What difference matters to you it cannot tell.",
)

KNOWN = (43.5, 39.4, 39.6, 40.7, 39.3, 39.2, 38.8, 40.9)
"""Validation accuracy of the exercise's loss by `contest.rehearse`, seeds 0 to 7 (%)."""

REHEARSE = TrainingExercise(
    id="10-rehearse",
    title="One of its kind",
    difficulty=2,
    minutes=8,
    solution=40.0,
    known=lambda: KNOWN,
    mistakes={
        "share": ("Accuracy is asked for in percent: this is a share.", 0.402),
        "errors": ("This is the share of wrong answers: subtract it from 100.", 59.8),
        "chance": (
            "One in ten is what guessing gives. Was the network trained, and by this loss?",
            10.0,
        ),
        "the training images": (
            "That many are right of the images it was trained on. Hand in the stage as "
            "`rehearsal_data` made it: its test images are held out.",
            68.8,
        ),
    },
    hints=(
        "A factory that ignores the counts would do for CE. FPL's weights need them: "
        "`lambda counts: GradientMatched(FalsePositiveLoss(class_alpha(counts)), ...)`.",
        "`contest.rehearse` gives a list of records, here of one; its `result` is a dictionary "
        'with the key "top1".',
    ),
    takeaway="A number that is one of its kind. Whether the kind is better is another question.",
)
