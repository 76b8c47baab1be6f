"""The paper's experiments as data, and the function that runs one configuration into one record."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
import torchvision
from filelock import FileLock, Timeout
from torch import Tensor, nn

from .alphas import class_alpha
from .batches import Batches
from .data import CIFAR10
from .losses import FalsePositiveLoss
from .metrics import confusion_matrix
from .models import build_model
from .rivals import (
    LossModule,
    balanced_softmax_loss,
    class_balanced_loss,
    focal_loss,
    gce_loss,
    logit_adjusted_loss,
    mae_loss,
    poly1_loss,
    sce_loss,
)
from .runs import Record, read_record, result_of, write_record
from .train import Recipe, predict, train

# A loss by name: a function of the training labels' counts (C,), so that Eq. 4 can be used.
LOSSES: dict[str, Callable[[Tensor], nn.Module]] = {
    "fpl": lambda counts: FalsePositiveLoss(class_alpha(counts)),
    "ce": lambda counts: nn.CrossEntropyLoss(),
    "focal": lambda counts: LossModule(focal_loss),
    "poly1": lambda counts: LossModule(poly1_loss),
    "gce": lambda counts: LossModule(gce_loss),
    "sce": lambda counts: LossModule(sce_loss),
    "mae": lambda counts: LossModule(mae_loss),
    "class_balanced": lambda counts: LossModule(class_balanced_loss, counts=counts),
    "balanced_softmax": lambda counts: LossModule(balanced_softmax_loss, counts=counts),
    "logit_adjusted": lambda counts: LossModule(logit_adjusted_loss, counts=counts),
}


@dataclass(frozen=True)
class Experiment:
    """A table or figure as data: which networks, which losses, one recipe for all of them."""

    name: str
    about: str
    models: tuple[str, ...]
    losses: tuple[str, ...]
    recipe: Recipe
    stem: str = "torchvision"
    source: str = "auto"  # where the images come from, as in load_cifar10


EXPERIMENTS = {
    experiment.name: experiment
    for experiment in (
        Experiment(
            "table2",
            "Table 2: false positives per class on CIFAR-10, by the recipe of Table 1",
            models=("resnet18", "efficientnet_v2_s"),
            losses=("fpl", "ce"),
            # Table 1 names batch size, epochs, learning rate, AdaDelta and the cosine schedule, and
            # nothing else: so no augmentation and no weight decay.
            recipe=Recipe(amp=True),
        ),
        Experiment(
            "mini",
            "A small network on cifar10-mini: a minute a run on a laptop",
            models=("small",),
            losses=("fpl", "ce"),
            recipe=Recipe(
                batch_size=64,
                epochs=20,
                optimizer="sgd",
                lr=0.1,
                momentum=0.9,
                nesterov=True,
                weight_decay=5e-4,
                augment=True,
            ),  # fmt: skip
            source="mini",
        ),
    )
}


@dataclass(frozen=True)
class RunConfig:
    """Everything that decides a run's outcome, the machine and the data aside."""

    experiment: str
    model: str
    loss: str
    seed: int
    recipe: Recipe
    stem: str = "torchvision"

    def as_dict(self) -> dict:
        """One flat dictionary of plain values, as a record keeps it."""
        fields = {**asdict(self.recipe), "stem": self.stem}
        return {key: list(v) if isinstance(v, tuple) else v for key, v in fields.items()}


def completed(config: dict) -> dict:
    """A record's configuration with today's defaults for what was no option when it was made.

    >>> completed({"epochs": 3})["schedule"]
    'cosine'
    """
    return {**RunConfig("", "", "", 0, Recipe()).as_dict(), **config}


class Conflict(RuntimeError):
    """A record is there already, of a run with another configuration or other data."""


class Busy(RuntimeError):
    """Another process is at this very run."""


def configs(
    experiment: str, models: list[str] | None, losses: list[str] | None, seeds: list[int]
) -> list[RunConfig]:
    """The runs of an experiment, seed by seed, so that the losses are compared early.

    `models` and `losses` choose among the experiment's own (None: all of them). Raises ValueError
    for a name it does not have.

    >>> [(c.loss, c.seed) for c in configs("mini", None, None, [0, 1])]
    [('fpl', 0), ('ce', 0), ('fpl', 1), ('ce', 1)]
    """
    if experiment not in EXPERIMENTS:
        raise ValueError(f"unknown experiment {experiment!r}: expected {', '.join(EXPERIMENTS)}")
    plan = EXPERIMENTS[experiment]
    for kind, asked, known in (("model", models, plan.models), ("loss", losses, plan.losses)):
        unknown = [name for name in asked or () if name not in known]
        if unknown:
            raise ValueError(
                f"experiment {experiment!r} has no {kind} {unknown[0]!r}: "
                f"expected {', '.join(known)}"
            )
    return [
        RunConfig(experiment, model, loss, seed, plan.recipe, plan.stem)
        for model in models or plan.models
        for seed in seeds
        for loss in losses or plan.losses
    ]


