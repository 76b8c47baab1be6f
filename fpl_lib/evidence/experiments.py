"""From an experiment to its runs, and from one configuration to one record."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from glob import escape
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock, Timeout

from fpl_lib.cifar10.load import CIFAR10
from fpl_lib.cifar10.subsets import balanced_subset, long_tail, noisy_labels, train_val_split
from fpl_lib.evidence.catalogue import EXPERIMENTS, LOSSES, Condition, Experiment, RunConfig
from fpl_lib.evidence.machine import environment, resumed
from fpl_lib.evidence.records import Record, completed, read_record, write_record
from fpl_lib.evidence.validation import SURENESS, result_of
from fpl_lib.training import (
    Batches,
    CompactNet,
    Recipe,
    build_model,
    load_weights,
    numeric_mode,
    processes,
    train,
)


class Conflict(RuntimeError):
    """A record is there already, of a run with another configuration or other data."""


class Busy(RuntimeError):
    """Another process is at this very run."""


def configs(
    experiment: str,
    models: list[str] | None,
    losses: list[str] | None,
    seeds: list[int],
    *,
    conditions: list[str] | None = None,
    weights: str | None = None,
) -> list[RunConfig]:
    """The runs of an experiment, seed by seed, so that the losses are compared early.

    `models`, `losses` and `conditions` choose among the experiment's own (None: all but those that
    run on request only). `weights`, a name of torchvision's or a file, takes the place of the
    conditions' own. Raises ValueError for a name the experiment does not have, or weights where no
    condition asks for any.

    >>> [(c.loss, c.seed) for c in configs("mini", None, None, [0, 1])]
    [('fpl', 0), ('ce', 0), ('fpl', 1), ('ce', 1)]
    >>> configs("wrong-labels", None, ["ce"], [3])[0].name
    'small-ce-noise40-3'
    """
    if experiment not in EXPERIMENTS:
        raise ValueError(f"unknown experiment {experiment!r}: expected {', '.join(EXPERIMENTS)}")
    plan = EXPERIMENTS[experiment]
    by_name = {condition.name: condition for condition in plan.conditions}
    known = {"model": plan.models, "loss": plan.losses + plan.more_losses, "condition": [*by_name]}
    for kind, asked in (("model", models), ("loss", losses), ("condition", conditions)):
        for name in asked or ():
            if name not in known[kind]:
                raise ValueError(
                    f"experiment {experiment!r} has no {kind} {name!r}: "
                    f"expected {', '.join(filter(None, known[kind])) or 'none'}"
                )
    if conditions is None:
        chosen = [condition for condition in plan.conditions if not condition.on_request]
    else:
        chosen = [by_name[name] for name in conditions]
    if weights is not None and not all(condition.weights for condition in chosen):
        takes = [condition.name for condition in plan.conditions if condition.weights]
        raise ValueError(
            f"weights are for conditions that start from some: {experiment!r} has "
            f"{', '.join(takes) or 'none'}; name one with --conditions"
        )
    return [
        RunConfig(
            experiment, model, loss, seed, _recipe(plan, condition, loss),
            condition.stem or plan.stem, condition.name, condition.noise, condition.imbalance,
            condition.weights if weights is None else weights, plan.zero_init_residual,
            condition.validation, _rate(plan, condition, loss), condition.per_class,
        )
        for model in models or plan.models
        for seed in seeds
        for condition in chosen
        for loss in losses or plan.losses
    ]  # fmt: skip


def _rate(plan: Experiment, condition: Condition, loss: str) -> float:
    """The multiple of the recipe's rate that was chosen for this loss; 1 where rates are tried."""
    return 1.0 if condition.validation else dict(plan.rates).get(loss, 1.0)


def _recipe(plan: Experiment, condition: Condition, loss: str) -> Recipe:
    """The recipe of condition or plan at the loss's own rate."""
    recipe = condition.recipe or plan.recipe
    return replace(recipe, lr=recipe.lr * _rate(plan, condition, loss))


