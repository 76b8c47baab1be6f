"""One step of a training, `loss = step(images, target)`, on every device.

A small network's step is hundreds of kernels, and a GPU runs them faster than Python can ask for
them. So on CUDA the whole step is recorded once, as a graph, and replayed by a single call.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

WARM_UP = 3  # steps before the capture: libraries choose kernels, optimisers make their state


class Step:
    """Forward pass, loss, backward pass and update for one batch; returns the loss, detached.

    forward(images, target) gives the loss, a scalar; batches of `batch_size` are of one shape. With
    a `recorder` the first three of them are taken beside the current stream, the next is recorded,
    and from then on the record is replayed on copies of the batches. A shorter batch is taken as
    it is. All of these are steps of the training, so that the result is that of the plain loop;
    dropout draws anew in each replay, from the device's default generator, as the plain step does.
    `compiled` sends the forward pass of whole batches through torch.compile first.

    What has been recorded stays: restore weights and optimiser before the fourth step. A network or
    a loss that reads a value from the device cannot be recorded, which raises ValueError.
    """

    def __init__(
        self,
        forward: Callable[[Tensor, Tensor], Tensor],
        optimizer: torch.optim.Optimizer,
        batch_size: int,
        recorder: Recorder | None = None,
        compiled: bool = False,
    ) -> None:
        if compiled:
            torch.compiler.reset()  # each training is compiled anew: past ones count to a limit
        self.plain = forward
        self.whole = torch.compile(forward, dynamic=False) if compiled else forward
        self.optimizer, self.batch_size, self.recorder = optimizer, batch_size, recorder
        self.taken, self.replay = 0, None

    def __call__(self, images: Tensor, target: Tensor) -> Tensor:
        if len(images) != self.batch_size:
            return self._take(self.plain, images, target)
        if self.recorder is None:
            return self._take(self.whole, images, target)
        if self.taken < WARM_UP:
            self.taken += 1
            return self.recorder.beside(lambda: self._take(self.whole, images, target))
        if self.replay is None:
            self.images, self.target = images.clone(), target.clone()
            self.optimizer.zero_grad(set_to_none=True)  # gradients shall lie in the graph's memory
            self.replay, self.loss = self.recorder.record(
                lambda: self._take(self.whole, self.images, self.target)
            )
        self.images.copy_(images)
        self.target.copy_(target)
        self.replay()
        return self.loss.clone()  # the next replay writes over it

    def _take(self, forward: Callable, images: Tensor, target: Tensor) -> Tensor:
        loss = forward(images, target)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        # A loss with its history would tie the weights' gradients to the stream it came from.
        return loss.detach()


class Recorder:
    """CUDA's side of a `Step`: a stream of its own, on which steps are taken or recorded."""

    def __init__(self) -> None:
        self.stream = torch.cuda.Stream()

    def beside(self, step: Callable[[], Tensor]) -> Tensor:
        """Take a step on the side stream, after all before it and before all after it."""
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            loss = step()
        torch.cuda.current_stream().wait_stream(self.stream)
        return loss

    def record(self, step: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
        """Record a step without taking it: what replays it, and where its loss will be."""
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph, stream=self.stream):
                loss = step()
        except RuntimeError as error:
            raise ValueError(
                "the training step cannot be recorded as a CUDA graph: expected a network and a "
                "loss that leave every value on the device, without .item(), .cpu() or an if on "
                f"a tensor ({str(error).splitlines()[0]})"
            ) from error
        return graph.replay, loss


def recorder_for(device: torch.device) -> Recorder | None:
    """A recorder on CUDA; None elsewhere, where a step is the plain one."""
    return Recorder() if device.type == "cuda" else None


def use_device(device: torch.device) -> None:
    """Make a CUDA device the current one, and set what float32 means there: see `numeric_mode`."""
    if device.type != "cuda":
        return
    if device.index is not None:
        torch.cuda.set_device(device)
    # torch's default takes TF32 for convolutions alone: here all products are of one kind.
    torch.backends.cudnn.allow_tf32 = True
    torch.set_float32_matmul_precision("high")


def numeric_mode(device: torch.device, amp: bool) -> str:
    """How a training multiplies, for its record: "float32", "TF32" on CUDA, "bfloat16" under amp.

    TF32 rounds the factors of a product to 10 bits of mantissa; sums stay float32. Weights, losses
    and updates are float32 in all modes, and evaluation is never in bfloat16.

    >>> numeric_mode(torch.device("cuda", 1), amp=False)
    'TF32'
    """
    mode = "TF32" if device.type == "cuda" and _is_new(device) else "float32"
    return f"bfloat16, else {mode}" if amp and has_bfloat16(device) else mode


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 natively, as torch tells; it tells not of ARM's."""
    native = (torch.cpu._is_avx512_bf16_supported, torch.cpu._is_amx_tile_supported)
    return any(supported() for supported in native) if device.type == "cpu" else _is_new(device)


def _is_new(device: torch.device) -> bool:
    """Whether it knows TF32 and bfloat16, as CUDA devices do from Ampere on."""
    asked = device.type == "cuda" and torch.cuda.is_available() and not torch.version.hip
    return not asked or torch.cuda.get_device_capability(device) >= (8, 0)
