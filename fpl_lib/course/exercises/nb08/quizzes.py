"""The quizzes of notebook 08: what a reader predicts before running the next cell."""

from __future__ import annotations

from fpl_lib.course.exercises import Option, Quiz

SYMMETRIC = Quiz(
    "08-symmetric",
    "For one prediction, add up a loss over all ten labels that the image could have. For which "
    "loss is this sum the same, whatever the network predicts?",
    (
        Option(
            "Cross-entropy: the probabilities sum to 1.",
            False,
            "They do, but their logarithms do not: the sum grows without limit as one of them goes "
            "to 0.",
        ),
        Option(
            "FPL: it looks at both sides, T and F.",
            False,
            "Its two parts do not balance. Nine of ten labels make the leading class F, and each "
            "of them costs the more, the surer the network is.",
        ),
        Option(
            "Mean absolute error.",
            True,
            "It is linear in the probability: the sum over labels of 2(1 - p) is 2(C - 1).",
        ),
        Option(
            "None of them: a loss that is constant cannot teach.",
            False,
            "It is the sum over all labels that may be constant. The loss of one label is not.",
        ),
    ),
)
CONFIDENCE = Quiz(
    "08-confidence",
    "Of the labels of one image, 60 % are right and 40 % wrong, spread evenly over nine classes. "
    "With unlimited data, which p_T does FPL ask for?",
    (
        Option(
            "0.60, the share of right labels.",
            False,
            "That is what cross-entropy asks for. FPL punishes the leading wrong class as well, "
            "and under a wrong label this is the truth.",
        ),
        Option(
            "Almost 1: the most frequent label wins.",
            False,
            "This holds for the bounded losses, GCE, SCE and MAE.",
        ),
        Option(
            "0.72: the false part adds confidence.",
            False,
            "It takes confidence away: four of ten labels make the true class F.",
        ),
        Option(
            "0.44: less than the labels have.",
            True,
            "Each wrong label pushes the true class down twice, as a class that is not the label "
            "and as F.",
        ),
    ),
)
BLAMED = Quiz(
    "08-blamed",
    "A network has understood an image of a cat, p = .7. Its label says truck. Which class does "
    "FPL call the false one?",
    (
        Option(
            "The truck: its label is false.",
            False,
            "FPL trusts the label: truck is T, and pushed up.",
        ),
        Option(
            "The cat.",
            True,
            "F is the most probable class besides the label, and that is the truth.",
        ),
        Option(
            "The dog: of the classes that are neither, the most similar one.",
            False,
            "FPL does not know which class is the true one. F is the most probable class besides "
            "the label.",
        ),
    ),
)
FEWEST = Quiz(
    "08-fewest",
    "Three networks train on labels of which 40 % are wrong: with CE, with FPL and with GCE. After "
    "twelve epochs, which has learnt the fewest of the wrong labels by heart?",
    (
        Option(
            "FPL: it pushes hardest on samples that disagree with it.",
            False,
            "A wrong label is what disagrees: pushing hard on it helps to learn it, not to resist.",
        ),
        Option(
            "GCE: its pull fades where the label is improbable.",
            True,
            "A wrong label looks improbable to a network that has learnt something, and GCE pulls "
            "with p to the power 0.7 only.",
        ),
        Option(
            "All the same: the network can fit anything.",
            False,
            "It can, in the end. How fast it gets there depends on how hard the loss pulls.",
        ),
    ),
)
QUIZZES = (SYMMETRIC, CONFIDENCE, BLAMED, FEWEST)
