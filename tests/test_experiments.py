"""Experiments as data, and one configuration into one record, whatever interrupts it."""

import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch
from filelock import FileLock

from fpl_lib.cifar10.load import load_cifar10
from fpl_lib.evidence.experiments import (
    EXPERIMENTS,
    LOSSES,
    Busy,
    Conflict,
    _same_run,
    conditioned,
    configs,
    run,
)
from fpl_lib.evidence.records import Record, read_record, write_record
from fpl_lib.training import Batches, CheckpointError, Paused, build_model, load_checkpoint

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def images():
    """The excerpt's first images: enough for a few steps."""
    mini = load_cifar10(source="mini")
    return replace(
        mini, train_images=mini.train_images[:200], train_labels=mini.train_labels[:200],
        test_images=mini.test_images[:100], test_labels=mini.test_labels[:100],
    )  # fmt: skip


def shortened(config, epochs):
    return replace(config, recipe=replace(config.recipe, epochs=epochs))


def config(loss="fpl", seed=0, epochs=2):
    return shortened(configs("mini", None, [loss], [seed])[0], epochs)


def outcome(record):
    rows = [
        {k: v for k, v in row.items() if k not in ("seconds", "images_per_second")}
        for row in record.epochs
    ]
    return rows, record.result


def test_table_2_is_the_papers_table_1():
    plan = EXPERIMENTS["table2"]
    recipe = plan.recipe
    assert (plan.models, plan.losses) == (("resnet18", "efficientnet_v2_s"), ("fpl", "ce"))
    assert (recipe.batch_size, recipe.epochs, recipe.lr) == (64, 20, 0.001)
    assert (recipe.optimizer, recipe.schedule, recipe.augment) == ("adadelta", "cosine", False)


def test_runs_come_seed_by_seed_so_that_the_losses_are_compared_early():
    todo = configs("table2", ["resnet18"], None, [0, 1])
    assert [(c.loss, c.seed) for c in todo] == [("fpl", 0), ("ce", 0), ("fpl", 1), ("ce", 1)]
    assert len(configs("table2", None, None, [0])) == 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("table9", None, None), "unknown experiment 'table9': expected table2, table3"),
        (("mini", ["resnet18"], None), "has no model 'resnet18': expected small"),
        (("mini", None, ["mse"]), "has no loss 'mse': expected fpl, ce"),
    ],
)
def test_unknown_names_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        configs(*arguments, [0])


def test_table_3_is_mmclassifications_recipe():
    plan = EXPERIMENTS["table3"]
    recipe = plan.recipe
    assert (plan.models, plan.stem, plan.zero_init_residual) == (("resnet50",), "cifar", True)
    assert (recipe.optimizer, recipe.lr, recipe.momentum, recipe.nesterov) == ("sgd", 0.1, 0.9, 0)
    assert (recipe.batch_size, recipe.epochs, recipe.weight_decay) == (128, 200, 1e-4)
    assert (recipe.schedule, recipe.milestones, recipe.gamma) == ("step", (100, 150), 0.1)
    assert recipe.augment and not recipe.amp


def test_every_grid_has_a_form_for_two_cores_with_the_same_columns():
    for name in ("table2", "table3", "imbalance", "noise", "scale"):
        full, mini = EXPERIMENTS[name], EXPERIMENTS[f"{name}-mini"]
        assert (mini.models, mini.source) == (("small",), "mini")
        assert mini.losses == full.losses
        columns = [condition.name for condition in full.conditions if not condition.on_request]
        assert {condition.name for condition in mini.conditions} >= set(columns)
        everything = [c.name for c in full.conditions], [c.name for c in mini.conditions]
        assert set(everything[1]) <= set(everything[0])


@pytest.mark.parametrize("plan", EXPERIMENTS.values(), ids=lambda plan: plan.name)
def test_every_run_of_every_experiment_has_a_record_of_its_own(plan):
    every = [condition.name for condition in plan.conditions]
    losses = [*plan.losses, *plan.more_losses]
    todo = configs(plan.name, None, losses, [0, 1], conditions=every)
    assert (
        len({c.name for c in todo}) == len(todo) == 2 * len(every) * len(losses) * len(plan.models)
    )
    assert set(losses) <= set(LOSSES)
    asked = [c.name for c in plan.conditions if c.on_request]
    assert not {c.condition for c in configs(plan.name, None, None, [0])} & set(asked)


