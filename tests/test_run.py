"""One configuration into one record."""

from dataclasses import replace

import pytest
import torch
from short_runs import config, late, outcome, shortened, with_amp

from fpl_lib.evidence.experiments import (
    EXPERIMENTS,
    LOSSES,
    Conflict,
    configs,
    run,
)
from fpl_lib.evidence.records import read_record
from fpl_lib.training import Batches, build_model, load_checkpoint

pytestmark = pytest.mark.slow


def test_a_condition_is_in_the_records_name_and_header(images, tmp_path):
    plan = configs("wrong-labels", None, ["gce"], [1])[0]
    record = run(replace(shortened(plan, 1), per_class=3), images, tmp_path, progress=False)
    assert read_record(tmp_path / "wrong-labels" / "small-gce-noise40-1.jsonl") == record
    assert (record.condition, record.header["config"]["noise"]) == ("noise40", 0.4)
    assert "confusion" not in record.epochs[0]


def test_an_experiment_may_keep_every_epochs_confusion(images, tmp_path):
    record = run(config(), images, tmp_path, progress=False)
    assert record.epochs[-1]["confusion"] == record.result["confusion"]


def test_a_run_can_start_from_a_file_of_weights(images, tmp_path):
    """With the very weights of its own seed it ends where it would have ended; with others not."""
    plain = configs("mini", None, ["ce"], [0])[0]
    started = [replace(plain, weights=str(tmp_path / f"{seed}.pt")) for seed in (0, 1)]
    for seed in (0, 1):
        torch.save(build_model("small", seed=seed).state_dict(), tmp_path / f"{seed}.pt")
    first, same, other = (
        run(shortened(c, 1), images, tmp_path / str(place), progress=False)
        for place, c in enumerate((plain, *started))
    )
    assert outcome(first) == outcome(same) != outcome(other)
    assert same.header["config"]["weights"].startswith("0.pt sha256:")


def test_a_recipe_says_at_which_size_the_network_sees_the_images(images, tmp_path, monkeypatch):
    sizes = set()

    def build(*args, **options):
        model = build_model(*args, **options)
        model.register_forward_pre_hook(lambda module, given: sizes.add(given[0].shape[2:]))
        return model

    monkeypatch.setattr("fpl_lib.evidence.experiments.build_model", build)
    larger = replace(config(), recipe=replace(config().recipe, image_size=40))
    record = run(larger, images, tmp_path, progress=False)
    assert sizes == {(40, 40)} and record.header["config"]["image_size"] == 40
    with pytest.raises(Conflict, match="config says image_size = 40, this run's 32"):
        run(config(), images, tmp_path, progress=False)


def test_a_run_leaves_one_record_and_nothing_else(images, tmp_path):
    record = run(config(), images, tmp_path, progress=False)
    assert read_record(tmp_path / "mini" / "small-fpl-0.jsonl") == record
    assert record.done and len(record.epochs) == 2
    assert record.header["data"]["source"] == "mini" and record.header["data"]["md5"]
    assert record.header["config"]["lr"] == EXPERIMENTS["mini"].recipe.lr
    assert {"device", "torch", "python", "start", "threads"} <= set(record.header["environment"])
    assert sum(record.result["false_positives"]) == record.result["errors"]
    assert record.result["top1"] == record.epochs[-1]["top1"]
    left = {path.suffix for path in (tmp_path / "mini").iterdir()}
    assert left <= {".jsonl", ".lock"}


def test_a_seed_decides_a_run_and_the_losses_differ(images, tmp_path):
    first, again, other, ce = (
        outcome(run(c, images, tmp_path / str(place), progress=False))
        for place, c in enumerate((config(), config(), config(seed=1), config("ce")))
    )
    assert first == again
    assert first != other and first != ce


def test_a_finished_run_is_not_run_again(images, tmp_path, monkeypatch):
    first = run(config(), images, tmp_path, progress=False)
    for name in ("train", "FileLock"):  # nor locked: a folder of records may be read-only
        monkeypatch.setattr(f"fpl_lib.evidence.experiments.{name}", None)
    assert run(config(), images, tmp_path, progress=False) == first


def test_the_result_is_that_of_the_last_epoch(images, tmp_path, monkeypatch):
    """And the test images are gone through once an epoch: not again for the result."""
    passes, through = [], Batches.__iter__
    monkeypatch.setattr(Batches, "__iter__", lambda self: passes.append(self) or through(self))
    record = run(config(), images, tmp_path, progress=False)
    assert len(passes) == len(record.epochs) == config().recipe.epochs
    for key in ("top1", "top5", "nll", "ece", "margin", "confusion"):
        assert record.result[key] == record.epochs[-1][key]


def test_a_record_says_how_it_was_computed(images, tmp_path, monkeypatch):
    for native, said in ((False, "float32"), (True, "bfloat16, else float32")):
        monkeypatch.setattr("fpl_lib.training.step.has_bfloat16", lambda device, n=native: n)
        for place, c in (("amp", with_amp()), ("plain", config())):
            record = run(c, images, tmp_path / f"{place}-{native}", progress=False)
            mode = record.header["environment"]["numeric_mode"]
            assert mode == (said if place == "amp" else "float32")


class Bad(torch.nn.Module):
    """NaN from the third call on: in the first epoch; from the ninth: in the second."""

    def __init__(self, last):
        super().__init__()
        self.left = last

    def forward(self, logits, target):
        self.left -= 1
        return logits.square().sum() * (1e-3 if self.left >= 0 else torch.nan)


@pytest.mark.parametrize(("good", "epochs"), [(2, 0), (5, 1)])
def test_a_run_that_fails_leaves_its_epochs_or_nothing(images, tmp_path, monkeypatch, good, epochs):
    monkeypatch.setitem(LOSSES, "fpl", lambda counts: Bad(good))
    with pytest.raises(FloatingPointError, match=f"nan in epoch {epochs + 1}"):
        run(config(), images, tmp_path, progress=False)
    left = [path.name for path in (tmp_path / "mini").iterdir() if path.suffix != ".lock"]
    assert left == ["small-fpl-0.jsonl"] * (epochs > 0)
    assert not left or len(read_record(tmp_path / "mini" / left[0]).epochs) == epochs


def test_compiling_on_a_cpu_is_refused_and_leaves_nothing(images, tmp_path):
    with pytest.raises(ValueError, match="compiled: expected a CUDA device; got cpu"):
        run(config(), images, tmp_path, compiled=True, progress=False)
    assert not list(tmp_path.rglob("*.jsonl"))


def test_the_compact_network_is_whitened_by_its_training_images(images, tmp_path):
    compact = replace(config(), model="compact")
    late(compact, images, tmp_path)
    expected = build_model("compact")
    expected.whiten(Batches(images.train_images, images.train_labels, batch_size=200).normalise(
        images.train_images
    ))  # fmt: skip
    begun = load_checkpoint(tmp_path / "mini" / "compact-fpl-0.ckpt")["model"]["filters"]
    torch.testing.assert_close(begun, expected.filters)
