"""Checks of arguments, in one dialect: "NAME: expected ...; got ...", and what to do."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from torch import Tensor

_LARGEST_SEED = 2**63 - 1


def check_integer(name: str, value: object, low: int, high: float = math.inf) -> int:
    """`value` as an int within [low, high]; TypeError or ValueError naming it otherwise."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name}: expected an int; got {value!r} ({type(value).__name__}).")
    if not low <= value <= high:
        raise ValueError(f"{name}: expected an int{_bounds(low, high)}; got {value}.")
    return int(value)


def check_real(
    name: str,
    value: object,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    inside: bool = False,
) -> float:
    """`value` as a finite float within [low, high], with `inside` strictly between them.

    Raises TypeError or ValueError naming it otherwise.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name}: expected a number; got {value!r} ({type(value).__name__}).")
    fits = low < value < high if inside else low <= value <= high
    if not (fits and math.isfinite(value)):
        bounds = _bounds(low, high, inside)
        raise ValueError(f"{name}: expected a finite number{bounds}; got {value}.")
    return float(value)


def _bounds(low: float, high: float, inside: bool = False) -> str:
    if low > -math.inf and high < math.inf:
        return f" between {low} and {high}" if inside else f" from {low} to {high}"
    if low > -math.inf:
        return f" above {low}" if inside else f" of {low} or more"
    return f" of {high} or less" if high < math.inf else ""


def check_seed(seed: object) -> int:
    """`seed` as an int that every generator takes."""
    return check_integer("seed", seed, 0, _LARGEST_SEED)


def check_flag(name: str, value: object) -> bool:
    """`value` if it is True or False: a truthy string here is nearly always a slip."""
    if not isinstance(value, bool):
        raise TypeError(f"{name}: expected True or False; got {value!r}.")
    return value


def check_sample(name: str, values: ArrayLike) -> np.ndarray:
    """`values` as a float64 array (n,), n >= 2, of finite numbers."""
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1 or len(found) < 2:
        raise ValueError(
            f"{name}: expected a list of at least two numbers, one per seed; got shape "
            f"{found.shape}."
        )
    if not np.isfinite(found).all():
        raise ValueError(f"{name}: expected finite numbers; got {found.tolist()}.")
    return found


def check_labels(labels: object) -> Tensor:
    """`labels` if they are class indices int64 (N,), N >= 1."""
    import torch

    if not isinstance(labels, torch.Tensor):
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