def test_the_grid_of_scale_halves_and_doubles_the_rate_and_nothing_else():
    rates = {c.condition: c.recipe for c in configs("scale-mini", None, ["ce"], [0])}
    assert rates["sgd-full"] == EXPERIMENTS["scale-mini"].recipe
    for optimizer, rate in (("sgd", 0.1), ("adadelta", 1.0)):
        full = rates[f"{optimizer}-full"]
        assert (full.optimizer, full.lr, full.weight_decay) == (optimizer, rate, 0)
        assert rates[f"{optimizer}-half"] == replace(full, lr=rate / 2)
        assert rates[f"{optimizer}-double"] == replace(full, lr=rate * 2)


def test_a_condition_changes_the_training_labels_and_them_alone():
    mini = load_cifar10(source="mini")
    noisy, again, clean = (
        conditioned(mini, configs("noise-mini", None, [loss], [3], conditions=[name])[0])
        for loss, name in (("ce", "noise40"), ("fpl", "noise40"), ("ce", "noise00"))
    )
    assert (noisy.train_labels != mini.train_labels).float().mean() == pytest.approx(0.4)
    assert torch.equal(noisy.train_labels, again.train_labels)
    assert torch.equal(clean.train_labels, mini.train_labels)
    assert noisy.train_images is mini.train_images and noisy.test_labels is mini.test_labels
    long, step = (
        conditioned(mini, configs("imbalance-mini", None, ["ce"], [3], conditions=[name])[0])
        for name in ("exp100", "step10")
    )
    assert long.train_labels.bincount().tolist()[::9] == [400, 4]
    assert step.train_labels.bincount().tolist() == [400] * 5 + [40] * 5
    assert len(long.train_images) == len(long.train_labels)
    assert torch.equal(long.test_labels, mini.test_labels)


def test_a_condition_is_in_the_records_name_and_header(images, tmp_path):
    plan = configs("noise-mini", None, ["gce"], [1], conditions=["noise20"])[0]
    record = run(shortened(plan, 1), images, tmp_path, progress=False)
    assert read_record(tmp_path / "noise-mini" / "small-gce-noise20-1.jsonl") == record
    assert (record.condition, record.header["config"]["noise"]) == ("noise20", 0.2)
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


def test_fpl_in_an_experiment_is_weighted_by_equation_4():
    counts = torch.tensor([10, 30, 60])
    logits, target = torch.randn(5, 3, dtype=torch.float64), torch.tensor([0, 1, 2, 2, 1])
    p = logits.softmax(1)
    alpha = [0.9, 0.7, 0.4]
    expected = 0.0
    for row, t in zip(p.tolist(), target.tolist(), strict=True):
        f = max((j for j in range(3) if j != t), key=row.__getitem__)
        row = torch.tensor(row, dtype=torch.float64)
        expected -= alpha[t] * row[t].log() + alpha[f] * torch.log1p(-row[f])
    assert LOSSES["fpl"](counts)(logits, target).item() == pytest.approx(expected.item() / 5)
    assert LOSSES["ce"](counts)(logits, target) == torch.nn.functional.cross_entropy(logits, target)


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


def with_amp():
    return replace(config(), recipe=replace(config().recipe, amp=True))


def test_a_record_says_how_it_was_computed(images, tmp_path, monkeypatch):
    for native, said in ((False, "float32"), (True, "bfloat16, else float32")):
        monkeypatch.setattr("fpl_lib.training.step.has_bfloat16", lambda device, n=native: n)
        for place, c in (("amp", with_amp()), ("plain", config())):
            record = run(c, images, tmp_path / f"{place}-{native}", progress=False)
            mode = record.header["environment"]["numeric_mode"]
            assert mode == (said if place == "amp" else "float32")


def test_a_cut_run_is_not_finished_in_another_precision(images, tmp_path, monkeypatch):
    monkeypatch.setattr("fpl_lib.training.step.has_bfloat16", lambda device: True)
    late(with_amp(), images, tmp_path)
    monkeypatch.setattr("fpl_lib.training.step.has_bfloat16", lambda device: False)
    with pytest.raises(Conflict, match="begun in bfloat16.* would go on in float32"):
        run(with_amp(), images, tmp_path, progress=False)


