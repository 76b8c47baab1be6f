"""Runs of seconds, for tests of what becomes of a run: two epochs of 200 images."""

import time
from dataclasses import replace

import pytest
import tiny_training

from fpl_lib import cifar10
from fpl_lib.evidence import experiments
from fpl_lib.evidence.experiments import configs, run
from fpl_lib.training import Paused


def shortened(config, epochs):
    return replace(config, recipe=replace(config.recipe, epochs=epochs))


def shorten_mini(monkeypatch, *, epochs, images):
    """Let the commands run `mini` with so many epochs of so many training images."""
    plan, load = experiments.EXPERIMENTS["mini"], cifar10.load_cifar10
    monkeypatch.setitem(experiments.EXPERIMENTS, "mini", shortened(plan, epochs))

    def few(root, *, source):
        all_ = load(root, source=source)
        return replace(
            all_, train_images=all_.train_images[:images], train_labels=all_.train_labels[:images],
            test_images=all_.test_images[:60], test_labels=all_.test_labels[:60],
        )  # fmt: skip

    monkeypatch.setattr(cifar10, "load_cifar10", few)


def config(loss="fpl", seed=0, epochs=2):
    return shortened(configs("mini", None, [loss], [seed])[0], epochs)


def outcome(record):
    """A record's rows without what the clock says, and its result."""
    return tiny_training.outcome(record.epochs), record.result


def late(c, images, out):
    with pytest.raises(Paused):
        run(c, images, out, deadline=time.monotonic() - 1, progress=False)


def with_amp():
    return replace(config(), recipe=replace(config().recipe, amp=True))
