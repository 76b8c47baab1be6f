"""The exercises of notebook 02: where CE and FPL push the logits, and how to compute it."""

from __future__ import annotations

from fpl_lib.course.exercises import Option, Quiz
from fpl_lib.course.exercises.nb02.gradients import CE_GRADIENT, FPL_GRADIENT, WITHOUT
from fpl_lib.course.exercises.nb02.numerics import STABLE
from fpl_lib.course.exercises.nb02.shape import JUMP, RATIO, THRESHOLD

QUIZZES = (
    Quiz(
        "02-who-is-pushed",
        "One step of plain cross-entropy on the sample of Figure 1. Which logits does it move?",
        (
            Option(
                "Only T's, up.",
                False,
                "The loss is -log p_T, but p_T contains every logit through the softmax's sum.",
            ),
            Option(
                "T's up, and F's down; the other three stay.",
                False,
                "Cross-entropy does not single out F: no wrong class is left alone.",
            ),
            Option(
                "T's up, and every other down, F's the most.",
                True,
                "Each wrong class is pushed down by its own probability, and F has the largest.",
            ),
        ),
    ),
    Quiz(
        "02-bystander",
        "F has p_F = 0.8 and both weights are 1. What does a step of FPL do to the logit of a "
        "class that is neither T nor F?",
        (
            Option(
                "It goes up.",
                True,
                "L_F gives away what it takes from F, to every other class in proportion to its "
                "probability; above 1/2 that is more than L_T takes.",
            ),
            Option(
                "It goes down, as with cross-entropy.",
                False,
                "L_T pushes it down by p_j, L_F pushes it up by p_j p_F / (1 - p_F), here 4 p_j.",
            ),
            Option(
                "Nothing: only T and F appear in the loss.",
                False,
                "p_T and p_F contain every logit, through the softmax's sum.",
            ),
        ),
    ),
    Quiz(
        "02-blow-up",
        "As p_F goes to 1, the slope dL_F/dp_F = 1 / (1 - p_F) grows without bound. What does the "
        "gradient with respect to the logits do?",
        (
            Option(
                "It grows without bound, too.",
                False,
                "The chain rule brings in dp_F/dz_F = p_F (1 - p_F), which cancels the pole.",
            ),
            Option(
                "It vanishes, as with the squared error.",
                False,
                "The logarithm's pole cancels the factor (1 - p_F): what is left is p_F, not 0.",
            ),
            Option(
                "It stays bounded, and goes to 1 on F.",
                True,
                "dL_F/dz_F = p_F: the pole of the logarithm and the flat softmax cancel exactly.",
            ),
        ),
    ),
    Quiz(
        "02-same-length",
        "Both gradients are cut to the same length. Whose step then raises p_T more?",
        (
            Option(
                "FPL's: it pushes F down as well.",
                False,
                "Pushing F helps p_T a little, but that part of the step is missing elsewhere.",
            ),
            Option(
                "CE's, except with two classes, where they are equal.",
                True,
                "CE is -log p_T, and no direction lowers a function faster than its own gradient.",
            ),
            Option(
                "It depends on p_F.",
                False,
                "How much depends on p_F, but the winner does not: the gradient of -log p_T is the "
                "steepest direction for p_T.",
            ),
        ),
    ),
    Quiz(
        "02-gap",
        "Two classes in float32. From which gap z_F - z_T on is log(1 - p_F), as written, minus "
        "infinity?",
        (
            Option(
                "about 6",
                False,
                "That is bfloat16, which keeps 8 significant bits.",
            ),
            Option(
                "about 17",
                True,
                "float32 keeps 24 significant bits, and 24 times ln 2 is 16.6.",
            ),
            Option(
                "about 37",
                False,
                "That is float64, which keeps 53 significant bits.",
            ),
            Option(
                "about 88",
                False,
                "There exp() overflows in float32. The trouble here starts long before: 1 - p_F "
                "rounds to 0.",
            ),
        ),
    ),
)

EXERCISES = (CE_GRADIENT, WITHOUT, FPL_GRADIENT, THRESHOLD, JUMP, RATIO, STABLE)
