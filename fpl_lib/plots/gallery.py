"""Images of a data set side by side, a column a class: what a network gets to see.

Photographs do not compress the way drawings do, so this is the one figure that is stored with a
palette of 256 colours; drawn in true colour it would be too large for a notebook.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from fpl_lib.plots.style import publish

__all__ = ["show_gallery"]

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

    Raises TypeError if the images are not uint8, ValueError if their shape does not go with the
    labels or a class has fewer images than `rows`.

    >>> images, labels = torch.zeros(4, 3, 32, 32, dtype=torch.uint8), torch.tensor([0, 1, 1, 0])
    >>> show_gallery(images, labels, ("cat", "dog"), rows=2, alt="Two black squares a class.")
    <Figure: Two black squares a class.>
    """
    columns = _first_of_each(images, labels, classes, rows)
    png = _png(_sheet(columns), classes)
    publish({"text/plain": f"<Figure: {alt}>", "image/png": png}, {"image/png": {"alt": alt}})


def _first_of_each(images: Tensor, labels: Tensor, classes: Sequence[str], rows: int) -> np.ndarray:
    """The first images of each class, (C, rows, H, W, 3)."""
    if images.dtype != torch.uint8:
        raise TypeError(f"images: expected uint8 pixels 0 to 255; got {images.dtype}.")
    if images.ndim != 4 or images.shape[1] != 3 or labels.shape != images.shape[:1]:
        raise ValueError(
            "expected images (N, 3, H, W) and labels (N,); got "
            f"{tuple(images.shape)} and {tuple(labels.shape)}."
        )
    if rows < 1:
        raise ValueError(f"rows: expected at least 1; got {rows}.")
    columns = []
    for label, name in enumerate(classes):
        members = torch.nonzero(labels == label).flatten()[:rows]
        if len(members) < rows:
            raise ValueError(
                f"{rows} images of each class are wanted, but {name!r} has {len(members)}: "
                "make `rows` smaller or pass more images."
            )
        columns.append(images[members].permute(0, 2, 3, 1).cpu().numpy())
    return np.stack(columns)


def _sheet(columns: np.ndarray) -> np.ndarray:
    """All images on one white sheet, a class a column, uint8 (height, width, 3)."""
    tiles = columns.repeat(SCALE, axis=2).repeat(SCALE, axis=3)
    around = ((0, 0), (0, 0), (GAP // 2, GAP // 2), (GAP // 2, GAP // 2), (0, 0))
    tiles = np.pad(tiles, around, constant_values=255)
    count, rows, height, width, _ = tiles.shape
    return tiles.transpose(1, 2, 0, 3, 4).reshape(rows * height, count * width, 3)


def _png(sheet: np.ndarray, classes: Sequence[str]) -> bytes:
    """The sheet with a line of class names above, as a PNG with a palette."""
    import matplotlib.pyplot as plt

    height, width = sheet.shape[0] + HEAD, sheet.shape[1]
    # Half a pixel more, so that no rounding of inches loses the last one.
    size = ((width + 0.5) / DPI, (height + 0.5) / DPI)
    fig = plt.figure(figsize=size, dpi=DPI, layout="none")
    fig.figimage(sheet, 0, 0, origin="upper")
    for place, name in enumerate(classes):
        across = (place + 0.5) / len(classes)
        fig.text(across, 1 - HEAD / 2 / height, name, ha="center", va="center", fontsize=9)
    drawn, stored = io.BytesIO(), io.BytesIO()
    fig.savefig(drawn, format="png", dpi=DPI)
    plt.close(fig)
    with Image.open(drawn) as picture:
        few = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    few.save(stored, "PNG", optimize=True)
    return stored.getvalue()
