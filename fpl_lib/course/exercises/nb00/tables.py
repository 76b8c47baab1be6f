"""Notebook 00's exercises on Tables 2 and 3: reading them with a few lines of code."""

from __future__ import annotations

import numpy as np

from fpl_lib.course.checking import FunctionExercise, ValueExercise

TEST_IMAGES = ValueExercise(
    id="00-test-images",
    title="The test images of one class",
    difficulty=1,
    minutes=1,
    solution=1_000,
    mistakes={
        "all classes": ("10 000 is the whole test set: it is shared by ten classes.", 10_000),
        "training": ("5 000 is a class's share of the training images.", 5_000),
        "both": ("6 000 counts the training images as well: take the test set.", 6_000),
        "excerpt": ("100 is the excerpt's number: the full set has more.", 100),
    },
    hints=(
        "Section 3.1 gives the size of the test set and the number of classes.",
        "All classes have equally many images: divide.",
    ),
    takeaway="So one image more or less is 0.01 points of accuracy, and 0.1 points of its class.",
)


def _confusions(rng: np.random.Generator) -> list[tuple[np.ndarray]]:
    shown = np.array([[5, 2, 0], [3, 4, 0], [1, 1, 6]])
    sizes = [int(rng.integers(4, 7)) for _ in range(2)]
    return [(shown,), *((rng.integers(0, 40, (size, size)),) for size in sizes)]


def _blank_the_diagonal(confusion: np.ndarray) -> np.ndarray:
    np.fill_diagonal(confusion, 0)
    return confusion.sum(axis=0)


FALSE_POSITIVES = FunctionExercise(
    id="00-false-positives",
    title="False positives from a confusion matrix",
    difficulty=2,
    minutes=6,
    solution=lambda confusion: confusion.sum(axis=0) - confusion.diagonal(),
    cases=_confusions,
    mistakes={
        "in place": (
            "The counts are right, but your function changes the caller's matrix: work on a copy, "
            "or subtract the diagonal from the sums.",
            _blank_the_diagonal,
        ),
        "false negatives": (
            "These are sums along the rows. A row holds the images that truly are of a class, so "
            "you counted the images each class has lost, its false negatives.",
            lambda confusion: confusion.sum(axis=1) - confusion.diagonal(),
        ),
        "diagonal kept": (
            "This counts every prediction of a class, the right ones too: those on the diagonal "
            "are true positives.",
            lambda confusion: confusion.sum(axis=0),
        ),
        "both kinds": (
            "You added what a class has lost to what it wrongly received. Only the second is a "
            "false positive.",
            lambda c: c.sum(axis=0) + c.sum(axis=1) - 2 * c.diagonal(),
        ),
        "true positives": (
            "The diagonal holds the right predictions: true positives.",
            lambda confusion: confusion.diagonal().copy(),
        ),
        "total": (
            "This is the total over all classes. Keep one count for each class, shape (C,).",
            lambda confusion: confusion.sum() - confusion.trace(),
        ),
    },
    hints=(
        "Put your finger on one column: what have all images in it in common?",
        "A column holds all that was predicted as one class. Which entry of it is not an error?",
    ),
    takeaway="Each wrong prediction stands in exactly one column, so the sum counts the errors.",
)


def _totals(rng: np.random.Generator) -> list[tuple[int]]:
    return [(2_500,), *((int(total),) for total in rng.integers(1_000, 9_000, 3))]


ACCURACY = FunctionExercise(
    id="00-accuracy",
    title="Accuracy from Table 2",
    difficulty=1,
    minutes=4,
    solution=lambda total: 100 * (10_000 - total) / 10_000,
    cases=_totals,
    mistakes={
        "share of errors": (
            "This is the share of wrong predictions. Accuracy is the share of right ones.",
            lambda total: 100 * total / 10_000,
        ),
        "fraction": (
            "A fraction between 0 and 1: the paper's tables, and this kit, use percent.",
            lambda total: 1 - total / 10_000,
        ),
        "training images": (
            "This divides the errors by 50 000. They were counted on the 10 000 test images, "
            "and each image counts once: as right or as wrong.",
            lambda total: 100 * (1 - total / 50_000),
        ),
        "all images": (
            "You divided by all 60 000 images. The errors were counted on the test set alone.",
            lambda total: 100 * (1 - total / 60_000),
        ),
        "count": (
            "This is the number of right predictions. How many percent of the test images is it?",
            lambda total: 10_000 - total,
        ),
    },
    hints=(
        "How many of the 10 000 test images were predicted right?",
        "Each wrong prediction is one false positive, so the total is the number of errors.",
    ),
    takeaway="Total false positives and accuracy are one number, written in two ways.",
)


