"""Checks of arguments at the door of the data functions: expected, got, what to do."""

from __future__ import annotations

import math
from numbers import Integral, Real

import torch
from torch import Tensor

_LARGEST_SEED = 2**63 - 1


def check_integer(name: str, value: object, low: int, high: int | None = None) -> int:
    """`value` as an int within [low, high]; TypeError or ValueError naming it otherwise."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name}: expected an int; got {value!r} ({type(value).__name__}).")
    if value < low or (high is not None and value > high):
        bounds = f"of {low} or more" if high is None else f"from {low} to {high}"
        raise ValueError(f"{name}: expected an int {bounds}; got {value}.")
    return int(value)


def check_real(name: str, value: object, low: float, high: float = math.inf) -> float:
    """`value` as a finite float within [low, high]; TypeError or ValueError naming it otherwise."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name}: expected a number; got {value!r} ({type(value).__name__}).")
    if not (low <= value <= high and math.isfinite(value)):
        bounds = f"of {low:g} or more" if high == math.inf else f"from {low:g} to {high:g}"
        raise ValueError(f"{name}: expected a finite number {bounds}; got {value}.")
    return float(value)


def check_seed(seed: object) -> int:
    """`seed` as an int that every generator takes."""
    return check_integer("seed", seed, 0, _LARGEST_SEED)


def check_flag(name: str, value: object) -> bool:
    """`value` if it is True or False: a truthy string here is nearly always a slip."""
    if not isinstance(value, bool):
        raise TypeError(f"{name}: expected True or False; got {value!r}.")
    return value


def check_labels(labels: object) -> Tensor:
    """`labels` if they are class indices int64 (N,), N >= 1."""
    if not isinstance(labels, Tensor):
        raise TypeError(
            f"labels: expected an int64 tensor (N,); got {type(labels).__name__}. "
            "torch.as_tensor(labels) makes one."
        )
    if labels.dtype != torch.int64:
        raise TypeError(f"labels: expected int64; got {labels.dtype}. Use labels.long().")
    if labels.dim() != 1 or len(labels) == 0:
        raise ValueError(f"labels: expected shape (N,), N >= 1; got {tuple(labels.shape)}.")
    if (lowest := int(labels.min())) < 0:
        raise ValueError(f"labels: expected class indices from 0 on; got {lowest}.")
    return labels
