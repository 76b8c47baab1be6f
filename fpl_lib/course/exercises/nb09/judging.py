"""Notebook 09's exercises on judging: findings with their intervals, and sentences about them."""

from __future__ import annotations

from fpl_lib.course.checking import ValueExercise

B, N, D, O = "borne out", "not borne out", "no difference", "open"  # noqa: E741

JUDGE = ValueExercise(
    "09-judge",
    solution=(O, B, N, O, N, D),
    mistakes={
        "estimate for evidence": (B, B, N, B, N, D),
        "open for none": (D, B, N, D, N, D),
        "open for wrong": (N, B, N, N, N, D),
        "size ignored": (O, B, N, O, B, D),
        "size left open": (O, B, N, O, O, D),
        "margin for a size": (O, B, N, O, D, D),
        "margin overlooked": (O, B, N, O, N, O),
        "direction missed": (O, B, O, O, N, D),
        "single run": (O, B, N, B, N, D),
        "small n": (O, O, N, O, N, D),
    },
)

SENTENCES = ValueExercise(
    "09-sentences",
    solution=("c", "e", "a", "d", "b"),
    mistakes={
        "n and interval swapped": ("e", "c", "a", "d", "b"),
        "setting and selection swapped": ("c", "e", "d", "a", "b"),
        "equality and setting swapped": ("c", "e", "b", "d", "a"),
        "equality and interval swapped": ("c", "b", "a", "d", "e"),
        "equality and single run swapped": ("b", "e", "a", "d", "c"),
    },
)
