"""The bench: its arithmetic, that like is compared with like, what it writes. Nothing is timed."""

import contextlib
import itertools
import json
import os
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from repository import ROOT

from fpl_lib.__main__ import main
from fpl_lib.cifar10 import load_cifar10
from fpl_lib.commands.bench import aims, command, loss, measure, page, trainer, whole
from fpl_lib.commands.bench.measure import (
    Row,
    growth,
    peak_memory,
    quartiles,
    side_by_side,
)
from fpl_lib.training.shortcut import ShortcutConv2d

pytestmark = pytest.mark.slow
CPU = torch.device("cpu")


def test_a_ratio_is_taken_round_by_round():
    """A machine that slows down by ten in the last round does not move it."""
    assert quartiles([2.0, 2.0, 20.0], [1.0, 1.0, 10.0]) == (2.0, 2.0, 2.0)
    row = Row.of("group", "name", "theirs", {"ours": [2.0, 20.0], "theirs": [1.0, 10.0]}, "ours")
    assert (row.ratio, row.low, row.high) == (2.0, 2.0, 2.0)


@pytest.mark.parametrize(
    ("ratio", "group", "met"),
    [(0.9, aims.COST, True), (1.1, aims.COST, False), (1.1, aims.TRAINER, True),
     (0.9, aims.TRAINER, False), (None, aims.COST, None)],
)  # fmt: skip
def test_time_is_to_be_short_and_the_trainers_speed_high(ratio, group, met):
    assert Row(group, "x", "y", ratio, target=1.0).met is met
    assert Row(group, "x", "y", ratio).met is None


def test_a_missed_aim_says_by_how_much_and_what_it_comes_from():
    def line(ratio, **what):
        row = Row(aims.COST, "x", "y", ratio, note="so it is", target=2.0)
        return page._line({**vars(row), "met": row.met, **what})

    assert line(2.5).endswith("| ≤ 2 | missed by 25.0 % | so it is |")
    spread = line(2.5, low=1.9, high=2.9)
    assert spread.endswith("| missed by 25.0 %, within the spread | so it is |")
    assert line(2.0).endswith("| 2.00 | ≤ 2 | yes | so it is |")
    assert line(None) == "| x | y | not measured | ≤ 2 |  | so it is |"
    assert "| 3 s | ≤ 2 s |" in line(2.6, baseline="")


def test_whole_trainings_are_scaled_up_from_one_epoch(monkeypatch):
    monkeypatch.setattr(whole, "TRAININGS", (("small", "mini", ""),))
    assert all(whole.IMAGES % batch == 0 for batch in (64, 128))  # no short batch
    monkeypatch.setattr(whole, "IMAGES", 128)
    seconds = []
    train = whole.train

    def watched(*args, **options):
        for row in train(*args, **options):
            seconds.append(row["seconds"])
            yield row

    monkeypatch.setattr(whole, "train", watched)
    (row,) = whole.rows(CPU)
    assert row.name == "small, 20 epochs at batch 64" and row.baseline == ""
    assert row.ratio == pytest.approx(20 * seconds[1]) and len(seconds) == 2
    assert row.note.endswith("TFLOP/s")


def test_every_call_is_timed_once_a_round_and_in_turning_order():
    order = []
    calls = {name: (lambda name=name: order.append(name)) for name in "ab"}
    taken = side_by_side(calls, 4, CPU, seconds=1e-9)
    assert {name: len(values) for name, values in taken.items()} == {"a": 4, "b": 4}
    assert all(value > 0 for values in taken.values() for value in values)
    turns = "".join(name for name, _ in itertools.groupby(order))
    assert turns.endswith("ababa")  # a b, b a, a b, b a


def test_peak_memory_is_what_was_held_at_once_and_not_all_there_ever_was():
    def in_turn():
        for _ in range(5):
            torch.ones(250_000)

    def at_once():
        return [torch.ones(250_000) for _ in range(5)]

    assert peak_memory(in_turn, CPU) == pytest.approx(1e6, rel=0.01)
    assert peak_memory(at_once, CPU) == pytest.approx(5e6, rel=0.01)


def test_the_exponent_of_a_power_law_is_its_power(monkeypatch):
    sizes = [10, 100, 1000]
    taken = {str(size): [size**1.5, 0.0, size**2.0] for size in sizes}
    monkeypatch.setattr(measure, "side_by_side", lambda *args: taken)
    monkeypatch.setattr(measure, "peak_memory", lambda call, device: call())
    found = growth("size", {size: lambda size=size: 7 * size for size in sizes}, 3, CPU)
    assert found["time_exponent"] == pytest.approx(1.5) and found["sizes"] == sizes
    assert found["memory_exponent"] == pytest.approx(1.0) and found["bytes"] == [70, 700, 7000]