def run(
    config: RunConfig,
    data: CIFAR10,
    out: str | os.PathLike,
    *,
    device: str | torch.device = "cpu",
    deadline: float | None = None,
    progress: bool = True,
    on_epoch: Callable[[dict], None] = lambda row: None,
) -> Record:
    """Train one configuration on `data` into a record below `out`; a finished one is just read.

    The record is there from the start, with its header. A run that was cut goes on from its
    checkpoint, which lies beside the record until the run is through. `deadline` (a reading of
    `time.monotonic`) raises `train.Paused` between two steps. Raises Conflict if the record there
    is of another configuration or other data, Busy if another process is at it.
    """
    header = {
        "experiment": config.experiment, "model": config.model, "loss": config.loss,
        "seed": config.seed, "config": config.as_dict(),
        "data": {
            "source": "cifar10" if data.is_full else data.source, "md5": data.md5,
            "train": len(data.train_labels), "test": len(data.test_labels),
        },
        "environment": environment(device),
    }  # fmt: skip
    record = Record(header)
    path = Path(out) / record.path
    checkpoint = path.with_suffix(".ckpt")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(path.with_suffix(".lock"), timeout=0):
            if not path.exists():
                # A checkpoint does not say of which configuration it is: without its record, which
                # someone moved away, it could be of another one.
                checkpoint.unlink(missing_ok=True)
            elif (earlier := read_record(path)).epochs or checkpoint.exists():
                _same_run(earlier, record, path)
                if earlier.done:
                    return earlier
                if checkpoint.exists():
                    record.header = earlier.header
            if not checkpoint.exists():
                write_record(record, out)
            _train(config, data, record, checkpoint, out, device, deadline, progress, on_epoch)
            checkpoint.unlink(missing_ok=True)
            return record
    except Timeout as error:
        raise Busy(f"{path}: another process is at this run") from error


def _train(config, data, record, checkpoint, out, device, deadline, progress, on_epoch) -> None:
    torch.manual_seed(config.seed)
    recipe = config.recipe
    counts = torch.bincount(data.train_labels, minlength=len(data.classes))
    options = {"device": device, "channels_last": recipe.channels_last}
    train_data = Batches(
        data.train_images, data.train_labels, batch_size=recipe.batch_size, shuffle=True,
        augment=recipe.augment, seed=config.seed, **options,
    )  # fmt: skip
    test_data = Batches(data.test_images, data.test_labels, batch_size=500, **options)
    model = build_model(config.model, num_classes=len(counts), stem=config.stem, seed=config.seed)
    rows = train(
        model, LOSSES[config.loss](counts), train_data, test_data, recipe,
        seed=config.seed, checkpoint=checkpoint, deadline=deadline, progress=progress,
    )  # fmt: skip
    for row in rows:
        record.epochs.append(row)
        write_record(record, out)
        on_epoch(row)
    logits, target = predict(model, test_data)
    record.result = result_of(confusion_matrix(logits, target), record.epochs[-1]["top5"])
    write_record(record, out)


def _same_run(earlier: Record, now: Record, path: Path) -> None:
    """Raise Conflict unless two records are of one run: the same configuration on the same data."""
    for key in ("config", "data"):
        theirs, ours = dict(earlier.header[key]), dict(now.header[key])
        if key == "config":
            theirs = completed(theirs)
        if theirs.get("source") == ours.get("source") == "cifar10":
            # The official files come in two layouts, the same images with other checksums.
            theirs.pop("md5", None), ours.pop("md5", None)
        differs = [k for k in {**theirs, **ours} if theirs.get(k) != ours.get(k)]
        if differs:
            k = sorted(differs)[0]
            raise Conflict(
                f"{path} is of another run: its {key} says {k} = {theirs.get(k)!r}, this run's "
                f"{ours.get(k)!r}; move that file away or choose another --out"
            )


def environment(device: str | torch.device) -> dict:
    """Versions, machine and starting time, for a record's header."""
    device = torch.device(device)
    try:
        ours = version("fpl-lib")
    except PackageNotFoundError:  # used from a source tree that was never installed
        ours = "source"
    return {
        "fpl_lib": ours, "python": platform.python_version(), "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else cpu_name(),
        "threads": torch.get_num_threads(), "platform": platform.system(),
        "start": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }  # fmt: skip


def cpu_name() -> str:
    """The processor's name as the system gives it, or its architecture."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"CPU, {names[0] if names else platform.processor() or platform.machine()}"


def shortened(config: RunConfig, epochs: int) -> RunConfig:
    """`config` with another number of epochs, for a first look."""
    return replace(config, recipe=replace(config.recipe, epochs=epochs))


def after(seconds: float | None) -> float | None:
    """The deadline `seconds` from now, for `run`; None for none."""
    return None if seconds is None else time.monotonic() + seconds
