"""A network, a recipe, a row per epoch, on CPU or GPU."""

from fpl_lib.training.batches import CIFAR10_MEAN, CIFAR10_STD, Batches, crop_and_flip
from fpl_lib.training.checkpoint import CheckpointError, load_checkpoint
from fpl_lib.training.distributed import anywhere, processes
from fpl_lib.training.loop import Paused, logits_of, train
from fpl_lib.training.metrics import (
    accuracy,
    confusion_matrix,
    ece,
    false_positives,
    margin,
    nll,
    top_k_accuracy,
)
from fpl_lib.training.models import MODELS, STEMS, CompactNet, SmallResNet, build_model
from fpl_lib.training.pretrained import WeightsError, load_weights, name_weights
from fpl_lib.training.recipe import OPTIMIZERS, SCHEDULES, Recipe, make_optimizer, make_scheduler
from fpl_lib.training.shortcut import unused_weights
from fpl_lib.training.step import Step, has_bfloat16, numeric_mode, recorder_for, use_device

__all__ = [
    "CIFAR10_MEAN", "CIFAR10_STD", "MODELS", "OPTIMIZERS", "SCHEDULES", "STEMS", "Batches",
    "CheckpointError", "CompactNet", "Paused", "Recipe", "SmallResNet", "Step", "WeightsError",
    "accuracy", "anywhere", "build_model", "confusion_matrix", "crop_and_flip", "ece",
    "false_positives", "has_bfloat16", "load_checkpoint", "load_weights", "logits_of",
    "make_optimizer", "make_scheduler", "margin", "name_weights", "nll", "numeric_mode",
    "processes", "recorder_for", "top_k_accuracy", "train", "unused_weights", "use_device",
]  # fmt: skip
