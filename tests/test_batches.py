"""Batches: what an epoch holds, that seed and epoch alone decide it, and torchvision as oracle."""

import numpy as np
import pytest
import torch
from scipy import stats
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as tv

from fpl_lib.cifar10.load import load_cifar10
from fpl_lib.training.batches import CIFAR10_MEAN, CIFAR10_STD, Batches, crop_and_flip

COUNT = 103


@pytest.fixture(scope="module")
def mini():
    data = load_cifar10(source="mini")
    return data.train_images[:COUNT], data.train_labels[:COUNT]


def _all(batches, epoch=0):
    parts = list(batches.epoch(epoch))
    return torch.cat([x for x, _ in parts]), torch.cat([y for _, y in parts])


def test_without_options_it_is_the_set_in_order_normalised(mini):
    images, labels = mini
    batches = Batches(images, labels, batch_size=25)
    parts = list(batches)
    assert [len(y) for _, y in parts] == [25, 25, 25, 25, 3] and len(batches) == 5
    x, y = _all(batches)
    assert y.equal(labels) and x.dtype == torch.float32 and x.is_contiguous()
    expected = v2.Compose(
        [v2.ToDtype(torch.float32, scale=True), v2.Normalize(CIFAR10_MEAN, CIFAR10_STD)]
    )(images)
    torch.testing.assert_close(x, expected, rtol=0, atol=2e-6)


def test_mean_and_deviation_are_those_of_the_training_set(mini):
    # The excerpt's own, 4000 images, differ from the full set's by chance only.
    pixels = load_cifar10(source="mini").train_images.double() / 255
    assert pixels.mean((0, 2, 3)).tolist() == pytest.approx(CIFAR10_MEAN, abs=0.01)
    # The recipe's deviations are about 0.2: the mean of each image's own, as is customary.
    assert pixels.std((2, 3)).mean(0).tolist() == pytest.approx(CIFAR10_STD, abs=0.01)


@pytest.mark.parametrize("channels_last", [True, False])
@pytest.mark.parametrize("size", [64, 45, 20, 32])
def test_images_are_resized_as_torchvision_does_after_the_same_crops(mini, size, channels_last):
    options = {"batch_size": 25, "shuffle": True, "augment": True, "channels_last": channels_last}
    x, y = _all(Batches(*mini, image_size=size, **options))
    as_they_are, labels = _all(Batches(*mini, **options))
    torch.testing.assert_close(x, tv.resize(as_they_are, [size, size]), rtol=0, atol=2e-5)
    assert x.shape == (COUNT, 3, size, size) and y.equal(labels)


def test_shuffling_brings_each_image_once(mini):
    batches = Batches(*mini, batch_size=25, shuffle=True)
    order = batches.draws(0).order
    assert order.sort().values.equal(torch.arange(COUNT)) and not order.equal(torch.arange(COUNT))
    plain, _ = _all(Batches(*mini, batch_size=25))
    x, y = _all(batches)
    assert x.equal(plain[order]) and y.equal(mini[1][order])


OPTIONS = {"batch_size": 25, "shuffle": True, "augment": True}


def test_seed_and_epoch_alone_decide(mini):
    torch.manual_seed(1)
    np.random.seed(1)
    state = torch.get_rng_state()
    first, first_labels = _all(Batches(*mini, **OPTIONS, seed=5), 3)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    batches = Batches(*mini, **OPTIONS, seed=5)
    for epoch in (0, 7):  # what was asked before does not matter
        _all(batches, epoch)
    again, labels = _all(batches, 3)
    assert again.equal(first) and labels.equal(first_labels)


def test_other_seeds_and_epochs_are_other_batches(mini):
    drawn = [
        Batches(*mini, **OPTIONS, seed=seed).draws(epoch)
        for seed, epoch in ((0, 0), (0, 1), (1, 0), (1, 1), (2, 0))
    ]
    for i, one in enumerate(drawn):
        for other in drawn[:i]:
            assert not any(a.equal(b) for a, b in zip(one, other, strict=True))


RECORDED = [
    [4, 1, 3, 5, 0, 2, 6, 7],
    [6, 6, 4, 8, 2, 8, 7, 7],
    [6, 1, 5, 0, 2, 8, 8, 7],
    [False, False, True, False, False, False, True, True],
]