def test_a_run_cut_between_steps_ends_in_the_same_record(images, tmp_path):
    whole = outcome(run(config(), images, tmp_path / "whole", progress=False))
    cuts = 0
    while True:
        try:
            part = run(config(), images, tmp_path, deadline=time.monotonic() + 0.05, progress=False)
            break
        except Paused:
            cuts += 1
            assert list((tmp_path / "mini").glob("*.ckpt"))
    assert outcome(part) == whole
    assert not list((tmp_path / "mini").glob("*.ckpt"))


KILLED = """
import os, sys
from fpl_lib.evidence.experiments import run
from fpl_lib.training import checkpoint
sys.path.insert(0, {tests!r})
from test_experiments import config, images
torch = __import__("torch"); torch.set_num_threads(1)
die = lambda row: os._exit(9) if row["epoch"] == 2 else None
checkpoint.SAVE_EVERY = {save_every}
run(config(epochs=4), images.__wrapped__(), {out!r}, progress=False, on_epoch=die)
"""


@pytest.mark.parametrize("save_every", [0, 60], ids=["with checkpoint", "without"])
def test_a_run_whose_process_is_killed_ends_in_the_same_record(images, tmp_path, save_every):
    whole = run(config(epochs=4), images, tmp_path / "whole", progress=False)
    code = KILLED.format(
        tests=str(__file__.rsplit("/", 1)[0]), out=str(tmp_path), save_every=save_every
    )
    killed = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True
    )
    assert killed.returncode == 9, killed.stderr
    path = tmp_path / "mini" / "small-fpl-0.jsonl"
    begun = read_record(path)
    assert len(begun.epochs) == 2 and not begun.done
    new = []
    resumed = run(config(epochs=4), images, tmp_path, progress=False, on_epoch=new.append)
    assert outcome(resumed) == outcome(whole)
    assert [row["epoch"] for row in new] == ([3, 4] if save_every == 0 else [1, 2, 3, 4])
    if save_every == 0:
        assert resumed.header == begun.header


