"""The excerpt in the repository: what it holds, that it is CIFAR-10, and that it can be remade."""

import hashlib
import json
import shutil
from pathlib import Path

import make_excerpt
import numpy as np
import pytest
from fake_cifar import FakeCIFAR10
from PIL import Image

from fpl_lib._files import DATA
from fpl_lib.cifar10 import excerpt
from fpl_lib.cifar10.files import BIN, CLASSES, LAYOUTS, PY, md5_of
from fpl_lib.cifar10.load import DataError, load_cifar10

FOLDER = DATA / excerpt.FOLDER


@pytest.fixture(scope="module")
def manifest():
    return excerpt.read_manifest(FOLDER)


@pytest.fixture(scope="module")
def mini():
    return load_cifar10(source="mini")


def test_it_is_small_balanced_and_takes_turns(mini):
    assert mini.source == "mini" and not mini.is_full
    assert mini.train_images.shape == (4000, 3, 32, 32)
    assert mini.test_images.shape == (1000, 3, 32, 32)
    for labels in (mini.train_labels, mini.test_labels):
        assert labels.tolist() == [n % 10 for n in range(len(labels))]
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 12e6


def test_no_image_comes_twice(mini):
    images = [*mini.train_images.numpy(), *mini.test_images.numpy()]
    assert len({image.tobytes() for image in images}) == 5000


def test_the_images_are_the_originals(mini, manifest):
    """Against the full set where it is on disk, against the pixels' checksums everywhere."""
    for split in ("train", "test"):
        images = getattr(mini, f"{split}_images").numpy()
        sheets = [sheet for sheet in manifest["sheets"] if sheet["split"] == split]
        for sheet in sheets:
            assert md5_of(images[sheet["label"] :: 10].tobytes()) == sheet["pixels_md5"]
        if any((DATA / layout.folder).exists() for layout in LAYOUTS):
            full = load_cifar10(DATA, source="disk")
            for sheet in sheets:
                originals = getattr(full, f"{split}_images").numpy()[sheet["indices"]]
                np.testing.assert_array_equal(images[sheet["label"] :: 10], originals)
                assert set(getattr(full, f"{split}_labels")[sheet["indices"]].tolist()) == {
                    sheet["label"]
                }


def test_the_choice_follows_the_rule(manifest):
    """About 8 % of the training and 10 % of the test images: those whose hash is smallest."""
    for split, count, share in (("train", 50_000, 0.08), ("test", 10_000, 0.10)):

        def place(index, split=split):
            digest = hashlib.sha256(f"{manifest['seed']}/{split}/{index}".encode()).digest()
            return int.from_bytes(digest[:8], "big") / 2**64

        sheets = [sheet["indices"] for sheet in manifest["sheets"] if sheet["split"] == split]
        chosen = {index for indices in sheets for index in indices}
        assert len(chosen) == share * count
        assert all(indices == sorted(indices) for indices in sheets)
        places = np.array([place(index) for index in range(count)])
        # A class's last image lies near the share itself: within 3 points, for chance.
        assert places[sorted(chosen)].max() < share + 0.03
        assert set(np.flatnonzero(places < share - 0.03)) <= chosen


def test_a_sheet_shows_its_images_row_by_row(mini):
    with Image.open(FOLDER / "train-3-cat.webp") as sheet:
        pixels = np.asarray(sheet.convert("RGB"))
    assert pixels.shape == (640, 640, 3)
    cats = mini.train_images[mini.train_labels == 3].permute(0, 2, 3, 1).numpy()
    np.testing.assert_array_equal(pixels[:32, 32:64], cats[1])
    np.testing.assert_array_equal(pixels[32:64, :32], cats[20])


@pytest.fixture
def small(monkeypatch, tmp_path):
    """A full set of 10 + 2 images a class, and an excerpt of 4 + 1."""
    fake = FakeCIFAR10()
    fake.patch(monkeypatch)
    monkeypatch.setattr(excerpt, "PER_CLASS", {"train": 4, "test": 1})
    monkeypatch.setattr(make_excerpt, "PER_CLASS", excerpt.PER_CLASS)
    monkeypatch.setattr(make_excerpt, "COLUMNS", {"train": 2, "test": 1})
    return fake


