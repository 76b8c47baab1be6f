"""The contest: what may enter, under which name, on which images, against which records."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from made_runs import made
from torch import nn
from torch.nn import functional as F

from fpl_lib import FalsePositiveLoss, class_alpha
from fpl_lib.cifar10.load import load_cifar10
from fpl_lib.commands.cli import main
from fpl_lib.evidence import contest
from fpl_lib.evidence.comparisons import by_setting
from fpl_lib.evidence.experiments import LOSSES
from fpl_lib.evidence.records import read_runs, write_record
from fpl_lib.training.loop import Recipe

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    """Whatever a test registers is gone after it."""
    for name in ("mine", "other"):
        monkeypatch.setitem(LOSSES, name, None)
        del LOSSES[name]


@pytest.fixture(scope="module")
def data():
    return load_cifar10(source="mini")


def test_modules_and_plain_functions_enter_alike():
    contest.register("mine", lambda counts: FalsePositiveLoss(k=3))
    contest.register("other", lambda counts: F.cross_entropy)
    z, t = torch.randn(5, 10), torch.arange(5)
    counts = torch.full((10,), 3)
    assert LOSSES["mine"](counts)(z, t) == FalsePositiveLoss(k=3)(z, t)
    assert isinstance(LOSSES["other"](counts), nn.Module)
    assert LOSSES["other"](counts)(z, t) == F.cross_entropy(z, t)


def test_one_may_change_ones_mind():
    contest.register("mine", lambda counts: F.cross_entropy)
    contest.register("mine", lambda counts: FalsePositiveLoss())
    assert isinstance(LOSSES["mine"](torch.ones(10)), FalsePositiveLoss)


@pytest.mark.parametrize("name", ["ce", "fpl", "gce"])
def test_the_kits_own_losses_stay(name):
    before = LOSSES[name]
    with pytest.raises(ValueError, match=f"no loss of the kit; got '{name}'"):
        contest.register(name, lambda counts: FalsePositiveLoss())
    assert LOSSES[name] is before


@pytest.mark.parametrize("name", ["", "Mine", "my-loss", "../mine", "3rd", "a b", None, 7])
def test_names_that_no_file_should_have_are_refused(name):
    with pytest.raises(ValueError, match="small letters, digits"):
        contest.register(name, lambda counts: FalsePositiveLoss())


@pytest.mark.parametrize(
    ("factory", "error", "message"),
    [
        (FalsePositiveLoss(), TypeError, "expected a function .* makes a loss.*; got FalsePos"),
        ("fpl", TypeError, "expected a function of the class counts.*; got str"),
        (F.cross_entropy, ValueError, "the factory raises TypeError.*lambda counts"),
        (lambda: FalsePositiveLoss(), ValueError, "the factory raises TypeError"),
        (lambda counts: 3.0, ValueError, "the factory raises TypeError.*expected a loss function"),
        (lambda counts: nn.CrossEntropyLoss(reduction="none"), ValueError, r"shape \(64,\)"),
    ],
)
def test_what_is_no_factory_of_a_loss_is_refused(factory, error, message):
    with pytest.raises(error, match=message):
        contest.register("mine", factory)
    assert "mine" not in LOSSES, "nothing is entered that was refused"


def test_the_fingerprint_follows_the_loss_and_not_its_code():
    contest.register("mine", lambda counts: F.cross_entropy)
    contest.register(
        "other", lambda counts: lambda z, t: -z.log_softmax(1)[range(len(t)), t].mean()
    )
    assert contest.fingerprint("mine") == contest.fingerprint("other") == contest.fingerprint("ce")
    contest.register("mine", lambda counts: FalsePositiveLoss(k=3))
    once = contest.fingerprint("mine")
    contest.register("mine", lambda counts: FalsePositiveLoss(k=4))
    assert contest.fingerprint("mine") != once


def test_a_rehearsal_sees_no_test_image(data):
    stage = contest.rehearsal_data(data)
    assert stage.train_labels.bincount().tolist() == [150] * 10
    assert stage.test_labels.bincount().tolist() == [100] * 10

    def halved(images):
        return F.avg_pool2d(images.float(), 2).round().to(torch.uint8).flatten(1)

    def rows(images):
        return {row.numpy().tobytes() for row in images}

    ours, kept, held = (
        rows(x) for x in (halved(data.train_images), stage.train_images.flatten(1),
                          stage.test_images.flatten(1))
    )  # fmt: skip
    assert kept <= ours and held <= ours and not kept & held
    assert not held & rows(halved(data.test_images))


@pytest.fixture
def short(monkeypatch, data):
    """Both recipes cut to one epoch, on forty images."""
    monkeypatch.setattr(contest, "FINAL", replace(contest.FINAL, epochs=1))
    monkeypatch.setattr(contest, "REHEARSAL", replace(contest.REHEARSAL, epochs=1))
    parts = {f"{split}_{kind}": getattr(data, f"{split}_{kind}")[:40]
             for split in ("train", "test") for kind in ("images", "labels")}  # fmt: skip
    return replace(data, **parts)


def test_rehearsals_pair_every_loss_with_every_seed(short, tmp_path):
    contest.register("mine", lambda counts: FalsePositiveLoss(k=3))
    found = contest.rehearse(["ce", "mine"], iter([0, 1]), short, tmp_path)
    assert [(r.header["loss"], r.header["seed"]) for r in found] == [
        ("ce", 0), ("ce", 1), ("mine", 0), ("mine", 1),
    ]  # fmt: skip
    assert all(r.done for r in found) and len(by_setting(found)) == 1
    assert all(r.header["config"]["image_size"] == 16 for r in found), "enlarged again"
    with pytest.raises(KeyError):
        contest.rehearse(["nobody"], [0], short, tmp_path)


def test_a_changed_loss_is_another_entry_in_the_final(short, tmp_path):
    contest.register("mine", lambda counts: FalsePositiveLoss(k=3))
    (first,) = contest.final(["mine"], [0], short, tmp_path)
    (again,) = contest.final(["mine"], [0], short, tmp_path)
    assert again.header["environment"] == first.header["environment"], "read, not run again"
    contest.register("mine", lambda counts: FalsePositiveLoss(k=9, alpha=3.0))
    (other,) = contest.final(["mine"], [0], short, tmp_path)
    assert other.epochs[0]["train_loss"] != first.epochs[0]["train_loss"]
    assert len({path.name for path in tmp_path.iterdir()}) == 2


def test_finished_runs_are_those_of_the_loss_as_it_is_now(short, tmp_path):
    contest.register("mine", lambda counts: FalsePositiveLoss(k=3))
    first, second = tmp_path / "first", tmp_path / "second"
    contest.final(["mine"], [1], short, first)
    contest.final(["mine"], [0, 1], short, second)
    found = contest.finished("mine", first, second, tmp_path / "nowhere")
    assert [r.header["seed"] for r in found] == [0, 1]
    ((one,),) = (contest.finished("mine", first),)
    assert found[1].header == one.header, "the first folder's run counts"
    contest.register("mine", lambda counts: FalsePositiveLoss(k=5))
    assert contest.finished("mine", first, second) == []


def test_the_example_of_notebook_10_has_run_by_the_final_recipe():
    contest.register("mine", lambda counts: FalsePositiveLoss(alpha=class_alpha(counts), k=3))
    assert [r.header["seed"] for r in contest.finished("mine", contest.EXAMPLES)] == [0, 1, 2, 3, 4]


def test_final_runs_are_of_the_records_setting(short, tmp_path, monkeypatch):
    """What `final` writes for CE is what `recorded` looks for, and nothing by another recipe."""
    contest.final(["ce"], [0], short, tmp_path)
    (folder,) = tmp_path.iterdir()
    ((header,),) = [[r.header for r in read_runs(folder)]]
    assert (header["experiment"], header["model"], header["loss"]) == ("mini", "small", "ce")
    assert [r.header for r in contest.recorded(folder)] == [header]
    monkeypatch.setattr(contest, "FINAL", Recipe(epochs=3))
    assert contest.recorded(folder) == []


def test_the_repositorys_records_are_of_one_setting():
    assert len(by_setting(contest.recorded())) <= 1


def entry(folder, name, ahead, seeds=range(4), loss="mine", **config):
    """Made-up final runs `ahead` of CE's recorded ones, as `final` would have written them."""
    for run in contest.recorded():
        seed = run.header["seed"]
        if run.header["loss"] == "ce" and seed in seeds:
            ours = made(loss, seed, run.result["top1"] + ahead + 0.1 * seed, epochs=20, images=1000)
            header = {**run.header, "loss": loss, "config": {**run.header["config"], **config}}
            write_record(replace(ours, header=header), folder / name)