def test_a_resumed_run_does_not_write_its_past_again(images, tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(
        "fpl_lib.evidence.experiments.write_record",
        lambda record, out: written.append(len(record.epochs)) or write_record(record, out),
    )
    for _ in range(100):
        written.clear()
        try:
            run(config(), images, tmp_path, deadline=time.monotonic() - 1, progress=False)
            break
        except Paused:
            assert len(written) <= 1
    assert written == [2, 2]  # the last epoch's, and with the result


def test_what_a_killed_write_left_is_cleaned_up(images, tmp_path):
    late(config(), images, tmp_path)
    folder = tmp_path / "mini"
    for name in ("small-fpl-0.ckpt.7-ab.part", "small-fpl-0.jsonl.7-ab.part"):
        (folder / name).write_bytes(b"half")
    (folder / "small-fpl-01.jsonl.8-cd.part").write_bytes(b"of another run, at work")
    late(config(), images, tmp_path)
    assert [path.name for path in folder.glob("*.part")] == ["small-fpl-01.jsonl.8-cd.part"]


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


def test_the_checkpoint_of_another_run_under_this_ones_name_is_refused(images, tmp_path):
    """It went on silently: the record said seed 0 and was seed 1's."""
    late(config(), images, tmp_path)
    late(config(seed=1), images, tmp_path)
    folder = tmp_path / "mini"
    (folder / "small-fpl-1.ckpt").replace(folder / "small-fpl-0.ckpt")
    with pytest.raises(CheckpointError, match="small-fpl-0.ckpt .*another training .of another s"):
        run(config(), images, tmp_path, progress=False)
    late(config("ce"), images, tmp_path)
    (folder / "small-ce-0.ckpt").replace(folder / "small-fpl-0.ckpt")
    with pytest.raises(CheckpointError, match="of another loss"):
        run(config(), images, tmp_path, progress=False)


def test_a_full_disk_names_the_checkpoint_and_costs_nothing(images, tmp_path, monkeypatch):
    late(config(), images, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", raise_full)
        with pytest.raises(OSError, match="No space left on device: .*small-fpl-0.ckpt"):
            run(config(), images, tmp_path, deadline=time.monotonic() - 1, progress=False)
    assert run(config(), images, tmp_path, progress=False).done


def raise_full(*args):
    raise OSError(28, "No space left on device")


def test_a_record_of_another_configuration_is_not_overwritten(images, tmp_path):
    run(config(), images, tmp_path, progress=False)
    before = (tmp_path / "mini" / "small-fpl-0.jsonl").read_bytes()
    with pytest.raises(Conflict, match="config says epochs = 2, this run's 3; move that file away"):
        run(config(epochs=3), images, tmp_path, progress=False)
    fewer = replace(
        images, train_images=images.train_images[:100], train_labels=images.train_labels[:100]
    )
    with pytest.raises(Conflict, match="data says train = 200, this run's 100"):
        run(config(), fewer, tmp_path, progress=False)
    assert (tmp_path / "mini" / "small-fpl-0.jsonl").read_bytes() == before


def late(c, images, out):
    with pytest.raises(Paused):
        run(c, images, out, deadline=time.monotonic() - 1, progress=False)


def test_the_compact_network_is_whitened_by_its_training_images(images, tmp_path):
    compact = replace(config(), model="compact")
    late(compact, images, tmp_path)
    expected = build_model("compact")
    expected.whiten(Batches(images.train_images, images.train_labels, batch_size=200).normalise(
        images.train_images
    ))  # fmt: skip
    begun = load_checkpoint(tmp_path / "mini" / "compact-fpl-0.ckpt")["model"]["filters"]
    torch.testing.assert_close(begun, expected.filters)


def test_a_run_cut_in_its_first_epoch_has_a_record_that_says_what_it_is(images, tmp_path):
    late(config(), images, tmp_path)
    begun = read_record(tmp_path / "mini" / "small-fpl-0.jsonl")
    assert begun.header["config"] == config().as_dict() and not begun.epochs and not begun.done
    with pytest.raises(Conflict, match="config says epochs = 2, this run's 3"):
        run(config(epochs=3), images, tmp_path, progress=False)
    assert run(config(), images, tmp_path, progress=False).header == begun.header


def test_a_run_resumed_under_other_threads_says_so(images, tmp_path):
    late(config(), images, tmp_path)
    torch.set_num_threads(2)
    try:
        record = run(config(), images, tmp_path, progress=False)
    finally:
        torch.set_num_threads(1)
    environment = read_record(tmp_path / record.path).header["environment"]
    (entry,) = environment["resumed"]
    assert environment["threads"] == 1 and entry == {"threads": 2, "start": entry["start"]}


def test_a_checkpoint_whose_record_was_moved_away_is_not_another_runs_start(images, tmp_path):
    """The cure that Conflict names is to start afresh."""
    faster = replace(config(), recipe=replace(config().recipe, lr=0.5))
    whole = outcome(run(config(), images, tmp_path / "whole", progress=False))
    late(faster, images, tmp_path)
    (tmp_path / "mini" / "small-fpl-0.jsonl").rename(tmp_path / "moved.jsonl")
    assert outcome(run(config(), images, tmp_path, progress=False)) == whole


def test_a_run_that_never_got_to_a_checkpoint_gives_way(images, tmp_path):
    path = tmp_path / "mini" / "small-fpl-0.jsonl"
    late(config(), images, tmp_path)
    path.with_suffix(".ckpt").unlink()
    assert len(run(config(epochs=3), images, tmp_path, progress=False).epochs) == 3


def test_the_official_layouts_are_one_data_set(images, tmp_path):
    """A run begun on one layout's files is the same run on the other's."""
    first, second = (
        Record({**run_header(), "data": {"source": "cifar10", "md5": {name: "0"}, "train": 1}})
        for name in ("test_batch", "test_batch.bin")
    )
    _same_run(first, second, tmp_path)
    second.header["data"]["source"] = "mini"
    with pytest.raises(Conflict, match="data says"):
        _same_run(first, second, tmp_path)


def run_header():
    return {"config": config().as_dict(), "environment": {}}


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_by_name_gives_a_finite_gradient(name):
    logits = torch.randn(6, 10, requires_grad=True)
    loss = LOSSES[name](torch.arange(50, 0, -5))
    loss(logits, torch.tensor([0, 1, 2, 3, 0, 1])).backward()
    assert logits.grad.isfinite().all() and logits.grad.abs().sum() > 0


def test_two_processes_never_write_one_record(images, tmp_path):
    (tmp_path / "mini").mkdir()
    with FileLock(tmp_path / "mini" / "small-fpl-0.lock"):
        with pytest.raises(Busy, match="another process"):
            run(config(), images, tmp_path, progress=False)
    assert not list(tmp_path.rglob("*.jsonl"))
