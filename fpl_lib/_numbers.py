"""Numbers that statistics are made of, checked at the door: expected, got, what to do."""

from __future__ import annotations

import math
from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike


def sample(name: str, values: ArrayLike) -> np.ndarray:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1 or len(found) < 2:
        raise ValueError(
            f"{name}: expected a list of at least two numbers, one a seed; got shape {found.shape}."
        )
    if not np.isfinite(found).all():
        raise ValueError(f"{name}: expected finite numbers; got {found.tolist()}.")
    return found


def number(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name}: expected a number; got {value!r} ({type(value).__name__}).")
    if not math.isfinite(value):
        raise ValueError(f"{name}: expected a finite number; got {value}.")
    return float(value)


def spread(value: float) -> float:
    if not number("sd", value) > 0:
        raise ValueError(f"sd: expected a standard deviation above zero; got {value}.")
    return float(value)


def within(name: str, value: float, least: float, most: float) -> float:
    if not least <= number(name, value) <= most:
        raise ValueError(f"{name}: expected a number from {least:g} to {most:g}; got {value}.")
    return float(value)


def check_between(name: str, value: float) -> None:
    if not 0 < number(name, value) < 1:
        raise ValueError(f"{name}: expected a number between 0 and 1, such as 0.95; got {value}.")


def count(name: str, value: int, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name}: expected a whole number; got {value!r} ({type(value).__name__}).")
    if value < least:
        raise ValueError(f"{name}: expected at least {least}; got {value}.")
    return int(value)
