"""Figures made from records of runs alone, each returned with its alternative text.

Every function takes records of *one setting* (`evidence.by_setting`), except `loss_differences`,
which takes an experiment's, and `comparison_plot`, which takes comparisons, and
`beside_chance`, which takes numbers. `question_state` says in words how far a question is.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "chance": ["beside_chance"],
        "comparisons": ["comparison_plot"],
        "curves": ["accuracy_over_epochs"],
        "differences": ["loss_differences"],
        "errors": ["confusion_map", "false_positive_map"],
        "state": ["question_state"],
    },
)
