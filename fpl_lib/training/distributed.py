"""One training in several processes, as torchrun starts them.

Every process draws the same batches and takes its part of each through its copy of the network.
The loss is that of the whole batch, in every process: `batch_alpha` and `ce_matched` see all of it,
and a `LearnableAlpha` learns the same everywhere. BatchNorm sees its process's part.
"""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor, nn


class Replica(nn.parallel.DistributedDataParallel):
    """A network's copy in this process: images of a whole batch to logits (N, C) of all of it.

    Those of this process's part, a slice, have a gradient. Buffers are the first process's.
    """

    def forward(self, images: Tensor) -> Tensor:
        rank, size = processes()
        part = slice(len(images) * rank // size, len(images) * (rank + 1) // size)
        own = super().forward(images[part]).float()
        logits = own.new_zeros(len(images), own.shape[1])
        logits[part] = own.detach()
        dist.all_reduce(logits)
        if own.requires_grad:
            own.register_hook(lambda gradient: gradient * size)  # the copies' mean is to be a sum
            logits[part] = own
        return logits


def processes() -> tuple[int, int]:
    """This process's number, and how many there are: (0, 1) without torch's process group."""
    ready = dist.is_available() and dist.is_initialized()
    return (dist.get_rank(), dist.get_world_size()) if ready else (0, 1)


def anywhere(flag: bool) -> bool:
    """Whether `flag` holds in any of the processes, all of which have to ask."""
    if processes()[1] > 1:
        flag = torch.tensor(int(flag), device="cuda" if dist.get_backend() == "nccl" else "cpu")
        dist.all_reduce(flag, dist.ReduceOp.MAX)
    return bool(flag)
