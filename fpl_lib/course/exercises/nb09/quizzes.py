"""The quizzes of notebook 09: what a reader predicts before running the next cell."""

from __future__ import annotations

from fpl_lib.course.exercises import Option, Quiz

SINGLE = Quiz(
    "09-single",
    "Accuracy scatters by 0.15 points from seed to seed. Two losses that are equally good are "
    "trained once each. How often do they differ by 0.32 points or more?",
    (
        Option(
            "Hardly ever: it is more than two standard deviations.",
            False,
            "Of one run, yes. The difference of two scatters by √2 · 0.15 = 0.21 points.",
        ),
        Option(
            "About once in eight times.",
            True,
            "0.32 is 1.5 standard deviations of a difference, and either loss may be ahead.",
        ),
        Option(
            "Every second time.",
            False,
            "This holds for differences beyond 0.14 points, two thirds of a standard deviation.",
        ),
        Option(
            "Never: equal losses give equal accuracies.",
            False,
            "Weights and batches are drawn at random, so even one loss gives a new number at every "
            "seed.",
        ),
    ),
)
FIVE = Quiz(
    "09-five",
    "FPL is ahead of CE in all of five seeds, by two points each time. What is the least p-value "
    "that a two-sided sign-flip test can give?",
    (
        Option(
            "Close to 0: five wins of five, by far.",
            False,
            "The test asks how often random signs give as much. With five signs that is not rare.",
        ),
        Option(
            "0.031, one of 32 patterns.",
            False,
            "All minus is as extreme as all plus, so two patterns count.",
        ),
        Option(
            "0.0625, two of 32 patterns.",
            True,
            "However large the differences: no five pairs can reach 0.05.",
        ),
        Option(
            "0.05, the level of the test.",
            False,
            "The level is what one asks for. Five pairs cannot give it.",
        ),
    ),
)
COVERS = Quiz(
    "09-covers",
    "A 95 % percentile bootstrap interval from five values: in how many of 100 such experiments "
    "does it contain the true mean?",
    (
        Option(
            "In 95, by its name.",
            False,
            "For large samples. It draws from the five values as if they were all there is.",
        ),
        Option(
            "In about 99: the bootstrap is careful.",
            False,
            "It is too bold: its interval is shorter than Student's.",
        ),
        Option(
            "In about 84.",
            True,
            "It takes the spread of five values for that of all, and the normal curve for "
            "Student's.",
        ),
    ),
)
MCNEMAR = Quiz(
    "09-mcnemar",
    "Two networks, trained with the same loss, the same data and the same recipe, from two "
    "seeds. McNemar's test gives p = 0.004. What may one conclude?",
    (
        Option(
            "The test is broken: there is nothing to find.",
            False,
            "There is: these two networks do differ in accuracy, and the test says so.",
        ),
        Option(
            "One of the two seeds is better.",
            False,
            "A seed is no quality that carries over: with other data or another network the same "
            "number means nothing.",
        ),
        Option(
            "The two networks differ; about the loss it says nothing.",
            True,
            "It compares what it is given, two networks. Seeds differ within a loss as well.",
        ),
    ),
)
QUIZZES = (SINGLE, FIVE, COVERS, MCNEMAR)
