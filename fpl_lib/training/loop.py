"""One training loop, visible from end to end: arguments in, a row an epoch out."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import asdict

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from fpl_lib.training.batches import Batches
from fpl_lib.training.checkpoint import Checkpoint
from fpl_lib.training.distributed import Replica, anywhere, processes
from fpl_lib.training.metrics import accuracy, confusion_matrix, ece, margin, nll, top_k_accuracy
from fpl_lib.training.recipe import Recipe, make_optimizer, make_scheduler
from fpl_lib.training.step import Step, has_bfloat16, recorder_for, use_device


class Paused(Exception):
    """Training stopped between two steps because its time was up; the checkpoint holds the rest."""


def train(
    model: nn.Module,
    loss_fn: nn.Module,
    train_data: Batches,
    test_data: Batches,
    recipe: Recipe,
    *,
    seed: int = 0,
    checkpoint: str | os.PathLike | None = None,
    identity: dict | None = None,
    deadline: float | None = None,
    progress: bool = True,
    compiled: bool = False,
) -> Iterator[dict]:
    """Train `model` in place and yield a row an epoch, those of a resumed training's past first.

    model: images (N, 3, H, W) to logits (N, C), moved to the device of the data; loss_fn(logits,
    target) a scalar. A row: epoch (from 1), lr (of its last step), train_loss (mean over samples),
    seconds and images_per_second of the training steps, and what `evaluate` says of the test
    images. `seed` is set globally, for dropout and the like; a CUDA device becomes the current one.

    With a `checkpoint` path the state is saved there, at most once a minute, at a pause and at the
    end, and found again: a training that was cut goes on as if it had not been, bit for bit on one
    CPU. A checkpoint of another seed, recipe or `identity` (plain values) is refused. `deadline` is
    a reading of `time.monotonic`; a step is taken even after it, so that call after call ends some
    time; to stop asking for rows is a pause, too. On CUDA the step is captured as a graph (see
    `Step`), and `compiled` has torch.compile work on it first, which takes a minute.
    In several processes all call it alike, get the rows and pause together (see `distributed`).

    Raises FloatingPointError naming epoch and batch when the loss is no longer finite, or naming
    the epoch when the test images' logits are not; Paused at the deadline (after saving, if there
    is a `checkpoint`); CheckpointError; ValueError for `compiled` on a CPU or in several processes.

    >>> images, labels = torch.zeros(8, 3, 8, 8, dtype=torch.uint8), torch.arange(8) % 4
    >>> data = Batches(images, labels, batch_size=4)
    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(192, 4))
    >>> rows = list(train(net, nn.CrossEntropyLoss(), data, data, Recipe(epochs=2), progress=False))
    >>> [row["epoch"] for row in rows]
    [1, 2]
    """
    device, steps, several = train_data.device, len(train_data), processes()[1] > 1
    if compiled and (several or device.type == "cpu"):
        got = "several processes" if several else "cpu, where it gains nothing"
        raise ValueError(f"compiled: expected a CUDA device; got {got}")
    use_device(device)
    layout = torch.channels_last if recipe.channels_last else torch.contiguous_format
    model.to(device=device, memory_format=layout)
    loss_fn.to(device)
    optimizer = make_optimizer([*model.parameters(), *loss_fn.parameters()], recipe)
    scheduler = make_scheduler(optimizer, recipe, steps)
    torch.manual_seed(seed)  # dropout and the like; the batches have generators of their own

    parts = {"model": model, "loss_fn": loss_fn, "optimizer": optimizer, "scheduler": scheduler}
    whose = {"seed": seed, "recipe": asdict(recipe), "steps": steps, **(identity or {})}
    keeper = Checkpoint(checkpoint, whose, parts, device)
    history: list[dict] = []
    done, losses, spent, stepped = 0, torch.zeros(steps, device=device), 0.0, False
    anywhere(False)  # all wait here: the first process may still be writing the checkpoint
    if (place := keeper.restore()) is not None:
        history, done, spent = place["history"], place["step"], place["seconds"]
        losses.copy_(place["losses"])

    amp, network = recipe.amp and has_bfloat16(device), Replica(model) if several else model

    def forward(images: Tensor, target: Tensor) -> Tensor:
        with torch.autocast(device.type, torch.bfloat16, enabled=amp):
            logits = network(images)
        return loss_fn(logits.float(), target)

    recorder = None if several else recorder_for(device)
    step = Step(forward, optimizer, train_data.batch_size, recorder, compiled)
    images_in_all = len(train_data.labels)
    sizes = torch.tensor([len(y) for y in train_data.labels.split(train_data.batch_size)])

    yield from history
    for epoch in range(len(history), recipe.epochs):
        model.train()
        began = time.perf_counter() - spent
        bar = tqdm(
            train_data.epoch(epoch, start=done), f"epoch {epoch + 1}/{recipe.epochs}", steps,
            initial=done, leave=False, disable=not progress,
        )  # fmt: skip
        for number, (images, target) in enumerate(bar, start=done):
            late = deadline is not None and stepped and anywhere(time.monotonic() > deadline)
            if late or keeper.due():
                seconds = time.perf_counter() - began
                keeper.save(history=history, step=number, losses=losses, seconds=seconds)
            if late:
                bar.close()
                raise Paused(f"stopped in epoch {epoch + 1} before step {number + 1} of {steps}")
            if several:  # dropout and the like: a process's own, and no state to save
                torch.manual_seed(hash((seed, epoch, number, *processes())))
            losses[number] = step(images, target)
            stepped = True
            # On CUDA a look at the loss waits for the device, so look rarely there.
            if device.type == "cpu" or number % 100 == 99 or number == steps - 1:
                lr = float(optimizer.param_groups[0]["lr"])
                stop_if_not_finite(losses[: number + 1], epoch, steps, lr)
            if recipe.schedule == "one_cycle" or number == steps - 1:
                scheduler.step()
        spent = time.perf_counter() - began
        row = {
            "epoch": epoch + 1,
            "lr": lr,
            "train_loss": float((losses.cpu().double() * sizes).sum()) / images_in_all,
            "seconds": round(spent, 3),
            "images_per_second": round(images_in_all / spent, 1),
            **evaluate(network, test_data, epoch),
        }
        history.append(row)
        done, spent = 0, 0.0
        here = {"history": history, "step": 0, "losses": losses, "seconds": 0.0}
        if keeper.due() or len(history) == recipe.epochs:
            keeper.save(**here)
        try:
            yield row
        except GeneratorExit:  # nobody asks for the next row: a pause
            keeper.save(**here)
            raise


def evaluate(model: nn.Module, data: Batches, epoch: int) -> dict:
    """What the test images say after epoch number `epoch` (from 0), as a part of its row.

    top1, top5 in percent; nll, ece and margin (see `metrics`); confusion (C, C), rows true. Raises
    FloatingPointError when a logit is NaN or infinite.
    """
    logits, target = logits_of(model, data)
    if not bool(torch.isfinite(logits).all()):
        raise FloatingPointError(
            f"after epoch {epoch + 1} the logits of the test images hold NaN or infinity, though "
            "the losses were finite: the network has diverged; lower the learning rate"
        )
    confusion = confusion_matrix(logits, target)
    return {
        "top1": accuracy(confusion),
        "top5": top_k_accuracy(logits, target, min(5, logits.shape[1])),
        "nll": nll(logits, target),
        "ece": ece(logits, target),
        "margin": margin(logits, target),
        "confusion": confusion.tolist(),
    }


@torch.no_grad()
def logits_of(model: nn.Module, data: Batches) -> tuple[Tensor, Tensor]:
    """Logits (N, C) float32 and labels (N,) of all images of `data`, in evaluation mode.

    Never in bfloat16: logits rounded to it tie so often that accuracy would depend on how ties are
    broken. The model's mode is put back.
    """
    was_training = model.training
    model.eval()
    pairs = [(model(images), labels) for images, labels in data]
    model.train(was_training)
    return tuple(map(torch.cat, zip(*pairs, strict=True)))


def stop_if_not_finite(losses: Tensor, epoch: int, steps: int, lr: float) -> None:
    """Raise FloatingPointError naming the first batch (from 1) whose loss is NaN or infinite."""
    bad = (~torch.isfinite(losses)).nonzero()
    if len(bad):
        number = int(bad[0])
        raise FloatingPointError(
            f"the loss became {losses[number].item()} in epoch {epoch + 1}, batch {number + 1} of "
            f"{steps} (learning rate {lr:g}): lower the learning rate, or look at that "
            f"batch with Batches.epoch({epoch}, start={number})"
        )