def test_a_call_gives_its_losses_gradient_and_leaves_none_behind():
    """What it left would be freed within the next measured call, whose peak would read too low."""
    ours = loss.calls(6, 5, CPU)
    for call in ours.values():
        gradient = call()
        (found,) = call.args
        cells = [cell.cell_contents for cell in call.func.__closure__]
        logits, target = sorted(filter(torch.is_tensor, cells), key=lambda x: -x.dim())
        assert logits.grad is None
        torch.testing.assert_close(gradient, torch.autograd.grad(found(logits, target), logits)[0])
    assert not torch.equal(ours["fpl"](), ours[aims.CE]())


@pytest.fixture(scope="module")
def data():
    return load_cifar10(source="mini")


def setup(data):
    """A setup whose batches are small enough for a test."""

    class Small(trainer.Setup):
        @property
        def recipe(self):
            return replace(super().recipe, batch_size=16)

    return Small("small", data, CPU)


def test_the_ways_to_train_take_as_many_steps(monkeypatch, data):
    steps = []
    make = trainer.training.make_optimizer

    def counting(parameters, recipe):
        optimizer = make(parameters, recipe)
        optimizer.register_step_post_hook(lambda *args: steps.append(optimizer))
        return optimizer

    monkeypatch.setattr("fpl_lib.training.make_optimizer", counting)
    monkeypatch.setattr("fpl_lib.training.loop.make_optimizer", counting)
    for name, way in trainer.contenders(setup(data), 70).items():  # of which 64 are taken
        before = len(steps)
        assert way() > 0
        assert len(steps) == before + (0 if name == "batches" else 4)


def test_images_are_taken_again_where_a_round_needs_more_than_there_are(data):
    """With the 4 000 of the excerpt a GPU would time the start of the common loop's workers."""
    images, labels = setup(data).images(9000)
    assert len(images) == len(labels) == 9000 and torch.equal(images[8000], data.train_images[0])
    assert trainer.IMAGES["cuda"]["resnet18"] > 4000


def test_the_steps_compared_differ_in_what_they_are_named_for_alone(monkeypatch, data):
    made = {}

    def beside(self, steps, rounds):
        made[self.name, len(made)] = steps
        return {name: [1.0] * rounds for name in steps}

    monkeypatch.setattr(trainer.Setup, "beside", beside)
    assert [row.ratio for row in trainer.cost(data, CPU, 1)] == [1.0] * 3
    assert [row.ratio for row in trainer.shortcut(data, CPU, 1)] == [1.0]
    for name, (_, steps) in zip([*trainer.RECIPES, "shortcut"], made.items(), strict=True):
        ours, theirs = (step.plain.__closure__ for step in steps.values())
        ours, theirs = (
            {type(cell.cell_contents).__name__: cell.cell_contents for cell in closure}
            for closure in (ours, theirs)
        )
        if name == "shortcut":
            shortcuts = (
                [type(part) is ShortcutConv2d for part in closure["ResNet"].modules()]
                for closure in (ours, theirs)
            )
            assert any(next(shortcuts)) and not any(next(shortcuts))
        else:
            assert "FalsePositiveLoss" in ours and "CrossEntropyLoss" in theirs
            (network,) = {"SmallResNet", "CompactNet", "ResNet"} & set(ours)
            one, other = (closure[network].state_dict() for closure in (ours, theirs))
            torch.testing.assert_close(one, other)
        first, second = (step.optimizer for step in steps.values())
        assert type(first) is type(second) and first.defaults == second.defaults


@pytest.fixture
def quick(monkeypatch):
    """The whole command on the smallest sizes: what it writes, not what it says."""
    monkeypatch.setattr(loss, "SHAPES", ((4, 3), (1024, 32_000)))
    monkeypatch.setattr(loss, "MEMORY_SHAPE", (8, 4))
    calls = loss.calls
    monkeypatch.setattr(loss, "calls", lambda n, c, device, **o: calls(4, 3, device, **o))
    recipe = trainer.Setup.recipe.fget
    small = property(lambda self: replace(recipe(self), batch_size=2))
    monkeypatch.setattr(trainer.Setup, "recipe", small)
    monkeypatch.setattr(trainer, "IMAGES", {"cpu": {"small": 4, "resnet18": 4}})
    monkeypatch.setattr(trainer, "ACCURACY_IMAGES", 4)
    monkeypatch.setattr(trainer, "RUNS", ROOT / "no such folder")
    sweep = {"axis": "N", "sizes": [1, 2], "seconds": [1.0, 2.0], "bytes": [4, 8]}
    sweep |= {"time_exponent": 1.0, "memory_exponent": 1.0}
    for module in (loss, trainer):
        monkeypatch.setattr(module, "growths", lambda *args: [sweep])
    monkeypatch.setattr(loss, "by_avx2", lambda *args: [])


