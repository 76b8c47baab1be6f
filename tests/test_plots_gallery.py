"""The grid of photographs: pixels in place, small enough to store, wrong input refused."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from fpl_lib.cifar10.load import load_cifar10
from fpl_lib.plots import style
from fpl_lib.plots.gallery import GAP, HEAD, SCALE, show_gallery
from fpl_lib.plots.style import MAX_BYTES, MAX_WIDTH

pytestmark = pytest.mark.slow

ALT = "Flat squares in columns, one column a class, instead of photographs."


@pytest.fixture
def shown(monkeypatch):
    """What is displayed, as (data, metadata)."""
    displayed = []
    monkeypatch.setattr(style, "publish", lambda data, metadata: displayed.append((data, metadata)))
    return displayed


def flat(*colours) -> torch.Tensor:
    """One image of 32 x 32 pixels for each colour (r, g, b)."""
    pixels = torch.tensor(colours, dtype=torch.uint8)
    return pixels[:, :, None, None].expand(-1, -1, 32, 32)


def picture(shown) -> np.ndarray:
    """The pixels of what is displayed, without the frame."""
    ((data, _),) = shown
    with Image.open(io.BytesIO(data["image/png"])) as png:
        return np.asarray(ImageOps.crop(png.convert("RGB"), style.MARGIN + 1))


def test_each_class_has_its_column_in_the_order_of_the_images(shown):
    red, green, blue, grey = (250, 0, 0), (0, 250, 0), (0, 0, 250), (90, 90, 90)
    show_gallery(
        flat(red, green, blue, grey, grey),
        torch.tensor([1, 0, 0, 1, 1]),
        ("left", "right"),
        rows=2,
        alt=ALT,
    )
    pitch = 32 * SCALE + GAP
    pixels = picture(shown)
    assert pixels.shape == (2 * pitch + HEAD, 2 * pitch, 3)
    centres = [
        [tuple(pixels[HEAD + pitch * row + pitch // 2, pitch * column + pitch // 2].tolist())]
        for column in (0, 1)
        for row in (0, 1)
    ]
    assert centres == [[green], [blue], [red], [grey]]
    assert (pixels[:HEAD] < 128).any(), "the class names stand above"
    assert (pixels[HEAD] == 255).all(), "a white margin"


def test_pixels_keep_their_place_and_edges(shown):
    image = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    image[0, 0, 3, 7] = 255
    show_gallery(image, torch.tensor([0]), ("only",), rows=1, alt=ALT)
    red = (picture(shown) == (255, 0, 0)).all(axis=2)
    rows, columns = np.nonzero(red)
    top, left = HEAD + GAP // 2, GAP // 2
    assert sorted({*rows.tolist()}) == [top + 3 * SCALE + i for i in range(SCALE)]
    assert sorted({*columns.tolist()}) == [left + 7 * SCALE + i for i in range(SCALE)]


def test_sixty_photographs_fit_into_a_notebook_and_look_like_the_originals(shown):
    mini = load_cifar10(source="mini")
    show_gallery(mini.train_images, mini.train_labels, mini.classes, rows=6, alt=ALT)
    ((data, metadata),) = shown
    assert len(data["image/png"]) <= MAX_BYTES
    assert metadata == {"image/png": {"alt": ALT}} and data["text/plain"] == f"<Figure: {ALT}>"
    pixels = picture(shown)
    assert pixels.shape[1] <= MAX_WIDTH
    pitch = 32 * SCALE + GAP
    errors = []
    for label in range(10):
        images = mini.train_images[mini.train_labels == label][:6].permute(0, 2, 3, 1).numpy()
        for row, image in enumerate(images):
            top, left = HEAD + pitch * row + GAP // 2, pitch * label + GAP // 2
            drawn = pixels[top : top + 32 * SCALE : SCALE, left : left + 32 * SCALE : SCALE]
            errors.append(np.abs(drawn.astype(int) - image).mean())
    assert max(errors) < 12, "256 colours for sixty pictures are off by a few steps of 255"


def test_too_few_images_of_a_class_are_refused_before_anything_is_shown(shown):
    images, labels = torch.zeros(2, 3, 32, 32, dtype=torch.uint8), torch.tensor([0, 1])
    with pytest.raises(ValueError, match="'cat' has 1: make `rows` smaller"):
        show_gallery(images, labels, ("cat", "dog"), rows=2, alt=ALT)
    assert shown == []
