"""Batches of CIFAR-10 made where they are used: uint8 images stay on the device.

A data loader with worker processes spends its time on copies. Here the whole training set (154 MB)
lies on the device; a batch is an index, a crop, a flip and a normalisation there, each over the
whole batch at once. An epoch's order, crops and flips are drawn from a generator made for it on the
CPU, from `(seed, epoch)` alone: a resumed training sees what the uninterrupted one would have seen,
CPU and CUDA see the same batches, and the global random state is neither read nor moved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from fpl_lib._arguments import check_flag, check_integer, check_labels, check_seed

# Per channel, pixels on 0-1: the values of MMClassification's CIFAR-10 recipe divided by 255.
CIFAR10_MEAN = (125.307 / 255, 122.961 / 255, 113.8575 / 255)
CIFAR10_STD = (51.5865 / 255, 50.847 / 255, 51.255 / 255)
PADDING = 4  # black pixels on each side before the random crop, by default


class Draws(NamedTuple):
    """What is random in an epoch, all on the CPU, a row an image in the epoch's order."""

    order: Tensor  # (M,) int64, indices into the images
    top: Tensor  # (M,) int64, first row of the crop in the padded image, 0 .. 2 padding
    left: Tensor  # (M,) int64, first column
    flip: Tensor  # (M,) bool