@pytest.mark.parametrize("layout", [PY, BIN], ids=lambda layout: layout.name)
def test_the_command_makes_it_the_same_each_time(small, tmp_path, capsys, layout):
    small.write(tmp_path, layout)
    for name in ("one", "two"):
        arguments = ["--root", str(tmp_path), "--out", str(tmp_path / name / excerpt.FOLDER)]
        assert make_excerpt.main(arguments) == 0
    assert "20 sheets" in capsys.readouterr().out
    files = {path.name: path.read_bytes() for path in (tmp_path / "one" / excerpt.FOLDER).iterdir()}
    assert len(files) == 21
    for name, content in files.items():
        assert (tmp_path / "two" / excerpt.FOLDER / name).read_bytes() == content
    full, made = load_cifar10(tmp_path), load_cifar10(tmp_path / "one", source="mini")
    assert made.root == tmp_path / "one"
    sheets = excerpt.read_manifest(tmp_path / "one" / excerpt.FOLDER)["sheets"]
    assert made.md5 == {sheet["file"]: md5_of(files[sheet["file"]]) for sheet in sheets}
    for split in ("train", "test"):
        images, labels = (getattr(made, f"{split}_{what}") for what in ("images", "labels"))
        assert labels.tolist() == list(range(10)) * excerpt.PER_CLASS[split]
        for sheet in (sheet for sheet in sheets if sheet["split"] == split):
            originals = getattr(full, f"{split}_images")[sheet["indices"]]
            assert images[sheet["label"] :: 10].equal(originals)


def test_the_manifest_reads_well(small, tmp_path):
    small.write(tmp_path, BIN)
    manifest = make_excerpt.write_mini(tmp_path, tmp_path / "out")
    text = (tmp_path / "out" / "manifest.json").read_text()
    assert json.loads(text) == manifest
    assert text.count('"file"') == len([line for line in text.splitlines() if '"file"' in line])


def test_a_sheet_that_is_named_twice_is_refused(mini, tmp_path):
    manifest = json.loads((mini.root / excerpt.FOLDER / "manifest.json").read_text())
    manifest["sheets"].append(manifest["sheets"][0])
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DataError, match="not one sheet for each"):
        excerpt.read_manifest(tmp_path)


def test_choosing_more_than_there_is():
    with pytest.raises(ValueError, match="class 1 has 2 train images where 3 are wanted"):
        make_excerpt.choose(np.array([0, 0, 0, 1, 1]), "train", 3)


def test_choice_is_balanced_random_and_depends_on_seed_and_split():
    labels = np.arange(1000) % 10
    chosen = make_excerpt.choose(labels, "train", 20)
    for label, indices in enumerate(chosen):
        assert set(labels[indices]) == {label} and len(set(indices)) == 20
        assert list(indices) == sorted(indices)
    assert np.concatenate(chosen).mean() == pytest.approx(500, abs=75)
    for split, seed in (("test", 0), ("train", 1)):
        other = make_excerpt.choose(labels, split, 20, seed)
        assert set(np.concatenate(other)) != set(np.concatenate(chosen))


def test_the_command_without_the_full_set(tmp_path, capsys):
    assert make_excerpt.main(["--root", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: CIFAR-10 is not in") and err.count("\n") == 1


@pytest.fixture
def copy(tmp_path) -> Path:
    shutil.copytree(FOLDER, tmp_path / excerpt.FOLDER)
    return tmp_path / excerpt.FOLDER


SHEET = f"train-9-{CLASSES[9]}.webp"


def _edit(change):
    def spoil(folder):
        path = folder / "manifest.json"
        content = json.loads(path.read_text())
        change(content["sheets"])
        path.write_text(json.dumps(content))

    return spoil


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / SHEET).unlink(), f"{SHEET} is missing"),
        (lambda folder: (folder / SHEET).write_bytes(b"RIFF"), f"{SHEET} is not .* MD5"),
        (lambda folder: (folder / "manifest.json").unlink(), "manifest.json is missing"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "is not cifar10-mini's manif"),
        (_edit(lambda sheets: sheets.pop()), "not one sheet for each split and class"),
        (_edit(lambda sheets: sheets[3].pop("md5")), "is not cifar10-mini's manifest"),
        (_edit(lambda sheets: sheets[3]["indices"].pop()), "should show 400 images"),
    ],
)
def test_a_damaged_excerpt_is_named(copy, spoil, message):
    spoil(copy)
    with pytest.raises(DataError, match=f"{message}.*git checkout -- data/cifar10-mini"):
        load_cifar10(copy.parent, source="mini")


def test_a_decoder_that_differs_is_found_out(copy):
    def change(sheets):
        sheets[0]["pixels_md5"] = "0" * 32

    _edit(change)(copy)
    with pytest.raises(DataError, match="train-0-airplane.webp decodes to other pixels"):
        load_cifar10(copy.parent, source="mini")


def test_a_sheet_that_is_no_picture(copy):
    (copy / SHEET).write_bytes(b"no picture")

    def change(sheets):
        for sheet in sheets:
            if sheet["file"] == SHEET:
                sheet["md5"] = md5_of(b"no picture")

    _edit(change)(copy)
    with pytest.raises(DataError, match=f"{SHEET} cannot be decoded .*Pillow with WebP"):
        load_cifar10(copy.parent, source="mini")
