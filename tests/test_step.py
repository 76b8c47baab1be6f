"""A step that is recorded and replayed is the plain one. CUDA's part is played by a fake."""

import contextlib
import itertools
import time
from types import SimpleNamespace

import pytest
import torch
from tiny_training import RECIPES, batches, network, outcome, run, same_state
from torch import nn

from fpl_lib import FalsePositiveLoss, LearnableAlpha
from fpl_lib.training import (
    Paused,
    Recipe,
    Step,
    has_bfloat16,
    make_optimizer,
    make_scheduler,
    numeric_mode,
    train,
)
from fpl_lib.training import step as module

pytestmark = pytest.mark.slow


class FakeRecorder:
    """Keeps the step when it is to be recorded, takes it when it is replayed, as a graph does."""

    def __init__(self, device=None):
        self.log = []

    def beside(self, step):
        self.log.append("beside")
        return step()

    def record(self, step):
        self.log.append("record")
        place = torch.full((), torch.nan)

        def replay():
            self.log.append("replay")
            place.copy_(step())

        return replay, place


@pytest.fixture
def recorders(monkeypatch):
    """Have `train` record its steps; the list of the recorders it made."""
    made = []
    monkeypatch.setattr(
        "fpl_lib.training.loop.recorder_for",
        lambda device: made.append(FakeRecorder()) or made[-1],
    )
    return made


def as_on_cuda(parameters, recipe):
    """SGD as it is made for CUDA, which runs on a CPU, too; AdaDelta with a tensor as its rate."""
    rate = torch.tensor(recipe.lr)
    if recipe.optimizer == "adadelta":
        return torch.optim.Adadelta(parameters, rate)
    return torch.optim.SGD(
        parameters, rate, recipe.momentum, nesterov=recipe.nesterov, fused=True,
        weight_decay=recipe.weight_decay,
    )  # fmt: skip


@pytest.mark.parametrize("make", [make_optimizer, as_on_cuda], ids=["cpu", "as on cuda"])
@pytest.mark.parametrize("name", RECIPES)
def test_a_recorded_training_is_the_plain_one_bit_for_bit(name, make, recorders, monkeypatch):
    """With dropout, batch norm, a loss with weights, and a short batch in each epoch."""
    monkeypatch.setattr("fpl_lib.training.loop.make_optimizer", make)
    monkeypatch.setattr("fpl_lib.training.loop.has_bfloat16", lambda device: True)
    recorded, rows = run(RECIPES[name], loss=FalsePositiveLoss(LearnableAlpha(4)))
    found = outcome(rows)
    monkeypatch.setattr("fpl_lib.training.loop.recorder_for", lambda device: None)
    plain, rows = run(RECIPES[name], loss=FalsePositiveLoss(LearnableAlpha(4)))
    assert outcome(rows) == found and same_state(plain, recorded)
    (recorder,) = recorders
    whole = 5 * RECIPES[name].epochs  # of six batches an epoch
    assert recorder.log == ["beside"] * 3 + ["record"] + ["replay"] * (whole - 3)


@pytest.mark.parametrize("make", [make_optimizer, as_on_cuda], ids=["cpu", "as on cuda"])
@pytest.mark.parametrize("name", RECIPES)
def test_a_recorded_training_that_was_cut_is_the_whole_one(
    name, make, recorders, tmp_path, monkeypatch
):
    monkeypatch.setattr("fpl_lib.training.loop.make_optimizer", make)
    whole, rows = run(RECIPES[name])
    expected = outcome(rows)
    clock = itertools.count()
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    for cut in itertools.count():
        model = network(seed=cut)
        late = {"checkpoint": tmp_path / "c", "deadline": next(clock) + 16}
        try:
            found = outcome(run(RECIPES[name], model, **late)[1])
            break
        except Paused:
            assert "replay" in recorders[-1].log
    assert cut > 0
    assert found == expected and same_state(whole, model)


def test_losses_of_past_steps_stay_what_they_were():
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    step = Step(lambda x, y: nn.functional.cross_entropy(model(x), y), optimizer, 4, FakeRecorder())
    losses = [step(x, y) for x, y in batches()]
    assert len({loss.item() for loss in losses}) == len(losses)
    assert not any(loss.requires_grad for loss in losses)


@pytest.fixture
def compilations(monkeypatch):
    """The calls compiled, by the size of their batch; kernels are left to torch."""
    from torch._dynamo.backends.debugging import aot_eager

    compiler, sizes = torch.compile, []

    def backend(graph, inputs):
        sizes.append(next(len(x) for x in inputs if x.shape[1:] == (3, 8, 8)))
        return aot_eager(graph, inputs)

    def traced(forward, **options):
        assert "mode" not in options, "torch's own CUDA graphs inside of ours"
        return compiler(forward, backend=backend, **options)

    monkeypatch.setattr(torch, "compile", traced)
    return sizes


@pytest.mark.parametrize("loss", [nn.CrossEntropyLoss(), FalsePositiveLoss(0.9)])
def test_a_compiled_step_is_the_eager_one(loss, compilations):
    """What can go wrong is the tracing, not a sum's order: float64 leaves that below 1e-13.

    In float32 another last bit of the weights had grown to 1e-4 of a loss within nine epochs.
    """
    ends = []
    for compiled in (False, True):
        model = network().double()
        model[4] = nn.Identity()  # no dropout, whose draws need not be the same
        step = Step(
            lambda x, y, model=model: loss(model(x.double()), y),
            torch.optim.SGD(model.parameters(), 0.05, 0.9), 4, FakeRecorder(), compiled,
        )  # fmt: skip
        losses = [float(step(x, y)) for epoch in range(3) for x, y in batches().epoch(epoch)]
        ends.append((losses, model.state_dict()))
    (eager, weights), (traced, others) = ends
    assert eager == pytest.approx(traced, rel=1e-9)
    torch.testing.assert_close(others, weights, rtol=1e-9, atol=1e-9)


