"""A training of seconds: 22 images in batches of 4, the last one short, and a network for them."""

import torch
from torch import nn

from fpl_lib.training import Batches, Recipe, train


def images(count=22, size=8, classes=4):
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (count, 3, size, size), generator=generator, dtype=torch.uint8)
    return pixels, torch.arange(count) % classes


def batches(**options):
    options = {"batch_size": 4, "shuffle": True, **options}
    return Batches(*images(), **options)


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Flatten(), nn.Dropout(0.3),
        nn.Linear(6 * 36, 4),
    )  # fmt: skip


RECIPES = {
    "table 1": Recipe(batch_size=4, epochs=3, lr=0.5),
    "sgd, steps": Recipe(
        batch_size=4, epochs=3, optimizer="sgd", lr=0.05, momentum=0.9, nesterov=True,
        weight_decay=1e-3, schedule="step", milestones=(1, 2),
    ),
    "bfloat16": Recipe(
        batch_size=4, epochs=2, optimizer="sgd", lr=0.05, schedule="constant", amp=True
    ),
    "one cycle": Recipe(
        batch_size=4, epochs=2, optimizer="sgd", lr=0.05, momentum=0.9, schedule="one_cycle"
    ),
}  # fmt: skip


def run(recipe, model=None, loss=None, **options):
    """The model, and its training's rows, not yet asked for."""
    model, loss = model or network(), loss or nn.CrossEntropyLoss()
    data, held_out = batches(augment=True, seed=5), batches(shuffle=False)
    return model, train(model, loss, data, held_out, recipe, progress=False, **options)


def outcome(rows):
    """Rows without what the clock says."""
    clock = ("seconds", "images_per_second")
    return [{key: value for key, value in row.items() if key not in clock} for row in rows]


def same_state(one, other):
    """Whether two modules hold the same numbers, bit for bit."""
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)
