"""The loop: what it computes, where it stops, and that a cut leaves no trace."""

import itertools
import math
import time

import numpy as np
import pytest
import torch
from torch import nn

from fpl_lib import FalsePositiveLoss, LearnableAlpha
from fpl_lib.training import metrics
from fpl_lib.training.batches import Batches
from fpl_lib.training.loop import (
    CheckpointError,
    Paused,
    Recipe,
    has_bfloat16,
    load_checkpoint,
    logits_of,
    make_optimizer,
    save_checkpoint,
    train,
)

pytestmark = pytest.mark.slow


def images(count=22, size=8, classes=4):
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (count, 3, size, size), generator=generator, dtype=torch.uint8)
    return pixels, torch.arange(count) % classes


def batches(**options):
    options = {"batch_size": 4, "shuffle": True, **options}
    return Batches(*images(), **options)


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Flatten(), nn.Dropout(0.3),
        nn.Linear(6 * 36, 4),
    )  # fmt: skip


RECIPES = {
    "table 1": Recipe(batch_size=4, epochs=3, lr=0.5),
    "sgd, steps": Recipe(
        batch_size=4, epochs=3, optimizer="sgd", lr=0.05, momentum=0.9, nesterov=True,
        weight_decay=1e-3, schedule="step", milestones=(1, 2),
    ),
    "bfloat16": Recipe(
        batch_size=4, epochs=2, optimizer="sgd", lr=0.05, schedule="constant", amp=True
    ),
    "one cycle": Recipe(
        batch_size=4, epochs=2, optimizer="sgd", lr=0.05, momentum=0.9, schedule="one_cycle"
    ),
}  # fmt: skip


def run(recipe, model=None, loss=None, **options):
    model = model or network()
    data = batches(augment=True, seed=5)
    rows = train(
        model,
        loss or nn.CrossEntropyLoss(),
        data,
        batches(shuffle=False),
        recipe,
        progress=False,
        **options,
    )
    return model, rows


def outcome(rows):
    return [
        {k: v for k, v in row.items() if k not in ("seconds", "images_per_second")} for row in rows
    ]


def test_one_epoch_is_the_textbook_loop():
    recipe = Recipe(
        batch_size=4, epochs=2, optimizer="sgd", lr=0.1, momentum=0.9, channels_last=False
    )
    ours, rows = run(recipe, seed=3)
    rows = list(rows)

    theirs, data, losses = network(), batches(augment=True, seed=5), []
    optimizer = torch.optim.SGD(theirs.parameters(), 0.1, 0.9)
    torch.manual_seed(3)
    for epoch in range(2):
        for group in optimizer.param_groups:
            group["lr"] = 0.1 * (1 + math.cos(math.pi * epoch / 2)) / 2
        seen, total = 0, 0.0
        for x, y in data.epoch(epoch):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(theirs(x), y)
            loss.backward()
            optimizer.step()
            seen, total = seen + len(y), total + len(y) * float(loss.detach())
        losses.append(total / seen)
    for key, value in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[key], value)
    assert [row["train_loss"] for row in rows] == pytest.approx(losses, rel=1e-5)
    assert [row["lr"] for row in rows] == pytest.approx([0.1, 0.05])


def test_one_cycle_goes_up_and_down_in_straight_lines():
    """8 epochs of 6 steps: 12 steps up from a fifth of the rate, 36 down to nearly nothing."""
    rates = []

    class Watched(torch.optim.SGD):
        def step(self, closure=None):
            rates.append(self.param_groups[0]["lr"])
            return super().step(closure)

    recipe = Recipe(batch_size=4, epochs=8, optimizer="sgd", lr=0.5, schedule="one_cycle")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim, "SGD", Watched)
        rows = list(run(recipe)[1])
    up, down = np.linspace(0.1, 0.5, 12), np.linspace(0.5, 1e-5, 37)[1:]
    np.testing.assert_allclose(rates, [*up, *down], rtol=1e-4)
    assert [row["lr"] for row in rows] == rates[5::6]


def adadelta_as_on_cuda(parameters, recipe):
    """As `make_optimizer` makes it for a GPU: what torch.compile has to trace there."""
    return torch.optim.Adadelta(parameters, torch.tensor(recipe.lr), foreach=True, capturable=True)


