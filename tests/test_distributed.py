"""A training in two processes is that of one, up to rounding; from torchrun to the record."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import pytest
import torch
import torch.distributed as dist
from repository import ROOT
from tiny_training import batches, outcome, same_state
from torch import nn

from fpl_lib import FalsePositiveLoss, LearnableAlpha, batch_alpha
from fpl_lib.commands.jobs import Deadline
from fpl_lib.evidence.records import read_record
from fpl_lib.losses import GradientMatched
from fpl_lib.training import Paused, Recipe, logits_of, train

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


def in_two(rank, folder, work):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    torch.save(work(rank, folder), folder / f"rank{rank}.pt")
    dist.destroy_process_group()


def spawn(work, folder):
    """What `work(rank, folder)` gives in each of two processes."""
    torch.multiprocessing.spawn(in_two, (folder, work), nprocs=2)
    return [torch.load(folder / f"rank{rank}.pt", weights_only=False) for rank in (0, 1)]


def everything(rank, folder):
    found = {name: trained(loss()) for name, loss in LOSSES.items()}
    # BatchNorm: each process's own images, and the first one's running means for all.
    norm = nn.Sequential(nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(192, 4))
    found["norm"] = trained(nn.CrossEntropyLoss(), norm)
    # A pause is everybody's, though one alone is late; what was cut goes on as if it had not been.
    found["whole"] = trained(nn.CrossEntropyLoss(), plain_network(0.5))
    path = folder / "cut.ckpt"
    with pytest.raises(Paused) as pause:
        late = Deadline(None if rank == 0 else -1)
        trained(nn.CrossEntropyLoss(), plain_network(0.5), checkpoint=path, deadline=late)
    dist.barrier()
    found["cut"] = trained(nn.CrossEntropyLoss(), plain_network(0.5), checkpoint=path)
    found["paused"] = str(pause.value)
    return found


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    return spawn(everything, tmp_path_factory.mktemp("two"))


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


def test_a_pause_is_everybodys_and_the_rest_the_same_bit_for_bit(both):
    for one in both:
        assert one["paused"] == "stopped in epoch 1 before step 2 of 5"
        assert one["cut"][0] == one["whole"][0]
        assert same_state(one["cut"][1], one["whole"][1])
