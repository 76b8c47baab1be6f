"""Runs as tasks of a Ray cluster of two nodes: a lost worker, a lost node, a pause, wrong uses."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
from short_runs import outcome, shorten_mini

from fpl_lib.__main__ import main
from fpl_lib.evidence.records import read_record

needs_ray = pytest.mark.skipif(
    find_spec("ray") is None or sys.platform != "linux",
    reason="ray is not installed: pip install -e '.[cluster]' (and processes are killed by /proc)",
)
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # Ray's own
RUNS = ["reproduce", "mini", "--seeds", "0-1", "--device", "cpu", "--threads", "1", "--quiet"]


@pytest.fixture
def quick(monkeypatch):
    """`reproduce mini` in three epochs of a few images; the workers get both from the driver."""
    shorten_mini(monkeypatch, epochs=3, images=260)


@pytest.fixture(scope="module")
def cluster():
    """Two nodes of one CPU each, whose temporary files lie in the folder `cluster.folder`."""
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        folder = tempfile.mkdtemp(prefix="r")  # short: paths of sockets have 107 characters
        patch.setenv("TMPDIR", folder)
        patch.setenv("RAY_TMPDIR", folder)
        patch.setenv("RAY_agent_register_timeout_ms", "300000")
        try:
            cluster = Cluster(True, head_node_args={"num_cpus": 1, "include_dashboard": False})
            cluster.folder, cluster.second = Path(folder), cluster.add_node(num_cpus=1)
        except Exception as error:  # a raylet waits 15 seconds for its agents, no more
            if "GITHUB_ACTIONS" in os.environ:
                raise
            pytest.skip(f"no Ray node starts on a machine as busy as this one: {error}")
        yield cluster
        cluster.shutdown()
    shutil.rmtree(folder, ignore_errors=True)


def records(folder):
    """What each record says, without the clock and the machine."""
    found = {}
    for path in sorted(Path(folder).rglob("*.jsonl")):
        record = read_record(path)
        header = {key: value for key, value in record.header.items() if key != "environment"}
        found[path.name] = header, *outcome(record)
    return found


def workers():
    """The processes that are at one of the tasks now."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes().startswith(b"ray::work"):
                yield int(path.parent.name)
        except OSError:
            pass


@needs_ray
def test_runs_on_ray_are_paused_lost_and_tried_again_and_end_in_the_same_records(
    quick, cluster, tmp_path, capsys
):
    alone, ray = tmp_path / "alone", tmp_path / "ray"
    on_ray = [*RUNS, "--out", str(ray), "--ray", cluster.address]
    assert main([*on_ray, "--max-seconds", "0"]) == 75
    assert list(ray.rglob("*.ckpt")) and not any(result for *_, result in records(ray).values())
    assert "the same command goes on from there" in capsys.readouterr().out

    killed = []

    def lose():
        """A worker that is at a run, and then the second node, with whatever it is at."""
        while not killed:
            time.sleep(0.05)
            if list(cluster.folder.glob("fpl-*/*/mini/*.jsonl")):
                killed.extend([*workers()][:1])
        os.kill(killed[0], signal.SIGKILL)
        cluster.remove_node(cluster.second, allow_graceful=False)

    thief = threading.Thread(target=lose, daemon=True)
    thief.start()
    assert main(on_ray) == 0
    thief.join()
    out, error = capsys.readouterr()
    assert killed and out.count(": top1 ") == 4 and error == ""

    assert main([*RUNS, "--out", str(alone)]) == 0
    assert records(ray) == records(alone) and len(records(ray)) == 4
    assert not list(ray.rglob("*.ckpt")) and not list(cluster.folder.glob("fpl-*/*"))

    assert main([*on_ray, "--threads", "64"]) == 2
    assert "expected a node with 64 CPUs and 0 GPUs" in capsys.readouterr().err


def test_without_ray_it_says_how_to_get_it(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main([*RUNS, "--out", str(tmp_path), "--ray"]) == 2
    assert "pip install -c .constraints.txt -e '.[cluster]'" in capsys.readouterr().err


@needs_ray
@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.0.0.1:x", "nobody.invalid:6379"])
def test_an_address_without_a_cluster_is_told_at_once(tmp_path, capsys, address):
    assert main([*RUNS, "--out", str(tmp_path), "--ray", address]) == 2
    assert f"--ray {address}: no Ray cluster answers (" in capsys.readouterr().err


@needs_ray
def test_ray_chooses_the_gpu(tmp_path, capsys):
    assert main([*RUNS, "--out", str(tmp_path), "--ray", "--device", "cuda:1"]) == 2
    assert "with --ray expected auto, cpu or cuda; got cuda:1" in capsys.readouterr().err