@pytest.mark.parametrize(
    ("loss", "optimizer"),
    [
        (nn.CrossEntropyLoss(), {"optimizer": "sgd", "lr": 0.05, "momentum": 0.9}),
        (FalsePositiveLoss(0.9), {"optimizer": "sgd", "lr": 0.05, "momentum": 0.9}),
        (FalsePositiveLoss(0.9), {"optimizer": "adadelta", "lr": 0.3}),
    ],
    ids=["ce-sgd", "fpl-sgd", "fpl-adadelta"],
)
def test_a_compiled_training_is_the_eager_one(loss, optimizer, monkeypatch):
    """54 steps, every sixth a short one. What can go wrong is the tracing; kernels are torch's."""
    compiler = torch.compile
    monkeypatch.setattr(
        torch, "compile", lambda f, **options: compiler(f, backend="aot_eager", dynamic=False)
    )
    recipe = Recipe(batch_size=4, epochs=9, **optimizer)
    results = []
    for compiled in (False, True):
        if compiled and recipe.optimizer == "adadelta":
            monkeypatch.setattr("fpl_lib.training.loop.make_optimizer", adadelta_as_on_cuda)
        model = network()
        model[4] = nn.Identity()  # no dropout, whose draws need not be the same
        model, rows = run(recipe, model, loss, compiled=compiled)
        results.append(([row["train_loss"] for row in rows], model.state_dict()))
    (eager, weights), (traced, others) = results
    assert eager == pytest.approx(traced, rel=1e-4)
    for key, value in weights.items():
        torch.testing.assert_close(others[key], value, rtol=1e-3, atol=1e-4)


def test_bfloat16_is_computed_with_where_a_device_has_it(monkeypatch):
    seen = set()

    class Loss(nn.CrossEntropyLoss):
        def forward(self, logits, target):
            seen.add(torch.equal(logits, logits.bfloat16().float()))
            return super().forward(logits, target)

    for native in (True, False):
        monkeypatch.setattr("fpl_lib.train.has_bfloat16", lambda device, native=native: native)
        list(run(RECIPES["bfloat16"], loss=Loss())[1])
        assert seen == {native}
        seen.clear()
    assert has_bfloat16(torch.device("cuda"))


def test_each_row_says_how_sure_the_network_was_of_the_test_images():
    model, rows = run(RECIPES["table 1"])
    last = list(rows)[-1]
    logits, target = logits_of(model, batches(shuffle=False))
    for measure in (metrics.nll, metrics.ece, metrics.margin):
        assert last[measure.__name__] == measure(logits, target)


@pytest.mark.parametrize("name", RECIPES)
def test_a_training_cut_anywhere_ends_bit_for_bit_where_the_whole_one_does(
    name, tmp_path, monkeypatch
):
    monkeypatch.setattr("fpl_lib.train.has_bfloat16", lambda device: True)
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
            checkpoint=path, deadline=next(clock) + 3,
        )  # fmt: skip
        try:
            found = outcome(rows)
            break
        except Paused:
            cuts += 1
    assert cuts >= 3
    assert found == expected
    assert all(
        torch.equal(a, b)
        for a, b in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True)
    )


def test_a_finished_training_gives_its_rows_again_and_changes_nothing(tmp_path):
    first, rows = run(RECIPES["table 1"], checkpoint=tmp_path / "c")
    rows = list(rows)
    second, again = run(RECIPES["table 1"], network(seed=9), checkpoint=tmp_path / "c")
    assert list(again) == rows
    assert all(
        torch.equal(a, b)
        for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )


def test_the_last_short_batch_counts_by_its_size():
    class Constant(nn.Module):
        def __init__(self):
            super().__init__()
            self.bias = nn.Parameter(torch.zeros(4))

        def forward(self, x):
            return self.bias.expand(len(x), 4)

    class SizeLoss(nn.Module):
        def forward(self, logits, target):
            return logits.sum() * 0 + len(target)

    _, rows = run(Recipe(batch_size=4, epochs=1), Constant(), SizeLoss())
    assert list(rows)[0]["train_loss"] == pytest.approx((5 * 4 * 4 + 2 * 2) / 22)


def test_a_loss_that_is_not_finite_stops_the_training_and_names_the_batch(tmp_path):
    class Bad(nn.Module):
        calls = 0

        def forward(self, logits, target):
            self.calls += 1
            return logits.sum() * (math.nan if self.calls == 9 else 1e-3)

    _, rows = run(Recipe(batch_size=4, epochs=3), loss=Bad(), checkpoint=tmp_path / "c")
    assert next(rows)["epoch"] == 1
    with pytest.raises(FloatingPointError, match="nan in epoch 2, batch 3 of 6 .learning rate"):
        next(rows)
    assert len(load_checkpoint(tmp_path / "c")["history"]) == 1


