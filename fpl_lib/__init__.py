"""False Positive Loss (Kiaei et al. 2023): the loss, training with it, and a course around it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from fpl_lib.losses import (
        FalsePositiveLoss,
        LearnableAlpha,
        batch_alpha,
        class_alpha,
        false_positive_loss,
        log_term,
        squared_term,
    )

__all__ = [
    "FalsePositiveLoss",
    "LearnableAlpha",
    "batch_alpha",
    "class_alpha",
    "false_positive_loss",
    "log_term",
    "squared_term",
]

try:
    __version__ = version("fpl-lib")
except PackageNotFoundError:  # used from a source tree that was never installed
    __version__ = "source"

# Nothing is imported before it is used: `python -m fpl_lib --help` need not wait for torch.
__getattr__, __dir__, _ = lazy_loader.attach(__name__, submod_attrs={"losses": __all__})
