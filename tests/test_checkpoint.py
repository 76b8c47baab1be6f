"""A training on disk: whole or not at all, its own or refused, on whatever device it goes on."""

import itertools
import math
import os
import time

import pytest
import torch
from tiny_training import RECIPES, network, outcome, run, same_state
from torch import nn

from fpl_lib import FalsePositiveLoss, LearnableAlpha
from fpl_lib.training import CheckpointError, Paused, checkpoint, load_checkpoint
from fpl_lib.training.checkpoint import Checkpoint, save_checkpoint

pytestmark = pytest.mark.slow

RECIPE = RECIPES["sgd, steps"]


@pytest.mark.parametrize("name", RECIPES)
def test_a_training_cut_anywhere_ends_bit_for_bit_where_the_whole_one_does(
    name, tmp_path, monkeypatch
):
    monkeypatch.setattr("fpl_lib.training.loop.has_bfloat16", lambda device: True)
    recipe = RECIPES[name]
    whole, rows = run(recipe, loss=FalsePositiveLoss(LearnableAlpha(4)))
    expected = outcome(rows)

    clock = iter(range(10**9))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    path, cuts = tmp_path / "run.ckpt", 0
    while True:
        torch.manual_seed(cuts)  # whatever happened in between must not matter
        resumed, rows = run(
            recipe, network(seed=cuts), FalsePositiveLoss(LearnableAlpha(4)),
            checkpoint=path, deadline=next(clock) + 5,
        )  # fmt: skip
        try:
            found = outcome(rows)
            break
        except Paused:
            cuts += 1
    assert cuts >= 3
    assert found == expected and same_state(whole, resumed)


def test_a_finished_training_gives_its_rows_again_and_changes_nothing(tmp_path):
    first, rows = run(RECIPE, checkpoint=tmp_path / "c")
    rows = list(rows)
    second, again = run(RECIPE, network(seed=9), checkpoint=tmp_path / "c")
    assert list(again) == rows and same_state(first, second)


def test_it_is_saved_once_a_minute_and_at_the_end(tmp_path, monkeypatch):
    saved, clock = [], itertools.count(step=7)
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(
        checkpoint, "save_checkpoint", lambda path, state: saved.append((next(clock), state))
    )
    list(run(RECIPE, checkpoint=tmp_path / "c")[1])
    *during, (_, last) = saved
    assert len(during) > 1
    assert all(60 <= b - a for (a, _), (b, _) in itertools.pairwise(during))
    assert len(last["history"]) == RECIPE.epochs
    saved.clear()
    list(run(RECIPE)[1])
    assert not saved


def test_to_ask_for_no_further_row_is_a_pause(tmp_path):
    whole, rows = run(RECIPE)
    expected = outcome(rows)
    _, rows = run(RECIPE, checkpoint=tmp_path / "c")
    next(rows)
    rows.close()
    resumed, rows = run(RECIPE, network(seed=1), checkpoint=tmp_path / "c")
    assert outcome(rows) == expected and same_state(whole, resumed)


def test_calls_that_come_too_late_still_end_the_training(tmp_path):
    """Loading data may outlast --max-seconds: each call must get on, or they would never end."""
    expected = outcome(run(RECIPE)[1])
    for cut in itertools.count():
        _, rows = run(RECIPE, checkpoint=tmp_path / "c", deadline=time.monotonic() - 1)
        try:
            found = outcome(rows)
            break
        except Paused:
            assert cut < 100, "no call gets on"
    assert found == expected


@pytest.fixture
def cut(tmp_path):
    """The path of a checkpoint after one epoch of three."""
    _, rows = run(RECIPE, checkpoint=tmp_path / "c.ckpt", identity={"run": "a"})
    next(rows)
    rows.close()
    return tmp_path / "c.ckpt"


def resume(path, model=None, recipe=RECIPE, identity=None, **options):
    model, rows = run(
        recipe, model, checkpoint=path, identity=identity or {"run": "a"}, **options
    )  # fmt: skip
    return model, outcome(rows)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"recipe": RECIPES["one cycle"]},
        {"identity": {"run": "b"}},
        {"model": nn.Sequential(nn.Flatten(), nn.Linear(192, 4))},
    ],
    ids=lambda change: [*change][0],
)
def test_another_trainings_checkpoint_is_refused(cut, change):
    words = "" if "model" in change else {"identity": "run"}.get([*change][0], [*change][0])
    with pytest.raises(CheckpointError, match=f"c.ckpt .*another training .*{words}.*delete it"):
        resume(cut, **change)


@pytest.mark.parametrize("missing", ["identity", "rng", "optimizer", "losses", "step"])
def test_a_checkpoint_without_a_part_is_refused(cut, missing):
    """Without an identity are those of earlier versions."""
    saved = load_checkpoint(cut)
    del saved[missing]
    save_checkpoint(cut, saved)
    with pytest.raises(CheckpointError, match=f"another training .without '{missing}'.*delete it"):
        resume(cut)


