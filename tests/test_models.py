"""The networks: shapes, stems, seeds, and that the small one learns."""

import pytest
import torch
import torchvision

from fpl_lib.cifar10.load import load_cifar10
from fpl_lib.evidence.experiments import EXPERIMENTS
from fpl_lib.training.batches import Batches
from fpl_lib.training.loop import train
from fpl_lib.training.models import MODELS, STEMS, CompactNet, SmallResNet, build_model


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("stem", STEMS)
def test_every_network_maps_images_to_logits_and_passes_a_gradient(name, stem):
    model = build_model(name, num_classes=7, stem=stem, seed=0)
    logits = model(torch.randn(2, 3, 32, 32))
    assert logits.shape == (2, 7)
    logits.sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def last_feature_map(model, layer):
    sizes = []
    layer.register_forward_hook(lambda module, args, out: sizes.append(tuple(out.shape[2:])))
    model.eval()(torch.zeros(1, 3, 32, 32))
    return sizes[0]


@pytest.mark.parametrize(("stem", "size"), [("torchvision", (1, 1)), ("cifar", (4, 4))])
def test_the_stem_decides_how_much_a_resnet_sees_of_a_small_image(stem, size):
    model = build_model("resnet18", stem=stem, seed=0)
    assert last_feature_map(model, model.layer4) == size


@pytest.mark.parametrize("name", ["efficientnet_v2_s", "efficientnet_lite0"])
@pytest.mark.parametrize(("stem", "size"), [("torchvision", (1, 1)), ("cifar", (2, 2))])
def test_the_stem_halves_efficientnet_once_less(name, stem, size):
    model = build_model(name, stem=stem, seed=0)
    assert last_feature_map(model, model.features) == size


def test_torchvisions_stem_is_torchvisions_network_to_the_bit():
    ours = build_model("resnet18", seed=3).state_dict()
    torch.manual_seed(3)
    theirs = torchvision.models.resnet18(num_classes=10).state_dict()
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)


def test_a_seed_decides_the_weights_and_leaves_the_random_state_alone():
    before = torch.get_rng_state()
    one, same, other = (build_model("small", seed=seed).head.weight for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(before, torch.get_rng_state())


def test_without_a_seed_the_global_one_counts():
    torch.manual_seed(5)
    first = build_model("small").head.weight
    assert not torch.equal(first, build_model("small").head.weight)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("resnet19",), "unknown model 'resnet19': expected one of resnet18"),
        (("resnet18", {"stem": "vit"}), "unknown stem 'vit'"),
        (("resnet18", {"num_classes": 1}), "at least 2, got 1"),
    ],
)
def test_unknown_names_are_refused(arguments, words):
    name, options = (*arguments, {})[:2]
    with pytest.raises(ValueError, match=words):
        build_model(name, **options)


def test_the_small_network_takes_any_image_size():
    assert SmallResNet(4)(torch.zeros(2, 3, 20, 28)).shape == (2, 4)


def test_the_compact_network_has_fewer_than_600_000_weights_and_trains_all_of_them():
    model = build_model("compact", seed=0)
    assert sum(p.numel() for p in model.parameters()) <= 600_000
    assert all(p.requires_grad for p in model.parameters())


def test_whitened_patches_are_uncorrelated_and_of_unit_size():
    images = torch.randn(64, 3, 32, 32).cumsum(2).cumsum(3)  # neighbours alike, as in photographs
    model = CompactNet()
    model.whiten(images)
    # A stride of 2: the very patches that the filters were made of.
    maps = torch.nn.functional.conv2d(images, model.filters, stride=2)
    values = maps.transpose(0, 1).flatten(1)
    torch.testing.assert_close(values[:12], -values[12:])
    torch.testing.assert_close(
        values[:12] @ values[:12].T / values.shape[1], torch.eye(12), rtol=0, atol=0.01
    )


def test_training_leaves_the_whitening_alone():
    model = build_model("compact", seed=0)
    model.whiten(torch.randn(8, 3, 32, 32))
    before = model.filters.clone()
    optimizer = torch.optim.SGD(model.parameters(), 0.1, weight_decay=0.1)
    model(torch.randn(4, 3, 32, 32)).square().sum().backward()
    optimizer.step()
    assert torch.equal(model.filters, before)


@pytest.mark.slow
def test_the_small_network_learns_the_excerpt_to_more_than_55_percent():
    data, recipe = load_cifar10(source="mini"), EXPERIMENTS["mini"].recipe
    options = {"channels_last": recipe.channels_last}
    rows = train(
        build_model("small", seed=0),
        torch.nn.CrossEntropyLoss(),
        Batches(
            data.train_images, data.train_labels, batch_size=recipe.batch_size, shuffle=True,
            augment=recipe.augment, **options,
        ),
        Batches(data.test_images, data.test_labels, batch_size=500, **options),
        recipe,
        progress=False,
    )  # fmt: skip
    assert list(rows)[-1]["top1"] > 55
