"""What the losses accept, checked before anything is computed: expected, got, what to do."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from numbers import Integral, Real
from typing import ParamSpec, TypeAlias, TypeVar

import torch
from torch import Tensor

from fpl_lib._arguments import check_integer

Term: TypeAlias = Callable[[Tensor], Tensor]
Alpha: TypeAlias = float | Tensor | Callable[[Tensor, int], Tensor]
P = ParamSpec("P")
T = TypeVar("T")

POOLS = (None, "mean", "median")
REDUCTIONS = ("mean", "sum", "none")
OF_CROSS_ENTROPY = {
    "weight": 'alpha=(weight, 0) weighs cross-entropy\'s own term, alpha=weight both; "mean" then '
    "divides by the number of samples, not by the sum of their weights",
    "label_smoothing": "FPL needs one true class; add a cross-entropy with label_smoothing to it",
    "input": "the raw scores are called logits",
    "size_average": 'reduction="mean" or "sum"',
    "reduce": 'reduction="none" keeps a value for each sample',
}


def explains_cross_entropy(function: Callable[P, T]) -> Callable[P, T]:
    """`function`, which answers arguments of torch's cross-entropy by what takes their place."""
    most = function.__code__.co_argcount  # torch's third one is the weight

    @wraps(function)
    def explained(*args: P.args, **options: P.kwargs) -> T:
        for name in (*options, *("weight",) * (len(args) > most)):
            if name in OF_CROSS_ENTROPY:
                raise TypeError(
                    f"{name}: expected this loss's own arguments; got one of cross-entropy. "
                    f"Instead: {OF_CROSS_ENTROPY[name]}."
                )
        return function(*args, **options)

    return explained


def bounds(values: Tensor) -> tuple[float, float] | None:
    """The least and the largest value, or None where none can be read.

    Reading would stall CUDA's queue at every step; torch.compile and torch.func.vmap forbid it.
    """
    if not values.is_cpu or torch.compiler.is_compiling() or not values.numel():
        return None
    try:
        low, high = torch.aminmax(values.detach())
        return low.item(), high.item()
    except RuntimeError:  # under torch.func.vmap
        return None


def is_integer(values: Tensor) -> bool:
    """Whether a tensor's type is one of integers, signed or not."""
    return not (values.is_floating_point() or values.is_complex() or values.dtype == torch.bool)


def check_options(k: int | None, pool: str | None, reduction: str, ignore_index: int) -> None:
    """Refuse options that are wrong whatever the logits."""
    if k is not None and (isinstance(k, bool) or not isinstance(k, Integral)):
        raise TypeError(
            "k: expected how many false classes as an int, or None for all; got "
            f"{k!r} ({type(k).__name__})."
        )
    if k is not None and k < 1:
        raise ValueError(f"k: expected at least one false class, or None for all; got {k}.")
    if not (pool is None or (isinstance(pool, str) and pool in POOLS)):
        raise ValueError(f'pool: expected None, "mean" or "median"; got {pool!r}.')
    if not (isinstance(reduction, str) and reduction in REDUCTIONS):
        raise ValueError(f'reduction: expected "mean", "sum" or "none"; got {reduction!r}.')
    check_integer("ignore_index", ignore_index, -(2**63))


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


def split_terms(term: object) -> tuple[Term, Term]:
    """The terms of the true and of a false class; refuses what cannot be called."""
    terms = split_pair("term", term)
    for one in terms:
        if not callable(one):
            raise TypeError(
                "term: expected a function of the log-probability of being right, such as "
                f"log_term, or a pair of them; got {one!r} ({type(one).__name__})."
            )
    return terms


def check_term_result(loss: object, r: Tensor) -> None:
    """Refuse what a term made of its log-probabilities, if it is not one value for each."""
    if not isinstance(loss, Tensor):
        raise TypeError(
            "term: expected it to turn a tensor of log-probabilities into a tensor; got "
            f"{type(loss).__name__}."
        )
    if loss.shape != r.shape:
        raise ValueError(
            f"term: expected a value for each log-probability, shape {tuple(r.shape)}; got shape "
            f"{tuple(loss.shape)}. Leave sums and means to the loss."
        )


def split_alphas(alpha: object) -> tuple[Alpha, Alpha]:
    """α_T and α_F, numbers as floats; refuses what is wrong before a logit or callable is asked."""
    first, second = split_pair("alpha", alpha)
    one = _check_alpha(first)
    return one, one if second is first else _check_alpha(second)


def _check_alpha(alpha: object) -> Alpha:
    if isinstance(alpha, Tensor):
        return check_weights(alpha)
    if isinstance(alpha, Real) and not isinstance(alpha, bool):
        if not 0 <= alpha < math.inf:  # torch.compile cannot follow math.isfinite of a number
            raise ValueError(f"alpha: expected a finite number of zero or more; got {alpha}.")
        return float(alpha)
    if not callable(alpha):
        raise TypeError(
            "alpha: expected a number, a (C,) tensor, a callable (target, num_classes) -> (C,), or "
            f"a pair (tuple) of these; got {type(alpha).__name__}: {alpha!r}. Put weights per "
            "class into torch.tensor([...])."
        )
    return alpha


