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
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _no_figure_left_open():
    """Close what a test drew, so that figures do not pile up until matplotlib warns."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