def conditioned(data: CIFAR10, config: RunConfig) -> CIFAR10:
    """`data` with the held-out images, the subset, long tail and wrong labels that are asked for.

    In this order, all drawn with the configuration's seed. Held-out images take the place of the
    test images, with right labels and balanced classes; without them the test images stay.
    """
    images, labels = data.train_images, data.train_labels
    if config.validation:
        kept, held_out = train_val_split(labels, config.validation, seed=config.seed)
        data = replace(data, test_images=images[held_out], test_labels=labels[held_out])
        images, labels = images[kept], labels[kept]
    if config.per_class:
        kept = balanced_subset(labels, config.per_class, seed=config.seed)
        images, labels = images[kept], labels[kept]
    if config.imbalance > 1:
        kept = long_tail(labels, config.imbalance, seed=config.seed)
        images, labels = images[kept], labels[kept]
    if config.noise > 0:
        labels = noisy_labels(labels, config.noise, seed=config.seed)
    return replace(data, train_images=images, train_labels=labels)


def run(
    config: RunConfig,
    data: CIFAR10,
    out: str | os.PathLike,
    *,
    device: str | torch.device = "cpu",
    deadline: float | None = None,
    progress: bool = True,
    compiled: bool = False,
    on_epoch: Callable[[dict], None] = lambda row: None,
) -> Record:
    """Train one configuration on `data` into a record below `out`; a finished one is just read.

    The record is there from the start, with its header; a run that fails before its first epoch is
    through takes it away again. A run that was cut goes on from its checkpoint, which lies beside
    the record until the run is through. `deadline` (a reading of `time.monotonic`) raises Paused
    between two steps. Of several processes that train together, the first one keeps both files.
    Raises Conflict if the record there is of another configuration or other data, Busy if another
    process is at it, and what `train` raises.
    """
    source = "cifar10" if data.is_full else data.source
    data = conditioned(data, config)
    header = {
        "experiment": config.experiment, "model": config.model, "loss": config.loss,
        "condition": config.condition, "seed": config.seed, "config": config.as_dict(),
        "data": {
            "source": source, "md5": data.md5,
            "train": len(data.train_labels), "test": len(data.test_labels),
        },
        "environment": {
            **environment(device), "compiled": compiled,
            "numeric_mode": numeric_mode(torch.device(device), config.recipe.amp),
        },
    }  # fmt: skip
    if (together := processes()[1]) > 1:
        header["environment"]["processes"] = together
    record = Record(header)
    path = Path(out) / record.path
    checkpoint = path.with_suffix(".ckpt")
    with ExitStack() as held:
        record = _of_first(lambda: _begin(record, path, checkpoint, held))
        if record.done:
            return record
        how = {"deadline": deadline, "progress": progress, "compiled": compiled}
        if processes()[0] > 0:  # it learns along, and the first process keeps the record
            _train(config, data, record, checkpoint, None, device, on_epoch, **how)
            return record
        try:
            _train(config, data, record, checkpoint, out, device, on_epoch, **how)
        except FloatingPointError:
            checkpoint.unlink(missing_ok=True)  # it leads to the same end
            raise
        finally:
            if not record.epochs and not checkpoint.exists():
                path.unlink(missing_ok=True)
        checkpoint.unlink(missing_ok=True)
        return record


def _begin(record: Record, path: Path, checkpoint: Path, held: ExitStack) -> Record:
    """Take the run's lock, and leave on disk where it starts from; a finished record ends it."""
    if path.exists() and (earlier := read_record(path)).done:
        _same_run(earlier, record, path)
        with suppress(OSError):  # of a process killed just before; the folder may be read-only
            checkpoint.unlink()
        return earlier
    hold(path, held)
    for part in path.parent.glob(f"{escape(path.stem)}.*.part"):  # of a write that was cut
        part.unlink(missing_ok=True)
    if not path.exists():  # moved away, to start afresh
        checkpoint.unlink(missing_ok=True)
    elif (earlier := read_record(path)).epochs or checkpoint.exists():
        _same_run(earlier, record, path)
        if earlier.done:
            return earlier
        if checkpoint.exists():
            _same_precision(earlier, record, path)
            then, now = earlier.header["environment"], record.header["environment"]
            record.header = earlier.header
            goes_on = resumed(then, now)
            if goes_on != then:
                record.header["environment"] = goes_on
                write_record(earlier, path.parent.parent)
    if not checkpoint.exists():
        write_record(record, path.parent.parent)
    return record


