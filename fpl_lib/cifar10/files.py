"""CIFAR-10's official files: their names, their MD5 sums, and how to read both layouts.

Two archives are published, with the same images in the same order: `cifar-10-batches-py/` (Python
pickles) and `cifar-10-batches-bin/` (records of one label byte and 3072 pixel bytes). A file is
read once, its MD5 is compared with the official one, and only then are its bytes interpreted.

Source: A. Krizhevsky, https://www.cs.toronto.edu/~kriz/cifar.html; the sums of the pickled files
are also those in `torchvision.datasets.CIFAR10`.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import shlex
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fpl_lib._files import read_regular

CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
IMAGES_PER_FILE = 10_000
IMAGE_SHAPE = (3, 32, 32)
PIXELS = 3 * 32 * 32


class DataError(OSError):
    """Data that is missing, damaged or out of reach: the message names the file and the cure."""


@dataclass(frozen=True)
class Layout:
    """One official folder: the MD5 of each file of images, in their order, the test file last."""

    name: str
    md5: dict[str, str]

    @property
    def folder(self) -> str:
        return f"cifar-10-batches-{self.name}"

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(self.md5)


PY = Layout(
    "py",
    {
        "data_batch_1": "c99cafc152244af753f735de768cd75f",
        "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
        "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
        "data_batch_4": "634d18415352ddfa80567beed471001a",
        "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
        "test_batch": "40351d587109b95175f43aff81a1287e",
    },
)
BIN = Layout(
    "bin",
    {
        "data_batch_1.bin": "5dd7e06a14cb22eb9f671a540d1b7c25",
        "data_batch_2.bin": "5ea93a67294ea407fff1d09f752e9692",
        "data_batch_3.bin": "942cd6a4bcdd0dd3c604fbe906cb4421",
        "data_batch_4.bin": "ae636b3ba5c66a11e91e8cb52e771fcb",
        "data_batch_5.bin": "53f37980c15c3d472c316c40844f3f0d",
        "test_batch.bin": "803d5f7f4d78ea53de84dbe85f74fb6d",
    },
)
LAYOUTS = (PY, BIN)


def fetch_command(root: Path) -> str:
    """What to type to get CIFAR-10 into `root`, which need not be the folder that is the default.

    >>> fetch_command(Path("big disk"))
    "python -m fpl_lib data --data-dir 'big disk'"
    """
    return f"python -m fpl_lib data --data-dir {shlex.quote(str(root))}"


def md5_of(data: bytes | memoryview) -> str:
    """MD5 in hexadecimal: a check against damage, not against an attacker."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def read_checked(path: Path, expected: str, cure: str) -> bytes:
    """The bytes of `path`, if their MD5 is `expected`; DataError naming the file otherwise."""
    try:
        data = read_regular(path)
    except FileNotFoundError:
        raise DataError(f"{path} is missing; {cure}.") from None
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror or error}); check what it is and its "
            "permissions, or set FPL_DATA_DIR to a folder you can read."
        ) from error
    found = md5_of(data)
    if found != expected:
        raise DataError(
            f"{path} is not CIFAR-10's file of that name: expected MD5 {expected}, got {found} "
            f"({len(data):,} bytes: truncated, altered or foreign); {cure}."
        )
    return data


class _ArraysOnly(pickle.Unpickler):
    """Unpickles dictionaries, strings and NumPy arrays and nothing else: data must not run code."""

    def find_class(self, module: str, name: str):
        if module in ("numpy.core.multiarray", "numpy._core.multiarray"):
            if name == "_reconstruct":
                return np.empty(0).__reduce__()[0]
        elif module == "numpy" and name in ("ndarray", "dtype"):
            return getattr(np, name)
        raise pickle.UnpicklingError(f"{module}.{name} has no business in a CIFAR-10 file")


def _from_pickle(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    content = _ArraysOnly(io.BytesIO(data), encoding="latin1").load()
    return content["data"], np.asarray(content["labels"])


def _from_records(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    records = np.frombuffer(data, dtype=np.uint8).reshape(-1, 1 + PIXELS)
    return records[:, 1:], records[:, 0]


def read_file(path: Path, layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 3072) uint8 and labels (N,) of one official file, after its MD5 was checked."""
    command = fetch_command(path.parent.parent)
    cure = f"`{command}` fetches CIFAR-10 anew and replaces what is damaged"
    data = read_checked(path, layout.md5[path.name], cure)
    pixels, labels = _from_pickle(data) if layout.name == "py" else _from_records(data)
    return pixels, labels.astype(np.int64)


def read_split(
    folder: Path, layout: Layout, names: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 3, 32, 32) uint8 and labels (N,) int64 of the files `names`, in that order."""
    # Threads help: reading, hashing and copying all release Python's lock.
    with ThreadPoolExecutor(max_workers=4) as pool:
        parts = list(pool.map(lambda name: read_file(folder / name, layout), names))
    images = np.empty((sum(len(labels) for _, labels in parts), PIXELS), dtype=np.uint8)
    np.concatenate([pixels for pixels, _ in parts], out=images)
    return images.reshape(-1, *IMAGE_SHAPE), np.concatenate([labels for _, labels in parts])
