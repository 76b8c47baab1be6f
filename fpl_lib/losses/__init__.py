"""FPL: its terms, its weights, its rivals."""

from fpl_lib.losses import rivals, terms
from fpl_lib.losses.alphas import LearnableAlpha, batch_alpha, class_alpha, flipped_alpha
from fpl_lib.losses.fpl import FalsePositiveLoss, false_positive_loss, log_term, squared_term
from fpl_lib.losses.matched import GradientMatched
from fpl_lib.losses.properties import asks_for, properties_of, relative_length, require_trainable

__all__ = [
    "FalsePositiveLoss",
    "GradientMatched",
    "LearnableAlpha",
    "asks_for",
    "batch_alpha",
    "class_alpha",
    "false_positive_loss",
    "flipped_alpha",
    "log_term",
    "properties_of",
    "relative_length",
    "require_trainable",
    "rivals",
    "squared_term",
    "terms",
]
