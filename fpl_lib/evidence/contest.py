"""A loss of one's own against the others: register it, rehearse it, run it as the records were.

Rehearsals hold out a part of the *training* images, so that one may look as often as one likes. The
test images are for the final run, once, with the recipe of the recorded `mini` runs.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from fpl_lib._files import DATA, RUNS
from fpl_lib.cifar10.load import CIFAR10
from fpl_lib.cifar10.subsets import balanced_subset, train_val_split
from fpl_lib.evidence.catalogue import EXPERIMENTS, LOSSES, RunConfig
from fpl_lib.evidence.comparisons import LEAST_SEEDS, Comparison, by_setting, compare
from fpl_lib.evidence.experiments import run
from fpl_lib.evidence.properties import require_trainable, samples
from fpl_lib.evidence.records import Record, completed, read_runs
from fpl_lib.evidence.validation import RecordError
from fpl_lib.losses.rivals import LossModule
from fpl_lib.training.loop import Recipe

EXAMPLES = DATA / "contest"  # final runs of the loss that notebook 10 starts from
FINAL = EXPERIMENTS["mini"].recipe
REHEARSAL = replace(FINAL, epochs=4, augment=False, image_size=16)
_KIT = frozenset(LOSSES)
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def register(name: str, factory: Callable[[Tensor], nn.Module | Callable]) -> None:
    """Enter a loss under a name, so that it can be trained with; an earlier one of yours goes.

    Args:
        name: small letters, digits and _, not one of the kit's own.
        factory: a function of the training labels' counts (C,) that gives the loss: a module, or a
            function `loss(logits, target)`. (Eq. 4 needs the counts; others ignore them.)

    Raises:
        TypeError, ValueError: a name that cannot be, something else than a factory, or a loss that
            `evidence.require_trainable` refuses.

    Example:
        >>> register("halved", lambda counts: FalsePositiveLoss(alpha=(1, 0.5)))
        Traceback (most recent call last):
        ...
        ValueError: the factory raises NameError: name 'FalsePositiveLoss' is not defined. It is ...
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in _KIT:
        raise ValueError(
            f"name: expected small letters, digits and _, and no loss of the kit; got {name!r}."
        )
    LOSSES[name] = _checked(factory)


def _checked(factory: Callable[[Tensor], nn.Module | Callable]) -> Callable[..., nn.Module]:
    """`factory`, tried once: what it makes is a module that can be trained with."""

    def made(counts: Tensor) -> nn.Module:
        loss = factory(counts)
        return loss if isinstance(loss, nn.Module) else LossModule(loss)

    if isinstance(factory, nn.Module) or not callable(factory):
        raise TypeError(
            "factory: expected a function of the class counts that makes a loss, such as `lambda "
            f"counts: FalsePositiveLoss()`; got {type(factory).__name__}."
        )
    try:
        loss = made(torch.full((10,), 400))
    except Exception as error:
        raise ValueError(
            f"the factory raises {type(error).__name__}: {error}. It is called with the training "
            "images of each class, (C,), and gives a loss: `lambda counts: FalsePositiveLoss()`."
        ) from error
    require_trainable(loss)
    return made


def fingerprint(name: str) -> str:
    """Eight hexadecimal digits that change when the loss called `name` does.

    >>> fingerprint("ce") == fingerprint("ce") != fingerprint("fpl")
    True
    """
    z, target = samples(8, 10)
    z.requires_grad_()
    value = LOSSES[name](torch.full((10,), 400))(z, target)
    (slope,) = torch.autograd.grad(value, z)
    digits = " ".join(f"{x:.4e}" for x in [value.item(), *slope.flatten().tolist()])
    return hashlib.sha256(digits.encode()).hexdigest()[:8]


def rehearsal_data(data: CIFAR10) -> CIFAR10:
    """A small stage: 1500 training images, and as "test" images 1000 others of the *training* set.

    Images are halved to 16 x 16 by averaging, which makes an epoch four times as fast. No test
    image of `data` is left.

    >>> from fpl_lib.cifar10.load import load_cifar10
    >>> rehearsal_data(load_cifar10(source="mini")).test_images.shape
    torch.Size([1000, 3, 16, 16])
    """
    kept, held_out = train_val_split(data.train_labels, 1000, seed=0)
    kept = kept[balanced_subset(data.train_labels[kept], 150, seed=0)]

    def halved(images: Tensor) -> Tensor:
        return nn.functional.avg_pool2d(images.float(), 2).round().to(torch.uint8)

    return replace(
        data,
        train_images=halved(data.train_images[kept]),
        train_labels=data.train_labels[kept],
        test_images=halved(data.train_images[held_out]),
        test_labels=data.train_labels[held_out],
    )


