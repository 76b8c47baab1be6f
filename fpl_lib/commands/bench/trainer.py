"""The trainer beside the bare step, and beside the loop that everyone writes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from fpl_lib.cifar10.load import CIFAR10
from fpl_lib.commands.bench.measure import (
    Row,
    growth_exponent,
    in_turns,
    once_each,
    peak_memory,
    quartiles,
)
from fpl_lib.training.batches import CIFAR10_MEAN, CIFAR10_STD, Batches
from fpl_lib.training.loop import Recipe, make_optimizer, train
from fpl_lib.training.models import build_model

RECIPE = Recipe(
    epochs=1, optimizer="sgd", lr=0.01, momentum=0.9, augment=True, schedule="constant"
)  # fmt: skip
# Images a round, and what is aimed at: of the bare step's speed, and times the common loop's.
ON_CPU = {"small": (2048, 0.97, 3.0), "resnet18": (512, 0.97, 1.2)}
ON_CUDA = {"resnet18": (25_600, 0.97, 10.0)}


class _Images(Dataset):
    """Single images through torchvision's transforms, as in most tutorials."""

    def __init__(self, images: torch.Tensor, labels: torch.Tensor) -> None:
        self.images, self.labels = images, labels
        self.transform = v2.Compose(
            [
                v2.RandomCrop(32, padding=4),
                v2.RandomHorizontalFlip(),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize(CIFAR10_MEAN, CIFAR10_STD),
            ]
        )

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.transform(self.images[index]), int(self.labels[index])


def contenders(
    name: str, images: torch.Tensor, labels: torch.Tensor, device: str, recipe: Recipe = RECIPE
) -> dict[str, Callable[[], float]]:
    """Ways through `images` once, each giving the seconds of its training steps.

    "trainer": `train.train`, by its own clock, which leaves the test images out. "bare step": one
    batch that is there already, no augmentation, no log. "common loop": as most tutorials have it,
    a DataLoader with two workers, torchvision's transforms and torch's usual memory layout.
    "batches": the trainer's batches and no step.
    """
    size = recipe.batch_size
    options = {"device": device, "channels_last": recipe.channels_last}
    batches = Batches(
        images, labels, batch_size=size, shuffle=True, augment=recipe.augment, **options
    )
    held_out = Batches(images[:100], labels[:100], batch_size=100, **options)
    x, y = next(iter(batches))
    steps = len(labels) // size
    model, other, third = (build_model(name, seed=0) for _ in range(3))
    layout = torch.channels_last if recipe.channels_last else torch.contiguous_format
    other.to(device, memory_format=layout).train()
    third.to(device).train()
    amp = {"device_type": torch.device(device).type, "dtype": torch.bfloat16}

    def step(net: nn.Module, optimizer: torch.optim.Optimizer, x, y) -> None:
        with torch.autocast(**amp, enabled=recipe.amp):
            logits = net(x)
        optimizer.zero_grad(set_to_none=True)
        functional.cross_entropy(logits.float(), y).backward()
        optimizer.step()

    def trainer() -> float:
        loss = nn.CrossEntropyLoss()
        (row,) = train(model, loss, batches, held_out, recipe, progress=False)
        return row["seconds"]

    bare_optimizer = make_optimizer(list(other.parameters()), recipe)

    def bare() -> float:
        began = time.perf_counter()
        for _ in range(steps):
            step(other, bare_optimizer, x, y)
        _wait(device)
        return time.perf_counter() - began

    loader = DataLoader(_Images(images, labels), size, shuffle=True, num_workers=2, drop_last=True)
    common_optimizer = make_optimizer(list(third.parameters()), recipe)

    def common() -> float:
        began = time.perf_counter()
        for x, y in loader:
            step(third, common_optimizer, x.to(device), y.to(device))
        _wait(device)
        return time.perf_counter() - began

    def only_batches() -> float:
        began = time.perf_counter()
        for _ in batches:
            pass
        _wait(device)
        return time.perf_counter() - began

    return {"trainer": trainer, "bare step": bare, "common loop": common, "batches": only_batches}


def aims(targets: dict[str, tuple[int, float, float]]) -> list[Row]:
    """What is aimed at, two rows a network, nothing measured yet."""
    return [
        Row("trainer", name, "speed", other, None, target=target, better="above")
        for name, (_, *both) in targets.items()
        for other, target in zip(("bare step", "common loop"), both, strict=True)
    ]


def rows(data: CIFAR10, device: str, rounds: int) -> Iterator[Row]:
    """Speed ratios for each network; a ratio above 1 means that the trainer is the faster one."""
    on_cuda = torch.device(device).type == "cuda"
    targets = ON_CUDA if on_cuda else ON_CPU
    for name, (count, *_) in targets.items():
        count = min(count, len(data.train_labels)) // RECIPE.batch_size * RECIPE.batch_size
        recipe = replace(RECIPE, amp=on_cuda)
        ways = contenders(
            name, data.train_images[:count], data.train_labels[:count], device, recipe
        )
        taken = in_turns(ways, rounds, warm_up=1)
        share, *_ = quartiles(taken["batches"], taken["trainer"])
        bound, *_ = quartiles(taken["common loop"], taken["bare step"])
        notes = {
            "bare step": f"making the batches takes {100 * share:.1f} % of the time",
            "common loop": f"the bare step alone is {bound:.2f} times as fast as the common loop",
        }
        for aim in aims({name: targets[name]}):
            ratio, low, high = quartiles(taken[aim.baseline], taken["trainer"])
            yield replace(aim, ratio=ratio, low=low, high=high, note=notes[aim.baseline])


def growth(data: CIFAR10, device: str, rounds: int) -> list[dict]:
    """Time and memory of a step against batch size, and of short trainings against their number."""

    def epochs(count: int, batch_size: int, seeds: int) -> Callable[[], object]:
        recipe = replace(RECIPE, batch_size=batch_size)
        options = {"batch_size": batch_size, "device": device, "channels_last": True}
        images, labels = data.train_images[:count], data.train_labels[:count]

        def call() -> None:
            for seed in range(seeds):
                batches = Batches(images, labels, shuffle=True, augment=True, seed=seed, **options)
                model = build_model("small", seed=seed)
                list(train(model, nn.CrossEntropyLoss(), batches, batches, recipe, progress=False))

        return call

    sweeps = {
        "batch size (one step)": [(size, epochs(size, size, 1)) for size in (16, 64, 256, 1024)],
        "seeds (256 images each)": [(n, epochs(256, 64, n)) for n in (1, 2, 4, 8)],
    }
    found = []
    for axis, points in sweeps.items():
        sizes, ways = [size for size, _ in points], {str(size): call for size, call in points}
        taken = once_each(ways, rounds=max(3, rounds // 2))
        seconds = [sorted(values)[len(values) // 2] for values in taken.values()]
        held = [peak_memory(call, device) for call in ways.values()]
        found.append(
            {
                "axis": axis, "sizes": sizes, "seconds": seconds, "bytes": held,
                "time_exponent": growth_exponent(sizes, seconds),
                "memory_exponent": growth_exponent(sizes, held),
            }
        )  # fmt: skip
    return found


def _wait(device: str) -> None:
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize()
