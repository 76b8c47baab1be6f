"""The exercises and quizzes of notebook 07: Table 3, its curves, and the seeds it would take."""

from __future__ import annotations

from fpl_lib.course.exercises import Option, Quiz
from fpl_lib.course.exercises.nb07.curves import ROUGH, STEPS
from fpl_lib.course.exercises.nb07.seeds import INTERVAL, SEEDS

__all__ = ["EXERCISES", "QUIZZES"]

EXERCISES = (SEEDS, INTERVAL, STEPS, ROUGH)

POWER = Quiz(
    "07-power",
    "Seeds differ by 0.15 points (standard deviation). How many seeds a loss would find a true "
    "difference of 0.05 points, a sixth of Table 3's, in four cases of five?",
    (
        Option(
            "1: one run of each, as in the paper.",
            False,
            "One run each sees the difference plus a spread four times as large.",
        ),
        Option(
            "About 5.",
            False,
            "So many find 0.32 points. A sixth of it takes about 36 times as many.",
        ),
        Option(
            "About 30: six times as many as for 0.32.",
            False,
            "The number goes with the square of the ratio, not with the ratio.",
        ),
        Option(
            "About 140.",
            True,
            "Some 5 find 0.32 points; the ratio of the differences, squared, is about 40, and for "
            "few seeds Student's t asks for one more.",
        ),
    ),
)
SMOOTH = Quiz(
    "07-smooth",
    "Accuracy on the test set jumps about from epoch to epoch. What makes the end of the curve "
    "smooth, whichever the loss?",
    (
        Option(
            "A loss that looks at the false class.",
            False,
            "That is the paper's reading of its Figure 3. Look at what the schedule does first.",
        ),
        Option(
            "A learning rate that falls towards zero.",
            True,
            "Late steps hardly move the weights, so accuracy hardly moves: one sees it in every "
            "run with such a schedule.",
        ),
        Option(
            "More epochs at the same learning rate.",
            False,
            "At a constant rate the weights keep moving, and so does the accuracy.",
        ),
        Option(
            "Testing on fewer images.",
            False,
            "Fewer images make the curve rougher: each one then counts for more.",
        ),
    ),
)
GUESS = Quiz(
    "07-top5",
    "A network has 95 % top-1 and 99.9 % top-5. Of the images that it takes for the wrong class, "
    "how many have the true class among the best five?",
    (
        Option("99.9 %.", False, "That is the share of all images, most of which are right."),
        Option(
            "About 98 %.",
            True,
            "5 % are wrong, and of these 4.9 % are saved by the best five: 4.9 / 5.",
        ),
        Option("4.9 %.", False, "That is their share of all images; asked is that of the errors."),
        Option(
            "About 44 %: four other guesses of nine classes.",
            False,
            "That is what guessing would give. A trained network's second guesses are better.",
        ),
    ),
)
QUIZZES = (POWER, SMOOTH, GUESS)
