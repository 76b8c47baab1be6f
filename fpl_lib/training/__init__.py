"""A network, a recipe, a row per epoch, on CPU or GPU."""

from fpl_lib.training.batches import Batches, crop_and_flip
from fpl_lib.training.loop import CheckpointError, Paused, Recipe, logits_of, train
from fpl_lib.training.metrics import (
    accuracy,
    confusion_matrix,
    false_positives,
    one_vs_rest_accuracy,
    top_k_accuracy,
)
from fpl_lib.training.models import MODELS, SmallResNet, build_model
from fpl_lib.training.pretrained import WeightsError, load_weights
from fpl_lib.training.shortcut import unused_weights

__all__ = [
    "MODELS",
    "Batches",
    "CheckpointError",
    "Paused",
    "Recipe",
    "SmallResNet",
    "WeightsError",
    "accuracy",
    "build_model",
    "confusion_matrix",
    "crop_and_flip",
    "false_positives",
    "load_weights",
    "logits_of",
    "one_vs_rest_accuracy",
    "top_k_accuracy",
    "train",
    "unused_weights",
]
