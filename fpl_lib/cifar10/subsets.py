"""Parts of a labelled set: splits, balanced subsets, long tails; and noisy labels.

Every function takes labels (N,) int64 and gives indices or new labels on the CPU. It draws from a
generator of its own, so the same `seed` gives the same result whatever else has been drawn.
Classes are 0 .. C-1 with C = `labels.max() + 1`, and each of them must occur.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from fpl_lib._arguments import check_integer, check_labels, check_real, check_seed


def train_val_split(labels: Tensor, val_size: int, *, seed: int) -> tuple[Tensor, Tensor]:
    """Two disjoint sets of indices, `(train, val)`, in which each class keeps its share.

    `val_size` images are held out, from each class in proportion to its size; where the shares are
    not whole numbers, those with the largest remainders are rounded up (ties: the lower class).
    Both results ascend.

    Raises TypeError or ValueError for labels, a size or a seed out of range.

    >>> train, val = train_val_split(torch.arange(10).repeat(5), 10, seed=0)
    >>> len(train), sorted(torch.arange(10).repeat(5)[val].tolist())
    (40, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    counts = _counts(labels)
    total = len(labels)
    if total < 2:
        raise ValueError("labels: expected at least 2 to split; got 1.")
    val_size = check_integer("val_size", val_size, 1, total - 1)
    # In whole numbers: floats could break a tie between equal classes by accident.
    sizes = [val_size * count // total for count in counts]
    remainders = [val_size * count % total for count in counts]
    order = sorted(range(len(counts)), key=lambda label: (-remainders[label], label))
    for label in order[: val_size - sum(sizes)]:
        sizes[label] += 1
    val = _draw(labels, sizes, seed)
    kept = torch.ones(total, dtype=torch.bool, device="cpu")
    kept[val] = False
    return kept.nonzero().squeeze(1), val


def balanced_subset(labels: Tensor, per_class: int, *, seed: int) -> Tensor:
    """Ascending indices of `per_class` images of each class.

    labels: (N,) int64. For one seed a smaller subset lies within a larger one. Raises ValueError
    where a class has fewer images than that.

    >>> labels = torch.tensor([0, 0, 0, 1, 1])
    >>> labels[balanced_subset(labels, 2, seed=0)].tolist()
    [0, 0, 1, 1]
    """
    counts = _counts(labels)
    return _draw(
        labels, [check_integer("per_class", per_class, 1, min(counts))] * len(counts), seed
    )


def long_tail(
    labels: Tensor,
    ratio: float,
    *,
    kind: Literal["exponential", "step"] = "exponential",
    seed: int,
) -> Tensor:
    """Ascending indices of a long-tailed subset: class 0 largest, the last `ratio` times smaller.

    labels: (N,) int64. Class sizes are those of `long_tail_counts`; the largest is the size of the
    smallest class, so every class can supply its part. On CIFAR-10, ratio 100 leaves 12 406 images.
    Raises TypeError or ValueError for labels, a ratio, kind or seed that is out of range.

    >>> labels = torch.arange(4).repeat(64)
    >>> labels[long_tail(labels, 8, seed=0)].bincount().tolist()
    [64, 32, 16, 8]
    """
    counts = _counts(labels)
    return _draw(labels, long_tail_counts(min(counts), ratio, len(counts), kind=kind), seed)


def long_tail_counts(
    largest: int,
    ratio: float,
    num_classes: int,
    *,
    kind: Literal["exponential", "step"] = "exponential",
) -> list[int]:
    """Class sizes of a long tail, from `largest` down to `largest / ratio`, rounded down.

    With μ = 1 / ratio, "exponential" gives class i `largest` μ^(i / (C - 1)) images, and "step"
    gives `largest` to the first half of the classes (rounded down) and `largest` μ to the rest.

    Raises ValueError where the smallest class would be empty.

    >>> sum(long_tail_counts(5000, 100, 10))
    12406

    Source: K. Cao et al., Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss
    (LDAM), NeurIPS 2019, after M. Buda et al. 2018 (step) and Y. Cui et al. 2019 (exponential).
    """
    largest = check_integer("largest", largest, 1)
    num_classes = check_integer("num_classes", num_classes, 2)
    ratio = check_real("ratio", ratio, 1)
    if kind == "exponential":
        exponents = [label / (num_classes - 1) for label in range(num_classes)]
    elif kind == "step":
        exponents = [float(label >= num_classes // 2) for label in range(num_classes)]
    else:
        raise ValueError(f'kind: expected "exponential" or "step"; got {kind!r}.')
    # The tiny addition is for sizes that are whole in theory, such as 49 * (1 / 49) < 1 in floats.
    counts = [math.floor(largest * (1 / ratio) ** exponent + 1e-9) for exponent in exponents]
    if counts[-1] < 1:
        raise ValueError(
            f"ratio: expected at most {largest}, the size of the largest class, so that the "
            f"smallest keeps an image; got {ratio:g}."
        )
    return counts


def noisy_labels(labels: Tensor, rate: float, *, seed: int) -> Tensor:
    """A copy of `labels` in which a share `rate` of each class is wrong: symmetric noise.

    labels: (N,) int64. Of every class's n_c of them, round(rate n_c) become one of the C - 1
    *other* classes, each as likely; `rate` is thus the true share of wrong labels. (Some papers
    draw from all C classes: their noise r is a `rate` of r (C - 1) / C here, 0.36 for 0.4 on
    CIFAR-10.)

    Raises TypeError or ValueError for labels, a rate (0 to 1) or seed that is out of range.

    >>> labels = torch.arange(10).repeat(10)
    >>> (noisy_labels(labels, 0.4, seed=0) != labels).float().mean()
    tensor(0.4000)
    """
    counts = _counts(labels)
    rate = check_real("rate", rate, 0, 1)
    if len(counts) < 2:
        raise ValueError("labels: expected at least two classes, to take one for another; got one.")
    generator = _generator(seed)
    chosen = _draw(labels, [math.floor(rate * count + 0.5) for count in counts], generator)
    noisy = labels.detach().cpu().clone()
    # Steps of 1 .. C-1 around the circle of classes reach every class but the own one.
    steps = torch.randint(1, len(counts), chosen.shape, generator=generator, device="cpu")
    noisy[chosen] = (noisy[chosen] + steps) % len(counts)
    return noisy


def _counts(labels: Tensor) -> list[int]:
    """Images of each class, after a check that the labels are labels and no class is missing."""
    counts = torch.bincount(check_labels(labels).cpu()).tolist()
    if 0 in counts:
        raise ValueError(
            f"labels: expected every class from 0 to {len(counts) - 1}; class {counts.index(0)} "
            "does not occur."
        )
    return counts


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(check_seed(seed))


def _draw(labels: Tensor, sizes: list[int], seed: int | torch.Generator) -> Tensor:
    """Ascending indices of `sizes[c]` images of each class c, each image of a class as likely."""
    generator = seed if isinstance(seed, torch.Generator) else _generator(seed)
    labels = labels.detach().cpu()
    order = torch.randperm(len(labels), generator=generator, device="cpu")
    shuffled = labels[order]
    chosen = [order[shuffled == label][:size] for label, size in enumerate(sizes)]
    return torch.cat(chosen).sort().values
