"""Runs of seconds, for tests of what becomes of a run: two epochs of 200 images."""

import time
from dataclasses import replace

import pytest

from fpl_lib.evidence.experiments import (
    configs,
    run,
)
from fpl_lib.training import Paused


def shortened(config, epochs):
    return replace(config, recipe=replace(config.recipe, epochs=epochs))


def config(loss="fpl", seed=0, epochs=2):
    return shortened(configs("mini", None, [loss], [seed])[0], epochs)


def outcome(record):
    rows = [
        {k: v for k, v in row.items() if k not in ("seconds", "images_per_second")}
        for row in record.epochs
    ]
    return rows, record.result


def late(c, images, out):
    with pytest.raises(Paused):
        run(c, images, out, deadline=time.monotonic() - 1, progress=False)


def with_amp():
    return replace(config(), recipe=replace(config().recipe, amp=True))