class Batches:
    """Batches of normalised images, reproducible from `(seed, epoch)`.

    images: uint8 (N, 3, H, W); labels: int64 (N,). `epoch(n)` yields `(x, y)`: x float32
    (B, 3, H, W), normalised by CIFAR10_MEAN and CIFAR10_STD, y int64 (B,), both on `device`.
    `augment` pads by `padding` black pixels, crops at random and mirrors every second image, as
    `torchvision.transforms.RandomCrop(32, padding=4)` and `RandomHorizontalFlip()` do on raw
    pixels. With an `image_size` x then is resized, bilinearly, to that height and width. The last
    batch may be shorter.

    Raises TypeError or ValueError for anything else than the above, RuntimeError for no device.

    >>> images, labels = torch.zeros(10, 3, 32, 32, dtype=torch.uint8), torch.arange(10)
    >>> [len(y) for x, y in Batches(images, labels, batch_size=4)]
    [4, 4, 2]
    """

    def __init__(
        self,
        images: Tensor,
        labels: Tensor,
        *,
        batch_size: int,
        device: str | torch.device = "cpu",
        shuffle: bool = False,
        augment: bool = False,
        padding: int = PADDING,
        image_size: int | None = None,
        seed: int = 0,
        channels_last: bool = False,
    ) -> None:
        if not isinstance(images, Tensor) or images.dtype != torch.uint8:
            kind = images.dtype if isinstance(images, Tensor) else type(images).__name__
            raise TypeError(
                f"images: expected a uint8 tensor (N, 3, H, W), pixels from 0 to 255; got {kind}."
            )
        if images.dim() != 4 or images.shape[1] != 3 or 0 in images.shape:
            raise ValueError(
                f"images: expected shape (N, 3, H, W), none of them zero; got {(*images.shape,)}."
            )
        if len(images) != len(check_labels(labels)):
            raise ValueError(
                f"labels: expected one for each of the {len(images)} images; got {len(labels)}."
            )
        self.batch_size = check_integer("batch_size", batch_size, 1)
        self.seed = check_seed(seed)
        self.shuffle = check_flag("shuffle", shuffle)
        self.augment = check_flag("augment", augment)
        self.padding = check_integer("padding", padding, 0)
        if image_size is not None:
            check_integer("image_size", image_size, 1)
        self.image_size = image_size
        self.channels_last = check_flag("channels_last", channels_last)
        self.device = torch.device(device)
        self._layout = torch.channels_last if channels_last else torch.contiguous_format
        self.images = images.to(self.device, memory_format=self._layout)
        self.labels = labels.to(self.device)
        self._mean, self._std = map(self._for_each_pixel, (CIFAR10_MEAN, CIFAR10_STD))

    def __len__(self) -> int:
        return -(-len(self.labels) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return self.epoch(0)

    def draws(self, epoch: int) -> Draws:
        """Order, crops and flips of epoch `epoch` (0, 1, ...), drawn on the CPU."""
        epoch = check_integer("epoch", epoch, 0)
        count = len(self.labels)
        # SeedSequence mixes the pair well: with seed + epoch, seed 1's first epoch would be
        # seed 0's second.
        mixed = np.random.SeedSequence([self.seed, epoch]).generate_state(1, np.uint64)[0]
        generator = torch.Generator().manual_seed(int(mixed) & (2**63 - 1))
        kind = {"generator": generator, "device": "cpu"}
        order = torch.randperm(count, **kind)
        top, left = torch.randint(2 * self.padding + 1, (2, count), **kind)
        flip = torch.randint(2, (count,), **kind).bool()
        return Draws(order if self.shuffle else order.sort().values, top, left, flip)

    def epoch(self, epoch: int, *, start: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """The batches `(x, y)` of epoch `epoch` (0, 1, ...), from batch number `start` on.

        Raises TypeError or ValueError for an epoch or start below zero, or a start beyond the end.
        """
        # Checked here and not in the generator, which would complain only when first asked.
        check_integer("start", start, 0, len(self))
        return self._from(start, self.draws(epoch))

    def _from(self, start: int, draws: Draws) -> Iterator[tuple[Tensor, Tensor]]:
        draws = Draws(*(part.to(self.device) for part in draws))
        for number in range(start, len(self)):
            rows = slice(number * self.batch_size, (number + 1) * self.batch_size)
            index = draws.order[rows]
            images = self._take(index)
            if self.augment:
                where = draws.top[rows], draws.left[rows], draws.flip[rows]
                images = crop_and_flip(images, *where, padding=self.padding)
            x = self.normalise(images)
            if self.image_size is not None and x.shape[2:] != (self.image_size,) * 2:
                x = F.interpolate(x, self.image_size, mode="bilinear", antialias=True)
            yield x, self.labels[index]

    def normalise(self, images: Tensor) -> Tensor:
        """uint8 images (B, C, H, W) as the float32 a network sees."""
        x = images.to(torch.float32, memory_format=self._layout)
        return x.sub_(self._mean).div_(self._std)

    def _take(self, index: Tensor) -> Tensor:
        """The images of these numbers, in the layout of all; each is copied in one piece."""
        if not self.channels_last:
            return self.images.index_select(0, index)
        return self.images.permute(0, 2, 3, 1).index_select(0, index).permute(0, 3, 1, 2)

    def _for_each_pixel(self, per_channel: Sequence[float]) -> Tensor:
        """(1, 3, H, W), for pixels on 0-255, laid out as the images: runs of three are slow."""
        # Once subtracted from and divided into whole pixels, each result is rounded the same way on
        # every device.
        numbers = (torch.tensor(per_channel, dtype=torch.float64) * 255).float().view(-1, 1, 1)
        whole = numbers.to(self.device).expand(1, *self.images.shape[1:])
        return whole.contiguous(memory_format=self._layout)


def crop_and_flip(
    images: Tensor, top: Tensor, left: Tensor, flip: Tensor, *, padding: int = PADDING
) -> Tensor:
    """Pad by zeros, cut out (H, W) at rows `top`, columns `left`, then mirror where `flip`.

    images (B, C, H, W) of any dtype; top, left (B,) int64 in 0 .. 2 `padding`; flip (B,) bool. One
    gather for the whole batch, no loop over its images; the memory layout stays.

    >>> row = torch.tensor([[[[1, 2, 3]]]])
    >>> still, left, mirrored = torch.tensor([4]), torch.tensor([5]), torch.tensor([True])
    >>> crop_and_flip(row, still, left, ~mirrored), crop_and_flip(row, still, still, mirrored)
    (tensor([[[[2, 3, 0]]]]), tensor([[[[3, 2, 1]]]]))
    """
    count, channels, height, width = images.shape
    padded = F.pad(images, (padding,) * 4)
    device = images.device
    rows = top[:, None] + torch.arange(height, device=device)
    columns = torch.arange(width, device=device)
    columns = left[:, None] + torch.where(flip[:, None], columns.flip(0), columns)
    pixels_are_whole = padded.is_contiguous(memory_format=torch.channels_last)
    if pixels_are_whole:  # then one index fetches all channels of a pixel
        rows += padded.shape[2] * torch.arange(count, device=device)[:, None]
    at = rows[:, :, None] * padded.shape[3] + columns[:, None, :]  # (B, H, W)
    if pixels_are_whole:
        pixels = padded.permute(0, 2, 3, 1).flatten(0, 2).index_select(0, at.flatten())
        return pixels.view(count, height, width, channels).permute(0, 3, 1, 2)
    at = at.view(count, 1, -1).expand(-1, channels, -1)
    return padded.flatten(2).gather(2, at).view(images.shape)
