"""A training on disk: all that its next step depends on, and whose it is.

A file is written whole or not at all, read without running code from it, and taken only if no bit
of it changed (a zip file's CRC, which torch does not look at) and if it is of the same training.
"""

from __future__ import annotations

import io
import os
import time
import zipfile
from pathlib import Path

import torch
from torch import Tensor

from fpl_lib._files import read_regular, write_atomically
from fpl_lib.training.distributed import processes

SAVE_EVERY = 60.0  # seconds, at least: an image classifier's state is some 100 MB
PLACE = {"history": list, "step": int, "losses": Tensor, "seconds": float}


class CheckpointError(RuntimeError):
    """A checkpoint that cannot be read, or that belongs to another training."""


class Checkpoint:
    """The file of one training, or none (`path` None: then nothing is saved or found).

    parts: what has a state_dict (model, loss_fn, optimizer, scheduler), by name. identity: plain
    values that tell this training from others. Saved beside them: the random state of `device`, and
    the place (history: rows so far; step: of this epoch; its losses and seconds).
    """

    def __init__(
        self, path: str | os.PathLike | None, identity: dict, parts: dict, device: torch.device
    ) -> None:
        self.path = None if path is None else Path(path)
        self.identity, self.parts, self.device = identity, parts, device
        self.saved_at = time.monotonic()

    def due(self) -> bool:
        """Whether a minute has gone by since the last save, or the start."""
        return self.path is not None and time.monotonic() - self.saved_at >= SAVE_EVERY

    def save(self, **place) -> None:
        """Save parts, random state and place."""
        if self.path is None or processes()[0] > 0:
            return
        states = {name: part.state_dict() for name, part in self.parts.items()}
        rng = {self.device.type: _random(self.device).get_rng_state()}
        save_checkpoint(self.path, {"identity": self.identity, **states, "rng": rng, **place})
        self.saved_at = time.monotonic()

    def restore(self) -> dict | None:
        """Put parts and random state back, and return the place; None where there is no file.

        On another kind of device the random state stays as it is. Raises CheckpointError.
        """
        if self.path is None or not self.path.exists():
            return None
        saved = load_checkpoint(self.path)
        try:
            theirs, ours = saved["identity"], self.identity
            differs = [key for key in {**ours, **theirs} if theirs.get(key) != ours.get(key)]
            if differs:
                raise ValueError(f"of another {', '.join(differs)}")
            for name, kind in {**PLACE, "rng": dict}.items():
                if not isinstance(saved[name], kind):
                    raise TypeError(f"{name} is no {kind.__name__}")
            rates = _keep_options(self.parts["optimizer"], saved["optimizer"])
            for name, part in self.parts.items():
                part.load_state_dict(saved[name])
            for group, rate in zip(self.parts["optimizer"].param_groups, rates, strict=True):
                group["lr"] = rate
            if self.device.type in saved["rng"]:
                _random(self.device).set_rng_state(saved["rng"][self.device.type])
            return {key: saved[key] for key in PLACE}
        except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
            missing = "without " if isinstance(error, KeyError) else ""
            why = missing + str(error).partition("\n")[0]
            raise CheckpointError(
                f"{self.path} is the checkpoint of another training ({why}): delete it to start "
                "afresh"
            ) from error


def _keep_options(optimizer: torch.optim.Optimizer, saved: dict) -> list[float | Tensor]:
    """Overwrite in `saved` what a device decides, and return the rates, of the optimiser's kind.

    A captured step reads its rate from one tensor: that tensor gets the saved value.
    """
    rates = []
    for own, theirs in zip(optimizer.param_groups, saved["param_groups"], strict=True):
        value = float(theirs["lr"])
        rates.append(own["lr"].fill_(value) if isinstance(own["lr"], Tensor) else value)
        theirs.update({key: own[key] for key in ("capturable", "foreach", "fused") if key in own})
    return rates


def _random(device: torch.device):
    return torch.cuda if device.type == "cuda" else torch


def save_checkpoint(path: str | os.PathLike, state: dict) -> None:
    """Write `state` to `path` so that there is always a whole one: the old or the new.

    Raises OSError with the file's name, such as when the disk is full.
    """
    path, buffer = Path(path), io.BytesIO()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(state, buffer)
        write_atomically(path, buffer.getvalue(), durable=True)
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error


def load_checkpoint(path: str | os.PathLike) -> dict:
    """Read a checkpoint, each bit of it checked, without running code from it.

    Raises CheckpointError with the file's name for whatever `save_checkpoint` did not write.
    """
    try:
        content = io.BytesIO(read_regular(Path(path)))
        check_zip(content)
        saved = torch.load(content, map_location="cpu", weights_only=True)
        if not isinstance(saved, dict):
            raise TypeError(f"expected a dictionary, got {type(saved).__name__}")
        return saved
    except Exception as error:  # a damaged file can have zipfile and torch raise nearly anything
        raise CheckpointError(
            f"{path} cannot be read as a checkpoint ({type(error).__name__}): delete it to start "
            "the run afresh"
        ) from error


def check_zip(content: io.BytesIO) -> None:
    """Raise BadZipFile for what torch does not look at: a wrong CRC, or a file said to be a folder.

    Such a file's tensor would get whatever the memory holds.
    """
    archive = zipfile.ZipFile(content)
    folders = (one.filename for one in archive.infolist() if one.external_attr & 0x10)
    if damaged := archive.testzip() or next(folders, None):
        raise zipfile.BadZipFile(f"{damaged} is damaged")
    content.seek(0)
