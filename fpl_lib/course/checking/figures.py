"""Exercises whose answer is a figure: what is read is the Axes' data and labels, never pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any
from unittest import mock

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

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
    """The height at `x` of the line (or points) with this legend label, by interpolation.

    A label counts in any case, wherever it was given: with the line, or with the legend. Raises
    LookupError if nothing has the label; `x` outside of the line gives NaN.

    >>> ax = plt.figure().add_subplot()
    >>> _ = ax.plot([0, 1], [0, 2], label="CE")
    >>> curve(ax, "ce", np.array([0.5]))
    array([1.])
    """
    across, up = _points(ax, label)
    return np.interp(x, across, up, left=np.nan, right=np.nan)


def along(ax: Axes, label: str, shares: np.ndarray) -> np.ndarray:
    """As `curve`, where the card leaves the x axis open: heights at shares of the line's width.

    >>> ax = plt.figure().add_subplot()
    >>> _ = ax.plot([10, 30], [0, 2], label="CE")
    >>> along(ax, "CE", np.array([0.0, 0.25]))
    array([0. , 0.5])
    """
    across, up = _points(ax, label)
    return np.interp(shares, (across - across[0]) / (across[-1] - across[0]), up)


def bars(ax: Axes, label: str = "", names: Sequence[str] = ()) -> list[float]:
    """The lengths of the bars with this label (of all bars, without one), upright or lying.

    They come in the order of `names`, found by what stands at the axis; without names, or where
    the axis has others, from left to right or from bottom to top. Raises LookupError if there are
    no such bars.

    >>> ax = plt.figure().add_subplot()
    >>> _ = ax.barh(["cat", "dog"], [3, 5])
    >>> bars(ax, names=("dog", "cat"))
    [5.0, 3.0]
    """
    found, at = _bars(ax, label), bar_names(ax)
    if names and {name.casefold() for name in names} <= at.keys():
        places = [at[name.casefold()] for name in names]
        found = [min(found, key=lambda bar, at=place: abs(bar.place - at)) for place in places]
    return [bar.length for bar in found]


def bar_names(ax: Axes) -> dict[str, float]:
    """What stands beside the bars, in lower case, and where."""
    axis = ax.yaxis if lying(ax) else ax.xaxis
    texts = (text.get_text().strip().casefold() for text in axis.get_ticklabels())
    return dict(zip(texts, axis.get_ticklocs(), strict=False))


def from_zero(ax: Axes) -> bool:
    """Whether every bar starts at zero and is shown whole, so that lengths can be compared."""
    low, high = sorted(ax.get_xlim() if lying(ax) else ax.get_ylim())
    ends = [(min(0, bar.length), max(0, bar.length)) for bar in _bars(ax) if bar.start == 0]
    return len(ends) == len(_bars(ax)) and all(low <= a and b <= high for a, b in ends)


def side_by_side(ax: Axes, *labels: str) -> bool:
    """Whether the bars with these labels stand beside each other, and none hides another."""
    groups = [_bars(ax, label) for label in labels]
    pairs = (pair for a, b in combinations(groups, 2) for pair in zip(a, b, strict=False))
    return all(abs(a.place - b.place) > 0.49 * a.width for a, b in pairs)


def lying(ax: Axes) -> bool:
    """Whether the figure's bars lie, so that its values run along the x axis."""
    return any(getattr(group, "orientation", "") == "horizontal" for group in ax.containers)


def colour(ax: Axes, label: str) -> str:
    """The colour of the line or of the first bar with this label, e.g. '#0072b2'."""
    thing = _labelled(ax, label)
    if isinstance(thing, BarContainer):
        return to_hex(thing.patches[0].get_facecolor())
    return to_hex(thing.get_color() if isinstance(thing, Line2D) else thing.get_facecolor()[0])


def scales(ax: Axes) -> tuple[str, str]:
    """The scales of the x and the y axis, e.g. ('linear', 'log')."""
    return ax.get_xscale(), ax.get_yscale()


def named(axis: str, *words: str) -> Callable[[Axes], bool]:
    """A reading: has this axis, "x" or "y", a name, with one of the words (if any) in it?

    Where bars lie, "x" is the axis of their names and "y" that of their lengths all the same.
    """

    def reading(ax: Axes) -> bool:
        along_x = (axis == "x") != lying(ax)
        figure = ax.figure
        name = (ax.get_xlabel() if along_x else ax.get_ylabel()).strip()
        name = name or (figure.get_supxlabel() if along_x else figure.get_supylabel())
        return bool(name) and any(word.casefold() in name.casefold() for word in words or ("",))

    return reading


