"""The controls around `PushFigure` and `DescentFigure`; without ipywidgets the figures alone."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any

from fpl_lib.plots.live._controls import assembled, look, slider
from fpl_lib.plots.live.pushes import PushFigure
from fpl_lib.plots.live.simplex import DescentFigure


def logit_sliders(
    logits: Sequence[float], true: int, *, names: Sequence[str] | None = None
) -> tuple[PushFigure, Any]:
    """A `PushFigure` with a slider for each logit and each weight, and a choice of T.

    Returns the figure in its starting state and the live widget, None without ipywidgets: hand the
    one's `figure` and the other to `plots.show(…, live=widget)`. Raises ValueError for logits, a
    class or names that do not fit.

    >>> bars, live = logit_sliders([0.1, 0.6, 0.4, 0.8, -0.3], true=1)
    >>> bars.p.round(2).tolist()  # the paper's Figure 1
    [0.15, 0.25, 0.2, 0.3, 0.1]
    """
    bars = PushFigure(logits, true, names=names)
    if importlib.util.find_spec("ipywidgets") is None:
        return bars, None
    import ipywidgets as widgets

    steps = [
        slider(f"z of {name}", z, -4, 8) for name, z in zip(bars.names, bars.logits, strict=True)
    ]
    alphas = [
        slider(name, value, 0.1, 1) for name, value in zip(("α_T", "α_F"), bars.alpha, strict=True)
    ]
    choice = widgets.ToggleButtons(
        options=[(name, i) for i, name in enumerate(bars.names)],
        value=bars.true,
        description="T is",
        style={"button_width": "48px"},
        tooltips=["make this the true class"] * len(bars.names),
    )

    def change() -> None:
        weights = alphas[0].value, alphas[1].value
        bars.set([step.value for step in steps], true=choice.value, alpha=weights)

    return bars, assembled(bars, [steps, [*alphas, choice]], change)


def descent_sliders(
    start: Sequence[float], *, rate: float, steps: int
) -> tuple[DescentFigure, Any]:
    """A `DescentFigure` with sliders for its start, rate and steps, and a switch for equal lengths.

    Returns the figure in its starting state and the live widget, None without ipywidgets: hand the
    one's `figure` and the other to `plots.show(…, live=widget)`. Raises ValueError for a start, a
    rate or a number of steps that does not fit.

    >>> paths, live = descent_sliders([0.0, 2.0, 1.0], rate=0.2, steps=5)
    >>> paths.steps
    5
    """
    paths = DescentFigure(start, rate=rate, steps=steps)
    if importlib.util.find_spec("ipywidgets") is None:
        return paths, None
    import ipywidgets as widgets

    logits = [slider(f"start: z of {n}", z, -4, 6) for n, z in zip("TAB", paths.start, strict=True)]
    pace = slider("learning rate", paths.rate, 0.1, 2)
    count = widgets.IntSlider(value=paths.steps, min=1, max=60, description="steps", **look())
    same = widgets.Checkbox(
        value=paths.same_length,
        description="give FPL's steps the length of CE's",
        indent=False,
        layout=widgets.Layout(width="auto"),
    )

    def change() -> None:
        z = [logit.value for logit in logits]
        paths.set(z, rate=pace.value, steps=count.value, same_length=same.value)

    return paths, assembled(paths, [logits, [pace, count, same]], change)
