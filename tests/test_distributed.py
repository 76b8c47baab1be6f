"""A training in two processes is that of one, up to rounding; from torchrun to the record."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from functools import partial
from importlib.util import find_spec

import pytest
import torch
import torch.distributed as dist
from repository import ROOT, text
from tiny_training import batches, outcome, same_state
from torch import nn

from fpl_lib import FalsePositiveLoss, LearnableAlpha, batch_alpha
from fpl_lib.cifar10 import load_cifar10
from fpl_lib.commands.jobs import Deadline
from fpl_lib.commands.parser import make_parser
from fpl_lib.evidence.experiments import Conflict, configs, run
from fpl_lib.evidence.records import read_record
from fpl_lib.losses import GradientMatched
from fpl_lib.training import Batches, Paused, Recipe, logits_of, train

RECIPE = Recipe(batch_size=5, epochs=2, optimizer="sgd", lr=0.05, momentum=0.9)
LOSSES = {
    "ce": nn.CrossEntropyLoss,
    "batch_alpha": lambda: FalsePositiveLoss(batch_alpha),
    "ce_matched": lambda: GradientMatched(nn.CrossEntropyLoss(), FalsePositiveLoss()),
    "learnable": lambda: FalsePositiveLoss(LearnableAlpha(4)),
}


def plain_network(dropout=0.0):
    """Without BatchNorm: what it says of an image does not depend on the others."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Flatten(), nn.Dropout(dropout), nn.Linear(6 * 36, 4)
    )


def trained(loss, model=None, stop_after=None, **options):
    """Four batches of five images and one of two; the rows, and what has been learnt."""
    model = model or plain_network()
    data = batches(batch_size=5, augment=True, seed=5)
    held_out = batches(batch_size=7, shuffle=False)  # 7, 7, 7 and a last one alone
    rows = train(model, loss, data, held_out, RECIPE, progress=False, **options)
    return outcome(rows), nn.ModuleList([model, loss])


def meet(rank, folder, work, count):
    torch.set_num_threads(1)
    where = f"file://{folder}/meet"
    dist.init_process_group("gloo", init_method=where, rank=rank, world_size=count)
    torch.save(work(rank, folder), folder / f"rank{rank}.pt")
    dist.destroy_process_group()


def spawn(work, folder, count=2, how="spawn"):
    """What `work(rank, folder)` gives in each of `count` processes."""
    start = torch.multiprocessing.start_processes
    start(meet, (folder, work, count), nprocs=count, start_method=how)
    return [torch.load(folder / f"rank{rank}.pt", weights_only=False) for rank in range(count)]


def everything(rank, folder):
    found = {name: trained(loss()) for name, loss in LOSSES.items()}
    # BatchNorm: each process's own images, and the first one's running means for all.
    norm = nn.Sequential(nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(192, 4))
    found["norm"] = trained(nn.CrossEntropyLoss(), norm)
    # A pause is everybody's, though one alone is late; what was cut goes on as if it had not been.
    found["whole"] = trained(nn.CrossEntropyLoss(), plain_network(0.5))
    path = folder / "cut.ckpt"
    with pytest.raises(Paused) as pause:
        late = float("inf") if rank == 0 else 0.0
        trained(nn.CrossEntropyLoss(), plain_network(0.5), checkpoint=path, deadline=late)
    found["cut"] = trained(nn.CrossEntropyLoss(), plain_network(0.5), checkpoint=path)
    found["paused"] = str(pause.value)
    # A run of the kit: cut, gone on with, read again, and another one under its name.
    config = configs("mini", None, ["ce"], [0])[0]
    config = replace(config, recipe=replace(config.recipe, epochs=1, batch_size=16))
    images = load_cifar10(None, source="mini")
    few = {f"{kind}_{what}": getattr(images, f"{kind}_{what}")[:40]
           for kind in ("train", "test") for what in ("images", "labels")}  # fmt: skip
    go = partial(run, data=replace(images, **few), out=folder, progress=False)
    with pytest.raises(Paused):
        go(config, deadline=Deadline(-1))
    done = go(config)
    assert outcome(go(config).epochs) == outcome(done.epochs)
    found["run"] = done, sorted(path.name for path in (folder / "mini").iterdir())
    with pytest.raises(Conflict, match="noise = 0.0"):
        go(replace(config, noise=0.5))
    return found


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    return spawn(everything, tmp_path_factory.mktemp("two"))


@pytest.mark.slow
@pytest.mark.parametrize("name", LOSSES)
def test_two_processes_are_one_whatever_the_loss_sees_of_a_batch(both, name):
    rows, learnt = trained(LOSSES[name]())
    for theirs, module in (one[name] for one in both):
        for row, own in zip(theirs, rows, strict=True):
            assert row["confusion"] == own["confusion"]
            for key in row.keys() - {"confusion"}:
                assert row[key] == pytest.approx(own[key], rel=1e-5, abs=1e-5), key
        for a, b in zip(module.parameters(), learnt.parameters(), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)
    assert same_state(both[0][name][1], both[1][name][1])


