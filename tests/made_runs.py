"""Records made up for tests: whole and consistent, with the accuracy that a test asks for."""

import numpy as np

from fpl_lib.evidence.records import Record
from fpl_lib.evidence.validation import result_of

CONFUSION = np.array([[3, 1, 0], [0, 4, 0], [2, 1, 1]])


def made(
    loss="fpl", seed=0, top1=60.0, *, experiment="mini", condition="", model="small", source=None,
    epochs=4, images=10_000, bumps=0.0, config=None,
):  # fmt: skip
    """A finished run on ten classes, `top1` percent right, every error called cat.

    Accuracy rises in a straight line, with `bumps` points up and down on every other epoch but the
    last. `source` is "mini" for the experiments of that name, else "cifar10".
    """
    confusion = np.zeros((10, 10), int)
    right = round(images * top1 / 100)
    truth = np.arange(images) % 10
    wrong = np.arange(images) >= right
    predicted = np.where(wrong, np.where(truth == 3, 5, 3), truth)
    np.add.at(confusion, (truth, predicted), 1)
    result = result_of(confusion, top5=max(99.0, 100 * right / images))
    rows = [
        {"epoch": e, "train_loss": 1.0,
         "top1": result["top1"] * (e / epochs) - bumps * (e % 2 and e < epochs),
         "top5": result["top5"], "seconds": 1.0, "images_per_second": 10.0}
        for e in range(1, epochs + 1)
    ]  # fmt: skip
    header = {
        "experiment": experiment, "model": model, "loss": loss, "seed": seed,
        "condition": condition, "config": {"epochs": epochs, **(config or {})},
        "data": {"source": source or ("mini" if "mini" in experiment else "cifar10"),
                 "train": 5 * images, "test": images},
        "environment": {"device": "CPU, a test"},
    }  # fmt: skip
    return Record(header, rows, result)


def pair(ahead, seeds=10, *, spread=0.3, loss="fpl", rival="ce", level=60.0, **options):
    """Runs of two losses over seeds; `loss` is `ahead` points on average, with some spread."""
    wobble = np.random.default_rng(0).normal(0, spread, seeds)
    wobble -= wobble.mean()
    runs = []
    for seed in range(seeds):
        base = level + 0.5 * np.sin(seed)
        runs.append(made(loss, seed, base + ahead + wobble[seed], **options))
        runs.append(made(rival, seed, base, **options))
    return runs


def record(seed=0, done=True):
    row = {
        "train_loss": 1.5,
        "top1": 100 * 8 / 12,
        "top5": 100.0,
        "seconds": 1.0,
        "images_per_second": 12.0,
    }
    header = {
        "experiment": "mini", "model": "small", "loss": "fpl", "seed": seed,
        "config": {"epochs": 2}, "data": {"source": "mini", "test": 12},
        "environment": {"device": "CPU"},
    }  # fmt: skip
    epochs = [{"epoch": number, **row} for number in (1, 2)]
    return Record(header, epochs, result_of(CONFUSION, 100.0) if done else None)
