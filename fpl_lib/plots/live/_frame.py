"""What the live figures share: a frame in which nothing moves but the data, and its picture."""

from __future__ import annotations

import io

from matplotlib.figure import Figure
from matplotlib.layout_engine import PlaceHolderLayoutEngine


def fixed_figure(width: float, height: float) -> Figure:
    """A figure, in inches, whose axes stay where they are put while a slider moves.

    It is unknown to pyplot, so that a widget can keep it without a warning about open figures.
    """
    # Not layout="none": saving puts the style's layout back where it finds no engine at all.
    return Figure(figsize=(width, height), layout=PlaceHolderLayoutEngine(True, True))


def png(figure: Figure) -> bytes:
    """The figure as a PNG picture."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
