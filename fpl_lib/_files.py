"""Where the kit's own files are, and the one way in which it writes a file."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
DATA = CHECKOUT / "data"
RUNS = DATA / "runs"


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
