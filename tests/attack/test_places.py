"""Odd places to run in"""

import ctypes
import os
import shutil
import subprocess
import sys

import pytest
from repository import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="the places are made as on Linux and macOS"),
]
ODD = "a teacher's “course” à côté, $HOME %s"
# All that a first lesson does, in one interpreter: imports are most of the time.
LESSON = r"""
import sys
from pathlib import Path

import torch

import fpl_lib
from fpl_lib.__main__ import main
from fpl_lib.course import check
from fpl_lib.course.exercises import exercise
from fpl_lib.evidence import read_runs

checkout, mine = map(Path, sys.argv[1:])
assert Path(fpl_lib.__file__).parent.parent == checkout, fpl_lib.__file__
loss = fpl_lib.false_positive_loss(torch.tensor([0.15, 0.25, 0.2, 0.3, 0.1]).log(), torch.tensor(1))
if round(loss.item(), 4) != 1.743:
    sys.exit(f"the loss is {loss}")
runs = mine / "runs"
train = ["train", "--out", str(runs), "--device", "cpu", "--threads", "1", "--max-seconds", "0"]
for arguments, expected in (
    (["data", "--source", "mini"], 0),
    (train, 75),
    (["report", "--runs", str(runs), "--to", str(mine / "report")], 0),
    (["report", "--runs", str(mine / "nowhere")], 2),
):
    if (status := main(arguments)) != expected:
        sys.exit(f"{arguments}: status {status}")
if [run.name for run in read_runs(runs)] != ["small-fpl-0"]:
    sys.exit("the record is not there")
if not (mine / "report" / "report.md").read_text(encoding="utf-8").startswith("# Report"):
    sys.exit("there is no report")
check("01-costly", exercise("01-costly").solution)
print("all well")
"""
PLACES = {
    "no HOME": {"unset": ["HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"]},
    "a HOME that is not there": {"set": {"HOME": "/dev/null/home"}},
    "a path with blanks, quotes and other letters": {"folder": ODD},
    "a checkout that may not be written to": {"frozen": True},
    "Turkish": {"set": {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"}},
    "the C locale": {"set": {"LC_ALL": "C", "LANG": "C", "PYTHONCOERCECLOCALE": "0"}},
    "ASCII for text": {"set": {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}},
    "cp1252 for text": {"set": {"PYTHONIOENCODING": "cp1252"}},
    "UTF-8 mode": {"flags": ["-X", "utf8"]},
    "-W error": {"flags": ["-W", "error"]},
    "-O": {"flags": ["-O"]},
    "-OO": {"flags": ["-OO"]},
    "-X dev": {"flags": ["-X", "dev"]},
    "-bb": {"flags": ["-bb"]},
    "no bytecode": {"flags": ["-B"]},
    "another hash seed": {"set": {"PYTHONHASHSEED": "12345"}},
    "a wide umask": {"umask": 0o000},
    "a narrow umask": {"umask": 0o077},
    "no TERM": {"unset": ["TERM"]},
    "no PATH": {"unset": ["PATH"]},
    "no USER": {"unset": ["USER", "LOGNAME"]},
    "TZ unknown": {"set": {"TZ": "Nowhere/Land"}},
    "far east": {"set": {"TZ": "Pacific/Kiritimati"}},
    "a DISPLAY that is not there": {"set": {"DISPLAY": ":99"}},
    "matplotlib told to use Tk": {"set": {"MPLBACKEND": "TkAgg"}},
    "one thread": {"set": {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}},
    "more threads than cores": {"set": {"OMP_NUM_THREADS": "64"}},
    "no CUDA to be seen": {"set": {"CUDA_VISIBLE_DEVICES": ""}},
    "a proxy that is not there": {"set": {"http_proxy": "http://127.0.0.1:9", "no_proxy": ""}},
    "settings of the kit that are empty": {"set": {"FPL_DATA_DIR": "", "FPL_CIFAR10_URL": ""}},
    "a data folder that is not there": {"set": {"FPL_DATA_DIR": "/nonexistent/data"}},
}  # fmt: skip
ALONE = ["a checkout that may not be written to", "-W error", "-OO"]
TOGETHER = {
    "as little as there can be": [
        "no HOME", "a path with blanks, quotes and other letters", "Turkish", "no PATH", "no USER",
        "a checkout that may not be written to", "-W error", "-O", "ASCII for text", "no TERM",
        "a narrow umask", "TZ unknown", "settings of the kit that are empty",
    ],
    "as strict as can be": [
        "a HOME that is not there", "-OO", "-bb", "cp1252 for text", "the C locale",
        "a wide umask", "a DISPLAY that is not there", "a proxy that is not there",
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def turkish(tmp_path_factory):
    """The folder of a Turkish locale made for this test, where the system can make one."""
    folder = tmp_path_factory.mktemp("locales")
    if shutil.which("localedef"):
        made = ["localedef", "-i", "tr_TR", "-f", "UTF-8", str(folder / "tr_TR.UTF-8")]
        subprocess.run(made, check=False, capture_output=True)
    return folder


def obey_modes():
    """Let root, whom no mode of a file stops, be stopped as everybody else is (Linux)."""
    if sys.platform == "linux":
        drop, override = 24, 1
        ctypes.CDLL(None).prctl(drop, override)


def visit(names, folder, turkish):
    """A copy of the checkout where the first lesson is held; what went wrong."""
    place = {}
    for name in names:
        for key, value in PLACES[name].items():
            earlier = place.get(key, type(value)())
            merge = isinstance(value, dict)
            place[key] = {**earlier, **value} if merge else earlier + value
    folder = folder / place.get("folder", "plain")
    checkout, mine = folder / "checkout", folder / "mine"
    caches = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "fpl_lib", checkout / "fpl_lib", ignore=caches)
    for name in ("cifar10-mini", "paper"):
        shutil.copytree(ROOT / "data" / name, checkout / "data" / name)
    shutil.copy(ROOT / "pyproject.toml", checkout)
    mine.mkdir()
    everything = [checkout, *checkout.rglob("*")]
    if place.get("frozen"):
        for path in everything:
            path.chmod(0o555 if path.is_dir() else 0o444)
    environment = {"LOCPATH": str(turkish)} if "tr_TR" in str(place) else {}
    environment |= {name: value for name, value in os.environ.items()
                    if name not in place.get("unset", ())}  # fmt: skip
    environment |= {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(checkout), **place.get("set", {})}
    environment.pop("PYTHONWARNINGS", None)
    flags = place.get("flags", [])
    done = subprocess.run(
        [sys.executable, *flags, "-c", LESSON, str(checkout), str(mine)], cwd=mine,
        env=environment, capture_output=True, umask=place.get("umask", -1),
        preexec_fn=obey_modes if place.get("frozen") else None, timeout=600,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    for path in everything if place.get("frozen") else ():
        path.chmod(0o755)
    said = done.stderr.decode(errors="replace")
    assert done.returncode == 0 and b"all well" in done.stdout, f"{done.stdout!r} {said}"
    assert "Traceback" not in said and "Warning" not in said, said
    # The refusal asked for, and nothing else but what matplotlib says where it has no home.
    ours = [line for line in said.splitlines() if "matplotlib" not in line.lower()]
    assert [line[:9] for line in ours] == ["fpl_lib: "], said


def test_places(tally, tmp_path, turkish, long):
    """A first lesson: the loss, the data, a training cut short, a report, an exercise's check."""
    names, visits = list(PLACES), list(TOGETHER.values())
    if long:
        visits += [[name] for name in ALONE] + [names[start::9] for start in range(9)]
    for number, places in enumerate(visits):
        with tally.attempt(", ".join(places)):
            visit(places, tmp_path / str(number), turkish)
        tally.survived += (len(places) - 1) * (not tally.wrong)
