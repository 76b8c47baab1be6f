"""Images of a data set side by side, a column per class: what a network gets to see."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from torch import Tensor

from fpl_lib.plots.style import show

DPI = 100
SCALE = 2
GAP = 8
HEAD = 22


def show_gallery(
    images: Tensor, labels: Tensor, classes: Sequence[str], *, rows: int = 6, alt: str
) -> None:
    """Show the first `rows` images of each class in a column under the class's name, as one PNG.

    images: uint8 (N, 3, H, W); labels: int64 (N,), naming `classes` in order. Each pixel is
    drawn as a square of 2 x 2, without smoothing. `alt` is the picture's alternative text.

    Raises ValueError if a class has fewer images than `rows`, or as `show` does.

    >>> images, labels = torch.zeros(4, 3, 32, 32, dtype=torch.uint8), torch.tensor([0, 1, 1, 0])
    >>> show_gallery(
    ...     images, labels, ("cat", "dog"), rows=2, alt="Two black squares below each class's name."
    ... )
    <Figure: Two black squares below each class's name.>
    """
    columns = []
    for label, name in enumerate(classes):
        members = torch.nonzero(labels == label).flatten()[:rows]
        if len(members) < rows:
            raise ValueError(
                f"{rows} images of each class are wanted, but {name!r} has {len(members)}: "
                "make `rows` smaller or pass more images."
            )
        columns.append(images[members].permute(0, 2, 3, 1).cpu().numpy())
    show(_drawn(_sheet(np.stack(columns)), classes), alt=alt)


def _sheet(columns: np.ndarray) -> np.ndarray:
    """All images on one white sheet, a class a column, uint8 (height, width, 3)."""
    tiles = columns.repeat(SCALE, axis=2).repeat(SCALE, axis=3)
    around = ((0, 0), (0, 0), (GAP // 2, GAP // 2), (GAP // 2, GAP // 2), (0, 0))
    tiles = np.pad(tiles, around, constant_values=255)
    count, rows, height, width, _ = tiles.shape
    return tiles.transpose(1, 2, 0, 3, 4).reshape(rows * height, count * width, 3)


def _drawn(sheet: np.ndarray, classes: Sequence[str]) -> Figure:
    """The sheet, pixel by pixel, with a line of class names above."""
    height, width = sheet.shape[0] + HEAD, sheet.shape[1]
    # Half a pixel more, so that no rounding of inches loses the last one.
    size = ((width + 0.5) / DPI, (height + 0.5) / DPI)
    fig = Figure(figsize=size, dpi=DPI, layout=PlaceHolderLayoutEngine(True, True))
    fig.figimage(sheet, 0, 0, origin="upper")
    for place, name in enumerate(classes):
        across = (place + 0.5) / len(classes)
        fig.text(across, 1 - HEAD / 2 / height, name, ha="center", va="center", fontsize=9)
    return fig
