"""Exercises whose answer is a figure: what is read is the Axes' data and labels, never pixels."""

from __future__ import annotations

from typing import Any
from unittest import mock

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fpl_lib.course.checking.guard import Outcome, has_blank, run, same_outcome
from fpl_lib.course.checking.judge import (
    NOT_ATTEMPTED,
    RIGHT,
    WRONG,
    Verdict,
    blank_verdict,
    judge,
    raised,
    recognised,
    tolerance_of,
)
from fpl_lib.course.checking.kinds import FigureExercise


def curve(ax: Axes, label: str, x: np.ndarray) -> np.ndarray:
    """The height at `x` of the line with this legend label (any case), by interpolation.

    Raises LookupError if no line has the label; `x` outside of the line gives NaN.

    >>> ax = plt.figure().add_subplot()
    >>> _ = ax.plot([0, 1], [0, 2], label="CE")
    >>> curve(ax, "ce", np.array([0.5]))
    array([1.])
    """
    for line in ax.get_lines():
        if str(line.get_label()).strip().casefold() == label.casefold():
            return heights(line.get_xdata(), line.get_ydata(), x)
    raise LookupError(f"no line is labelled {label!r}")


def heights(across: Any, up: Any, x: np.ndarray) -> np.ndarray:
    """Interpolate the points (across, up) at `x`; NaN outside of their range."""
    across, up = np.asarray(across, float), np.asarray(up, float)
    order = np.argsort(across)
    return np.interp(x, across[order], up[order], left=np.nan, right=np.nan)


def describe(figure: Figure) -> str:
    """An alternative text made from what a figure's axes hold, for a figure nobody described."""
    parts = []
    for ax in figure.axes:
        if not ax.has_data():
            continue
        names = [name for name in ax.get_legend_handles_labels()[1] if name]
        legend = f", showing {', '.join(names)}" if names else ""
        axes = f"{ax.get_ylabel() or 'unnamed'} over {ax.get_xlabel() or 'unnamed'}"
        title = f"“{ax.get_title(loc='left') or ax.get_title()}”: "
        parts.append((title if title != "“”: " else "") + axes + legend)
    return "A figure drawn as an answer. " + "; ".join(parts) + "."


@judge.register
def _(exercise: FigureExercise, answer: Any, seed: int = 0) -> Verdict:
    if has_blank(answer):
        return Verdict(NOT_ATTEMPTED)
    drawn = _draw(answer)
    if drawn.blank:
        return blank_verdict(drawn, answer)
    if drawn.error is not None:
        return Verdict(WRONG, raised(drawn.error))
    if not isinstance(drawn.value, Figure):
        got = type(drawn.value).__name__
        return Verdict(WRONG, f"expected a matplotlib Figure or Axes, got {got}: `return ax`")
    if not any(ax.has_data() for ax in drawn.value.axes):
        return Verdict(WRONG, "nothing is drawn in the figure yet")
    return _compare(exercise, drawn.value)


def _compare(exercise: FigureExercise, figure: Figure) -> Verdict:
    tolerance = tolerance_of(exercise)
    given = _read(exercise, figure)
    right = _read(exercise, _draw(exercise.solution).value)
    wrong = [
        name
        for name, mine, solution in zip(exercise.readings, given, right, strict=True)
        if not same_outcome(solution, mine, **tolerance)
    ]
    if not wrong:
        return Verdict(RIGHT, figure=figure)
    for mistake in exercise.mistakes:
        mistaken = _read(exercise, _draw(mistake.code).value)
        if recognised(right, mistaken, given, tolerance):
            return Verdict(WRONG, mistake.message, mistake=mistake.name, figure=figure)
    return Verdict(WRONG, f"look again at {wrong[0]}", figure=figure)


def _draw(answer: Any) -> Outcome:
    """Call a drawing function, leave no figure of it open, and take the Figure out of an Axes."""
    if not callable(answer):
        outcome = Outcome(answer)
    else:
        before = set(plt.get_fignums())
        with mock.patch.object(plt, "show"):  # in a notebook it would close the figure
            outcome = run(answer, ())
        for number in set(plt.get_fignums()) - before:
            plt.close(number)
    value = outcome.value
    if isinstance(value, tuple | list | np.ndarray) and len(value):  # `return fig, ax`
        value = np.asarray(value, dtype=object).flat[0]
    if isinstance(value, Axes):
        value = value.figure
    return Outcome(value, outcome.error, outcome.printed)


def _read(exercise: FigureExercise, figure: Figure) -> list[Outcome]:
    """All readings of the figure's first Axes; one that fails is an outcome like any other."""
    ax = figure.axes[0]
    return [run(lambda read=read: read(ax), ()) for read in exercise.readings.values()]
