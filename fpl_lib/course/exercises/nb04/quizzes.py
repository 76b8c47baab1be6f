"""The quizzes of notebook 04: what a reader predicts before running the next cell."""

from __future__ import annotations

from fpl_lib.course.exercises import Option, Quiz

WEAK = Quiz(
    "04-weak",
    "CIFAR-10 is cut to a long tail: 5000 airplanes, 50 trucks, the others between, 12 406 images "
    "in all. How many times the airplanes' weight is that of the trucks under Eq. 4?",
    (
        Option(
            "100 times, as the counts are.",
            False,
            "That is inverse frequency. Eq. 4 weights by 1 minus a share, and a share of 0.004 and "
            "one of 0.04 both leave nearly 1.",
        ),
        Option(
            "10 times, the root of the counts' ratio.",
            False,
            "Some weights are roots of the counts; Eq. 4 is linear in them.",
        ),
        Option(
            "1.7 times.",
            True,
            "Airplanes are 40 % of the images, so their weight is 0.60; that of trucks is 0.996.",
        ),
        Option(
            "Once: the weights of ten classes sum to 9 and are all 0.9.",
            False,
            "They do sum to 9, but they are equal only where the classes are.",
        ),
    ),
)
TWO = Quiz(
    "04-two",
    "A detector sees two classes, background and object, 99 to 1. It is trained with FPL and the "
    "weights of Eq. 4. How does that differ from plain cross-entropy?",
    (
        Option(
            "Objects weigh 99 times as much.",
            False,
            "α_T does: 0.99 for objects, 0.01 for background. But the other class is F, and its "
            "weight is added.",
        ),
        Option(
            "Objects weigh more, but less than 99 times.",
            False,
            "Write down α_T and α_F for an object, and for background, and add them up.",
        ),
        Option(
            "Background weighs more: the weights point the wrong way.",
            False,
            "For background α_T is small and α_F large, for objects the other way round. Add up.",
        ),
        Option(
            "Not at all.",
            True,
            "With two classes both terms are the same number, -log p_T, and their weights sum to "
            "1 for either class.",
        ),
    ),
)
PAIR = Quiz(
    "04-pair",
    "Ten classes, ratio 100. One truck (rare) is taken for an airplane (frequent), one airplane "
    "for a truck, both with the same p_F. Under Eq. 4, whose F is pushed down harder?",
    (
        Option(
            "That of the truck: its α_T is larger.",
            False,
            "Its α_T is, but its α_F, the airplanes', is smaller by the same amount.",
        ),
        Option(
            "Both alike.",
            True,
            "F is pushed by (α_T + α_F) p_F, and the sum does not know which of the two is true.",
        ),
        Option(
            "That of the airplane: its α_F is larger.",
            False,
            "Its α_F is, but its α_T is smaller by the same amount.",
        ),
    ),
)
WHERE = Quiz(
    "04-where",
    "A network is trained with CE on a long tail and tested on as many images of each class. On "
    "which classes do its false positives fall, that is, what does it wrongly predict?",
    (
        Option(
            "On the frequent ones.",
            True,
            "It has learned that they are likely, so in doubt it predicts them.",
        ),
        Option(
            "On the rare ones, which it knows least.",
            False,
            "It errs most on images of the rare classes; what it predicts for them is another "
            "class.",
        ),
        Option(
            "On all alike, since the test set is balanced.",
            False,
            "The images are balanced, the predictions are not.",
        ),
    ),
)
PRIOR = Quiz(
    "04-prior",
    "A network that cannot see the image learns one prediction for all. CE teaches it the shares "
    "of the training set, 100 to 1 from head to tail. What does FPL with all weights at 1 teach?",
    (
        Option(
            "The same shares: without weights there is nothing to change them.",
            False,
            "L_F takes from whoever is likeliest among the wrong classes, and that is the head.",
        ),
        Option(
            "Flatter shares: L_F alone already takes from the head.",
            True,
            "The head is F for nearly every image that is not of it, whatever its weight.",
        ),
        Option(
            "Steeper shares: frequent classes have more samples to pull for them.",
            False,
            "So they do under CE, where that gives exactly the shares; L_F pulls against them.",
        ),
    ),
)
RUNS = Quiz(
    "04-runs",
    "The recorded grid has eight losses beside CE. At ratio 100, with exponential sizes, which of "
    "them gains most in accuracy over all ten classes?",
    (
        Option(
            "FPL with the weights of Eq. 4.",
            False,
            "Its weights differ by 1.7 at most, and an image torn between two classes does not "
            "feel even that.",
        ),
        Option(
            "FPL with α_F turned round.",
            False,
            "Its weights point the right way, but their range is that of Eq. 4.",
        ),
        Option(
            "Class-balanced weights.",
            False,
            "They lift the tail most of all, and the head pays for it.",
        ),
        Option(
            "Balanced softmax, which is logit adjustment with τ = 1.",
            True,
            "It takes the classes' shares out of what the network has to learn, all of them.",
        ),
    ),
)

QUIZZES = (WEAK, TWO, PAIR, WHERE, PRIOR, RUNS)
