"""What the loss accepts, checked before anything is computed: expected, got, what to do."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Integral, Real
from typing import TypeAlias

import torch
from torch import Tensor

Term: TypeAlias = Callable[[Tensor], Tensor]
Alpha: TypeAlias = float | Tensor | Callable[[Tensor, int], Tensor]

POOLS = (None, "mean", "median")
REDUCTIONS = ("mean", "sum", "none")


def check_options(k: int | None, pool: str | None, reduction: str, ignore_index: int) -> None:
    """Refuse options that are wrong whatever the logits."""
    if k is not None:
        if isinstance(k, bool) or not isinstance(k, Integral):
            raise TypeError(
                f"k: expected how many false classes as an int, or None for all; got {k!r} "
                f"({type(k).__name__})."
            )
        if k < 1:
            raise ValueError(f"k: expected at least one false class, or None for all; got {k}.")
    if not (pool is None or (isinstance(pool, str) and pool in POOLS)):
        raise ValueError(f'pool: expected None, "mean" or "median"; got {pool!r}.')
    if not (isinstance(reduction, str) and reduction in REDUCTIONS):
        raise ValueError(f'reduction: expected "mean", "sum" or "none"; got {reduction!r}.')
    if isinstance(ignore_index, bool) or not isinstance(ignore_index, Integral):
        raise TypeError(
            f"ignore_index: expected the label to leave out, as an int; got {ignore_index!r} "
            f"({type(ignore_index).__name__})."
        )


def split_pair(name: str, value: object) -> tuple:
    """(for the true class, for a false class): a pair as it is, anything else twice."""
    if not isinstance(value, tuple):
        return value, value
    if len(value) != 2:
        raise ValueError(
            f"{name}: expected one value or a pair (for the true class, for a false class); got a "
            f"tuple of {len(value)}."
        )
    return value


def check_term(term: object) -> None:
    if not callable(term):
        raise TypeError(
            "term: expected a function of the log-probability of being right, such as log_term, or "
            f"a pair of them; got {term!r} ({type(term).__name__})."
        )


def check_term_result(loss: object, r: Tensor) -> None:
    """Refuse what a term made of its log-probabilities, if it is not one value for each."""
    if not isinstance(loss, Tensor):
        raise TypeError(
            "term: expected it to turn a tensor of log-probabilities into a tensor; it returned "
            f"{type(loss).__name__}."
        )
    if loss.shape != r.shape:
        raise ValueError(
            f"term: expected a value for each log-probability, shape {tuple(r.shape)}; it returned "
            f"shape {tuple(loss.shape)}. Leave sums and means to the loss."
        )


def check_alpha(alpha: object) -> Alpha:
    """Refuse an alpha that is wrong whatever the logits; numbers come back as floats.

    Callables are checked when they answer.
    """
    if isinstance(alpha, Tensor):
        _check_alpha_tensor(alpha)
        return alpha
    if isinstance(alpha, Real) and not isinstance(alpha, bool):
        if not 0 <= alpha < math.inf:
            raise ValueError(f"alpha: expected a finite number of zero or more; got {alpha}.")
        return float(alpha)
    if not callable(alpha):
        raise TypeError(
            "alpha: expected a number, a (C,) tensor, a callable (target, num_classes) -> (C,), or "
            f"a pair (tuple) of these; got {type(alpha).__name__}: {alpha!r}. Weights a class "
            "go into torch.tensor([...])."
        )
    return alpha


def _check_alpha_tensor(alpha: Tensor) -> None:
    if alpha.dtype == torch.bool or alpha.is_complex():
        raise TypeError(f"alpha: expected a tensor of real numbers; got {alpha.dtype}.")
    if alpha.dim() != 1:
        hint = " For one weight for all classes pass a number." if alpha.dim() == 0 else ""
        raise ValueError(
            f"alpha: expected one weight a class, shape (C,); got shape {tuple(alpha.shape)}.{hint}"
        )


def check_alpha_sizes(alphas: tuple, k: int | None) -> None:
    """Refuse tensors that no number of classes fits, or that leave fewer than k false ones."""
    sizes = {len(alpha) for alpha in alphas if isinstance(alpha, Tensor)}
    if len(sizes) > 1:
        raise ValueError(
            f"alpha: expected two tensors of one length, a weight a class; got {min(sizes)} and "
            f"{max(sizes)}."
        )
    least = 2 if k is None else k + 1
    if sizes and min(sizes) < least:
        raise ValueError(
            f"alpha: expected weights of at least {least} classes for k = {k}; got {min(sizes)}."
        )


def check_alpha_values(alpha: Tensor) -> None:
    """Refuse negative, infinite and NaN weights. Reads values: a synchronisation on CUDA."""
    try:
        low, high = (bound.item() for bound in torch.aminmax(alpha.detach()))
    except RuntimeError:  # under torch.func.vmap a value cannot be read
        return
    if not (low >= 0 and high < math.inf):
        raise ValueError(
            f"alpha: expected finite weights of zero or more; got values from {low:g} to {high:g}."
        )


def check_alpha_for(alpha: Tensor, logits: Tensor, came_from: str = "") -> None:
    """Refuse per-class weights that do not fit these logits (N, C, d1, ...)."""
    num_classes = logits.shape[1]
    if not isinstance(alpha, Tensor):
        raise TypeError(
            f"alpha: expected a (C,) tensor{came_from}; got {type(alpha).__name__}: {alpha!r}."
        )
    _check_alpha_tensor(alpha)
    if alpha.shape[0] != num_classes:
        raise ValueError(
            f"alpha: expected {num_classes} weights, one for each class of the logits{came_from}; "
            f"got {alpha.shape[0]}."
        )
    if alpha.device != logits.device:
        raise ValueError(
            f"alpha is on {alpha.device}, but the logits are on {logits.device}. Move it with "
            f'.to("{logits.device}"), or move the whole FalsePositiveLoss module.'
        )
    if alpha.is_cpu and not torch.compiler.is_compiling():
        check_alpha_values(alpha)


def check_logits(logits: object, k: int | None) -> int:
    """Refuse logits that no target could fit; gives the number of classes."""
    if not isinstance(logits, Tensor):
        raise TypeError(f"logits: expected a torch tensor; got {type(logits).__name__}.")
    if not logits.is_floating_point():
        raise TypeError(
            f"logits: expected raw scores of a floating-point type; got {logits.dtype}. "
            "Were logits and target passed in the wrong order?"
        )
    if logits.layout != torch.strided:
        raise TypeError(f"logits: expected a dense tensor; got {logits.layout}. Use .to_dense().")
    if logits.dim() == 0:
        raise ValueError(
            "logits: expected shape (C,), (N, C) or (N, C, d1, ...); got a single number."
        )
    num_classes = logits.shape[0 if logits.dim() == 1 else 1]
    if num_classes < 2:
        raise ValueError(
            f"logits: expected at least two classes, since a false class must exist; got shape "
            f"{tuple(logits.shape)}. A binary network with one output needs two: stack (0, z)."
        )
    if k is not None and k >= num_classes:
        raise ValueError(
            f"k: {num_classes} classes leave {num_classes - 1} false ones, so k must lie between 1 "
            f"and {num_classes - 1} (None: all of them); got {k}."
        )
    return num_classes


def check_target(target: object, logits: Tensor) -> None:
    """Refuse a target whose type, shape or device does not fit the logits."""
    if not isinstance(target, Tensor):
        raise TypeError(
            f"target: expected a tensor of class indices; got {type(target).__name__}. "
            "Wrap it as torch.tensor(target)."
        )
    shape = logits.shape
    wanted = shape[:1] + shape[2:] if len(shape) > 1 else shape[:0]
    if target.shape != wanted:
        if target.shape == shape:
            raise ValueError(
                f"target: expected class indices of shape {tuple(wanted)}; got one value a class, "
                f"shape {tuple(target.shape)}. One-hot or probability targets have no single true "
                f"class: use target.argmax({0 if len(shape) == 1 else 1})."
            )
        raise ValueError(
            f"target: expected shape {tuple(wanted)} for logits of shape {tuple(shape)}; got "
            f"{tuple(target.shape)}."
        )
    if target.dtype != torch.int64 and target.dtype != torch.uint8:
        raise TypeError(
            f"target: expected class indices of type torch.int64; got {target.dtype}. "
            "Convert whole-numbered labels with target.long()."
        )
    if target.device != logits.device:
        raise ValueError(
            f"target is on {target.device}, but the logits are on {logits.device}. "
            f'Move it with target.to("{logits.device}").'
        )


def find_counted(target: Tensor, num_classes: int, ignore_index: int) -> Tensor | None:
    """The mask of samples that count, or None if all are known to; refuses labels out of range.

    Values are read on the CPU only. On CUDA that would stall the queue at every step (there the
    gather's own device assertion catches a bad label), and under torch.compile and
    torch.func.vmap it cannot be done.
    """
    if not target.is_cpu or torch.compiler.is_compiling() or target.numel() == 0:
        return target != ignore_index
    try:
        low, high = (bound.item() for bound in torch.aminmax(target))
    except RuntimeError:  # under torch.func.vmap a value cannot be read
        return target != ignore_index
    if low >= 0 and high < num_classes and not low <= ignore_index <= high:
        return None
    counted = target != ignore_index
    wrong = target[counted & ((target < 0) | (target >= num_classes))]
    if wrong.numel():
        raise ValueError(
            f"target: expected labels from 0 to {num_classes - 1} (or ignore_index = "
            f"{ignore_index}); got {wrong[0].item()}. Do labels start at 0, and has the network an "
            "output for every class?"
        )
    return counted