def test_any_number_of_trainings_compile_their_whole_batches_once_each(compilations):
    """One limit counted all losses and short batches of a process; past it they ran uncompiled."""
    from torch._dynamo import config

    with config.patch(recompile_limit=2, fail_on_recompile_limit_hit=True):
        for number in range(4):
            model = nn.Sequential(nn.Flatten(), nn.Linear(192, 4))
            loss = FalsePositiveLoss(0.5 + 0.1 * number)

            def forward(images, target, model=model, loss=loss):
                return loss(model(images), target)

            optimizer = torch.optim.SGD(model.parameters(), 0.01)
            step = Step(forward, optimizer, 4, compiled=True)
            for images, target in batches():
                step(images, target)
    assert compilations == [4] * 4


def test_to_compile_on_a_cpu_is_refused():
    with pytest.raises(ValueError, match="expected a CUDA device; got cpu, where it gains nothing"):
        next(run(RECIPES["table 1"], compiled=True)[1])


def test_optimisers_for_cuda_ask_the_device_for_nothing():
    """Told by their options: a foreach SGD, for one, would read its rate from the device."""

    class Weight(nn.Parameter):
        is_cuda = True

    weight = Weight(torch.ones(3))
    sgd = make_optimizer([weight], Recipe(optimizer="sgd", momentum=0.9)).param_groups[0]
    adadelta = make_optimizer([weight], Recipe()).param_groups[0]
    assert sgd["fused"] and not sgd["foreach"]
    assert adadelta["capturable"] and adadelta["foreach"]
    assert all(torch.is_tensor(group["lr"]) for group in (sgd, adadelta))
    on_cpu = make_optimizer([nn.Parameter(torch.ones(3))], Recipe()).param_groups[0]
    assert (type(on_cpu["lr"]), on_cpu["capturable"]) == (float, False)


@pytest.mark.parametrize("name", RECIPES)
def test_a_schedule_writes_into_the_tensor_that_a_recorded_step_reads_its_rate_from(name):
    optimizer = as_on_cuda([nn.Parameter(torch.ones(3))], RECIPES[name])
    rate, group = optimizer.param_groups[0]["lr"], optimizer.param_groups[0]
    scheduler = make_scheduler(optimizer, RECIPES[name], steps=3)
    for _ in range(5):
        optimizer.step()
        scheduler.step()
        assert group["lr"] is rate


def test_a_training_makes_its_device_the_current_one(monkeypatch):
    used = []
    monkeypatch.setattr("fpl_lib.training.loop.use_device", used.append)
    next(run(RECIPES["table 1"])[1])
    assert used == [torch.device("cpu")]


def test_what_cannot_be_recorded_is_said(monkeypatch):
    @contextlib.contextmanager
    def graph(graph, stream):
        yield

    fake = SimpleNamespace(Stream=object, CUDAGraph=object, graph=graph)
    monkeypatch.setattr(torch, "cuda", fake)

    def reads_a_value():
        raise RuntimeError("operation not permitted when stream is capturing")

    with pytest.raises(ValueError, match="cannot be recorded .* without .item.*not permitted"):
        module.Recorder().record(reads_a_value)


def test_a_cuda_device_is_made_current_and_multiplies_in_the_mode_the_record_names(monkeypatch):
    current, precision = [], []
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    monkeypatch.setattr(torch, "set_float32_matmul_precision", precision.append)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    module.use_device(torch.device("cpu"))
    assert not current and not precision
    module.use_device(torch.device("cuda:1"))
    assert current == [torch.device("cuda:1")] and precision == ["high"]
    assert torch.backends.cudnn.allow_tf32
    assert numeric_mode(torch.device("cuda:1"), amp=True) == "bfloat16, else TF32"
    assert numeric_mode(torch.device("cpu"), amp=False) == "float32"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    for capability, mode in (((7, 5), "float32"), ((8, 0), "bfloat16, else TF32")):
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _, c=capability: c)
        assert numeric_mode(torch.device("cuda:1"), amp=True) == mode


def test_bfloat16_is_computed_with_where_a_device_has_it(monkeypatch):
    seen = set()

    class Loss(nn.CrossEntropyLoss):
        def forward(self, logits, target):
            seen.add(torch.equal(logits, logits.bfloat16().float()))
            return super().forward(logits, target)

    for native in (True, False):
        monkeypatch.setattr(
            "fpl_lib.training.loop.has_bfloat16", lambda device, native=native: native
        )
        list(run(RECIPES["bfloat16"], loss=Loss())[1])
        assert seen == {native}
        seen.clear()
    assert has_bfloat16(torch.device("cuda"))


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


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", RECIPES)
def test_on_cuda_the_captured_step_is_the_plain_loop(name, compiled, monkeypatch):
    """Bit for bit where nothing is compiled; dropout draws the same numbers."""
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", True)
    ends = []
    for recorder in (module.recorder_for, lambda device: None):
        monkeypatch.setattr("fpl_lib.training.loop.recorder_for", recorder)
        model = network()
        if compiled:
            model[4] = nn.Identity()
        data, held_out = (batches(device="cuda", **o) for o in ({}, {"shuffle": False}))
        options = {"progress": False, "compiled": compiled and not ends}
        rows = train(model, FalsePositiveLoss(0.9), data, held_out, RECIPES[name], **options)
        ends.append((outcome(rows), model))
    (captured, one), (plain, other) = ends
    if compiled:
        losses = [[row["train_loss"] for row in rows] for rows in (captured, plain)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-2)
    else:
        assert captured == plain and same_state(one, other)