def titled(ax: Axes) -> bool:
    """Whether the Axes, or the figure around it, has a title."""
    titles = [ax.get_title(loc=place) for place in ("left", "center", "right")]
    return any(title.strip() for title in (*titles, ax.figure.get_suptitle()))


def with_legend(ax: Axes) -> bool:
    """Whether there is a legend, of the Axes or of the figure."""
    return ax.get_legend() is not None or bool(ax.figure.legends)


def drawn(
    labels: Sequence[str], at: np.ndarray, *, x: str = "", y: Sequence[str] = (), title: bool = True
) -> dict[str, Callable[[Axes], Any]]:
    """The usual readings of lines: the height of each at `at`, the axes' names, the title.

    `x` and one of `y` have to be in the axes' names; `title`: whether one is asked for.
    """
    readings: dict[str, Callable[[Axes], Any]] = {
        f"the curve labelled {label}": lambda ax, label=label: curve(ax, label, at)
        for label in labels
    }
    readings |= {"the name of the x axis": named("x", x), "the name of the y axis": named("y", *y)}
    return readings | ({"the title": titled} if title else {})


@dataclass(frozen=True)
class _Bar:
    """A bar, upright or lying: where it is, how wide, where it starts, how far it reaches."""

    place: float
    width: float
    start: float
    length: float


def _bars(ax: Axes, label: str = "") -> list[_Bar]:
    """The bars with this label, or all of them, in the order of their places."""
    groups = [_labelled(ax, label)] if label else ax.containers
    found = []
    for group in groups:
        if isinstance(group, BarContainer):
            for bar in group.patches:
                across = (bar.get_x(), bar.get_width())
                up = (bar.get_y(), bar.get_height())
                (x, width), (start, length) = (
                    (up, across) if group.orientation == "horizontal" else (across, up)
                )
                found.append(_Bar(x + width / 2, abs(width), float(start), float(length)))
    if not found:
        raise LookupError(f"no bars are labelled {label!r}" if label else "there are no bars")
    return sorted(found, key=lambda bar: bar.place)


def _points(ax: Axes, label: str) -> tuple[np.ndarray, np.ndarray]:
    """The points (across, up) of what has this label, from left to right."""
    thing = _labelled(ax, label)
    if isinstance(thing, Line2D):
        across, up = thing.get_xdata(), thing.get_ydata()
    elif isinstance(thing, PathCollection):
        across, up = np.asarray(thing.get_offsets()).T
    else:
        raise LookupError(f"what is labelled {label!r} is no line")
    across, up = np.asarray(across, float), np.asarray(up, float)
    order = np.argsort(across, kind="stable")
    return across[order], up[order]


def _labelled(ax: Axes, label: str) -> Any:
    """The line, the points or the group of bars with this label."""
    lines = [line for line in ax.get_lines() if len(np.atleast_1d(line.get_xdata()))]
    points = [one for one in ax.collections if isinstance(one, PathCollection)]
    groups = [*ax.containers, *lines, *points]
    texts = [str(thing.get_label()) for thing in groups]
    if all(text.startswith("_") for text in texts) and ax.get_legend():  # ax.legend(["CE", …])
        texts = [text.get_text() for text in ax.get_legend().get_texts()]
    for thing, text in zip(groups, texts, strict=False):
        if text.strip().casefold() == label.casefold():
            return thing.lines[0] if isinstance(thing, ErrorbarContainer) else thing
    raise LookupError(f"nothing is labelled {label!r}")


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
    right = _known(exercise, exercise.solution)
    wrong = [
        name
        for name, mine, solution in zip(exercise.readings, given, right, strict=True)
        if not same_outcome(solution, mine, **tolerance)
    ]
    if not wrong:
        return Verdict(RIGHT, figure=figure)
    for mistake in exercise.mistakes:
        mistaken = _known(exercise, mistake.code)
        if recognised(right, mistaken, given, tolerance):
            return Verdict(WRONG, mistake.message, mistake=mistake.name, figure=figure)
    return Verdict(WRONG, f"look again at {wrong[0]}", figure=figure)


@cache
def _known(exercise: FigureExercise, draw: Callable) -> list[Outcome]:
    """The readings of the solution or of a mistake, which are the same in every check."""
    return _read(exercise, _draw(draw).value)


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
    """The readings of the first Axes with data; one that fails is an outcome like any other."""
    ax = next(ax for ax in figure.axes if ax.has_data())
    return [run(lambda read=read: read(ax), ()) for read in exercise.readings.values()]
