"""Figures made from records of runs alone, each returned with its alternative text.

Every function takes records of *one setting* (`pairs.by_setting`), except `loss_differences`, which
takes an experiment's. None averages what was run differently.
"""

from .confusions import confusion_map
from .curves import accuracy_over_epochs
from .differences import loss_differences
from .false_positives import false_positive_map

__all__ = ["accuracy_over_epochs", "confusion_map", "false_positive_map", "loss_differences"]