def test_what_is_no_checkpoint_is_named_with_the_cure(cut):
    whole = cut.read_bytes()
    torch.save(["a", "list"], cut)
    for content in (b"", b"no checkpoint", whole[: len(whole) // 2], cut.read_bytes()):
        cut.write_bytes(content)
        with pytest.raises(CheckpointError, match="c.ckpt cannot be read.*delete it"):
            resume(cut)


def test_a_checkpoint_runs_no_code(tmp_path):
    path = tmp_path / "c.ckpt"

    class Evil:
        def __reduce__(self):
            return (path.with_name("harm").touch, ())

    torch.save({"history": Evil()}, path)
    with pytest.raises(CheckpointError, match="UnpicklingError"):
        load_checkpoint(path)
    assert not path.with_name("harm").exists()


def test_a_full_disk_is_named_with_the_file_and_costs_nothing(cut, monkeypatch):
    before = cut.read_bytes()

    def full(state, file):
        file.write(b"half of")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", full)
        with pytest.raises(OSError, match="No space left on device: .*c.ckpt"):
            resume(cut)
    assert cut.read_bytes() == before and [*cut.parent.iterdir()] == [cut]
    assert len(resume(cut)[1]) == RECIPE.epochs


def optimizers(weight, rate=0.5):
    """AdaDelta as it is made for a CPU, and with the options it has on CUDA."""
    return (
        torch.optim.Adadelta([weight], rate),
        torch.optim.Adadelta([weight], torch.tensor(rate), foreach=True, capturable=True),
    )


def keeper(path, optimizer):
    return Checkpoint(path, {}, {"optimizer": optimizer}, torch.device("cpu"))


PLACE = {"history": [], "step": 0, "losses": torch.zeros(1), "seconds": 0.0}


def test_what_a_device_decides_is_not_taken_from_a_checkpoint(tmp_path):
    """Both directions, with the options alone: no CUDA is needed for them."""
    weight, path = nn.Parameter(torch.ones(3)), tmp_path / "c"
    on_cpu, on_cuda = optimizers(weight)
    on_cuda.param_groups[0]["lr"].fill_(0.25)
    keeper(path, on_cuda).save(**PLACE)
    keeper(path, on_cpu).restore()
    group = on_cpu.param_groups[0]
    assert (group["lr"], group["capturable"], group["foreach"]) == (0.25, False, None)
    assert type(group["lr"]) is float
    weight.grad = torch.ones(3)
    on_cpu.step()  # died of an AssertionError

    on_cpu, on_cuda = optimizers(weight)
    rate = on_cuda.param_groups[0]["lr"]
    on_cpu.param_groups[0]["lr"] = 0.125
    keeper(path, on_cpu).save(**PLACE)
    keeper(path, on_cuda).restore()
    group = on_cuda.param_groups[0]
    assert group["lr"] is rate and float(rate) == 0.125  # the very tensor that was captured
    assert (group["capturable"], group["foreach"]) == (True, True)

    fused = torch.optim.SGD([weight], torch.tensor(0.5), fused=True)
    keeper(path, torch.optim.SGD([weight], 0.25)).save(**PLACE)
    keeper(path, fused).restore()
    assert fused.param_groups[0]["fused"] and float(fused.param_groups[0]["lr"]) == 0.25


def test_the_random_state_of_the_trainings_device_alone_is_kept(tmp_path):
    """A checkpoint made with eight GPUs was lost on a machine with one."""
    path, optimizer = tmp_path / "c", optimizers(nn.Parameter(torch.ones(3)))[0]
    keeper(path, optimizer).save(**PLACE)
    saved = load_checkpoint(path)
    assert [*saved["rng"]] == ["cpu"]
    expected = torch.rand(3)
    keeper(path, optimizer).restore()
    assert torch.equal(torch.rand(3), expected)

    saved["rng"] = {"cuda": torch.zeros(16, dtype=torch.uint8)}
    save_checkpoint(path, saved)
    keeper(path, optimizer).restore()


def test_a_failed_training_leaves_the_checkpoint_before(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "SAVE_EVERY", 0)

    class Bad(nn.Module):
        calls = 0

        def forward(self, logits, target):
            self.calls += 1
            return logits.sum() * (math.nan if self.calls == 9 else 1e-3)

    _, rows = run(RECIPE, loss=Bad(), checkpoint=tmp_path / "c")
    assert next(rows)["epoch"] == 1
    with pytest.raises(FloatingPointError, match="nan in epoch 2, batch 3 of 6 .learning rate"):
        next(rows)
    saved = load_checkpoint(tmp_path / "c")
    assert (len(saved["history"]), saved["step"]) == (1, 2)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_in_place_of_a_checkpoint_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "c.ckpt")
    with pytest.raises(CheckpointError, match="c.ckpt cannot be read as a checkpoint"):
        load_checkpoint(tmp_path / "c.ckpt")