def test_the_scoreboard_of_a_class_compares_every_entry_with_ce(tmp_path, capsys):
    entry(tmp_path / "anna" / "my_runs", "mine-1a2b3c4d", 2.0)
    entry(tmp_path / "ben", "mine-5e6f7a8b", -1.0)
    entry(tmp_path / "cleo", "best-5e6f7a8b", 3.0, seeds=[0, 1], loss="best")
    entry(tmp_path / "dan", "mine-00000000", 3.0, lr=0.2)
    entry(tmp_path / "emil", "mine-11111111", 3.0)
    entry(tmp_path / "ben" / "copy", "mine-5e6f7a8b", -1.0)
    next((tmp_path / "emil").rglob("*.jsonl")).write_text("nothing of the kind")
    found, left = contest.scoreboard(tmp_path)
    assert [(one.loss, one.n, one.of) for one in found] == [
        ("anna: mine-1a2b3c4d", 4, 2), ("ben: mine-5e6f7a8b", 4, 2),
    ]  # fmt: skip
    assert [round(one.mean.estimate, 2) for one in found] == [2.15, -0.85]
    assert [one.split(":")[0] for one in left] == ["ben", "cleo", "dan", "emil"]
    assert "there twice" in left[0] and "2 final runs" in left[1]
    assert "0 final runs" in left[2] and "jsonl" in left[3]
    assert main(["contest", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert said.index("anna") < said.index("ben") < said.index("looks better than it is")
    assert said.count("not compared: ") == 4


def test_a_folder_without_final_runs_is_refused_with_what_was_expected(tmp_path, capsys):
    (tmp_path / "anna").mkdir()
    assert main(["contest", str(tmp_path)]) == 2
    assert "got no final run" in capsys.readouterr().err
    assert main(["contest", str(tmp_path / "nobody")]) == 2
    assert "nobody: no such folder" in capsys.readouterr().err
