"""The quizzes of notebook 10: what a reader predicts before running the next cell."""

from __future__ import annotations

from fpl_lib.course.exercises import Option, Quiz

TRUTHFUL = Quiz(
    "10-truthful",
    "Images that look the same are labelled a, b, c in 60, 30 and 10 % of cases. FPL with one "
    "false class asks for (.50, .25, .25), as notebook 03 shows. What does FPL with k = 3 ask for, "
    "among ten classes?",
    (
        Option(
            "(.60, .30, .10): the truth.",
            True,
            "Only two wrong classes have any probability worth the name, and k = 3 has room for "
            "both: it is k = C - 1 in all but name.",
        ),
        Option(
            "(.50, .25, .25), as with k = 1.",
            False,
            "That tie comes from punishing only whoever leads. With k = 3 each wrong class is "
            "punished for its own probability.",
        ),
        Option(
            "(⅓, ⅓, ⅓): three false classes, three shares.",
            False,
            "The true class has its own term, too, and a is it most often.",
        ),
        Option(
            "(1, 0, 0): the more terms, the surer.",
            False,
            "A sure prediction costs without bound in the 40 % of cases where it is wrong.",
        ),
    ),
)
LENGTH = Quiz(
    "10-length",
    "An untrained network gives each of ten classes about .1. How long is MAE's gradient by the "
    "logits there, beside cross-entropy's?",
    (
        Option(
            "As long: both start from the same mistake.",
            False,
            "They point the same way, but MAE's term pulls with 2u, where u is p_T.",
        ),
        Option(
            "Twice as long, because of the 2 in 2(1 - p).",
            False,
            "The derivative by r = log p brings a factor p along: 2u instead of 2.",
        ),
        Option(
            "A fifth as long.",
            True,
            "The pull is 2u with u = p_T = .1 (notebook 03, section 3), against 1 for the "
            "logarithm.",
        ),
        Option(
            "Zero: MAE cannot train from scratch.",
            False,
            "It can, slowly. Its gradient is near zero only where p_T is.",
        ),
    ),
)
FIVE_SEEDS = Quiz(
    "10-five-seeds",
    "Five seeds of your loss and five of CE, in pairs. How large must the true difference be for "
    "four such trials in five to find it?",
    (
        Option(
            "0.2 standard deviations of the differences.",
            False,
            "For that, some two hundred seeds are needed.",
        ),
        Option(
            "0.6 standard deviations.",
            False,
            "That takes about 24 seeds.",
        ),
        Option(
            "1.7 standard deviations.",
            True,
            "With four degrees of freedom the t test asks for a mean 2.8 standard errors from 0, "
            "and one does not always get what is true.",
        ),
        Option(
            "Any: a difference is a difference.",
            False,
            "Two seeds of one loss differ as well. What seeds do by themselves is the yardstick.",
        ),
    ),
)
BEST_OF_TEN = Quiz(
    "10-best-of-ten",
    "Ten losses are exactly as good as each other. You run all and keep the best. By how much does "
    "it look better than it is, on average, in standard deviations of one loss's result?",
    (
        Option(
            "0: they are equal.",
            False,
            "On average over all ten. But you kept the luckiest one.",
        ),
        Option(
            "About 0.3.",
            False,
            "That would be 1 over the root of 10: the spread of the mean of all, not of the best.",
        ),
        Option(
            "About 1.5.",
            True,
            "It is the expected largest of ten draws from a normal distribution, 1.54.",
        ),
        Option(
            "About 3.",
            False,
            "That takes the best of several hundred.",
        ),
    ),
)
FALSE_ALARM = Quiz(
    "10-false-alarm",
    "Six losses, all exactly as good as CE, are each compared with the same runs of CE at a level "
    "of 5 %. In how many such trials does at least one loss come out significant?",
    (
        Option(
            "In about 5 of 100.",
            False,
            "That holds for one comparison alone. Six have six chances.",
        ),
        Option(
            "In about 20 of 100.",
            True,
            "Six independent ones would give 1 - .95⁶, 26 of 100. These share CE's runs, and so "
            "some of their luck.",
        ),
        Option(
            "In about 60 of 100.",
            False,
            "Six times 5 is 30, and that is a bound from above.",
        ),
        Option(
            "In none: all are equal.",
            False,
            "A level of 5 % allows one false alarm in twenty, equal or not: that is what it means.",
        ),
    ),
)

QUIZZES = (TRUTHFUL, LENGTH, FIVE_SEEDS, BEST_OF_TEN, FALSE_ALARM)
