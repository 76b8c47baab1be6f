"""The bench: its arithmetic, that like is compared with like, what it writes. Nothing is timed."""

import itertools
import json
from dataclasses import replace

import pytest
import torch
from repository import ROOT, text

from fpl_lib.__main__ import main
from fpl_lib.cifar10.load import load_cifar10
from fpl_lib.commands.bench import command, loss, measure, page, start, trainer, whole
from fpl_lib.commands.bench.measure import (
    Row,
    growth_exponent,
    peak_memory,
    quartiles,
    side_by_side,
)

pytestmark = pytest.mark.slow


def test_a_ratio_is_taken_round_by_round():
    """A machine that slows down by ten in the last round does not move it."""
    assert quartiles([2.0, 2.0, 20.0], [1.0, 1.0, 10.0]) == (2.0, 2.0, 2.0)


@pytest.mark.parametrize(
    ("ratio", "better", "met"),
    [(0.9, "below", True), (1.1, "below", False), (1.1, "above", True), (0.9, "above", False),
     (None, "below", None)],
)  # fmt: skip
def test_a_target_is_met_or_not(ratio, better, met):
    assert Row("loss", "x", "time", "y", ratio, target=1.0, better=better).met is met
    assert Row("loss", "x", "time", "y", ratio).met is None


def test_a_missed_aim_says_by_how_much_and_why_and_a_met_one_does_not():
    def line(ratio):
        row = Row("loss", "x", "time", "y", ratio, target=2.0, note="so it is")
        return page._line(page.plain(row))

    assert line(2.5).endswith("| ≤ 2 | missed by 25.0 % (so it is) |")
    assert line(2.0).endswith("| ≤ 2 | yes |")


def test_operations_are_those_asked_for_and_not_what_they_consist_of():
    x = torch.ones(3, requires_grad=True)
    assert measure.operations(lambda: x.detach().exp().sum()) == 3
    # exp, mul and sum; for the backward pass ones_like, expand, mul, mul, and what collects it.
    assert 6 <= measure.operations(lambda: x.exp().mul(2).sum().backward()) <= 10


def test_whole_trainings_are_scaled_up_from_one_epoch(monkeypatch):
    monkeypatch.setattr(whole, "TRAININGS", (("table2-mini", "", "small", 20.0),))
    seconds = []
    train = whole.train

    def watched(*args, **options):
        for row in train(*args, **options):
            seconds.append(row["seconds"])
            yield row

    monkeypatch.setattr(whole, "train", watched)
    (row,) = whole.rows("cpu", images=128)
    assert row.name == "small, 20 epochs at batch 64" and row.unit == "seconds"
    assert row.ratio == pytest.approx(20 * seconds[1]) and len(seconds) == 2
    assert row.note.endswith("TFLOP/s") and row.target == 20.0


def test_every_call_is_timed_once_a_round_and_in_turning_order():
    order = []
    calls = {name: (lambda name=name: order.append(name)) for name in "ab"}
    taken = side_by_side(calls, rounds=4, seconds=1e-9)
    assert {name: len(values) for name, values in taken.items()} == {"a": 4, "b": 4}
    assert all(value > 0 for values in taken.values() for value in values)
    turns = "".join(name for name, _ in itertools.groupby(order))
    assert turns.endswith("ababa")  # a b, b a, a b, b a
    assert measure.once_each({"a": lambda: None}, rounds=2).keys() == {"a"}


def test_peak_memory_is_what_was_held_at_once_and_not_all_there_ever_was():
    def in_turn():
        for _ in range(5):
            torch.ones(250_000)

    def at_once():
        return [torch.ones(250_000) for _ in range(5)]

    assert peak_memory(in_turn) == pytest.approx(1e6, rel=0.01)
    assert peak_memory(at_once) == pytest.approx(5e6, rel=0.01)


def test_the_exponent_of_a_power_law_is_its_power():
    sizes = [10, 100, 1000]
    assert growth_exponent(sizes, [size**1.5 for size in sizes]) == pytest.approx(1.5)


