"""`cifar10-mini`: 400 training and 100 test images a class, as picture sheets one can open.

A sheet is a lossless WebP of one class and split, 20 (test: 10) images a row; `manifest.json` names
each sheet, the MD5 of its file and of its pixels, and which images of the full CIFAR-10 it shows.
The excerpt is rebuilt from the full data, the same images to the last bit, by

    python -m fpl_lib.cifar10.excerpt --root data --out data/cifar10-mini

An image is chosen by the SHA-256 of "seed/split/index": of each class those with the smallest. That
is as good as a random draw, and no library's random generator can change it.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image, WebPImagePlugin  # noqa: F401 (else Pillow tries all it has)

from fpl_lib._files import write_atomically
from fpl_lib.cifar10.files import CLASSES, IMAGE_SHAPE, DataError, md5_of, read_checked
from fpl_lib.cifar10.load import load_cifar10

FOLDER = "cifar10-mini"
SEED = 0
PER_CLASS = {"train": 400, "test": 100}
COLUMNS = {"train": 20, "test": 10}
CURE = (
    "`git checkout -- data/cifar10-mini` restores the excerpt, and "
    "`python -m fpl_lib.cifar10.excerpt` makes it anew from the full data"
)


def choose(labels: np.ndarray, split: str, per_class: int, seed: int = SEED) -> list[np.ndarray]:
    """The excerpt's image indices, one ascending int64 array a class.

    >>> [indices.tolist() for indices in choose(np.array([0, 1, 0, 1, 0]), "train", 1)]
    [[4], [1]]
    """

    def rank(index: int) -> bytes:
        return hashlib.sha256(f"{seed}/{split}/{index}".encode()).digest()

    chosen = []
    for label in range(int(labels.max()) + 1):
        members = np.flatnonzero(labels == label).tolist()
        if len(members) < per_class:
            raise ValueError(
                f"class {label} has {len(members)} {split} images where {per_class} are wanted; "
                "make the excerpt from the full CIFAR-10"
            )
        chosen.append(np.array(sorted(sorted(members, key=rank)[:per_class]), dtype=np.int64))
    return chosen


def to_sheet(images: np.ndarray, columns: int) -> np.ndarray:
    """Images (N, 3, 32, 32) laid out row by row: (32 N / columns, 32 columns, 3)."""
    channels, height, width = images.shape[1:]
    rows = len(images) // columns
    tiles = images.reshape(rows, columns, channels, height, width).transpose(0, 3, 1, 4, 2)
    return tiles.reshape(rows * height, columns * width, channels)


def from_sheet(sheet: np.ndarray) -> np.ndarray:
    """The images (N, 3, 32, 32) of a sheet: the inverse of `to_sheet`.

    >>> images = np.arange(4 * 3072, dtype=np.uint8).reshape(4, 3, 32, 32)
    >>> bool((from_sheet(to_sheet(images, columns=2)) == images).all())
    True
    """
    channels, height, width = IMAGE_SHAPE
    rows, columns = sheet.shape[0] // height, sheet.shape[1] // width
    tiles = sheet.reshape(rows, height, columns, width, channels).transpose(0, 2, 4, 1, 3)
    return np.ascontiguousarray(tiles).reshape(-1, *IMAGE_SHAPE)


def write_mini(root: Path, out: Path) -> dict:
    """Make the excerpt from the full CIFAR-10 below `root`; the manifest that was written."""
    full = load_cifar10(root, source="disk")
    out.mkdir(parents=True, exist_ok=True)
    sheets = []
    for split in PER_CLASS:
        images = getattr(full, f"{split}_images").numpy()
        labels = getattr(full, f"{split}_labels").numpy()
        for label, indices in enumerate(choose(labels, split, PER_CLASS[split])):
            file = f"{split}-{label}-{CLASSES[label]}.webp"
            buffer = io.BytesIO()
            # Method 6 would save one per cent and take twenty times as long.
            Image.fromarray(to_sheet(images[indices], COLUMNS[split])).save(
                buffer, "WEBP", lossless=True, quality=100, method=4, exact=True
            )
            write_atomically(out / file, buffer.getvalue())
            sheets.append(
                {
                    "file": file,
                    "split": split,
                    "label": label,
                    "class": CLASSES[label],
                    "md5": md5_of(buffer.getvalue()),
                    "pixels_md5": md5_of(images[indices].tobytes()),
                    "indices": indices.tolist(),
                }
            )
    manifest = {"name": FOLDER, "seed": SEED, "sheets": sheets}
    write_atomically(out / "manifest.json", _dump(manifest).encode())
    return manifest


def _dump(manifest: dict) -> str:
    """JSON with one line a sheet, so that a difference between two manifests can be read."""
    head = json.dumps({k: v for k, v in manifest.items() if k != "sheets"}, indent=1)[:-2]
    lines = ",\n  ".join(json.dumps(sheet) for sheet in manifest["sheets"])
    return f'{head},\n "sheets": [\n  {lines}\n ]\n}}\n'


def read_manifest(folder: Path) -> dict:
    """The excerpt's manifest; DataError if it is missing or not one."""
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        sheets = {(sheet["split"], sheet["label"]): sheet for sheet in manifest["sheets"]}
        if set(sheets) != {(split, label) for split in PER_CLASS for label in range(len(CLASSES))}:
            raise ValueError("not one sheet for each split and class")
        for (split, _), sheet in sheets.items():
            _ = [sheet[key] for key in ("file", "md5", "pixels_md5")]
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


def main(arguments: list[str] | None = None) -> int:
    """The command that makes the excerpt; 0, or 2 after an error told in one line."""
    parser = argparse.ArgumentParser(
        prog="python -m fpl_lib.cifar10.excerpt", description=__doc__.split("\n")[0]
    )
    parser.add_argument(
        "--root", type=Path, default=Path("data"), help="where the full CIFAR-10 lies"
    )
    parser.add_argument("--out", type=Path, default=Path("data") / FOLDER, help="where to write")
    options = parser.parse_args(arguments)
    try:
        manifest = write_mini(options.root, options.out)
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    size = sum((options.out / sheet["file"]).stat().st_size for sheet in manifest["sheets"])
    print(f"{options.out}: {len(manifest['sheets'])} sheets, {size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
