"""When two answers agree, and in which words they do not."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from fpl_lib.course.checking.compare import agree, difference, show_apart, show_value, size

FLOATS = st.floats(-1e6, 1e6, allow_subnormal=False)

AGREE = {
    "python and NumPy": (0.5, np.float32(0.5)),
    "NumPy and torch": (np.ones((2, 3)), torch.ones(2, 3)),
    "precisions": (torch.ones(2, dtype=torch.float64) / 3, torch.ones(2) / 3),
    "bfloat16": (np.array([0.5, 2.0]), torch.tensor([0.5, 2.0], dtype=torch.bfloat16)),
    "with and without gradient": (torch.ones(2), torch.ones(2, requires_grad=True)),
    "array and list": (np.array([1.0, 2.0]), [1.0, 2.0]),
    "tuple and list": ((1, "a"), [1, "A "]),
    "tuple and array": ((1.0, 2.0), np.array([1.0, 2.0])),
    "tuple and tensor": ((1.0, 2.0), torch.tensor([1.0, 2.0])),
    "whole numbers for floats": (np.array([1.0, 2.0]), np.array([1, 2])),
    "a number for a scalar": (3, 3.0),
    "NaN in the same place": (np.array([1.0, np.nan]), np.array([1.0, np.nan])),
    "infinity in the same place": (np.array([np.inf]), np.array([np.inf])),
    "words": ("cross-entropy", "  Cross-Entropy"),
    "list for a tensor": (torch.ones(2), [1.0, 1]),
    "number for a tensor": (torch.tensor(0.5), 0.5),
    "tensors in a list": (np.ones(2), [torch.tensor(1.0, requires_grad=True), torch.tensor(1)]),
    "float16": (torch.tensor(1 / 3), torch.tensor(1 / 3, dtype=torch.float16)),
    "floats for counts": (np.array([1, 2]), [1.0, 2.0]),
    "a fraction": (0.75, Fraction(3, 4)),
    "a series": ((1.0, 2.0), pd.Series([1, 2])),
    "dicts in another order": ({"a": 1, "b": (2,)}, {"b": [2], "a": 1}),
    "sets": ({1, 2}, {2, 1}),
    "none": (None, None),
}


@pytest.mark.parametrize(("expected", "got"), AGREE.values(), ids=AGREE)
def test_the_same_answer_in_other_clothes(expected, got):
    assert difference(expected, got) == ""


DIFFER = {
    "shape": (np.ones((2, 3)), np.ones((3, 2)), "the result has shape (3, 2), expected (2, 3)"),
    "scalar": (1.0, np.ones(1), "the result has shape (1,), expected a single number"),
    "broadcasting": (np.ones(3), 1.0, "the result has shape (), expected (3,)"),
    "dtype": (torch.tensor([1, 2]), torch.tensor([1.0, 2.5]), "the right shape but other values"),
    "not a tensor": (torch.ones(2), "ones", "is a string, expected a torch tensor of shape (2,)"),
    "nan": (np.ones(2), np.array([1, np.nan]), "contains NaN where a number is expected"),
    "infinity": (np.ones(2), np.array([1, -np.inf]), "contains an infinity where"),
    "no infinity": (np.array([np.inf]), np.ones(1), "has the right shape but other values"),
    "values": (np.ones(2), np.array([1, 1.1]), "has the right shape but other values"),
    "number": (0.5, 0.6, "the result is off"),
    "word": ("up", "down", "the result is not the right word"),
    "number for a word": ("up", 1, "the result is a number, expected a string"),
    "word for a number": (1, "up", "the result is a string, expected a number"),
    "none": (np.ones(2), None, "the result is None, expected a NumPy array of shape (2,)"),
    "ragged": (np.ones(2), [[1.0], [1.0, 2.0]], "the result is a list, expected a NumPy array"),
    "too few": ((1, 2), (1,), "the result has 1 entries, expected 2"),
    "entry": ((1, 2), (1, 3), "entry 2 of the result is off"),
    "nested": ((1, (2, 3)), (1, (2, 4)), "entry 2 of entry 2 of the result is off"),
    "not a tuple": ((1, 2), 1, "the result is a number, expected 2 values: a tuple"),
    "key": ({"a": 1}, {"b": 1}, "the result lacks 'a'"),
    "extra key": ({"a": 1}, {"a": 1, "b": 1}, "the result has 'b' too many"),
    "value of a key": ({"a": 1}, {"a": 2}, "“a” of the result is off"),
    "not a dict": ({"a": 1}, 1, "the result is a number, expected a dict"),
    "set": ({1, 2}, {1}, "the result is a set that does not match"),
}  # fmt: skip


@pytest.mark.parametrize(("expected", "got", "words"), DIFFER.values(), ids=DIFFER)
def test_another_answer_is_told_apart_in_words(expected, got, words):
    assert words in difference(expected, got)


@given(arrays(np.float64, array_shapes(max_dims=3, max_side=4), elements=FLOATS))
def test_every_array_agrees_with_itself_and_with_its_tensor(values):
    assert agree(values, values.copy()) and agree(values, torch.from_numpy(values))
    assert agree(torch.from_numpy(values), torch.from_numpy(values).clone())


@given(
    arrays(np.float64, array_shapes(max_dims=2, max_side=4), elements=FLOATS),
    st.integers(0, 15),
    st.floats(1e-3, 10),
)
def test_no_entry_is_overlooked(values, where, factor):
    """Moving any one entry by more than the tolerance is noticed, wherever it stands."""
    other = values.copy()
    other.flat[where % other.size] += factor * (1 + abs(values.flat[where % other.size]))
    assert difference(values, other) == "the result has the right shape but other values"


@given(FLOATS.filter(bool), st.floats(1e-9, 1e-3))
def test_tolerance_is_relative_to_the_solution(value, rtol):
    assert agree(value, value * (1 + 0.9 * rtol), rtol=rtol, atol=0.0)
    assert not agree(value, value * (1 + 1.2 * rtol), rtol=rtol, atol=0.0)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1 / 3, "0.33333"),
        (7, "7"),
        (True, "True"),
        ("word", "'word'"),
        (torch.tensor(0.25), "0.25"),
        (np.array([1 / 3, 1e-9]), "[0.3333 0.    ]"),
        ({"a": (1 / 3, 2)}, "{a: (0.33333, 2)}"),
        (["x" * 100], f"['{'x' * 56}…]"),
    ],
)
def test_values_are_shown_rounded_and_short(value, text):
    assert show_value(value) == text


def test_large_arrays_are_shown_in_part():
    assert "..." in show_value(np.zeros((100, 100))) and len(show_value(np.zeros((100, 100)))) < 600


def test_size_counts_numbers():
    assert size((np.ones((2, 3)), torch.ones(4), 1.0, "word", {"a": [1, 2]}, None)) == 15


@given(FLOATS.filter(lambda x: abs(x) > 1e-3), st.floats(1e-9, 1e-2))
def test_what_differs_is_never_shown_equal(value, off):
    left, right = show_apart((value, 1), (value * (1 + off), 1))
    assert left != right
