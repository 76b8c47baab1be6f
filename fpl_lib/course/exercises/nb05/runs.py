"""Notebook 05's exercise on a training's result: is my number all right?"""

from __future__ import annotations

from functools import partial

from fpl_lib.course.checking import TrainingExercise
from fpl_lib.course.checking.spread import known_accuracies

ALL_RIGHT = TrainingExercise(
    id="05-all-right",
    title="Two runs of your own",
    difficulty=2,
    minutes=10,
    runs=2,
    known=partial(known_accuracies, "short", "small", "ce"),
    solution=(37.0, 37.6),
    mistakes={
        "one seed": (
            "Two networks with the very same accuracy grew from one seed. Give it to the weights, "
            "to the batches and to `train`.",
            (37.0, 37.0),
        ),
        "share": ("These are shares: the rows hold percent, from 0 to 100.", (0.37, 0.376)),
        "errors": ("This is the share of wrong answers: accuracy is 100 minus it.", (63.0, 62.4)),
        "top-5": (
            "This is top-5 accuracy: the true class among five guesses. Take `top1`.",
            (87.5, 88.5),
        ),
        "chance": (
            "One in ten is chance: nothing was learned. `Recipe()` alone is the paper's Table 1, "
            "with AdaDelta at 0.001; use the recipe of the exercise.",
            (9.6, 10.4),
        ),
    },
    hints=(
        "All that is random hangs on a seed: first weights, order, crops and flips. Which "
        "functions take one?",
        "`build_model('small', seed=seed)`, `training_batches(seed)` and "
        "`train(..., seed=seed)`; the accuracy is `rows[-1]['top1']`.",
    ),
    takeaway="Seeds differ by more than many a paper's gain: a number is nothing without them.",
)
