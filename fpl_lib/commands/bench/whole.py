"""Whole trainings on a GPU: their seconds, and how close they come to what it can do."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from fpl_lib.commands.bench import aims
from fpl_lib.commands.bench.measure import Row
from fpl_lib.evidence.catalogue import EXPERIMENTS
from fpl_lib.training import Batches, build_model, train

# Network, experiment and the condition whose recipe and stem it has there.
TRAININGS = (
    ("resnet18", "table2", ""),
    ("efficientnet_v2_s", "table2", ""),
    ("resnet50", "table3", "scratch-bf16"),
)
IMAGES = 49_920  # all of CIFAR-10 but the batch that would be short
# Dense bfloat16 operations a second, from the makers' data sheets.
PEAKS = {"H200": 989e12, "H100": 989e12, "A100": 312e12}


def rows(device: torch.device) -> Iterator[Row]:
    """Seconds of whole trainings, from their second epoch; and how close they come to the peak.

    The images are noise, which takes as long as CIFAR-10 and has to be fetched from nowhere.
    """
    pixels = torch.randint(256, (IMAGES, 3, 32, 32), dtype=torch.uint8)
    labels = torch.arange(IMAGES) % 10
    gpu = torch.cuda.get_device_name(device) if device.type == "cuda" else ""
    for name, experiment, condition in TRAININGS:
        plan = EXPERIMENTS[experiment]
        (chosen,) = (one for one in plan.conditions if one.name == condition)
        recipe = chosen.recipe or plan.recipe
        layout = {"device": device, "channels_last": recipe.channels_last}
        batches = Batches(
            pixels, labels, batch_size=recipe.batch_size, shuffle=True, augment=recipe.augment,
            **layout,
        )  # fmt: skip
        held_out = Batches(pixels[:500], labels[:500], batch_size=500, **layout)
        model = build_model(name, seed=0, stem=chosen.stem or plan.stem)
        epochs = train(
            model, nn.CrossEntropyLoss(), batches, held_out, recipe, progress=False,
            compiled=device.type == "cuda",
        )  # fmt: skip
        next(epochs)
        took = next(epochs)["seconds"]
        epochs.close()
        work = step_flops(model, next(iter(batches))) * len(batches) / took
        note = f"{work / 1e12:.1f} TFLOP/s"
        if peak := next((peak for known, peak in PEAKS.items() if known in gpu), None):
            note += f", {100 * work / peak:.0f} % of the GPU's bfloat16 peak"
        said = f"{name}, {recipe.epochs} epochs at batch {recipe.batch_size}"
        yield Row(aims.WHOLE, said, "", took * recipe.epochs, note=note)


def step_flops(model: nn.Module, batch: tuple[torch.Tensor, torch.Tensor]) -> int:
    """Floating-point operations of one training step, forward and backward, as torch counts them.

    >>> step_flops(nn.Linear(3, 5), (torch.zeros(2, 3), torch.zeros(2, dtype=torch.int64)))
    120
    """
    images, target = batch
    with FlopCounterMode(display=False) as counter:
        functional.cross_entropy(model(images), target).backward()
    model.zero_grad(set_to_none=True)
    return counter.get_total_flops()
