"""Make `cifar10-mini` from the full CIFAR-10, the same images to the last bit:

    python tests/make_excerpt.py --root data --out data/cifar10-mini

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
from PIL import Image

from fpl_lib._files import DATA, write_atomically
from fpl_lib.cifar10.excerpt import FOLDER, PER_CLASS
from fpl_lib.cifar10.files import CLASSES, md5_of
from fpl_lib.cifar10.load import load_cifar10

SEED = 0
COLUMNS = {"train": 20, "test": 10}


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


def main(arguments: list[str] | None = None) -> int:
    """The command that makes the excerpt; 0, or 2 after an error told in one line."""
    parser = argparse.ArgumentParser(
        prog="python tests/make_excerpt.py", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--root", type=Path, default=DATA, help="where the full CIFAR-10 lies")
    parser.add_argument("--out", type=Path, default=DATA / FOLDER, help="where to write")
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
