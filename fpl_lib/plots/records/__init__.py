"""Figures made from records of runs alone, each returned with its alternative text.

Every function takes records of *one setting* (`evidence.by_setting`), except `comparison_plot`,
which takes comparisons, and `beside_chance`, which takes numbers.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "chance": ["beside_chance"],
        "comparisons": ["comparison_plot"],
        "curves": ["accuracy_over_epochs"],
        "errors": ["confusion_map", "false_positive_map"],
    },
)
