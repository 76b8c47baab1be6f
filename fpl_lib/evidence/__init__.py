"""From planned runs to records to comparisons to verdicts."""

import lazy_loader

# Lazy, so that reading a record needs no training stack.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["contest", "planning", "stats"],
    submod_attrs={
        "catalogue": ["EXPERIMENTS", "LOSSES", "MINI", "SCALE_MINI", "TABLE_1", "TABLE_3"],
        "chance": ["luck"],
        "comparisons": ["compare", "comparison_plot", "comparison_table"],
        "experiments": ["configs", "run"],
        "pairs": [
            "by_setting", "compared", "difference_table", "differences", "images", "values",
        ],
        "planning": ["power", "seeds_needed"],
        "records": ["Record", "RecordError", "read_record", "read_runs", "results_table"],
        "stats": ["holm", "mcnemar", "mean_interval", "paired_difference", "sign_flip"],
        "overview": ["missing_command", "requested_command", "summary"],
        "verdicts": ["VERDICTS", "verdict_on", "verdict_table"],
    },
)  # fmt: skip
