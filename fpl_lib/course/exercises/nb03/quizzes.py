"""The quizzes of notebook 03: what a reader predicts before running the next cell."""

from __future__ import annotations

from fpl_lib.course.exercises import Option, Quiz

DIRECTION = Quiz(
    "03-direction",
    "In L_T, the logarithm is exchanged for another term: the square, say. What changes in the "
    "gradient of one sample's L_T with respect to the logits?",
    (
        Option(
            "Its length, but not its direction.",
            True,
            "The logits enter through r_T alone, so the chain rule puts one number in front of the "
            "same vector.",
        ),
        Option(
            "Its direction, but not its length.",
            False,
            "It is the other way round: the term is a function of one number, r_T, and its slope "
            "is one factor for all logits.",
        ),
        Option(
            "Both: another loss has another gradient.",
            False,
            "That holds for a whole batch, where samples are mixed in other proportions. One "
            "sample's L_T keeps its direction.",
        ),
        Option(
            "Neither: only the value of the loss changes.",
            False,
            "The slope of a term depends on how right the network is: a square is flat where the "
            "logarithm is steep.",
        ),
    ),
)
MISSING = Quiz(
    "03-missing",
    "A minibatch of 64 holds no truck. Which weight does Eq. 7 give the class, and does it matter?",
    (
        Option(
            "0, so that trucks are left out of this batch.",
            False,
            "Eq. 7 counts what is not of the class: (64 - 0) / 64.",
        ),
        Option(
            "It is not defined: one cannot count what is not there.",
            False,
            "m_i is 0, which is a count like any other; m is the size of the batch and never 0.",
        ),
        Option(
            "1, but it cannot matter: no sample is a truck.",
            False,
            "No sample has truck as T. But an image of a car may well be taken for a truck.",
        ),
        Option(
            "1, the greatest there is, and it matters wherever truck is F.",
            True,
            "α_F is the weight of the class that is F, present in the batch or not: a false alarm "
            "for an absent class is punished hardest.",
        ),
    ),
)
EVERY_F = Quiz(
    "03-every-f",
    "With k = C - 1 every wrong class is one of the F, and each of them pushes itself down. Can "
    "FPL still push the logit of a wrong class up?",
    (
        Option(
            "No: L_T and its own part of L_F both push it down.",
            False,
            "They do, but every other F gives away what it loses, and this class gets a share.",
        ),
        Option(
            "Yes, if another wrong class is probable enough.",
            True,
            "It happens once the odds p / (1 - p) of the other false classes sum to more than 2: "
            "a single one needs more than two thirds.",
        ),
        Option(
            "Yes, always: what one class loses the others gain.",
            False,
            "They gain, but usually less than they lose themselves.",
        ),
    ),
)
SEES = Quiz(
    "03-mean-sees",
    "L_F of the mean of all nine wrong probabilities: what does it depend on?",
    (
        Option(
            "On p_F, and a little on the other eight.",
            False,
            "If p_F grows at fixed p_T, the other eight shrink by as much: their mean stays.",
        ),
        Option(
            "On how the nine share what T lacks.",
            False,
            "A mean is the same however the sum is shared.",
        ),
        Option(
            "On p_T alone.",
            True,
            "The nine sum to 1 - p_T, so that their mean is (1 - p_T) / 9, whoever has it.",
        ),
    ),
)
TRUTH = Quiz(
    "03-truth",
    "Of many images that look the same, 60 % are a, 30 % b, 10 % c. Which one prediction (a, b, c) "
    "for all of them has the lowest mean FPL, with k = 1 and weights of 1?",
    (
        Option(
            "(.60, .30, .10), the truth.",
            False,
            "That minimises cross-entropy, which is a proper loss. FPL with one F is not.",
        ),
        Option(
            "(1, 0, 0): bet on the favourite.",
            False,
            "Then 40 % of the images cost infinitely much. MAE, which is bounded, would do this.",
        ),
        Option(
            "(.75, .20, .05): sharper than the truth.",
            False,
            "Poly-1 is like that. FPL also punishes the largest wrong probability, which makes its "
            "best answer flatter.",
        ),
        Option(
            "(.50, .25, .25): flatter, with b and c tied.",
            True,
            "Punishing only the leading wrong class takes from the leaders, until two of them tie.",
        ),
    ),
)
LEARNED = Quiz(
    "03-learned",
    "The ten weights are trained along with the network, by the same gradient descent. Where do "
    "they go?",
    (
        Option(
            "The rare or hard classes get larger weights.",
            False,
            "One would want that. But a larger weight on a class that costs much makes the loss "
            "larger, and descent makes it smaller.",
        ),
        Option(
            "All of them fall, towards 0.",
            True,
            "The loss is a sum of weight times cost, and no cost is negative: lowering any weight "
            "lowers the loss.",
        ),
        Option(
            "They settle at the weights of Eq. 4.",
            False,
            "Nothing in the loss knows Eq. 4.",
        ),
        Option(
            "They grow without limit.",
            False,
            "That would be ascent: the gradient with respect to a weight is never negative.",
        ),
    ),
)
QUIZZES = (DIRECTION, MISSING, EVERY_F, SEES, TRUTH, LEARNED)
