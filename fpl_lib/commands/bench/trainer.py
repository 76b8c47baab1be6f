"""Training steps with FPL, by the trainer, in the common loop and with torch's own convolutions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
import torchvision
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from fpl_lib import training
from fpl_lib._files import RUNS
from fpl_lib.cifar10 import CIFAR10
from fpl_lib.commands.bench import aims
from fpl_lib.commands.bench.loss import calls
from fpl_lib.commands.bench.measure import Row, growth, in_turns, quartiles, side_by_side, timed
from fpl_lib.evidence.catalogue import EXPERIMENTS, LOSSES
from fpl_lib.evidence.records import read_runs

# Each network with the experiment whose recipe it is timed by.
RECIPES = {"small": "mini", "compact": "compact", "resnet18": "table2"}
IMAGES = {"cpu": {"small": 2048, "resnet18": 512}, "cuda": {"resnet18": 25_600}}  # a round
ACCURACY_IMAGES = 1024


class _Images(Dataset):
    """Single images through torchvision's transforms, as in most tutorials."""

    def __init__(self, images: Tensor, labels: Tensor) -> None:
        self.images, self.labels = images, labels
        self.transform = v2.Compose(
            [
                v2.RandomCrop(32, padding=4),
                v2.RandomHorizontalFlip(),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize(training.CIFAR10_MEAN, training.CIFAR10_STD),
            ]
        )

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(self.images[index]), int(self.labels[index])


@dataclass(frozen=True)
class Setup:
    """A network's training by its experiment's recipe, at a rate at which nothing diverges."""

    name: str
    data: CIFAR10
    device: torch.device
    float32: bool = False

    @property
    def recipe(self) -> training.Recipe:
        recipe = EXPERIMENTS[RECIPES[self.name]].recipe
        recipe = replace(recipe, amp=recipe.amp and not self.float32)
        return replace(recipe, lr=1e-3, schedule="constant", augment=True, epochs=1000)

    def images(self, count: int) -> tuple[Tensor, Tensor]:
        """So many images with their labels, some more than once if need be."""
        index = torch.arange(count) % len(self.data.train_labels)
        return self.data.train_images[index], self.data.train_labels[index]

    def batches(self, count: int, size: int | None = None) -> training.Batches:
        recipe = self.recipe
        return training.Batches(
            *self.images(count), batch_size=size or recipe.batch_size, shuffle=True,
            augment=recipe.augment, device=self.device, channels_last=recipe.channels_last,
        )  # fmt: skip

    def batch(self) -> tuple[Tensor, Tensor]:
        return next(iter(self.batches(self.recipe.batch_size)))

    def model(self, stem: str = "torchvision") -> nn.Module:
        return training.build_model(self.name, stem=stem, seed=0)

    def usual(self) -> nn.Module:
        """The network as a tutorial has it, without our shortcuts for small maps."""
        foreign = self.name == "resnet18"
        return torchvision.models.resnet18(num_classes=10) if foreign else self.model()

    def step(
        self, model: nn.Module, loss: nn.Module | None = None, common: bool = False
    ) -> training.Step:
        """The step of `train`; a `common` one in torch's usual layout, and never recorded."""
        recipe, device = self.recipe, self.device
        layout = torch.contiguous_format if common else torch.channels_last
        model.to(device, memory_format=layout).train()
        loss = (loss or nn.CrossEntropyLoss()).to(device)
        amp = recipe.amp and training.has_bfloat16(device)

        def forward(images: Tensor, target: Tensor) -> Tensor:
            with torch.autocast(device.type, torch.bfloat16, enabled=amp):
                logits = model(images)
            return loss(logits.float(), target)

        optimizer = training.make_optimizer(list(model.parameters()), recipe)
        recorder = None if common else training.recorder_for(device)
        return training.Step(forward, optimizer, recipe.batch_size, recorder)

    def beside(self, steps: Mapping[str, training.Step], rounds: int) -> dict[str, list[float]]:
        """Seconds of single steps on one batch, side by side."""
        x, y = self.batch()
        ways = {name: partial(step, x, y) for name, step in steps.items()}
        return side_by_side(ways, rounds, self.device)


def cost(data: CIFAR10, device: torch.device, rounds: int) -> Iterator[Row]:
    """A whole training step with FPL beside the same with cross-entropy."""
    fpl = LOSSES["fpl"](torch.bincount(data.train_labels))
    for name in RECIPES:
        ours = Setup(name, data, device)
        steps = {"fpl": ours.step(ours.model(), fpl), aims.SAME: ours.step(ours.model())}
        taken = ours.beside(steps, 4 * rounds)
        alone = side_by_side(calls(ours.recipe.batch_size, 10, device), rounds, device)
        milliseconds = (1e3 * np.median(each) for each in (taken[aims.SAME], *alone.values()))
        note = "of its {:.0f} ms FPL takes {:.2f}, cross-entropy {:.2f}".format(*milliseconds)
        yield Row.of(aims.COST, f"a step of {name}", aims.SAME, taken, "fpl", note)


