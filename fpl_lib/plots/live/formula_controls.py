"""The controls around a `FormulaFigure`; without ipywidgets there is the figure alone."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fpl_lib.plots.live.formula import FormulaFigure, move

STEP = 0.01


def probability_sliders(
    probabilities: Sequence[float],
    true: int,
    *,
    names: Sequence[str] | None = None,
    alpha: Sequence[float] | None = None,
) -> tuple[FormulaFigure, Any]:
    """A `FormulaFigure` with its controls: a slider a class, T, and predictions to jump to.

    Moving one probability rescales the others. `alpha` are weights (C,), such as Eq. 4's, that a
    switch then offers beside unit weights; without it all weights are 1.

    Returns the figure in its starting state and the live widget, None without ipywidgets: hand the
    one's `figure` and the other to `plots.show(…, live=widget)`. Raises ValueError for
    probabilities, a class, names or weights that do not fit.

    >>> bars, live = probability_sliders([0.15, 0.25, 0.20, 0.30, 0.10], true=1)
    >>> bars.sentence()[:40]
    'T = c1 with p_T = 0.25, F = c3 with p_F '
    """
    bars = FormulaFigure(probabilities, true, names=names)
    if alpha is not None:
        FormulaFigure(probabilities, true, names=names, alpha=alpha)  # refuse bad weights now
    if importlib.util.find_spec("ipywidgets") is None:
        return bars, None
    return bars, _controls(bars, alpha)


def _controls(bars: FormulaFigure, alpha: Sequence[float] | None) -> Any:
    """Buttons, sliders and the picture, wired to `bars`."""
    import ipywidgets as widgets

    start, start_true = bars.p.copy(), bars.true
    picture = widgets.Image(
        value=bars.png(), format="png", layout=widgets.Layout(width="100%", max_width="900px")
    )
    # A picture says nothing to a screen reader: the same state stands below it as a sentence.
    words = widgets.HTML(value=bars.sentence())
    sliders = [_slider(name, p) for name, p in zip(bars.names, bars.p, strict=True)]
    true = widgets.ToggleButtons(
        options=[(name, i) for i, name in enumerate(bars.names)],
        value=bars.true,
        description="T is",
        style={"button_width": "48px"},
        tooltips=["make this the true class"] * len(bars.names),
    )
    busy = False

    def refresh() -> None:
        """Bring every control in line with `bars`, without taking that for a user's move."""
        nonlocal busy
        busy = True
        try:
            for slider, p in zip(sliders, bars.p, strict=True):
                slider.value = float(p)
            true.value = bars.true
        finally:
            busy = False
        picture.value = bars.png()
        words.value = bars.sentence()

    def moved(index: int) -> Callable[[dict], None]:
        def act(change: dict) -> None:
            # The page may answer a rescaled 0.2143 with the nearest step, 0.21: nobody moved that.
            if not busy and abs(change["new"] - bars.p[index]) > STEP / 2 + 1e-9:
                bars.set(move(bars.p, index, min(max(change["new"], 0.0), 1.0)))
                refresh()

        return act

    def chosen(change: dict) -> None:
        if not busy:
            bars.set(true=change["new"])
            refresh()

    def jump(probabilities: Callable[[], np.ndarray], back: bool = False) -> Callable[..., None]:
        def act(_: Any) -> None:
            bars.set(probabilities(), true=start_true if back else None)
            refresh()

        return act

    for index, slider in enumerate(sliders):
        slider.observe(moved(index), names="value")
    true.observe(chosen, names="value")
    count = len(bars.p)
    even = np.full(count, 1 / count)
    buttons = []
    for label, act in (
        ("Start", jump(lambda: start, back=True)),
        ("Sure and right", jump(lambda: move(even, bars.true, 0.9))),
        ("Sure and wrong", jump(lambda: move(even, (bars.true + 1) % count, 0.9))),
        ("No idea", jump(lambda: even)),
    ):
        button = widgets.Button(description=label, layout=widgets.Layout(width="auto"))
        button.on_click(act)
        buttons.append(button)
    rows = [widgets.HBox(buttons), true]
    if alpha is not None:
        rows.append(_weights_switch(bars, alpha, refresh))
    return widgets.VBox([*rows, *sliders, picture, words])


def _slider(name: str, value: float) -> Any:
    import ipywidgets as widgets

    return widgets.FloatSlider(
        value=float(value),
        min=0.0,
        max=1.0,
        step=STEP,
        description=f"p of {name}",
        readout_format=".2f",
        layout=widgets.Layout(width="100%", max_width="560px"),
    )


def _weights_switch(
    bars: FormulaFigure, alpha: Sequence[float], refresh: Callable[[], None]
) -> Any:
    import ipywidgets as widgets

    listed = ", ".join(f"{value:.3g}" for value in alpha)
    switch = widgets.ToggleButtons(
        options=[("all 1", 1.0), (listed, tuple(alpha))],
        description="weights α",
        style={"button_width": "auto"},
    )

    def switched(change: dict) -> None:
        bars.set(alpha=change["new"])
        refresh()

    switch.observe(switched, names="value")
    return switch
