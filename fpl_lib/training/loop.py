"""One training loop, visible from end to end: arguments in, a row an epoch out.

A checkpoint holds all that the next step depends on (weights, optimiser, schedule, random state,
the place in the epoch), so a training that was cut goes on as if it had not been, bit for bit on
one CPU.
"""

from __future__ import annotations

import io
import math
import os
import pickle
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from fpl_lib._files import write_atomically
from fpl_lib.training.batches import PADDING, Batches
from fpl_lib.training.metrics import accuracy, confusion_matrix, ece, margin, nll, top_k_accuracy

OPTIMIZERS = ("adadelta", "sgd")
SCHEDULES = ("cosine", "step", "constant", "one_cycle")


@dataclass(frozen=True)
class Recipe:
    """How a network is trained. The defaults are the paper's Table 1; the rest it does not name.

    `lr` is multiplied by `gamma` at `milestones`, counted in epochs, under the step schedule; under
    the cosine one it falls to 0 over `epochs`. Under the one-cycle schedule it changes with every
    step: in a straight line from `lr` / 5 up to `lr` over the first quarter, then down to 0.
    `augment` is a random crop, after `padding` black pixels on each side, and a flip.
    `image_size` is the side, in pixels, at which the network sees the images: CIFAR's own is 32.
    `amp` computes the forward pass in bfloat16 where that is safe, over float32 weights; a
    processor without native bfloat16, on which that takes many times as long, does not.
    """

    batch_size: int = 64
    epochs: int = 20
    optimizer: str = "adadelta"
    lr: float = 0.001
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    schedule: str = "cosine"
    milestones: tuple[int, ...] = ()
    gamma: float = 0.1
    augment: bool = False
    padding: int = PADDING
    image_size: int = 32
    amp: bool = False
    channels_last: bool = True

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(f"unknown optimizer {self.optimizer!r}: expected one of {OPTIMIZERS}")
        if self.schedule not in SCHEDULES:
            raise ValueError(f"unknown schedule {self.schedule!r}: expected one of {SCHEDULES}")
        if self.batch_size < 2 or self.epochs < 1:
            raise ValueError(
                "expected a batch_size of at least 2 (batch norm needs two samples) and at least "
                f"1 epoch, got {self.batch_size} and {self.epochs}"
            )
        if self.image_size < 1:
            raise ValueError(f"image_size must be 1 pixel or more, got {self.image_size}")
        if not 0 < self.lr < math.inf:
            raise ValueError(f"lr must be above 0 and finite, got {self.lr}")
        for name in ("momentum", "weight_decay", "gamma"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be 0 or more, got {getattr(self, name)}")


class Paused(Exception):
    """Training stopped between two steps because its time was up; the checkpoint holds the rest."""


class CheckpointError(RuntimeError):
    """A checkpoint that cannot be read, or that belongs to another training."""


def train(
    model: nn.Module,
    loss_fn: nn.Module,
    train_data: Batches,
    test_data: Batches,
    recipe: Recipe,
    *,
    seed: int = 0,
    checkpoint: str | os.PathLike | None = None,
    deadline: float | None = None,
    progress: bool = True,
    compiled: bool = False,
) -> Iterator[dict]:
    """Train `model` in place and yield a row an epoch, those of a resumed training's past first.

    model: images (N, 3, H, W) to logits (N, C), moved to the device of the data; loss_fn(logits,
    target) a scalar. A row: epoch (from 1), lr (of its last step), train_loss (mean over samples),
    top1, top5 (percent of the test images), their nll, ece and margin (see `metrics`), seconds and
    images_per_second of the training steps, confusion (C, C) of the test images. With a
    `checkpoint` path the state is saved there after each epoch, and found again. `deadline` is a
    reading of `time.monotonic`; a step is taken even after it, so that call after call ends some
    time. `seed` is set globally, for dropout and the like. `compiled` sends forward pass and loss
    through torch.compile, which takes a minute at first; on CUDA their kernels are then replayed as
    graphs, and AdaDelta's step is compiled, too.

    Raises FloatingPointError naming epoch and batch when the loss is no longer finite, Paused at
    the deadline (after saving, if there is a `checkpoint`), CheckpointError.

    >>> images, labels = torch.zeros(8, 3, 8, 8, dtype=torch.uint8), torch.arange(8) % 4
    >>> data = Batches(images, labels, batch_size=4)
    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(192, 4))
    >>> rows = list(train(net, nn.CrossEntropyLoss(), data, data, Recipe(epochs=2), progress=False))
    >>> [row["epoch"] for row in rows]
    [1, 2]
    """
    device = train_data.device
    layout = torch.channels_last if recipe.channels_last else torch.contiguous_format
    model.to(device=device, memory_format=layout)
    loss_fn.to(device)
    optimizer = make_optimizer([*model.parameters(), *loss_fn.parameters()], recipe)
    scheduler = make_scheduler(optimizer, recipe, len(train_data))
    torch.manual_seed(seed)  # dropout and the like; the batches have generators of their own

    steps = len(train_data)
    history: list[dict] = []
    done, losses, spent, stepped = 0, torch.zeros(steps, device=device), 0.0, False
    state = {"model": model, "loss_fn": loss_fn, "optimizer": optimizer, "scheduler": scheduler}
    if checkpoint is not None and Path(checkpoint).exists():
        saved = load_checkpoint(checkpoint)
        restore(saved, state, checkpoint)
        history, done, spent = saved["history"], saved["step"], saved["seconds"]
        losses.copy_(saved["losses"])

    amp = recipe.amp and has_bfloat16(device)

    def forward(images: Tensor, target: Tensor) -> Tensor:
        with torch.autocast(device.type, torch.bfloat16, enabled=amp):
            logits = model(images)
        return loss_fn(logits.float(), target)

    advance = optimizer.step
    if compiled:
        forward, advance = compile_forward(forward, device), compile_step(optimizer)
    yield from history
    for epoch in range(len(history), recipe.epochs):
        model.train()
        lr = float(optimizer.param_groups[0]["lr"])
        began = time.monotonic() - spent
        batches = train_data.epoch(epoch, start=done)
        bar = tqdm(
            batches, f"epoch {epoch + 1}/{recipe.epochs}", steps, initial=done, leave=False,
            disable=not progress,
        )  # fmt: skip
        for step, (images, target) in enumerate(bar, start=done):
            if deadline is not None and stepped and time.monotonic() > deadline:
                if checkpoint is not None:
                    progressed = {"history": history, "step": step, "losses": losses}
                    progressed["seconds"] = time.monotonic() - began
                    save_checkpoint(checkpoint, {**snapshot(state), **progressed})
                bar.close()
                raise Paused(f"stopped in epoch {epoch + 1} before step {step + 1} of {steps}")
            loss = forward(images, target)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            advance()
            losses[step] = loss.detach()
            stepped = True
            if recipe.schedule == "one_cycle":
                lr = float(optimizer.param_groups[0]["lr"])
                scheduler.step()
            # On CUDA a look at the loss waits for the device, so look rarely there.
            if device.type == "cpu" or step % 100 == 99 or step == steps - 1:
                stop_if_not_finite(losses[: step + 1], epoch, steps, lr)
        if recipe.schedule != "one_cycle":
            scheduler.step()
        spent = time.monotonic() - began
        logits, target = logits_of(model, test_data)
        confusion = confusion_matrix(logits, target)
        sizes = torch.full((steps,), float(train_data.batch_size), dtype=torch.float64)
        sizes[-1] = count_images(train_data) - train_data.batch_size * (steps - 1)
        history.append(
            {
                "epoch": epoch + 1,
                "lr": lr,
                "train_loss": float((losses.cpu().double() * sizes).sum() / sizes.sum()),
                "top1": accuracy(confusion),
                "top5": top_k_accuracy(logits, target, min(5, logits.shape[1])),
                "nll": nll(logits, target),
                "ece": ece(logits, target),
                "margin": margin(logits, target),
                "seconds": round(spent, 3),
                "images_per_second": round(float(sizes.sum()) / spent, 1),
                "confusion": confusion.tolist(),
            }
        )
        done, spent = 0, 0.0
        if checkpoint is not None:
            progressed = {"history": history, "step": 0, "losses": losses, "seconds": 0.0}
            save_checkpoint(checkpoint, {**snapshot(state), **progressed})
        yield history[-1]


@torch.no_grad()
def logits_of(model: nn.Module, data: Batches) -> tuple[Tensor, Tensor]:
    """Logits (N, C) float32 and labels (N,) of all images of `data`, in evaluation mode.

    Always in float32: logits rounded to bfloat16 tie so often that accuracy would depend on how
    ties are broken. The model's mode is put back.
    """
    was_training = model.training
    model.eval()
    logits, labels = [], []
    for images, target in data:
        logits.append(model(images))
        labels.append(target)
    model.train(was_training)
    return torch.cat(logits), torch.cat(labels)


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 natively: of processors those with AVX512-BF16 or AMX.

    As torch tells them by; it does not tell of ARM's.
    """
    native = (torch.cpu._is_avx512_bf16_supported, torch.cpu._is_amx_tile_supported)
    return device.type != "cpu" or any(supported() for supported in native)


def count_images(data: Batches) -> int:
    """How many images an epoch of `data` holds."""
    return min(len(data.labels), len(data) * data.batch_size)


def compile_forward(forward: Callable, device: torch.device) -> Callable:
    """`forward` through torch.compile, for fixed sizes: a shorter last batch is compiled as well.

    On CUDA its kernels, forward and backward, are replayed as one graph each.
    """
    mode = "reduce-overhead" if device.type == "cuda" else "default"
    return torch.compile(forward, dynamic=False, mode=mode)


def compile_step(optimizer: torch.optim.Optimizer) -> Callable[[], object]:
    """`optimizer.step` through torch.compile, if its learning rate is a tensor.

    A number would be built into the code, which every new rate would have compiled anew.
    """
    if not isinstance(optimizer.param_groups[0]["lr"], Tensor):
        return optimizer.step

    def step() -> None:
        optimizer.step()

    return torch.compile(step, dynamic=False)


def make_optimizer(parameters: list[Tensor], recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimiser over `parameters`, weight decay on all of them.

    On CUDA AdaDelta keeps its learning rate as a tensor and updates all weights at once, so that
    nothing in its step asks the device for a value.
    """
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(
            parameters, recipe.lr, recipe.momentum, nesterov=recipe.nesterov,
            weight_decay=recipe.weight_decay,
        )  # fmt: skip
    on_cuda = parameters[0].is_cuda
    lr = torch.tensor(recipe.lr, device=parameters[0].device) if on_cuda else recipe.lr
    return torch.optim.Adadelta(
        parameters, lr, weight_decay=recipe.weight_decay, foreach=on_cuda or None,
        capturable=on_cuda,
    )  # fmt: skip


def make_scheduler(optimizer: torch.optim.Optimizer, recipe: Recipe, steps: int):
    """The recipe's learning-rate schedule; "one_cycle" steps `steps` times an epoch, not once."""
    schedules = torch.optim.lr_scheduler
    if recipe.schedule == "one_cycle":
        return schedules.OneCycleLR(
            optimizer, recipe.lr, epochs=recipe.epochs, steps_per_epoch=steps, pct_start=0.25,
            anneal_strategy="linear", cycle_momentum=False, div_factor=5,
        )  # fmt: skip
    if recipe.schedule == "cosine":
        return schedules.CosineAnnealingLR(optimizer, T_max=recipe.epochs)
    milestones = list(recipe.milestones) if recipe.schedule == "step" else []
    return schedules.MultiStepLR(optimizer, milestones, recipe.gamma)


def stop_if_not_finite(losses: Tensor, epoch: int, steps: int, lr: float) -> None:
    """Raise FloatingPointError naming the first batch (from 1) whose loss is NaN or infinite."""
    bad = (~torch.isfinite(losses)).nonzero()
    if len(bad):
        step = int(bad[0])
        raise FloatingPointError(
            f"the loss became {losses[step].item()} in epoch {epoch + 1}, batch {step + 1} of "
            f"{steps} (learning rate {lr:g}): lower the learning rate, or look at that batch with "
            f"Batches.epoch({epoch}, start={step})"
        )


def snapshot(state: dict) -> dict:
    """All that the next step depends on, as tensors and plain values."""
    saved = {name: part.state_dict() for name, part in state.items()}
    saved["rng"] = torch.get_rng_state()
    saved["cuda_rng"] = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return saved


def restore(saved: dict, state: dict, path: str | os.PathLike) -> None:
    """Put a snapshot back into model, loss, optimiser, schedule and random state."""
    try:
        for name, part in state.items():
            part.load_state_dict(saved[name])
        for group in state["optimizer"].param_groups:
            if isinstance(group["lr"], Tensor):  # saved on the CPU, wherever it was
                group["lr"] = group["lr"].to(group["params"][0].device)
        torch.set_rng_state(saved["rng"])
        if saved["cuda_rng"] and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(saved["cuda_rng"])
    except (KeyError, RuntimeError, ValueError) as error:
        raise CheckpointError(
            f"{path} is the checkpoint of another training ({str(error).splitlines()[0]}): "
            "delete it to start afresh"
        ) from error


def save_checkpoint(path: str | os.PathLike, state: dict) -> None:
    """Write `state` to `path` so that there is always a whole one: the old or the new."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_atomically(path, buffer.getvalue(), durable=True)


def load_checkpoint(path: str | os.PathLike) -> dict:
    """Read a checkpoint without running code from it (`weights_only=True`)."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, OSError, ValueError, pickle.UnpicklingError) as error:
        raise CheckpointError(
            f"{path} cannot be read as a checkpoint ({type(error).__name__}): delete it to start "
            "the run afresh"
        ) from error