def test_the_draws_never_change():
    """Recorded runs name a seed: the same seed must mean the same batches in years to come."""
    batches = Batches(torch.zeros(8, 3, 32, 32, dtype=torch.uint8), torch.arange(8), **OPTIONS)
    draws = batches.draws(0)
    assert [part.tolist() for part in draws] == RECORDED


def test_an_epoch_can_be_entered_anywhere(mini):
    batches = Batches(*mini, **OPTIONS)
    whole = list(batches.epoch(2))
    for start in (0, 1, 4, 5):
        rest = list(batches.epoch(2, start=start))
        assert len(rest) == 5 - start
        for (x, y), (rest_x, rest_y) in zip(whole[start:], rest, strict=True):
            assert x.equal(rest_x) and y.equal(rest_y)


def test_iterating_is_epoch_zero_each_time(mini):
    batches = Batches(*mini, **OPTIONS)
    assert all(x.equal(z) for (x, _), (z, _) in zip(batches, batches.epoch(0), strict=True))


@pytest.mark.parametrize("padding", [4, 2, 0])
def test_each_augmented_image_is_torchvisions(mini, padding):
    images, labels = mini
    batches = Batches(images, labels, **OPTIONS, padding=padding)
    draws = batches.draws(4)
    x, _ = _all(batches, 4)
    for row, (index, top, left, flip) in enumerate(zip(*(d.tolist() for d in draws), strict=True)):
        expected = tv.crop(tv.pad(images[index], padding), top, left, 32, 32)
        expected = tv.horizontal_flip(expected) if flip else expected
        assert x[row].equal(batches.normalise(expected[None])[0])


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_crop_and_flip_of_any_size_type_and_layout(layout):
    images = torch.randn(40, 2, 7, 11, dtype=torch.float64).contiguous(memory_format=layout)
    top, left = torch.randint(9, (2, 40))
    flip = torch.rand(40) < 0.5
    result = crop_and_flip(images, top, left, flip)
    assert result.is_contiguous(memory_format=layout)
    for i in range(40):
        expected = tv.crop(tv.pad(images[i], 4), int(top[i]), int(left[i]), 7, 11)
        assert result[i].equal(expected.flip(-1) if flip[i] else expected)


def test_offsets_and_flips_are_uniform_and_independent():
    """The same law as torchvision's: 9 x 9 x 2 outcomes, each as likely."""
    images = torch.zeros(81 * 2 * 40, 3, 1, 1, dtype=torch.uint8)
    batches = Batches(images, torch.zeros(len(images), dtype=torch.int64), **OPTIONS)
    seen = torch.zeros(162)
    for epoch in range(5):
        _, top, left, flip = batches.draws(epoch)
        seen += torch.bincount((top * 9 + left) * 2 + flip, minlength=162)
    assert stats.chisquare(seen.numpy()).pvalue > 0.001

    class Seen(v2.RandomCrop):
        def make_params(self, inputs):
            params = super().make_params(inputs)
            offsets.append((params["top"], params["left"]))
            return params

    offsets = []
    crop = Seen(32, padding=4)
    for _ in range(2000):
        crop(torch.zeros(3, 32, 32, dtype=torch.uint8))
    ours = torch.stack([batches.draws(0).top, batches.draws(0).left])[:, :2000].numpy()
    for axis, theirs in enumerate(np.array(offsets).T):
        table = [np.bincount(values, minlength=9) for values in (ours[axis], theirs)]
        assert np.shape(table) == (2, 9) and stats.chi2_contingency(table).pvalue > 0.001


def test_position_and_neighbours_are_independent():
    images = torch.zeros(20_000, 3, 1, 1, dtype=torch.uint8)
    batches = Batches(images, torch.zeros(20_000, dtype=torch.int64), **OPTIONS)
    columns = [part.double() for part in batches.draws(0)]
    columns += [columns[1].roll(1), columns[3].roll(1), torch.arange(20_000).double()]
    correlations = torch.corrcoef(torch.stack(columns)) - torch.eye(7)
    assert correlations.abs().max() < 4.5 / 20_000**0.5


