"""Do two answers agree, and if they do not, what is the first thing that a student should look at?

Answers are numbers, NumPy arrays, torch tensors, words, or tuples, lists, sets and dicts of these.
How numbers are held does not matter: a list of floats agrees with a tensor of whole numbers.
"""

from __future__ import annotations

import functools
import inspect
from numbers import Real
from typing import Any

import numpy as np
import torch

HALF = 1e-4  # the relative precision of float16 and bfloat16 is coarser, that of float32 finer


def agree(expected: Any, got: Any, *, rtol: float = 1e-5, atol: float = 1e-7) -> bool:
    """Whether `got` is an acceptable way of writing `expected`. NaN agrees with NaN.

    >>> agree(0.5, np.float32(0.5)), agree("ReLU", " relu "), agree((1, 2), (1, 3))
    (True, True, False)
    """
    return not difference(expected, got, rtol=rtol, atol=atol)


def difference(
    expected: Any, got: Any, *, rtol: float = 1e-5, atol: float = 1e-7, what: str = "the result"
) -> str:
    """In words, the first reason why `got` is not `expected`; an empty string if they agree.

    >>> difference(np.zeros((2, 3)), np.zeros(3))
    'the result has shape (3,), expected (2, 3)'
    >>> difference((1.0, 2.0), (1.0, float("nan")))
    'entry 2 of the result contains NaN where a number is expected'
    """
    tolerance = {"rtol": rtol, "atol": atol}
    if isinstance(expected, str):
        if not isinstance(got, str):
            return f"{what} is {_kind(got)}, expected a string"
        same = got.strip().casefold() == expected.strip().casefold()
        return "" if same else f"{what} is not the right word"
    if isinstance(expected, dict):
        return _dicts(expected, got, what, tolerance)
    if isinstance(expected, tuple | list):
        return _sequences(expected, got, what, tolerance)
    if (left := as_numbers(expected)) is None:
        return "" if _same(expected, got) else f"{what} is {_kind(got)} that does not match"
    if (right := as_numbers(got)) is None:
        return f"{what} is {_kind(got)}, expected {_kind(expected)}"
    if rtol and (precision := precision_of(got)):
        tolerance["rtol"] = max(rtol, 4 * precision)
        if precision > HALF:  # sums of halves are off by a share of the largest part
            tolerance["atol"] = max(atol, precision * np.abs(left).max(initial=0))
    return _arrays(left, right, what, tolerance)


def show_value(value: Any, digits: int = 5) -> str:
    """A value as a student should read it: rounded, short, without its type's noise.

    Numbers get `digits` significant digits, those in an array one decimal less.

    >>> show_value(torch.tensor([[1 / 3, 2.0]])), show_value((0.1 + 0.2, "a"))
    ('[[0.3333 2.    ]]', "(0.3, 'a')")
    """
    if isinstance(value, tuple | list):
        inside = ", ".join(show_value(item, digits) for item in value)
        return f"({inside})" if isinstance(value, tuple) else f"[{inside}]"
    if isinstance(value, dict):
        inside = ", ".join(f"{key}: {show_value(item, digits)}" for key, item in value.items())
        return f"{{{inside}}}"
    if isinstance(value, functools.partial):
        given = (f"{key}={show_value(item, digits)}" for key, item in value.keywords.items())
        return f"{show_value(value.func)}({', '.join(given)})"
    if inspect.isfunction(value):
        return value.__name__
    numbers = as_numbers(value)
    if numbers is None or isinstance(value, bool):
        try:
            text = repr(value)
        except Exception:  # an answer's own repr may do anything
            text = f"<{type(value).__name__}>"
        return text if len(text) <= 60 else f"{text[:57]}…"
    if numbers.ndim == 0:
        return f"{numbers.item():.{digits}g}" if numbers.dtype.kind == "f" else str(numbers.item())
    return np.array2string(
        numbers, precision=digits - 1, threshold=24, edgeitems=3, suppress_small=True
    )


