"""Whole trainings on a GPU: their seconds, and how close they come to what it can do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from fpl_lib.commands.bench.measure import Row
from fpl_lib.evidence.catalogue import EXPERIMENTS
from fpl_lib.training.batches import Batches
from fpl_lib.training.loop import Recipe, train
from fpl_lib.training.models import build_model

# Experiment, condition, network, and the seconds aimed at on an H200.
TRAININGS = (
    ("table2", "", "resnet18", 20.0),
    ("table2", "", "efficientnet_v2_s", 90.0),
    ("table3", "scratch-bf16", "resnet50", 480.0),
)
# Dense bfloat16 operations a second, from the makers' data sheets.
PEAKS = {"H200": 989e12, "H100": 989e12, "A100": 312e12}


def aims() -> list[Row]:
    """What is aimed at for each, nothing measured yet."""
    found = []
    for experiment, condition, name, seconds in TRAININGS:
        recipe, _ = _as_run(experiment, condition)
        said = f"{name}, {recipe.epochs} epochs at batch {recipe.batch_size}"
        found.append(Row("trainer", said, "seconds", "", None, target=seconds))
    return found


def rows(device: str, images: int = 50_000) -> Iterator[Row]:
    """Seconds of whole trainings, from their second epoch; and how close they come to the peak.

    The images are noise, which takes as long as CIFAR-10 and has to be fetched from nowhere.
    """
    pixels = torch.randint(256, (images, 3, 32, 32), dtype=torch.uint8)
    labels = torch.arange(images) % 10
    for (experiment, condition, name, _), aim in zip(TRAININGS, aims(), strict=True):
        recipe, stem = _as_run(experiment, condition)
        layout = {"device": device, "channels_last": recipe.channels_last}
        batches = Batches(
            pixels, labels, batch_size=recipe.batch_size, shuffle=True, augment=recipe.augment,
            **layout,
        )  # fmt: skip
        held_out = Batches(pixels[:500], labels[:500], batch_size=500, **layout)
        model = build_model(name, seed=0, stem=stem)
        epochs = train(
            model, nn.CrossEntropyLoss(), batches, held_out, recipe, progress=False,
            compiled=torch.device(device).type == "cuda",
        )  # fmt: skip
        next(epochs)
        took = next(epochs)["seconds"]
        epochs.close()
        work = step_flops(model, next(iter(batches))) * images / recipe.batch_size
        note = f"{work / took / 1e12:.1f} TFLOP/s"
        yield replace(aim, ratio=took * recipe.epochs, note=note)
        if peak := peak_of(device):
            yield Row(
                "trainer", aim.name, "share of the peak", "the GPU's bfloat16 operations a second",
                work / took / peak, note=note,
            )  # fmt: skip


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


def peak_of(device: str) -> float | None:
    """The bfloat16 peak of a GPU, operations a second; None for one whose peak is not on file."""
    if torch.device(device).type != "cuda":
        return None
    name = torch.cuda.get_device_name(device)
    return next((peak for known, peak in PEAKS.items() if known in name), None)


def _as_run(experiment: str, condition: str) -> tuple[Recipe, str]:
    """The recipe and stem of an experiment's condition."""
    told = EXPERIMENTS[experiment]
    (chosen,) = (one for one in told.conditions if one.name == condition)
    return chosen.recipe or told.recipe, chosen.stem or told.stem