def test_the_command_measures_what_is_aimed_at_and_writes_json_tables_and_a_figure(
    quick, tmp_path, capsys
):
    assert main(["bench", "--rounds", "1", "--to", str(tmp_path), "--threads", "1"]) == 0
    out = capsys.readouterr().out
    assert "| the loss alone, 4 × 3 | cross-entropy |" in out
    measured = json.loads((tmp_path / "bench-cpu.json").read_text("utf-8"))
    assert page.to_markdown(measured) in out
    rows = {(row["group"], row["name"], row["baseline"]): row for row in measured["rows"]}
    missing = aims.AIMS["cpu"].keys() - rows.keys()
    assert all(aim[0] == aims.CLASS or "8192" in aim[1] for aim in missing)
    assert {row["target"] for row in rows.values()} - {None} <= {*aims.AIMS["cpu"].values()}
    (whole,) = (row for row in rows.values() if not row["baseline"])
    assert (
        whole["name"] == "compact"
        and whole["note"] == "6 epochs by steps timed; no run is recorded"
    )
    names = {"bench-cpu.json", "growth-cpu.png", "README.md", "CUDA.md"}
    assert {path.name for path in tmp_path.iterdir()} == names
    text = (tmp_path / "README.md").read_text("utf-8")
    on_cuda = (tmp_path / "CUDA.md").read_text("utf-8")
    assert {tmp_path / "README.md": text, tmp_path / "CUDA.md": on_cuda} == page.pages(tmp_path)
    assert "Not measured; `python -m fpl_lib bench --device cuda --to data/bench`" in on_cuda
    for _, name, baseline in aims.AIMS["cuda"]:
        assert f"| {name} | {baseline} | not measured | " in on_cuda
    for _, name, baseline in missing:
        assert f"| {name} | {baseline} | not measured | " in text
    assert f"aims are met, {len(missing)} not measured. CPU, " in text
    sentences = page.in_three_sentences(tmp_path)
    assert "CUDA not measured" in sentences and sentences.count(".\n") == 2
    assert "Nothing is measured yet" in page.in_three_sentences(tmp_path / "none")


@pytest.mark.parametrize("capability", ["AVX2", "AVX512"])
def test_a_processor_with_avx512_is_timed_as_one_without_it_too(capability, monkeypatch):
    class Inline(contextlib.nullcontext):
        def submit(self, call, *args):
            assert os.environ["ATEN_CPU_CAPABILITY"] == "avx2"
            return SimpleNamespace(result=lambda: call(*args))

    monkeypatch.setattr(loss, "SHAPES", ((4, 3),))
    monkeypatch.setattr(loss, "MEMORY_SHAPE", (8, 4))
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    monkeypatch.setattr(loss, "ProcessPoolExecutor", lambda *args: Inline())
    names = [row.name for row in loss.by_avx2(1, 1)]
    assert names == (["the loss alone, 4 × 3, by AVX2"] if capability == "AVX512" else [])
    assert os.environ.get("ATEN_CPU_CAPABILITY") != "avx2"


def test_a_part_can_be_measured_alone(quick, tmp_path):
    found = command.bench(CPU, parts=["loss"], quick=True, threads=1)
    assert {row["group"] for row in found["rows"]} == {aims.COST} and not found["growth"]
    assert found["rounds"] == 1
    command.save(found, tmp_path)
    sentences = page.in_three_sentences(tmp_path)
    assert "The trainer runs at (not measured) of" in sentences and sentences.count(".\n") == 2


def test_the_bench_makes_the_gpu_it_is_given_the_current_one(monkeypatch):
    """Else it would wait for another, and ask that one for its memory."""
    chosen = []
    monkeypatch.setattr(torch.cuda, "set_device", lambda device: chosen.append(str(device)))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "a GPU")
    monkeypatch.setattr(torch, "set_float32_matmul_precision", chosen.append)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    found = command.bench(torch.device("cuda:1"), parts=[], threads=1)
    assert chosen == ["cuda:1", "high"] and found["environment"]["device"] == "a GPU"


def test_notebooks_are_run_when_asked(monkeypatch, tmp_path):
    (tmp_path / "notebooks").mkdir()
    book = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    for name in ("00_a", "01_b"):
        (tmp_path / "notebooks" / f"{name}.ipynb").write_text(book)
    ran = []
    monkeypatch.setattr(command, "CHECKOUT", tmp_path)
    monkeypatch.setattr(
        "fpl_lib.course.editions.execute", lambda book, place, **given: ran.append(given)
    )
    rows = command.bench(CPU, parts=[], notebooks=True, threads=1)["rows"]
    assert ran == [{"OMP_NUM_THREADS": "1"}] * 2 and [row["target"] for row in rows] == [
        60.0,
        300.0,
    ]
    assert rows[0]["ratio"] <= rows[1]["ratio"] and rows[0]["note"][:4] in ("00_a", "01_b")


def test_the_page_says_what_was_measured():
    """Where this fails the measurements are newer: `python -m fpl_lib report --readme`."""
    for path, said in page.pages(ROOT / "data" / "bench").items():
        assert path.read_text("utf-8") == said
    rows = page.stored(ROOT / "data" / "bench", "cpu")["rows"]
    assert all(row["note"] for row in rows if row["met"] is False), "missed, and no word on why"
