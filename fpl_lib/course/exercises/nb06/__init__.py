"""The exercises and quizzes of notebook 06: what Table 2 counts, and what one run can show."""

from __future__ import annotations

from fpl_lib.course.exercises import Option, Quiz
from fpl_lib.course.exercises.nb06.chance import SEED, SINGLE
from fpl_lib.course.exercises.nb06.counts import CHANGE, EQ9

__all__ = ["EXERCISES", "QUIZZES"]

EXERCISES = (EQ9, CHANGE, SINGLE, SEED)

STEM = Quiz(
    "06-stem",
    "torchvision's ResNet18 is made for 224 × 224. How large is its last feature map for an image "
    "of 32 × 32?",
    (
        Option(
            "7 × 7, as for ImageNet.",
            False,
            "That is 224 / 32. The network halves the sides five times, whatever it gets.",
        ),
        Option(
            "4 × 4.",
            False,
            "So it is with the CIFAR stem, which leaves out the first two halvings.",
        ),
        Option(
            "1 × 1: a single pixel.",
            True,
            "Five halvings, 32 / 32. The last block's 3 × 3 filters see one pixel and eight of "
            "padding.",
        ),
        Option(
            "32 × 32: nothing is lost.",
            False,
            "ResNets halve the sides at the stem, at its pooling and before three of four stages.",
        ),
    ),
)
AGAIN = Quiz(
    "06-again",
    "ResNet18 is trained twice with the same loss to about 65 % on CIFAR-10; only the seed "
    "differs. By how much do the two totals of false positives typically differ?",
    (
        Option(
            "0: the recipe is the same.",
            False,
            "Initial weights and the order of images differ, and so do the trained networks.",
        ),
        Option("About 5.", False, "That is the paper's difference. Chance is not that small."),
        Option(
            "About 50.",
            True,
            "A spread of about 42 between seeds (√(error / 2N)) gives a typical difference of 47: "
            "more than the paper's 5 and its 39.",
        ),
        Option(
            "About 500.",
            False,
            "That would be five points of accuracy. Networks of one recipe agree better.",
        ),
    ),
)
STEP = Quiz(
    "06-margin",
    "One step of gradient descent, from the same weights. Which loss moves z_T - z_F of a sample "
    "up, directly in the logits?",
    (
        Option(
            "Only FPL: that is what its second term is for.",
            False,
            "So Section 4 has it. But CE's gradient holds p_F as well.",
        ),
        Option(
            "Both; FPL by more.",
            True,
            "CE moves it by (1 - p_T) + p_F per unit of learning rate. FPL adds p_F (1 + q_T) to "
            "that.",
        ),
        Option(
            "Both, by the same amount.",
            False,
            "FPL's gradient is the longer one: its second term pushes the same two apart.",
        ),
        Option(
            "Neither: what a step does to one sample cannot be said.",
            False,
            "What it does through the weights cannot, but in the logits it can: the gradient is "
            "known.",
        ),
    ),
)
QUIZZES = (STEM, AGAIN, STEP)