def test_batchnorm_sees_its_processs_part_and_is_judged_by_the_first_ones_means(both):
    (rows, (model, _)), (others, _) = (one["norm"] for one in both)
    assert rows == others and sum(map(sum, rows[-1]["confusion"])) == 22
    alone = nn.Sequential(nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(192, 4))
    alone.load_state_dict(model.state_dict())
    logits, labels = logits_of(alone, batches(shuffle=False))
    assert nn.functional.cross_entropy(logits, labels).item() == pytest.approx(rows[-1]["nll"])


def images_that_batchnorm_sees(rank, folder):
    seen, norm = [], nn.BatchNorm2d(3)
    norm.register_forward_pre_hook(
        lambda layer, given: seen.append((layer.training, len(given[0])))
    )
    data = Batches(
        torch.zeros(256, 3, 8, 8, dtype=torch.uint8), torch.arange(256) % 4, batch_size=128
    )
    model = nn.Sequential(norm, nn.Flatten(), nn.Linear(192, 4))
    list(train(model, nn.CrossEntropyLoss(), data, data, RECIPE, progress=False))
    return [count for training, count in seen if training]


@pytest.mark.slow
@pytest.mark.skipif(
    sys.platform != "linux", reason="processes are forked, so that it takes seconds"
)
def test_eight_processes_normalise_sixteen_images_each(tmp_path):
    """MMClassification's 8 x 16."""
    seen = spawn(images_that_batchnorm_sees, tmp_path, 8, "fork")
    assert seen == [[16] * (256 // 128) * RECIPE.epochs] * 8


def test_a_pause_is_everybodys_and_the_rest_the_same_bit_for_bit(both):
    for one in both:
        assert one["paused"] == "stopped in epoch 1 before step 2 of 5"
        assert one["cut"][0] == one["whole"][0]
        assert same_state(one["cut"][1], one["whole"][1])


def test_a_run_in_two_processes_has_one_record_and_goes_on(both):
    for record, files in (one["run"] for one in both):
        assert record.header["environment"]["processes"] == 2 and record.done
        assert sum(map(sum, record.result["confusion"])) == 40
        assert [name for name in files if not name.endswith(".lock")] == ["small-ce-0.jsonl"]
    first, second = (one["run"][0] for one in both)
    assert (outcome(first.epochs), first.result) == (outcome(second.epochs), second.result)


@pytest.mark.slow
def test_torchrun_trains_one_run_in_two_processes(tmp_path):
    command = [
        *"-m torch.distributed.run --standalone --nproc-per-node 2 -m fpl_lib train".split(),
        *"--epochs 1 --batch-size 2000 --no-augment --device cpu --threads 1 --out".split(),
    ]
    done = subprocess.run(
        [sys.executable, *command, str(tmp_path)], capture_output=True, text=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("epoch   1/1") == done.stdout.count(": top1 ") == 1
    record = read_record(tmp_path / "train" / "small-fpl-0.jsonl")
    assert record.done and record.header["environment"]["processes"] == 2


PAGE = re.findall(r"^```bash\n(.*?)^```$", text("data/CLUSTER.md"), re.DOTALL | re.MULTILINE)
COMMANDS = [line for block in PAGE for line in block.splitlines() if line and line[0] not in "#i"]


def test_the_pages_scripts_are_bash_and_their_options_slurms():
    for block in PAGE:
        subprocess.run(["bash", "-n"], input=block, text=True, check=True)
    options = re.findall(r"^#SBATCH --([a-z-]+)", PAGE[0], re.M)
    known = {"job-name", "array", "cpus-per-task", "gres", "time", "requeue", "signal"}
    assert options and set(options) <= known


@pytest.mark.parametrize("line", [line for line in COMMANDS if "fpl_lib" in line])
def test_every_command_of_the_page_is_one_of_the_kit(line):
    words = shlex.split(line.replace("$SLURM_ARRAY_TASK_ID", "3"))
    if words[0] == "torchrun":
        from torch.distributed.run import get_args_parser

        launch = get_args_parser().parse_args(words[1:])
        assert launch.module and launch.training_script == "fpl_lib"
        words = launch.training_script_args
    else:
        words = words[words.index("fpl_lib") + 1 :]
    assert make_parser().parse_args(words).command == words[0]


@pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed: pip install ray")
@pytest.mark.filterwarnings("ignore")
def test_rays_own_commands_on_the_page_are_rays():
    from ray.scripts.scripts import cli as ray

    lines = [shlex.split(line) for line in COMMANDS if line.startswith("ray ")]
    for _, command, *options in lines:
        ray.commands[command].make_context(command, options)
    assert len(lines) == 2
