"""Killed by SIGKILL"""

import io
import os
import random
import signal
import sys
import time
from dataclasses import replace

import pytest
from short_runs import outcome
from torch import nn

from fpl_lib import _files
from fpl_lib.cifar10 import load_cifar10
from fpl_lib.evidence import experiments
from fpl_lib.evidence.experiments import configs, run
from fpl_lib.evidence.records import read_record
from fpl_lib.training import checkpoint

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is forked for every kill"),
    # torch has one thread here, and what the others of pytest hold no child ever asks for.
    pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning"),
]
CHANGES = {"open": "open", "os.rename": "replace", "os.remove": "unlink", "os.mkdir": "mkdir"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def trap(folder, number, tell):
    """Kill this process at change `number` of a file below `folder`; `tell` of each before it."""
    seen = 0

    def change(kind, path):
        nonlocal seen
        if str(path).startswith(str(folder)):
            tell(f"{kind} {os.path.basename(str(path))}")
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)
            seen += 1

    def hook(event, arguments):
        if event in CHANGES and (event != "open" or arguments[2] & WRITES):
            change(CHANGES[event], arguments[0])

    class Halting(io.BufferedWriter):
        def write(self, data):
            change("write", self.name)
            super().write(data[: len(data) // 2])
            self.flush()
            change("half of", self.name)
            return super().write(data[len(data) // 2 :])

    fsync = os.fsync
    os.fsync = lambda file: (change("fsync", f"{folder}/{file}"), fsync(file))
    _files.open = lambda path, mode: Halting(io.FileIO(path, mode))
    sys.addaudithook(hook)


def forked(act, folder, number=None):
    """A child that acts; and ends at change `number`, or lists the changes in the file `told`."""
    child = os.fork()
    if child:
        return child
    told = os.open(f"{folder}.told", os.O_WRONLY | os.O_CREAT)
    trap(folder, number, lambda line: os.write(told, f"{line}\n".encode()))
    try:
        act()
        os._exit(0)
    finally:
        os._exit(1)


def changes_of(act, folder):
    """All that `act`, left alone, changes below `folder`, in order."""
    assert os.waitpid(forked(act, folder), 0)[1] == 0
    return (folder.parent / f"{folder.name}.told").read_text().splitlines()


def chosen(changes, long):
    """The numbers of all changes, or of the last of each kind."""
    kinds = {(line.split()[0], line.split(".")[1:2][0]) if "." in line else line.split()[0]: number
             for number, line in enumerate(changes)}  # fmt: skip
    return range(len(changes)) if long else sorted(kinds.values())


class Small(nn.Sequential):
    """A network with all that a checkpoint keeps: weights, buffers, random numbers in use."""

    def __init__(self):
        super().__init__(
            nn.AvgPool2d(8), nn.BatchNorm2d(3), nn.Flatten(), nn.Dropout(0.3), nn.Linear(48, 10)
        )


@pytest.fixture
def short(monkeypatch):
    """A run of two epochs of three steps, a checkpoint after each, as a function of its folder."""
    mini = load_cifar10(source="mini")
    images = replace(
        mini, train_images=mini.train_images[:50], train_labels=mini.train_labels[:50],
        test_images=mini.test_images[:20], test_labels=mini.test_labels[:20],
    )  # fmt: skip
    config = configs("mini", None, ["fpl"], [0])[0]
    config = replace(config, recipe=replace(config.recipe, epochs=2, batch_size=20))
    monkeypatch.setattr(experiments, "build_model", lambda *args, **kwargs: Small())
    monkeypatch.setattr(checkpoint, "SAVE_EVERY", 0)
    return lambda out: run(config, images, out, progress=False)


def survived(short, out, whole, least=0):
    """Resume a run that was killed; how many epochs were on the disk, `least` or more."""
    path = out / whole.path
    begun = read_record(path) if path.exists() else whole
    kept = begun.epochs if path.exists() else []
    assert len(kept) >= least, "an epoch was lost"
    found = short(out)
    assert outcome(found) == outcome(whole) == outcome(read_record(path))
    assert found.epochs[: len(kept)] == kept, "an epoch was made again"
    assert not kept or found.header == begun.header, "it says that it began anew"
    left = {file.name for file in out.rglob("*") if file.is_file()}
    assert left <= {path.name, path.with_suffix(".lock").name}, f"left: {left}"
    return len(kept)


def test_at_every_change(short, tally, tmp_path, long):
    """A run, at every open, write, half a write, fsync, replace, unlink, mkdir, then resumed."""
    whole = short(tmp_path / "whole")
    changes = changes_of(lambda: short(tmp_path / "plain"), tmp_path / "plain")
    assert {line.split()[0] for line in changes} == {
        "open", "write", "half", "fsync", "replace", "unlink", "mkdir",
    }  # fmt: skip
    epochs = 0
    for number in chosen(changes, long):
        out = tmp_path / str(number)
        with tally.attempt(f"{number}: {changes[number]}"):
            status = os.waitpid(forked(lambda out=out: short(out), out, number), 0)[1]
            assert os.WTERMSIG(status) == signal.SIGKILL
            epochs = survived(short, out, whole, epochs)


def test_twice_at_every_change(short, tally, tmp_path, long):
    """A run, at one change and then, resumed, at another."""
    whole, rng = short(tmp_path / "whole"), random.Random(0)
    count = len(changes_of(lambda: short(tmp_path / "plain"), tmp_path / "plain"))
    for number in range(100 if long else 4):
        out, kills = tmp_path / str(number), [rng.randrange(count) for _ in range(2)]
        with tally.attempt(kills):
            for kill in kills:
                os.waitpid(forked(lambda out=out: short(out), out, kill), 0)
            survived(short, out, whole)


def test_at_random_moments(short, tally, tmp_path, long):
    """A run, at random moments until it is through."""
    whole, rng = short(tmp_path / "whole"), random.Random(0)
    began = time.monotonic()
    short(tmp_path / "timed")
    lasts = time.monotonic() - began
    for number in range(100 if long else 4):
        out, status = tmp_path / str(number), -1
        with tally.attempt(number):
            while status:
                child = forked(lambda out=out: short(out), out)
                time.sleep(rng.uniform(0, 1.5 * lasts))
                lasts *= 1.01  # or a machine that has become busy would never get through
                os.kill(child, signal.SIGKILL)
                status = os.waitpid(child, 0)[1]
            survived(short, out, whole)


def test_fetching(fake, tally, tmp_path, long):
    """Fetching CIFAR-10, at every change, then fetched again."""

    def fetch(root):
        root.mkdir(exist_ok=True)
        (root / "cifar-10-python.tar.gz").write_bytes(fake.archive)
        return load_cifar10(root, source="download")

    changes = changes_of(lambda: fetch(tmp_path / "plain"), tmp_path / "plain")
    for number in chosen(changes, long):
        root = tmp_path / str(number)
        with tally.attempt(f"{number}: {changes[number]}"):
            status = os.waitpid(forked(lambda root=root: fetch(root), root, number), 0)[1]
            assert os.WTERMSIG(status) == signal.SIGKILL
            fake.check(fetch(root))
            assert not [path for path in root.rglob("*") if ".part" in path.name]
