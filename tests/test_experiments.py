"""Experiments as data: their runs, recipes, conditions and losses."""

from dataclasses import replace

import pytest
import torch

from fpl_lib.cifar10.load import load_cifar10
from fpl_lib.evidence.experiments import (
    EXPERIMENTS,
    LOSSES,
    conditioned,
    configs,
)

pytestmark = pytest.mark.slow


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


@pytest.mark.parametrize("name", ["mini", "short"])
def test_what_is_run_beside_a_notebook_is_the_small_network_on_the_excerpt(name):
    assert (EXPERIMENTS[name].models, EXPERIMENTS[name].source) == (("small",), "mini")


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


def test_a_condition_changes_the_training_labels_and_them_alone():
    mini = load_cifar10(source="mini")
    plan = configs("mini", None, ["ce"], [3])[0]
    noisy, again, clean = (
        conditioned(mini, replace(plan, **change))
        for change in ({"noise": 0.4}, {"noise": 0.4, "loss": "fpl"}, {})
    )
    assert (noisy.train_labels != mini.train_labels).float().mean() == pytest.approx(0.4)
    assert torch.equal(noisy.train_labels, again.train_labels)
    assert torch.equal(clean.train_labels, mini.train_labels)
    assert noisy.train_images is mini.train_images and noisy.test_labels is mini.test_labels
    long, short = (
        conditioned(mini, configs("long-tail", None, ["ce"], [3], conditions=[name])[0])
        for name in ("exp100", "exp10")
    )
    assert long.train_labels.bincount().tolist()[::9] == [400, 4]
    assert short.train_labels.bincount().tolist()[::9] == [400, 40]
    assert len(long.train_images) == len(long.train_labels)
    assert torch.equal(long.test_labels, mini.test_labels)


def test_a_subset_has_as_many_images_of_each_class_and_is_another_with_each_seed():
    mini = load_cifar10(source="mini")
    plan = configs("mini", None, ["ce"], [3])[0]
    few, other, held = (
        conditioned(mini, replace(plan, noise=0.4, **change))
        for change in (
            {"per_class": 30}, {"per_class": 30, "seed": 4}, {"per_class": 30, "validation": 1000},
        )
    )  # fmt: skip
    assert few.train_images.shape == (300, 3, 32, 32) and len(few.test_labels) == 1000
    assert not torch.equal(few.train_images, other.train_images)
    pairs = zip(mini.train_images, mini.train_labels, strict=True)
    by_image = {i.numpy().tobytes(): int(t) for i, t in pairs}
    true = torch.tensor([by_image[i.numpy().tobytes()] for i in few.train_images])
    assert true.bincount().tolist() == [30] * 10
    assert (true != few.train_labels).float().mean() == pytest.approx(0.4)
    seen = {i.numpy().tobytes() for i in held.test_images}
    assert len(held.train_labels) == 300
    assert not seen & {i.numpy().tobytes() for i in held.train_images}


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


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_by_name_gives_a_finite_gradient(name):
    logits = torch.randn(6, 10, requires_grad=True)
    loss = LOSSES[name](torch.arange(50, 0, -5))
    loss(logits, torch.tensor([0, 1, 2, 3, 0, 1])).backward()
    assert logits.grad.isfinite().all() and logits.grad.abs().sum() > 0
