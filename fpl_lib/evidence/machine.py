"""Where a run is made: versions, machine and starting time, for its record's header."""

from __future__ import annotations

import platform
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

from fpl_lib import __version__


def environment(device) -> dict:
    """Versions, machine and starting time, for the header of a run on a torch device."""
    import torch

    device = torch.device(device)
    return {
        "fpl_lib": __version__, "python": platform.python_version(), "torch": torch.__version__,
        "torchvision": version("torchvision"),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else cpu_name(),
        "threads": torch.get_num_threads(), "platform": platform.system(),
        "start": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }  # fmt: skip


def cpu_name() -> str:
    """The processor's name as the system gives it, or its architecture."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"CPU, {names[0] if names else platform.processor() or platform.machine()}"


def resumed(earlier: dict, now: dict) -> dict:
    """The environment of a run that goes on: `earlier`, noting under "resumed" what is new `now`.

    >>> resumed({"threads": 1, "start": "9:00"}, {"threads": 2, "start": "9:30"})
    {'threads': 1, 'start': '9:00', 'resumed': [{'threads': 2, 'start': '9:30'}]}
    >>> resumed({"processes": 2, "start": "9:00"}, {"start": "9:30"})["resumed"]
    [{'processes': None, 'start': '9:30'}]
    """
    past = earlier.get("resumed", [])
    last = {key: value for known in (earlier, *past) for key, value in known.items()}
    last.pop("resumed", None)
    new = {
        key: now.get(key) for key in last | now if key == "start" or last.get(key) != now.get(key)
    }
    return {**earlier, "resumed": [*past, new]} if len(new) > 1 else earlier
