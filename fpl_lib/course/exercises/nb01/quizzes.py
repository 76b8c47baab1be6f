"""The quizzes of notebook 01: what a reader predicts before running the next cell."""

from __future__ import annotations

from fpl_lib.course.exercises import Option, Quiz

WHICH_F = Quiz(
    "01-which-f",
    "`p = (.10, .05, .60, .20, .05)` and the true class is c2: the prediction is right. Which "
    "class is F?",
    (
        Option(
            "there is none: nothing was predicted falsely",
            False,
            "The name misleads. By its definition in Section 2.1, F is the class with the largest "
            "probability among those that are not T, and such a class always exists.",
        ),
        Option(
            "c2, the most probable class",
            False,
            "c2 is T. F is chosen among the others, so it can never be T.",
        ),
        Option(
            "c3, the most probable of the others",
            True,
            "F is the strongest rival, whether it beats T or not. It adds -log(1 - 0.20) = 0.223.",
        ),
        Option(
            "c1 and c4, the least probable ones",
            False,
            "F is one class, and the one with the largest probability besides T.",
        ),
    ),
)
SURE_AND_RIGHT = Quiz(
    "01-sure-and-right",
    "`p = (.90, .10, .00)` and T is c0: sure and right. How much does F add to L_T = 0.105?",
    (
        Option(
            "as much again, 0.105",
            True,
            "All that T lacks is with F, so 1 - p_F = p_T and both logarithms are the same.",
        ),
        Option(
            "nothing: the prediction is right",
            False,
            "L_F is counted for every sample. It is 0 only where p_F is 0.",
        ),
        Option(
            "far more: 2.303, which is -log 0.10",
            False,
            "-log p_F would be large for a small p_F. Eq. 3 has -log(1 - p_F).",
        ),
    ),
)
SAME_CE = Quiz(
    "01-same-ce",
    "Two networks give T the same .25. One gives c3 the other .75; one spreads it over three "
    "classes, .25 each. Which losses differ?",
    (
        Option(
            "CE and FPL: one network is far more wrong",
            False,
            "CE is -log p_T, and p_T is .25 in both: 1.386 and 1.386.",
        ),
        Option(
            "neither: p_T is all that counts",
            False,
            "That holds for CE. FPL looks at p_F as well, which is .75 or .25.",
        ),
        Option(
            "FPL only",
            True,
            "CE is 1.386 for both. L_F is -log .25 = 1.386 for the first and -log .75 = 0.288 for "
            "the second.",
        ),
        Option(
            "CE only",
            False,
            "It is the other way round: CE sees p_T, which is the same; FPL also sees p_F.",
        ),
    ),
)
TIE = Quiz(
    "01-tie",
    "T keeps .4, and the rest moves from c0 to c4. α is .50 for c0 and .98 for c4. What does FPL "
    "do where c4 overtakes c0?",
    (
        Option(
            "it is smooth there",
            False,
            "Even with unit weights there is a kink, since p_F falls until the tie and rises after"
            " it.",
        ),
        Option(
            "it has a kink, but no jump",
            False,
            "That holds for equal weights. Here L_F is multiplied by .50 before the tie and by .98 "
            "after it.",
        ),
        Option(
            "it jumps up",
            True,
            "p_F is the same on both sides, but its weight changes from .50 to .98 at once.",
        ),
    ),
)
DOUBLED = Quiz(
    "01-doubled",
    "Every weight α is doubled. What happens to the mean FPL of a batch, and to "
    "`F.cross_entropy(logits, target, weight=alpha)`?",
    (
        Option(
            "both double",
            False,
            "torch divides the weighted sum by the sum of the weights, so a common factor cancels.",
        ),
        Option(
            "FPL doubles, torch's weighted cross-entropy stays",
            True,
            "FPL's mean divides by N, which knows nothing of α; torch's divides by Σα.",
        ),
        Option(
            "both stay: weights are relative",
            False,
            "They are in torch's weighted mean. FPL's mean divides by N, so its scale counts.",
        ),
    ),
)
QUIZZES = (WHICH_F, SURE_AND_RIGHT, SAME_CE, TIE, DOUBLED)
