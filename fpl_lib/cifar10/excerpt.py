"""`cifar10-mini`: 400 training and 100 test images a class, as picture sheets one can open.

A sheet is a lossless WebP of one class and split, 20 (test: 10) images a row; `manifest.json` names
each sheet, the MD5 of its file and of its pixels, and which images of the full CIFAR-10 it shows.
`python tests/make_excerpt.py` makes it from the full data.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image, WebPImagePlugin  # noqa: F401 (else Pillow tries all it has)

from fpl_lib._files import IN_CHECKOUT, read_regular
from fpl_lib.cifar10.files import (
    CLASSES,
    IMAGE_SHAPE,
    DataError,
    md5_of,
    read_checked,
)

FOLDER = "cifar10-mini"
PER_CLASS = {"train": 400, "test": 100}
CURE = (
    "`git checkout -- data/cifar10-mini` restores the excerpt, and "
    "`python tests/make_excerpt.py` makes it anew from the full data"
    if IN_CHECKOUT
    else "the excerpt comes with a clone of the repository, whose data/ FPL_DATA_DIR can name; "
    "`python -m fpl_lib data` fetches the full CIFAR-10"
)


def from_sheet(sheet: np.ndarray) -> np.ndarray:
    """The images (N, 3, 32, 32) of a sheet, row by row."""
    channels, height, width = IMAGE_SHAPE
    rows, columns = sheet.shape[0] // height, sheet.shape[1] // width
    tiles = sheet.reshape(rows, height, columns, width, channels).transpose(0, 2, 4, 1, 3)
    return np.ascontiguousarray(tiles).reshape(-1, *IMAGE_SHAPE)


def read_manifest(folder: Path) -> dict:
    """The excerpt's manifest; DataError if it is missing or not one."""
    path = folder / "manifest.json"
    try:
        manifest = json.loads(read_regular(path).decode())
        sheets = {(sheet["split"], sheet["label"]): sheet for sheet in manifest["sheets"]}
        if len(sheets) < len(manifest["sheets"]) or set(sheets) != {
            (split, label) for split in PER_CLASS for label in range(len(CLASSES))
        }:
            raise ValueError("not one sheet for each split and class")
        for (split, label), sheet in sheets.items():
            _ = [sheet[key] for key in ("md5", "pixels_md5")]
            if sheet["file"] != (name := f"{split}-{label}-{CLASSES[label]}.webp"):
                raise ValueError(f"the sheet {sheet['file']!r} should be {name}")
            if len(sheet["indices"]) != PER_CLASS[split]:
                raise ValueError(f"{sheet['file']} should show {PER_CLASS[split]} images")
    except FileNotFoundError:
        raise DataError(f"{path} is missing; {CURE}.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is not cifar10-mini's manifest ({error}); {CURE}.") from error
    return manifest


def read_mini(folder: Path) -> tuple[dict[str, tuple[np.ndarray, np.ndarray]], dict[str, str]]:
    """`{"train": (images, labels), "test": ...}` and the MD5 of each file, every one checked.

    Images are uint8 (N, 3, 32, 32), labels int64 (N,). Classes take turns: image n is of class
    n % 10, so any first 10 m images are balanced too.
    """
    parts: dict[str, list[np.ndarray]] = {"train": [], "test": []}
    md5 = {}
    for sheet in sorted(read_manifest(folder)["sheets"], key=lambda sheet: sheet["label"]):
        images = _read_sheet(folder / sheet["file"], sheet)
        parts[sheet["split"]].append(images)
        md5[sheet["file"]] = sheet["md5"]
    splits = {}
    for split, by_class in parts.items():
        images = np.stack(by_class, axis=1).reshape(-1, *IMAGE_SHAPE)
        labels = np.tile(np.arange(len(by_class), dtype=np.int64), len(by_class[0]))
        splits[split] = images, labels
    return splits, md5


def _read_sheet(path: Path, sheet: dict) -> np.ndarray:
    data = read_checked(path, sheet["md5"], CURE)
    try:
        with Image.open(io.BytesIO(data), formats=["WEBP"]) as picture:
            images = from_sheet(np.asarray(picture.convert("RGB")))
    except (OSError, KeyError) as error:
        raise DataError(
            f"{path} cannot be decoded ({error}); install a Pillow with WebP support."
        ) from error
    if (found := md5_of(images.data)) != sheet["pixels_md5"]:
        raise DataError(
            f"{path} decodes to other pixels than CIFAR-10's: expected MD5 "
            f"{sheet['pixels_md5']}, got {found}; update Pillow."
        )
    return images