@pytest.mark.parametrize("device", ["cpu"] + ["cuda"] * torch.cuda.is_available())
def test_every_device_sees_the_same_batches_to_the_last_bit(mini, device):
    x, y = _all(Batches(*mini, **OPTIONS, seed=1, device=device), 2)
    assert x.device.type == y.device.type == device
    expected, labels = _all(Batches(*mini, **OPTIONS, seed=1), 2)
    assert x.cpu().equal(expected) and y.cpu().equal(labels)


def test_channels_last_changes_the_memory_alone(mini):
    one, other = (Batches(*mini, **OPTIONS, channels_last=last) for last in (False, True))
    for (x, _), (z, _) in zip(one, other, strict=True):
        assert z.is_contiguous(memory_format=torch.channels_last) and not z.is_contiguous()
        assert x.equal(z)


def test_what_is_yielded_may_be_written_to(mini):
    images, labels = mini
    before = images.clone(), labels.clone()
    batches = Batches(images, labels, batch_size=25)
    first = [(x.clone(), y.clone()) for x, y in batches]
    for x, y in batches:
        x.zero_()
        y.zero_()
    assert images.equal(before[0]) and labels.equal(before[1])
    assert all(x.equal(z) for (x, _), (z, _) in zip(batches, first, strict=True))


IMAGES, LABELS = torch.zeros(10, 3, 32, 32, dtype=torch.uint8), torch.zeros(10, dtype=torch.int64)


@pytest.mark.parametrize(
    ("images", "labels", "options", "error", "message"),
    [
        (IMAGES.numpy(), LABELS, {}, TypeError, "images: expected a uint8 tensor .* got ndarray"),
        (IMAGES.float(), LABELS, {}, TypeError, "images: expected a uint8 .* got torch.float32"),
        (IMAGES[0], LABELS, {}, ValueError, r"images: expected shape .* got \(3, 32, 32\)"),
        (IMAGES[:0], LABELS[:0], {}, ValueError, "images: expected shape .* none of them zero"),
        (IMAGES, LABELS[:9], {}, ValueError, "labels: expected one for each of the 10 .* got 9"),
        (IMAGES, LABELS.int(), {}, TypeError, "labels: expected int64; got torch.int32"),
        (IMAGES, LABELS - 1, {}, ValueError, "labels: expected class indices from 0 on"),
        (IMAGES, LABELS, {"batch_size": 0}, ValueError, "batch_size: expected an int of 1 or more"),
        (IMAGES, LABELS, {"batch_size": 2.0}, TypeError, "batch_size: expected an int; got 2.0"),
        (IMAGES, LABELS, {"seed": -1}, ValueError, "seed: expected an int from 0"),
        (IMAGES, LABELS, {"shuffle": "no"}, TypeError, "shuffle: expected True or False; got 'no'"),
        (IMAGES, LABELS, {"padding": -1}, ValueError, "padding: expected an int of 0 or more"),
        (IMAGES, LABELS, {"augment": 1}, TypeError, "augment: expected True or False; got 1"),
        (IMAGES, LABELS, {"device": "gpu"}, RuntimeError, "device string: gpu"),
        (IMAGES[:, :1], LABELS, {}, ValueError, r"images: expected .*3, .* got \(10, 1, 32, 32\)"),
    ],
)
def test_what_cannot_be_batched(images, labels, options, error, message):
    with pytest.raises(error, match=message):
        Batches(images, labels, **{"batch_size": 4, **options})


@pytest.mark.parametrize(
    ("epoch", "start", "error", "message"),
    [
        (-1, 0, ValueError, "epoch: expected an int of 0 or more; got -1"),
        (0.5, 0, TypeError, "epoch: expected an int"),
        (0, -1, ValueError, "start: expected an int from 0 to 3; got -1"),
        (0, 4, ValueError, "start: expected an int from 0 to 3; got 4"),
    ],
)
def test_epochs_that_cannot_be_are_refused_at_once(epoch, start, error, message):
    with pytest.raises(error, match=message):
        Batches(IMAGES, LABELS, batch_size=4).epoch(epoch, start=start)
