"""What every live figure is: a figure with parameters, words that follow them, and its controls.

A stored notebook shows the picture of the starting state, a running one the same picture below
sliders. The frame is drawn once, so that nothing moves but the data.
"""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.figure import Figure
from matplotlib.layout_engine import PlaceHolderLayoutEngine

from fpl_lib.plots.style import FRAME

INK = "#333333"


class LiveFigure:
    """A matplotlib `figure` whose parameters `set` changes, with its `sentence()` and its `png()`.

    A subclass draws what stays, says in `_checks` how a new value of each parameter is checked,
    and writes `_redraw`, `sentence` and `_controls`.
    """

    _checks: Mapping[str, Callable[[Any], Any]]

    def __init__(self, width: float, height: float, title: tuple[float, float]) -> None:
        # Unknown to pyplot, so that a widget can keep it without a warning about open figures; not
        # layout="none", for saving puts the style's layout back where it finds no engine at all.
        engine = PlaceHolderLayoutEngine(True, True)
        self.figure = Figure(figsize=(width, height), layout=engine)
        self._title = self.figure.text(*title, "", fontsize=12, weight="bold")

    def set(self, **changes: Any) -> None:
        """Change what is given, keep the rest, and redraw.

        Raises TypeError for a name that is no parameter, ValueError for a value that does not fit;
        the figure then stays as it is.
        """
        if unknown := sorted(changes.keys() - self._checks):
            raise TypeError(f"expected {', '.join(self._checks)}; got {', '.join(unknown)}")
        vars(self).update({name: self._checks[name](value) for name, value in changes.items()})
        self._redraw()

    def sentence(self) -> str:
        """What the figure shows, in words: for its alternative text and for screen readers."""
        raise NotImplementedError

    def png(self) -> bytes:
        """The figure as a PNG picture."""
        buffer = io.BytesIO()
        self.figure.savefig(buffer, format="png")
        return buffer.getvalue()

    @classmethod
    def with_controls(cls, *args: Any, **options: Any) -> tuple[LiveFigure, Any]:
        """The figure that these arguments give, and a widget that changes what `set` does.

        Returns the figure and its live widget (None without ipywidgets), for `plots.show(
        figure.figure, alt=figure.sentence(), live=widget)`. Raises ValueError as the figure does.
        """
        shown = cls(*args, **options)
        return shown, live_view(shown)


def within(name: str, low: float, high: float, kind: type = int) -> Callable[[Any], Any]:
    """A check that a parameter's value lies from `low` to `high`."""

    def check(value: Any) -> Any:
        if not low <= value <= high:
            raise ValueError(f"`{name}` must be from {low:g} to {high:g}, got {value}")
        return kind(value)

    return check


def one_of(name: str, options: Iterable[str]) -> Callable[[str], str]:
    """A check that a parameter's value is one of `options`."""

    def check(value: str) -> str:
        if value not in options:
            raise ValueError(f"`{name}` must be one of {', '.join(options)}, got {value!r}")
        return value

    return check


def class_names(names: Sequence[str] | None, count: int) -> tuple[str, ...]:
    """The names of `count` classes, c0, c1, … if there are none; ValueError for another number."""
    names = tuple(names or (f"c{i}" for i in range(count)))
    if len(names) != count:
        raise ValueError(f"expected {count} names, one per class; got {len(names)}")
    return names


@dataclass
class Controls:
    """The widgets around a live figure, and how they and the figure follow each other."""

    columns: Sequence[Mapping[str, Any]]
    """Widgets by the parameter of `set` that each sets; a list of them sets a list of numbers."""
    changes: Callable[[], dict[str, Any]] | None = None
    """What the controls say now, as arguments of `set`, where that is not just their values."""
    follow: Callable[[], None] = lambda: None
    """Brings the controls in line with the figure, where one of them moves others."""
    presets: Mapping[str, Callable[[], dict[str, Any]]] = field(default_factory=dict)
    """Buttons: label -> arguments of `set`."""
    above: Sequence[Any] = ()
    """Widgets that act on other controls, such as a play button."""

    def values(self) -> dict[str, Any]:
        """What the controls say now, as arguments of `set`; empty if nobody moved anything."""
        if self.changes:
            return self.changes()
        return {
            name: [one.value for one in held] if isinstance(held, list) else held.value
            for column in self.columns
            for name, held in column.items()
        }


def live_view(shown: LiveFigure) -> Any:
    """Controls above, picture and words below, wired to each other; None without ipywidgets."""
    if importlib.util.find_spec("ipywidgets") is None:
        return None
    import ipywidgets as widgets

    controls, busy = shown._controls(), False
    frame = widgets.Layout(width="100%", max_width="940px", border=f"1px solid {FRAME}")
    picture = widgets.Image(value=shown.png(), format="png", layout=frame)
    # A picture says nothing to a screen reader: the same state stands below it as a sentence.
    words = widgets.HTML(value=shown.sentence())

    def change(changes: dict[str, Any]) -> None:
        nonlocal busy
        if busy or not changes:
            return
        shown.set(**changes)
        busy = True  # what follows is no move of a user's
        try:
            controls.follow()
        finally:
            busy = False
        picture.value, words.value = shown.png(), shown.sentence()

    columns = [
        sum((held if isinstance(held, list) else [held] for held in column.values()), [])
        for column in controls.columns
    ]
    for control in sum(columns, []):
        control.observe(lambda _: change(controls.values()), names="value")
    above = list(controls.above)
    for label, preset in controls.presets.items():
        above.append(widgets.Button(description=label, layout=widgets.Layout(width="auto")))
        above[-1].on_click(lambda _, preset=preset: change(preset()))
    wrap = widgets.Layout(flex_flow="row wrap")
    top = [widgets.HBox(above, layout=wrap)] if above else []
    below = widgets.HBox([widgets.VBox(column) for column in columns], layout=wrap)
    return widgets.VBox([*top, below, picture, words])


def slider(name: str, value: float, low: float, high: float, step: float = 0.1) -> Any:
    """A slider over numbers with as many decimals as `step` has, or over whole numbers."""
    import ipywidgets as widgets

    kind = widgets.IntSlider if step == 1 else widgets.FloatSlider
    form = {} if step == 1 else {"readout_format": ".2f" if step < 0.1 else ".1f"}
    return kind(value=value, min=low, max=high, step=step, description=name, **form, **look())


def look() -> dict[str, Any]:
    """The width of a slider and of its name: two columns on a laptop, one on a phone."""
    import ipywidgets as widgets

    layout = widgets.Layout(width="400px", max_width="100%")
    return {"style": {"description_width": "120px"}, "layout": layout}


def choice(name: str, options: Sequence[Any], value: Any, width: str, tips: Sequence[str]) -> Any:
    """Buttons of which one is pressed, each with a tip."""
    import ipywidgets as widgets

    style = {"button_width": width}
    return widgets.ToggleButtons(
        options=options, value=value, description=name, style=style, tooltips=tips
    )


def class_choice(names: Sequence[str], true: int) -> Any:
    """Buttons that make another class the true one, T."""
    options = [(name, i) for i, name in enumerate(names)]
    return choice("T is", options, true, "48px", ["make this the true class"] * len(names))
