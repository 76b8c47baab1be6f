"""FPL: its terms, its weights, its rivals."""

from fpl_lib.losses import rivals, terms
from fpl_lib.losses.alphas import (
    LearnableAlpha,
    batch_alpha,
    class_alpha,
    class_balanced_weights,
    flipped_alpha,
)
from fpl_lib.losses.fpl import FalsePositiveLoss, false_positive_loss
from fpl_lib.losses.matched import GradientMatched
from fpl_lib.losses.rivals import (
    LossModule,
    balanced_softmax_loss,
    class_balanced_loss,
    focal_loss,
    gce_loss,
    logit_adjusted_loss,
    mae_loss,
    poly1_loss,
    sce_loss,
)
from fpl_lib.losses.terms import (
    focal_term,
    gce_term,
    log_term,
    mae_term,
    poly1_term,
    sce_term,
    squared_term,
)

__all__ = [
    "FalsePositiveLoss", "GradientMatched", "LearnableAlpha", "LossModule", "balanced_softmax_loss",
    "batch_alpha", "class_alpha", "class_balanced_loss", "class_balanced_weights",
    "false_positive_loss", "flipped_alpha", "focal_loss", "focal_term", "gce_loss", "gce_term",
    "log_term", "logit_adjusted_loss", "mae_loss", "mae_term", "poly1_loss", "poly1_term", "rivals",
    "sce_loss", "sce_term", "squared_term", "terms",
]  # fmt: skip