def speed(data: CIFAR10, device: torch.device, rounds: int, share: int) -> Iterator[Row]:
    """The trainer's images a second beside the bare step's and the common loop's."""
    for name, count in IMAGES[device.type].items():
        taken = in_turns(contenders(Setup(name, data, device), count // share), rounds)
        making, *_ = quartiles(taken["batches"], taken["trainer"])
        bound, *_ = quartiles(taken[aims.COMMON], taken[aims.BARE])
        for other, note in (
            (aims.BARE, f"making the batches takes {100 * making:.1f} % of the time"),
            (aims.COMMON, f"the bare step alone has {bound:.2f} times its speed"),
        ):
            ratios = quartiles(taken[other], taken["trainer"])
            yield Row(aims.TRAINER, name, other, *ratios, note)


def accuracy(data: CIFAR10, device: torch.device, rounds: int, share: int) -> Iterator[Row]:
    """The recipe of `compact`, made to end above 87 %: steps timed, times their number."""
    ours, other = Setup("compact", data, device), Setup("resnet18", data, device)
    step, (x, y) = other.step(other.model("cifar"), common=True), ours.batch()
    ways = contenders(ours, ACCURACY_IMAGES // share)
    ways[aims.USUAL] = lambda: timed(lambda: step(x, y), device) / len(y)
    taken = in_turns(ways, _few(rounds))
    epochs = EXPERIMENTS["compact"].recipe.epochs
    seconds = 50_000 * epochs * np.quantile(taken["trainer"], (0.5, 0.25, 0.75))
    runs = read_runs(RUNS, "compact") if RUNS.is_dir() else []
    top1 = [run.result["top1"] for run in runs if run.done and not run.condition]
    reached = f"{len(top1)} runs ended at {min(top1)} % or more" if top1 else "no run is recorded"
    note = f"{epochs} epochs by steps timed; {reached}"
    yield Row(aims.ACCURACY, "compact", "", *map(float, seconds), note)
    bound, *_ = quartiles(taken[aims.BARE], taken[aims.COMMON])
    note = f"by steps timed; the bare step alone takes {bound:.2f} of its time"
    yield Row.of(aims.ACCURACY, "compact", aims.COMMON, taken, "trainer", note)
    mode = training.numeric_mode(device, other.recipe.amp)
    note = f"by steps timed, its batches lying ready, in {mode}"
    yield Row.of(aims.ACCURACY, "compact", aims.USUAL, taken, "trainer", note)


def shortcut(data: CIFAR10, device: torch.device, rounds: int) -> Iterator[Row]:
    """A step of ResNet18, whose last maps are 1 × 1 pixels, with and without `ShortcutConv2d`.

    In float32, as question Q3 trains it.
    """
    ours = Setup("resnet18", data, device, float32=True)
    steps = {"ours": ours.step(ours.model()), aims.OWN: ours.step(ours.usual())}
    taken = ours.beside(steps, 2 * rounds)
    milliseconds = (1e3 * np.median(seconds) for seconds in taken.values())
    note = "in float32: {:.0f} ms, and {:.0f} ms".format(*milliseconds)
    yield Row.of(aims.SHORTCUT, "a step of resnet18", aims.OWN, taken, "ours", note)


def contenders(ours: Setup, count: int) -> dict[str, Callable[[], float]]:
    """Ways through `count` images once, each giving the seconds an image of its training steps.

    "trainer": `train`, by its own clock, which leaves the test images out. "bare step": one batch
    that is there already, no augmentation, no log. "common loop": as most tutorials have it, a
    DataLoader with two workers, torchvision's transforms, network and usual memory layout.
    "batches": the trainer's batches and no step.
    """
    recipe, device = ours.recipe, ours.device
    count -= count % recipe.batch_size
    batches, held_out, (x, y) = ours.batches(count), ours.batches(100, 100), ours.batch()
    model, loss = ours.model(), nn.CrossEntropyLoss()
    rows = training.train(model, loss, batches, held_out, recipe, progress=False)
    bare, common = ours.step(ours.model()), ours.step(ours.usual(), common=True)
    images = _Images(*ours.images(count))
    loader = DataLoader(images, recipe.batch_size, shuffle=True, num_workers=2)

    def through_loader() -> None:
        for x, y in loader:
            common(x.to(device), y.to(device))

    return {
        "trainer": lambda: next(rows)["seconds"] / count,
        aims.BARE: lambda: timed(lambda: bare(x, y), device, count // len(y)) / len(y),
        aims.COMMON: lambda: timed(through_loader, device) / count,
        "batches": lambda: timed(lambda: [None for _ in batches], device) / count,
    }


def growths(data: CIFAR10, device: torch.device, rounds: int) -> Iterator[dict]:
    """Time and memory of a step against batch size, and of short trainings against their number."""
    ours = Setup("small", data, device)

    def trainings(count: int, size: int, seeds: int) -> None:
        recipe = replace(ours.recipe, batch_size=size, epochs=1)
        for _ in range(seeds):
            batches, held_out = ours.batches(count, size), ours.batches(16, 16)
            loss = nn.CrossEntropyLoss()
            list(training.train(ours.model(), loss, batches, held_out, recipe, progress=False))

    sizes = {size: partial(trainings, size, size, 1) for size in (16, 64, 256, 1024)}
    yield growth("batch size (one step)", sizes, _few(rounds), device)
    seeds = {seeds: partial(trainings, 128, 64, seeds) for seeds in (1, 2, 4, 8)}
    yield growth("seeds (128 images each)", seeds, _few(rounds), device)


def _few(rounds: int) -> int:
    """Rounds of whole passes, which are as good as many of single steps."""
    return max(1, rounds // 2)
