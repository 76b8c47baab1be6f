"""The quizzes of notebook 05: what a reader predicts before running the next cell."""

from __future__ import annotations

from fpl_lib.course.exercises import Option, Quiz

FIRST = Quiz(
    "05-first-value",
    "A network of ten classes has random weights and has seen nothing. What is its cross-entropy, "
    "about?",
    (
        Option(
            "0.1",
            False,
            "That is one tenth, the probability of the true class. The loss is its negative "
            "logarithm.",
        ),
        Option(
            "0.9",
            False,
            "That is the share of wrong answers by chance, and α of Eq. 4. The loss is -ln 0.1.",
        ),
        Option(
            "2.3",
            True,
            "It gives each class about 1/10, and -ln(1/10) = 2.303.",
        ),
        Option(
            "10",
            False,
            "The loss grows with the logarithm of the number of classes, ln 10.",
        ),
    ),
)
RANDOM_LABELS = Quiz(
    "05-random-labels",
    "The labels of one batch of 32 images are shuffled, so that they say nothing about the images. "
    "Can the network still bring the loss on this batch to 0?",
    (
        Option(
            "No: there is nothing to learn.",
            False,
            "Nothing that would help on other images. But 32 images can be told apart, and "
            "remembered.",
        ),
        Option(
            "Yes, as with the true labels.",
            True,
            "With tens of thousands of weights it remembers 32 images. So the test finds a broken "
            "loop, not broken labels.",
        ),
        Option(
            "It stays at 2.3, the loss of guessing.",
            False,
            "That is the best that a prediction without the image can do. The network sees the "
            "image.",
        ),
    ),
)
HUNDREDFOLD = Quiz(
    "05-hundredfold",
    "All gradients of a network are about 1, then become a hundred times as large. How much longer "
    "is AdaDelta's first step?",
    (
        Option(
            "A hundred times.",
            False,
            "That would be SGD. AdaDelta divides by the root mean square of the gradients.",
        ),
        Option(
            "Ten times.",
            False,
            "There is a root, but it is one of squares: nothing of the size is left.",
        ),
        Option(
            "No longer at all.",
            True,
            "The gradient is divided by its own size. Far above ε, only its sign counts.",
        ),
        Option(
            "It gets shorter.",
            False,
            "The size cancels, no more: gradient over root mean square of gradients.",
        ),
    ),
)
BFLOAT = Quiz(
    "05-bfloat",
    "A weight of 0.1 is held in bfloat16, and AdaDelta at learning rate 0.001 moves it by 0.000003 "
    "in each step. Where is it after 20 000 such steps, all in one direction?",
    (
        Option(
            "At 0.1 + 0.06.",
            False,
            "That is so in float32. In bfloat16 each single sum is rounded.",
        ),
        Option(
            "At 0.1, where it was.",
            True,
            "Next to 0.1 the numbers of bfloat16 are 0.0005 apart: each sum is rounded back.",
        ),
        Option(
            "Somewhere between: rounding errors cancel.",
            False,
            "They would if they were random. Each of them is the step itself, taken back.",
        ),
    ),
)
SCALE = Quiz(
    "05-scale",
    "CIFAR-10 is balanced, so Eq. 4 gives FPL two weights of 0.9. Batch by batch, how long is its "
    "gradient, measured in CE's?",
    (
        Option(
            "0.9 at first, and 0.9 at the end.",
            False,
            "That would be the first term alone. The second adds to it, the more so the larger "
            "p_F.",
        ),
        Option(
            "1.8: there are two terms.",
            False,
            "Only where F has all that T lacks. At first F has a tenth, like every other class.",
        ),
        Option(
            "A little below 1 at first, above 1 later.",
            True,
            "The second term is small while p_F is a tenth, and grows with the mistakes that stay.",
        ),
    ),
)
CHECKPOINT = Quiz(
    "05-checkpoint",
    "A training is cut between two steps and shall go on as if it had not been. What may its "
    "checkpoint leave out?",
    (
        Option(
            "The optimiser's state.",
            False,
            "Momentum, or AdaDelta's running means, are part of the next step.",
        ),
        Option(
            "The place in the epoch.",
            False,
            "Then the first batches would come twice, and the last never.",
        ),
        Option(
            "The schedule's state.",
            False,
            "Then the learning rate would start again from the top.",
        ),
        Option(
            "The gradients.",
            True,
            "They are cleared before the next ones are computed: nothing depends on them.",
        ),
    ),
)
TIME = Quiz(
    "05-time",
    "Where does the CPU spend most of a training step of our small network?",
    (
        Option(
            "On the batch: index, crop, flip, normalise.",
            False,
            "That is so with many data loaders. Here it is done for a whole batch at once.",
        ),
        Option(
            "In the forward pass.",
            False,
            "It comes second: backward computes two gradients for each of its products.",
        ),
        Option(
            "In the loss, which has two terms.",
            False,
            "It handles 64 × 10 numbers; the first convolution alone has a million outputs.",
        ),
        Option(
            "In the backward pass.",
            True,
            "For each layer it computes two gradients, for the inputs and for the weights: about "
            "twice the work of forward.",
        ),
    ),
)
QUIZZES = (FIRST, RANDOM_LABELS, HUNDREDFOLD, BFLOAT, SCALE, CHECKPOINT, TIME)
