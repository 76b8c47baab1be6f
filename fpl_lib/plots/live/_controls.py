"""What the live figures' controls share: sliders of one look, and a frame that joins them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def assembled(shown: Any, columns: list[list[Any]], change: Callable[[], None]) -> Any:
    """Controls above, picture and words below; a move of any control changes and redraws."""
    import ipywidgets as widgets

    picture = widgets.Image(
        value=shown.png(), format="png", layout=widgets.Layout(width="100%", max_width="940px")
    )
    # A picture says nothing to a screen reader: the same state stands below it as a sentence.
    words = widgets.HTML(value=shown.sentence())

    def moved(_: dict[str, Any]) -> None:
        change()
        picture.value = shown.png()
        words.value = shown.sentence()

    for control in sum(columns, []):
        control.observe(moved, names="value")
    controls = widgets.HBox(
        [widgets.VBox(column) for column in columns], layout=widgets.Layout(flex_flow="row wrap")
    )
    return widgets.VBox([controls, picture, words])


def slider(name: str, value: float, low: float, high: float) -> Any:
    import ipywidgets as widgets

    return widgets.FloatSlider(
        value=value, min=low, max=high, step=0.1, readout_format=".1f", description=name, **look()
    )


def look() -> dict[str, Any]:
    """The width of a slider and of its name: two columns on a laptop, one on a phone."""
    import ipywidgets as widgets

    return {
        "style": {"description_width": "120px"},
        "layout": widgets.Layout(width="400px", max_width="100%"),
    }
