"""Where the kit's own files are, and the one way in which it writes a file."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from pathlib import Path

import platformdirs

PACKAGE = Path(__file__).resolve().parent
CHECKOUT = PACKAGE.parent
IN_CHECKOUT = (CHECKOUT / "pyproject.toml").is_file() and (CHECKOUT / "data" / "paper").is_dir()
# An installed package brings the paper's tables, and keeps nothing of the user's beside itself.
DATA = CHECKOUT / "data" if IN_CHECKOUT else platformdirs.user_data_path("fpl_lib", False)
PAPER = DATA / "paper" if IN_CHECKOUT else PACKAGE / "_paper"
RUNS = DATA / "runs"


def read_regular(path: Path) -> bytes:
    """The bytes of a regular file; OSError for anything else, such as a pipe that never ends."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return path.read_bytes()


def write_atomically(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Write `path` whole or not at all: readers see the old file until the new one is complete.

    `durable` waits until the disk has it, so that even a power cut leaves the old file or the new.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