def rehearse(
    names: Iterable[str], seeds: Iterable[int], data: CIFAR10, out: str | os.PathLike
) -> list[Record]:
    """Train the small network by the short recipe with each loss and seed, into records in `out`.

    data: what `rehearsal_data` gives. A finished run in `out` is only read: after changing a loss
    use a fresh folder. Raises KeyError for a loss that is not registered.
    """
    return _runs("rehearsal", names, seeds, data, out, REHEARSAL)


def final(
    names: Iterable[str], seeds: Iterable[int], data: CIFAR10, out: str | os.PathLike
) -> list[Record]:
    """Run losses as those of `data/runs/mini` were run: the same recipe, network and images.

    data: `load_cifar10(source="mini")`. Each loss gets a folder of its own below `out`, named after
    it and its `fingerprint`, so that runs of an earlier version are never taken for this one's.
    Raises KeyError for a loss that is not registered.
    """
    folders = {name: Path(out) / f"{name}-{fingerprint(name)}" for name in names}
    seeds = tuple(seeds)
    return [
        record
        for name, folder in folders.items()
        for record in _runs("mini", [name], seeds, data, folder, FINAL)
    ]


def recorded(folder: str | os.PathLike = RUNS) -> list[Record]:
    """The finished records of the small network by the final recipe: what a loss is up against.

    >>> recorded("no-such-folder")
    []
    """
    wanted = RunConfig("mini", "small", "ce", 0, FINAL).as_dict()
    records = read_runs(folder, "mini") if Path(folder).is_dir() else []
    return [r for r in records if r.done and completed(r.header["config"]) == wanted]


def finished(name: str, *folders: str | os.PathLike) -> list[Record]:
    """The finished final runs below any of the folders, of the loss `name` as it is now.

    Where two folders hold a seed, the first one's run counts.

    >>> finished("ce", "no-such-folder")
    []
    """
    entry = f"{name}-{fingerprint(name)}"
    found: dict[int, Record] = {}
    for folder in folders:
        for record in recorded(Path(folder) / entry):
            found.setdefault(record.header["seed"], record)
    return [found[seed] for seed in sorted(found)]


def scoreboard(folder: str | os.PathLike) -> tuple[list[Comparison], list[str]]:
    """The final runs of a class against CE's records, pair by pair of seeds, best first.

    folder: below it a folder per student, in it what `final` wrote, at any depth. An entry is named
    "student: loss-fingerprint"; Holm's correction is for all of them. Beside the comparisons a
    sentence for each entry that cannot be compared: fewer than three paired seeds, other images or
    another recipe, or a record that does not hold together.

    Raises ValueError where `folder` holds no final run, NotADirectoryError where it is none.
    """
    if not Path(folder).is_dir():
        raise NotADirectoryError(f"{folder}: no such folder (that of the students' folders)")
    ce = [record for record in recorded() if record.header["loss"] == "ce"]
    seeds, setting = {record.header["seed"] for record in ce}, by_setting(ce).keys()
    entered, left = [], []
    places = sorted({path.parent.parent for path in Path(folder).rglob("mini/*.jsonl")})
    for place in places:
        student = place.relative_to(folder).parts[:1] or (Path(folder).name,)
        name = ": ".join(dict.fromkeys((*student, place.name)))
        if name in {run.header["loss"] for run in entered}:
            left.append(f"{name}: there twice; the second, {place}, is left out")
            continue
        try:
            runs = [r for r in recorded(place) if by_setting([r]).keys() == setting]
        except RecordError as error:
            left.append(f"{name}: {error}")
            continue
        runs = [r for r in runs if place.name.startswith(f"{r.header['loss']}-")]
        paired = len(seeds & {record.header["seed"] for record in runs})
        if paired < LEAST_SEEDS:
            left.append(f"{name}: {paired} final runs with CE's seeds, {LEAST_SEEDS} are needed")
        else:
            entered += [replace(r, header={**r.header, "loss": name}) for r in runs]
    if not places:
        raise ValueError(
            f"{folder}: expected students' folders with what `contest.final` wrote, such as "
            "anna/my_runs/mine-1a2b3c4d/mini/small-mine-0.jsonl; got no final run"
        )
    return compare(ce + entered) if entered else [], left


def _runs(
    experiment: str,
    names: Iterable[str],
    seeds: Iterable[int],
    data: CIFAR10,
    out: str | os.PathLike,
    recipe: Recipe,
) -> list[Record]:
    seeds = tuple(seeds)  # an iterator would last for the first loss only
    configs = [
        RunConfig(experiment, "small", name, seed, recipe) for name in names for seed in seeds
    ]
    return [run(config, data, out, progress=False) for config in configs]
