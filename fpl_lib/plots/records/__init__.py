"""Figures made from records of runs alone, each returned with its alternative text.

Every function takes records of *one setting* (`pairs.by_setting`), except `loss_differences`, which
takes an experiment's. None averages what was run differently.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "curves": ["accuracy_over_epochs"],
        "differences": ["loss_differences"],
        "errors": ["confusion_map", "false_positive_map"],
    },
)