def hold(path: Path, held: ExitStack) -> None:
    """Take the lock of the run with this record until `held` is closed; Busy if another has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        held.enter_context(FileLock(path.with_suffix(".lock"), timeout=0))
    except Timeout as error:
        raise Busy(f"{path}: another process is at this run") from error


def _of_first(action: Callable[[], Record]) -> Record:
    """What `action` gives or raises in the first of several processes, in all of them."""
    rank, together = processes()
    if together == 1:
        return action()
    told: list = [None]
    if rank == 0:
        try:
            told = [action()]
        except Exception as error:
            told = [error]
    torch.distributed.broadcast_object_list(told)
    if isinstance(told[0], Exception):
        raise told[0]
    return told[0]


def _train(config, data, record, checkpoint, out, device, on_epoch, **how) -> None:
    torch.manual_seed(config.seed)
    recipe = config.recipe
    counts = torch.bincount(data.train_labels, minlength=len(data.classes))
    options = {
        "device": device, "channels_last": recipe.channels_last, "image_size": recipe.image_size,
    }  # fmt: skip
    train_data = Batches(
        data.train_images, data.train_labels, batch_size=recipe.batch_size, shuffle=True,
        augment=recipe.augment, padding=recipe.padding, seed=config.seed, **options,
    )  # fmt: skip
    test_data = Batches(data.test_images, data.test_labels, batch_size=500, **options)
    model = build_model(
        config.model, num_classes=len(counts), stem=config.stem, seed=config.seed,
        zero_init_residual=config.zero_init_residual,
    )  # fmt: skip
    if isinstance(model, CompactNet):
        model.whiten(train_data.normalise(train_data.images[:5000]))
    if config.weights and not checkpoint.exists():
        load_weights(model, config.model, config.weights)
    names = ("experiment", "model", "loss", "condition", "config")
    identity = {name: record.header[name] for name in names}
    identity["data"] = _same_in_all_layouts(record.header["data"])
    rows = train(
        model, LOSSES[config.loss](counts), train_data, test_data, recipe,
        seed=config.seed, checkpoint=checkpoint, identity=identity, **how,
    )  # fmt: skip
    written = read_record(checkpoint.with_suffix(".jsonl")).epochs  # a resumed run's come again
    plan = EXPERIMENTS.get(config.experiment)
    for row in rows:
        confusion = row["confusion"]
        if plan is not None and not plan.keep_confusion:
            row = {key: value for key, value in row.items() if key != "confusion"}
        record.epochs.append(row)
        if row not in written and out is not None:
            write_record(record, out)
            on_epoch(row)
    sureness = {key: row[key] for key in SURENESS}
    record.result = result_of(np.array(confusion), row["top5"], **sureness)
    if out is not None:
        write_record(record, out)


def _same_run(earlier: Record, now: Record, path: Path) -> None:
    """Raise Conflict unless two records are of one run: the same configuration on the same data."""
    for key in ("config", "data"):
        theirs, ours = earlier.header[key], now.header[key]
        if key == "config":
            theirs = completed(theirs)
        else:
            theirs, ours = _same_in_all_layouts(theirs), _same_in_all_layouts(ours)
        differs = [k for k in {**theirs, **ours} if theirs.get(k) != ours.get(k)]
        if differs:
            k = sorted(differs)[0]
            raise Conflict(
                f"{path} is of another run: its {key} says {k} = {theirs.get(k)!r}, this run's "
                f"{ours.get(k)!r}; move that file away or choose another --out"
            )


def _same_in_all_layouts(data: dict) -> dict:
    """A header's data without the checksums of the official files: they come in two layouts."""
    return {k: v for k, v in data.items() if k != "md5" or data.get("source") != "cifar10"}


def _same_precision(earlier: Record, now: Record, path: Path) -> None:
    """Raise Conflict if a cut run's first steps were taken in another precision than the rest."""
    theirs, ours = (record.header["environment"].get("numeric_mode") for record in (earlier, now))
    if theirs != ours:
        raise Conflict(
            f"{path} was begun in {theirs}, and this machine would go on in {ours}: finish it "
            "where it was begun, or move that file away"
        )