TOP1_LEAD = ValueExercise(
    id="00-top1-lead",
    title="FPL's lead in Table 3",
    difficulty=1,
    minutes=2,
    solution=0.32,
    atol=0.001,
    mistakes={
        "the text's number": (
            "0.68 stands in Section 3.4. What do the two numbers in Table 3 give?",
            0.68,
        ),
        "sign": ("This is CE minus FPL: a lead of FPL counts as positive.", -0.32),
        "top-5": ("This is the lead in top-5: look at the column before it.", 0.02),
        "pretrained": ("These rows start from ImageNet weights: take the others.", -0.2),
        "fraction": ("Give points of accuracy, on the scale from 0 to 100.", 0.0032),
    },
    hints=(
        "Two rows start from scratch: compare these in the column of top-1.",
        "FPL's number comes first: 95.25 minus what?",
    ),
)


def _printed(rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """Printed lead and two accuracies: right, turned round, near, far and relative ones."""
    fixed = [
        (0.32, 95.25, 94.93),
        (0.25, 90.25, 90.0),
        (-0.2, 94.02, 94.22),
        (0.2, 94.02, 94.22),
        (0.01, 99.87, 99.85),
        (0.68, 95.25, 94.93),
        (0.34, 95.25, 94.93),
    ]
    drawn = []
    for off in (0, 0, int(rng.integers(1, 4)), int(rng.integers(10, 90))):
        fpl, ce = (int(hundredths) for hundredths in rng.integers(8_000, 9_900, 2))
        drawn.append(((fpl - ce + off) / 100, fpl / 100, ce / 100))
    return fixed + drawn


FOLLOWS = FunctionExercise(
    id="00-follows",
    title="Checking a printed lead",
    difficulty=2,
    minutes=6,
    solution=lambda printed, fpl, ce: abs((fpl - ce) - printed) < 0.005,
    cases=_printed,
    mistakes={
        "sign": (
            "You subtract FPL from CE. The printed lead is FPL minus CE.",
            lambda printed, fpl, ce: abs((ce - fpl) - printed) < 0.005,
        ),
        "relative": (
            "You compare with a relative difference, in percent of CE's accuracy. The lead is in "
            "points: one accuracy minus the other.",
            lambda printed, fpl, ce: abs(100 * (fpl / ce - 1) - printed) < 0.005,
        ),
        "size only": (
            "Being 0.2 ahead is not the same as being 0.2 behind: keep the sign.",
            lambda printed, fpl, ce: abs(abs(fpl - ce) - abs(printed)) < 0.005,
        ),
        "who leads": (
            "This only says who is ahead, not whether the lead is as large as printed.",
            lambda printed, fpl, ce: fpl > ce,
        ),
        "too generous": (
            "A lead that is off by 0.01 passes. Two decimals leave less than 0.005 of room.",
            lambda printed, fpl, ce: abs((fpl - ce) - printed) < 0.05,
        ),
        "exact comparison": (
            "With `==` even 95.25 - 94.93 is not 0.32: computers round each decimal number in "
            "binary. Ask whether the two are closer than 0.005.",
            lambda printed, fpl, ce: fpl - ce == printed,
        ),
    },
    hints=(
        "Try `95.25 - 94.93` in a cell of its own.",
        "Two numbers agree to two decimals if they differ by less than 0.005.",
    ),
    takeaway="Decimal numbers are compared with a tolerance, in tables as in tests.",
)