def check_weights(alpha: Tensor) -> Tensor:
    """Weights per class, (C,), of real numbers; of zero or more and finite, if they can be read."""
    if alpha.dtype == torch.bool or alpha.is_complex():
        raise TypeError(f"alpha: expected a tensor of real numbers; got {alpha.dtype}.")
    if alpha.dim() != 1:
        hint = " For one weight for all classes pass a number." if alpha.dim() == 0 else ""
        raise ValueError(
            f"alpha: expected a weight per class, shape (C,); got shape {tuple(alpha.shape)}.{hint}"
        )
    found = bounds(alpha)
    if found and not (found[0] >= 0 and found[1] < math.inf):
        raise ValueError(
            "alpha: expected finite weights of zero or more; got values from "
            f"{found[0]:g} to {found[1]:g}."
        )
    return alpha


def check_alpha_sizes(alphas: tuple, k: int | None) -> None:
    """Refuse tensors that no number of classes fits, or that leave fewer than k false ones."""
    sizes = {len(alpha) for alpha in alphas if isinstance(alpha, Tensor)}
    least = 2 if k is None else k + 1
    if len(sizes) > 1 or (sizes and min(sizes) < least):
        raise ValueError(
            f"alpha: expected a weight per class, for at least {least} classes where k = {k}, and "
            f"as many in both of a pair; got {' and '.join(map(str, sorted(sizes)))}."
        )


def check_fits(name: str, values: Tensor, logits: Tensor) -> None:
    """Refuse one value per class, (C,), that is of other classes or elsewhere than the logits."""
    num_classes = logits.shape[0 if logits.dim() == 1 else 1]
    if len(values) != num_classes:
        raise ValueError(
            f"{name}: expected {num_classes} values, one for each class of the logits; got "
            f"{len(values)}."
        )
    if values.device != logits.device:
        raise ValueError(
            f"{name}: expected it on {logits.device}, where the logits are; got {values.device}. "
            f'Move it, or the loss module that holds it, with .to("{logits.device}").'
        )


def check_counts(counts: object, *, empty: bool) -> Tensor:
    """The samples per class as a tensor (C,), C >= 2, a list as float64; `empty`: some may be 0."""
    try:
        given = counts if isinstance(counts, Tensor) else torch.tensor(counts, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            "counts: expected the number of samples of each class, a (C,) tensor or a list of "
            f"numbers; got {type(counts).__name__}: {counts!r}."
        ) from error
    hint = " torch.bincount(labels, minlength=num_classes) counts labels."
    if given.dtype == torch.bool or given.is_complex():
        raise TypeError(f"counts: expected integers or floats; got {given.dtype}.{hint}")
    if given.dim() != 1 or given.numel() < 2:
        raise ValueError(
            "counts: expected one for each of at least two classes, shape (C,); got shape "
            f"{tuple(given.shape)}.{hint}"
        )
    found = bounds(given)
    if found and not ((found[0] >= 0 if empty else found[0] > 0) and 0 < found[1] < math.inf):
        wanted = "of zero or more, not all zero" if empty else "above zero"
        raise ValueError(f"counts: expected finite numbers {wanted}; got {given.tolist()}.")
    return given.detach()


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
            f"k: expected 1 to {num_classes - 1} false classes of {num_classes} (None: all of "
            f"them); got {k}."
        )
    return num_classes


def check_target(target: object, logits: Tensor) -> Tensor:
    """The class indices as int64; refuses a type, shape or device that does not fit the logits."""
    if not isinstance(target, Tensor):
        raise TypeError(
            f"target: expected a tensor of class indices; got {type(target).__name__}. "
            "Wrap it as torch.tensor(target)."
        )
    shape = logits.shape
    wanted = shape[:1] + shape[2:] if len(shape) > 1 else shape[:0]
    if target.shape != wanted:
        hint = ""
        if target.shape == shape:  # shares of a mix, as of Mixup and CutMix, or one-hot labels
            mixed, axis = target.is_floating_point(), min(1, len(shape) - 1)
            mix = "Of a mix of labels take λ · loss(logits, a) + (1 − λ) · loss(logits, b)."
            one_hot = f"One-hot labels become indices by target.argmax({axis})."
            hint = f" FPL needs one true class. {mix if mixed else one_hot}"
        raise ValueError(
            f"target: expected class indices of shape {tuple(wanted)} for logits of shape "
            f"{tuple(shape)}; got shape {tuple(target.shape)}.{hint}"
        )
    if not is_integer(target):
        raise TypeError(
            f"target: expected class indices of an integer type; got {target.dtype}. "
            "Convert whole-numbered labels with target.long()."
        )
    if target.device != logits.device:
        raise ValueError(
            f"target: expected it on {logits.device}, where the logits are; got {target.device}. "
            f'Move it with target.to("{logits.device}").'
        )
    return target.long()


def find_counted(target: Tensor, num_classes: int, ignore_index: int) -> Tensor | None:
    """The mask of samples that count, or None if all are known to; refuses labels out of range.

    Where values cannot be read (`bounds`), the gather's own device assertion finds a bad label.
    """
    found = bounds(target)
    if found is None:
        return target != ignore_index
    low, high = found
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