def test_the_losss_own_parameters_are_trained_along():
    loss = FalsePositiveLoss(LearnableAlpha(4))
    before = [p.detach().clone() for p in loss.parameters()]
    list(run(RECIPES["sgd, steps"], loss=loss)[1])
    assert before and all(
        not torch.equal(a, b) for a, b in zip(before, loss.parameters(), strict=True)
    )


def test_a_deadline_without_a_checkpoint_still_stops():
    _, rows = run(RECIPES["table 1"], deadline=time.monotonic() - 1)
    with pytest.raises(Paused, match="epoch 1 before step 2 of 6"):
        list(rows)


def test_calls_that_come_too_late_still_end_the_training(tmp_path):
    """Loading data may outlast --max-seconds: each call must get on, or they would never end."""
    expected = outcome(run(RECIPES["table 1"])[1])
    for cut in itertools.count():
        late = {"checkpoint": tmp_path / "c", "deadline": time.monotonic() - 1}
        _, rows = run(RECIPES["table 1"], **late)
        try:
            found = outcome(rows)
            break
        except Paused:
            assert cut < 100, "no call gets on"
    assert found == expected


def test_a_damaged_checkpoint_is_named_with_the_cure(tmp_path):
    path = tmp_path / "c.ckpt"
    save_checkpoint(path, {"weights": torch.ones(1000)})
    whole = path.read_bytes()
    for damaged in (b"", b"no checkpoint", whole[: len(whole) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match="c.ckpt cannot be read.*delete it"):
            load_checkpoint(path)


def test_a_checkpoint_runs_no_code(tmp_path):
    path = tmp_path / "c.ckpt"

    class Evil:
        def __reduce__(self):
            return (path.with_name("harm").touch, ())

    torch.save({"history": Evil()}, path)
    with pytest.raises(CheckpointError, match="UnpicklingError"):
        load_checkpoint(path)
    assert not path.with_name("harm").exists()


def test_the_checkpoint_of_another_network_is_refused(tmp_path):
    list(run(RECIPES["table 1"], checkpoint=tmp_path / "c")[1])
    other = nn.Sequential(nn.Flatten(), nn.Linear(192, 4))
    with pytest.raises(CheckpointError, match="another training .*delete it"):
        list(run(RECIPES["table 1"], other, checkpoint=tmp_path / "c")[1])


def test_an_interrupted_write_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "c.ckpt"
    save_checkpoint(path, {"step": 1})

    def full(state, file):
        file.write(b"half of")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError, match="No space"):
        save_checkpoint(path, {"step": 2})
    assert load_checkpoint(path) == {"step": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["c.ckpt"]


def test_prediction_is_in_evaluation_mode_float32_and_puts_the_mode_back():
    model = network().train()
    one, two = (logits_of(model, batches(shuffle=False))[0] for _ in range(2))
    assert torch.equal(one, two) and one.dtype == torch.float32 and model.training
    assert one.shape == (22, 4) and not one.requires_grad


def test_adadeltas_steps_at_the_papers_rate_vanish_in_half_precision():
    """Why weights stay float32 under amp: at lr 0.001 a step is lost in bfloat16's eight bits."""

    def moved(dtype):
        weight = nn.Parameter(torch.ones(100, dtype=dtype))
        optimizer = make_optimizer([weight], Recipe())
        for _ in range(10):
            weight.grad = torch.full_like(weight, 0.1)
            optimizer.step()
        return float((weight.detach() - 1).abs().max())

    assert moved(torch.bfloat16) == 0
    assert moved(torch.float32) > 0


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"optimizer": "adam"}, "unknown optimizer 'adam'"),
        ({"schedule": "warm"}, "unknown schedule 'warm'"),
        ({"batch_size": 1}, "batch_size of at least 2"),
        ({"epochs": 0}, "at least 1 epoch"),
        ({"image_size": 0}, "image_size must be 1 pixel or more, got 0"),
        ({"lr": 0.0}, "lr must be above 0"),
        ({"lr": math.nan}, "lr must be above 0"),
        ({"lr": math.inf}, "lr must be above 0 and finite, got inf"),
        ({"weight_decay": -0.1}, "weight_decay must be 0 or more, got -0.1"),
        ({"momentum": math.nan}, "momentum must be 0 or more, got nan"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(fields, words):
    with pytest.raises(ValueError, match=words):
        Recipe(**fields)