def test_the_losses_compared_take_the_same_step():
    """Ours and the plain one have one gradient; every contender gives one."""
    ours = loss.calls(6, 5, "cpu")
    gradients = {}
    for name, call in ours.items():
        call()
        leaf = next(
            cell.cell_contents for cell in call.__closure__ if torch.is_tensor(cell.cell_contents)
        )
        gradients[name] = leaf.grad.clone()
    assert {"fpl", "cross_entropy", "sigmoid_focal_loss", "plain FPL"} <= set(gradients)
    torch.testing.assert_close(gradients["fpl"], gradients["plain FPL"])
    assert all(gradient.abs().sum() > 0 for gradient in gradients.values())


def test_the_ways_to_train_take_as_many_steps(monkeypatch):
    images = load_cifar10(source="mini")
    steps = []
    make = trainer.make_optimizer

    def counting(parameters, recipe):
        optimizer = make(parameters, recipe)
        optimizer.register_step_post_hook(lambda *args: steps.append(optimizer))
        return optimizer

    monkeypatch.setattr(trainer, "make_optimizer", counting)
    monkeypatch.setattr("fpl_lib.training.loop.make_optimizer", counting)
    ways = trainer.contenders(
        "small", images.train_images[:64], images.train_labels[:64], "cpu",
        replace(trainer.RECIPE, batch_size=16),
    )  # fmt: skip
    for name, way in ways.items():
        before = len(steps)
        assert way() > 0
        assert len(steps) == before + (0 if name == "batches" else 4)


@pytest.fixture
def quick(monkeypatch):
    """The whole command on the smallest sizes: what it writes, not what it says."""
    monkeypatch.setattr(loss, "ON_CPU", {(4, 3): 2.5})
    monkeypatch.setattr(loss, "MEMORY_SHAPE", (8, 4))
    monkeypatch.setattr(trainer, "ON_CPU", {"small": (64, 0.97, 3.0)})
    sweep = {"axis": "N", "sizes": [1, 2], "seconds": [1.0, 2.0], "bytes": [4, 8]}
    sweep |= {"time_exponent": 1.0, "memory_exponent": 1.0}
    for module in (loss, trainer):
        monkeypatch.setattr(module, "growth", lambda *args: [sweep])


def test_the_command_writes_json_a_table_and_a_figure(quick, tmp_path, capsys):
    arguments = ["bench", "--rounds", "1", "--to", str(tmp_path), "--data-dir", str(tmp_path)]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "| loss: fpl, 4 × 3 | cross_entropy |" in out
    assert "| trainer: small, speed | common loop |" in out
    assert "| class: loading the full CIFAR-10, seconds |  | not measured: the data" in out
    measured = json.loads((tmp_path / "bench-cpu.json").read_text("utf-8"))
    assert page.to_markdown(measured) in out
    assert {row["group"] for row in measured["rows"]} == {"loss", "trainer", "class"}
    names = {"bench-cpu.json", "growth-cpu.png", "README.md"}
    assert {path.name for path in tmp_path.iterdir()} == names
    text = (tmp_path / "README.md").read_text("utf-8")
    assert text == page.page(tmp_path)
    aimed, others = text.split("Without an aim")
    assert "| loss: fpl, 4 × 3 |" in aimed and "plain FPL" not in aimed and "plain FPL" in others
    assert "Not measured; `python -m fpl_lib bench --device cuda --to data/bench`" in text
    for row in (*loss.aims(loss.ON_CUDA), *trainer.aims(trainer.ON_CUDA), *whole.aims()):
        assert f": {row.name}" in text and "| not measured |" in text
    sentences = page.in_three_sentences(tmp_path)
    assert "(4 × 3 logits)" in sentences and "CUDA not measured" in sentences
    assert "Nothing is measured yet" in page.in_three_sentences(tmp_path / "none")


def test_a_part_can_be_measured_alone(quick, tmp_path):
    found = command.bench(torch.device("cpu"), parts=["loss"], rounds=1, threads=1)
    assert {row["group"] for row in found["rows"]} == {"loss"} and not found["growth"]
    with pytest.raises(ValueError, match="unknown part 'speed': expected loss, trainer"):
        command.bench(torch.device("cpu"), parts=["speed"])


def test_the_import_is_measured_in_a_fresh_interpreter():
    assert start._seconds("pass") < start._seconds("import torch")


def test_the_page_says_what_was_measured():
    """Where this fails the measurements are newer: `python -m fpl_lib report --readme`."""
    folder = ROOT / "data" / "bench"
    assert text("data/bench/README.md") == page.page(folder)
