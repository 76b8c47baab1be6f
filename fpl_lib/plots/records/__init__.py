"""Figures made from records of runs alone, each returned with its alternative text.

Every function takes records of *one setting* (`pairs.by_setting`), except `loss_differences`, which
takes an experiment's. None averages what was run differently.
"""

from fpl_lib.plots.records.confusions import confusion_map
from fpl_lib.plots.records.curves import accuracy_over_epochs
from fpl_lib.plots.records.differences import loss_differences
from fpl_lib.plots.records.false_positives import false_positive_map

__all__ = ["accuracy_over_epochs", "confusion_map", "false_positive_map", "loss_differences"]
