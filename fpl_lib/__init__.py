"""False Positive Loss (Kiaei et al. 2023): the loss, its weights and its terms."""

from fpl_lib.losses.alphas import LearnableAlpha, batch_alpha, class_alpha
from fpl_lib.losses.fpl import FalsePositiveLoss, false_positive_loss, log_term, squared_term

__all__ = [
    "FalsePositiveLoss",
    "LearnableAlpha",
    "batch_alpha",
    "class_alpha",
    "false_positive_loss",
    "log_term",
    "squared_term",
]
