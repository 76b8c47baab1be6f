"""Notebook 09's exercises on judging: findings with their intervals, and sentences about them."""

from __future__ import annotations

from fpl_lib.course.checking import ValueExercise

B, N, D, O = "borne out", "not borne out", "no difference", "open"  # noqa: E741

JUDGE = ValueExercise(
    id="09-judge",
    title="You are the judge",
    difficulty=2,
    minutes=7,
    solution=(O, B, N, O, N, D),
    mistakes={
        "estimate for evidence": (
            "In the first and fourth case the estimate is on the claim's side, but the interval "
            "holds 0: equal losses are not ruled out.",
            (B, B, N, B, N, D),
        ),
        "open for none": (
            "An interval that holds 0 does not say that there is no difference. For that it would "
            "have to lie within ± 0.3, and in the first and fourth case it reaches beyond.",
            (D, B, N, D, N, D),
        ),
        "open for wrong": (
            "An interval that holds 0 decides nothing against a claim: the first and the fourth "
            "case are open.",
            (N, B, N, N, N, D),
        ),
        "size ignored": (
            "The fifth claim names a size, at least 0.3 points. Its interval ends below 0.3: the "
            "direction is right, the claim is not.",
            (O, B, N, O, B, D),
        ),
        "size left open": (
            "The fifth interval does not hold 0.3, nor anything above: that claim is decided.",
            (O, B, N, O, O, D),
        ),
        "margin for a size": (
            "The fifth interval lies within the margin, but the claim was of 0.3 points or more, "
            "and that is decided.",
            (O, B, N, O, D, D),
        ),
        "margin overlooked": (
            "The last interval holds 0, but more can be said: the whole of it lies within the "
            "margin, ± 0.3 points.",
            (O, B, N, O, N, O),
        ),
        "direction missed": (
            "In the third case the whole interval lies on the other side of 0: that is more than "
            "open.",
            (O, B, O, O, N, D),
        ),
        "single run": (
            "The fourth is a single run of each loss, and its interval, made from an expected "
            "spread, holds 0.",
            (O, B, N, B, N, D),
        ),
        "small n": (
            "Five or ten pairs may do: what counts is that the interval excludes 0. A t interval "
            "has paid for the small n already.",
            (O, O, N, O, N, D),
        ),
    },
    hints=(
        "Ask of each interval: is 0 inside? If not, on which side does it lie? If so, how far does "
        "it reach?",
        "For a claim of a size, ask the same with that size in place of 0.",
    ),
    takeaway="Every word but open needs an interval that leaves no doubt; open is a result as "
    "well.",
)

SENTENCES = ValueExercise(
    id="09-sentences",
    title="The honest sentence",
    difficulty=2,
    minutes=8,
    solution=("c", "e", "a", "d", "b"),
    mistakes={
        "n and interval swapped": (
            "The first and the second are swapped. Which of the two gives several runs, but not "
            "how far they scatter?",
            ("e", "c", "a", "d", "b"),
        ),
        "setting and selection swapped": (
            "The third and the fourth are swapped. Which of the two reads the test set to choose a "
            "number?",
            ("c", "e", "d", "a", "b"),
        ),
        "equality and setting swapped": (
            "The third and the fifth are swapped. Which of the two speaks of more than was "
            "measured?",
            ("c", "e", "b", "d", "a"),
        ),
        "equality and interval swapped": (
            "The second and the fifth are swapped. A p-value above 0.05 is no proof of equality.",
            ("c", "b", "a", "d", "e"),
        ),
        "equality and single run swapped": (
            "The first and the fifth are swapped. How many runs of each loss does the first "
            "sentence rest on?",
            ("b", "e", "a", "d", "c"),
        ),
    },
    hints=(
        "Start with the fourth: who chose epoch 187, and by which images?",
        "The fifth turns a large p-value into a statement. Which one may one not make of it?",
    ),
    takeaway="Setting, n, estimate, interval, and who chose what: five things in one sentence.",
)