def show_apart(expected: Any, got: Any) -> tuple[str, str]:
    """Both values with as many digits as it takes to see that they differ.

    >>> show_apart(2.16721, 2.16724)
    ('2.16721', '2.16724')
    """
    for digits in range(5, 18):
        shown = show_value(expected, digits), show_value(got, digits)
        if shown[0] != shown[1]:
            break
    return shown


def size(value: Any) -> int:
    """How many numbers a value holds, to find the smallest failing case."""
    if isinstance(value, tuple | list | set | frozenset):
        return sum(size(item) for item in value)
    if isinstance(value, dict):
        return sum(size(item) for item in value.values())
    numbers = as_numbers(value)
    return 1 if numbers is None else numbers.size


def _arrays(left: np.ndarray, right: np.ndarray, what: str, tolerance: dict[str, float]) -> str:
    if left.shape != right.shape:
        wanted = str(left.shape) if left.ndim else "a single number"
        return f"{what} has shape {right.shape}, expected {wanted}"
    for test, name in ((np.isnan, "NaN"), (np.isinf, "an infinity")):
        if (test(right) & ~test(left)).any():
            return f"{what} contains {name} where a number is expected"
    if np.allclose(right, left, equal_nan=True, **tolerance):
        return ""
    return f"{what} has the right shape but other values" if left.ndim else f"{what} is off"


def _sequences(expected: Any, got: Any, what: str, tolerance: dict[str, float]) -> str:
    if hasattr(got, "__array__") and (numbers := as_numbers(got)) is not None and numbers.ndim:
        got = list(got)
    elif isinstance(got, np.ndarray):  # of words
        got = got.tolist()
    if not isinstance(got, tuple | list):
        return f"{what} is {_kind(got)}, expected {len(expected)} values: {_kind(expected)}"
    if len(got) != len(expected):
        return f"{what} has {len(got)} entries, expected {len(expected)}"
    for number, (left, right) in enumerate(zip(expected, got, strict=True), start=1):
        if reason := difference(left, right, what=f"entry {number} of {what}", **tolerance):
            return reason
    return ""


def _dicts(expected: Any, got: Any, what: str, tolerance: dict[str, float]) -> str:
    if not isinstance(got, dict):
        return f"{what} is {_kind(got)}, expected a dict"
    if missing := [key for key in expected if key not in got]:
        return f"{what} lacks {missing[0]!r}"
    for key, left in expected.items():
        if reason := difference(left, got[key], what=f"“{key}” of {what}", **tolerance):
            return reason
    extra = [key for key in got if key not in expected]
    return f"{what} has {extra[0]!r} too many" if extra else ""


def as_numbers(value: Any) -> np.ndarray | None:
    """Numbers of any make as one NumPy array (floats as float64); None for anything else."""
    try:
        if isinstance(value, torch.Tensor):
            value = value.detach().cpu()
            value = value.double().numpy() if value.is_floating_point() else value.numpy()
        elif isinstance(value, tuple | list):
            value = [as_numbers(item) for item in value]
            if any(item is None for item in value):
                return None
        elif isinstance(value, Real) and not isinstance(value, int | np.generic):
            value = float(value)  # a Fraction, say
        array = np.asarray(value)
    except Exception:  # ragged lists, tensors without data, objects that refuse
        return None
    if array.dtype.kind not in "biuf":
        return None
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def precision_of(value: Any) -> float:
    """The relative precision of the floats that a tensor or an array holds, 0 for all else."""
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        return torch.finfo(value.dtype).eps
    if isinstance(value, np.ndarray | np.floating) and value.dtype.kind == "f":
        return float(np.finfo(value.dtype).eps)
    return 0.0


def _same(expected: Any, got: Any) -> bool:
    try:
        return bool(expected == got)
    except Exception:  # an answer's own == may do anything
        return False


def _kind(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, torch.Tensor):
        return f"a torch tensor of shape {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"a NumPy array of shape {value.shape}"
    names = {bool: "True or False", int: "a number", float: "a number", str: "a string"}
    if isinstance(value, np.generic):
        return "a number"
    name = type(value).__name__
    return names.get(type(value), f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}")
