"""Running a student's code so that nothing it does can hurt the notebook around it.

It gets copies of its inputs, its prints are kept aside, the random generators are put back, an
exception becomes a value, and an endless loop ends (where the system has an alarm clock).
"""

from __future__ import annotations

import contextlib
import copy
import linecache
import random
import re
import signal
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from fpl_lib.course.checking.compare import agree, as_numbers

SECONDS = 20.0
"""How long one call of a student's function may take."""


class TooSlow(BaseException):  # not an Exception: `except Exception` in an answer must not eat it
    """Raised inside a student's code when its time is up."""


class Refused(ValueError):
    """Raised by an exercise's `observe`: its message is the sentence that the student reads."""


@dataclass(frozen=True)
class Outcome:
    """What one call gave: a value or an exception, what it printed, whether its inputs changed."""

    value: Any = None
    error: BaseException | None = None
    printed: str = ""
    changed: bool = False

    @property
    def blank(self) -> bool:
        """Whether this is what an exercise gives that nobody has worked on yet."""
        if isinstance(self.error, NotImplementedError):
            # torch raises this error, too, where an operation has no kernel: look who raised it.
            line = traceback.extract_tb(self.error.__traceback__)[-1].line
            return not line or "NotImplementedError" in line
        if self.error is not None:
            return "ellipsis" in str(self.error)
        return has_blank(self.value) and not self.printed.strip()


def run(function: Callable[..., Any], args: tuple[Any, ...], *, seed: int = 0) -> Outcome:
    """Call `function(*args)` on copies of `args` and report what happened.

    The random generators start from `seed`, so that two seeds give a random answer away.

    >>> run(lambda x: 1 / x, (0,)).error
    ZeroDivisionError('division by zero')
    """
    from IPython.utils.capture import capture_output

    mine = copy.deepcopy(args)
    value, error = None, None
    with own_random_state(seed), warnings.catch_warnings(), capture_output() as printed:
        warnings.simplefilter("ignore")
        try:
            with alarm(SECONDS):
                value = function(*mine)
        except KeyboardInterrupt:
            raise
        except BaseException as caught:  # whatever a student's code raises is an answer, too
            error = caught
    return Outcome(value, error, printed.stdout, changed=not unchanged(args, mine))


def value_and_gradient(function: Callable[..., Any], *args: Any) -> Any:
    """An `observe` for losses: what the function gives, and its gradient by the first argument.

    A result of several numbers is summed first. Raises Refused, in words for the student, if the
    result is no torch tensor that hangs together with its input.

    >>> import torch
    >>> value_and_gradient(lambda z: (z**2).sum(), torch.tensor([1.0, 2.0]))["the gradient"]
    tensor([2., 4.])
    """
    leaf = args[0].detach().clone().requires_grad_()
    value = function(leaf, *args[1:])
    if has_blank(value):
        return value
    if not isinstance(value, torch.Tensor) or not value.requires_grad:
        raise Refused(
            "a network is trained with the gradient of your result, and it has none: return a "
            "torch tensor, without `.item()`, `.detach()`, `float()` or NumPy on the way"
        )
    (gradient,) = torch.autograd.grad(value.sum(), leaf)
    return {"the value": value.detach(), "the gradient": gradient}


def numbers_of(value: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers of any make as one NumPy array; Refused, in words for the student, for other shapes.

    >>> numbers_of([0.5, 0.5], (2,))
    array([0.5, 0.5])
    """
    found = as_numbers(value)
    if found is None or found.shape != shape:
        got = type(value).__name__ if found is None else f"the shape {found.shape}"
        raise Refused(f"expected numbers of the shape {shape}; got {got}")
    return found


def same_outcome(expected: Outcome, got: Outcome, **tolerance: float) -> bool:
    """Whether two calls did the same: equal values, or the same exception but for its numbers."""
    if expected.changed != got.changed:
        return False
    if expected.error is not None or got.error is not None:
        return _kind_of(expected.error) == _kind_of(got.error)
    return agree(expected.value, got.value, **tolerance)


def _kind_of(error: BaseException | None) -> tuple[type, str]:
    return type(error), re.sub(r"\d+", "#", str(error))


def has_blank(value: Any) -> bool:
    """Whether a value is None or `...`, or holds a `...` somewhere."""
    if isinstance(value, tuple | list):
        return any(item is ... or has_blank(item) for item in value if item is not None)
    return value is None or value is ...


def unchanged(before: Any, after: Any) -> bool:
    """Whether arguments still hold the same numbers (things that hold none count as unchanged)."""
    if isinstance(before, tuple | list):
        same_length = len(before) == len(after)
        return same_length and all(map(unchanged, before, after))
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(unchanged(before[k], after[k]) for k in before)
    if isinstance(before, np.ndarray | torch.Tensor | int | float | str):
        return agree(before, after, rtol=0.0, atol=0.0)
    return True


def where(error: BaseException) -> str:
    """The line of the student's own code that an exception comes from, or an empty string."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if "ipykernel" in frame.filename or frame.filename.startswith("<"):
            line = frame.line or linecache.getline(frame.filename, frame.lineno or 0).strip()
            if line:
                return line
    return ""


@contextlib.contextmanager
def own_random_state(seed: int) -> Iterator[None]:
    """Seed Python's, NumPy's and torch's generators for a block, and put them back after it."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    random.seed(seed)
    np.random.seed(seed)
    torch.default_generator.manual_seed(seed)  # torch.manual_seed asks all GPUs, and is slow
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])


@contextlib.contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """Raise TooSlow in the block after `seconds`, where that is possible.

    It takes a POSIX system and the main thread; elsewhere the block simply runs on. A bare
    `except:` in a loop catches the alarm, so it rings again, many times a millisecond, until one
    gets through between the end of the handler and the next `try`.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() != threading.main_thread():
        yield
        return
    ours = (__file__, contextlib.__file__)

    def ring(signum: int, frame: Any) -> None:
        if frame.f_code.co_filename not in ours:  # else the block has ended, or not begun
            raise TooSlow(f"it was stopped after {seconds:g} seconds: is there an endless loop?")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, 5e-5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
