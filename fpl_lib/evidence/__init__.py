"""From planned runs to records to comparisons to verdicts."""

import lazy_loader

# Lazy, so that reading a record needs no training stack.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["contest", "planning", "stats"],
    submod_attrs={
        "catalogue": [
            "EXPERIMENTS", "LOSSES", "COMPACT", "MINI", "TABLE_1", "TABLE_3",
            "Condition", "Experiment", "RunConfig",
        ],
        "comparisons": [
            "LEAST_SEEDS", "Comparison", "Setting", "by_setting", "compare", "compared",
            "comparison_table", "difference_table", "differences", "images", "known_accuracies",
            "shown_p", "values",
        ],
        "experiments": ["Busy", "Conflict", "conditioned", "configs", "hold", "run"],
        "machine": ["cpu_name", "environment"],
        "names": ["NAMES", "difference_of", "name_of"],
        "overview": [
            "question_commands", "summary", "unasked_commands",
        ],
        "pages": [
            "markdown_table", "not_run", "number", "question_state", "reproduction_report",
            "secondary_section",
        ],
        "planning": ["power", "seed_spread", "seeds_needed", "single_run_p"],
        "properties": [
            "asks_for", "keeps_top_class", "properties_of", "relative_length", "require_trainable",
        ],
        "questions": ["QUESTIONS", "Answer", "Control", "Question", "answer"],
        "records": [
            "Record", "completed", "read_record", "read_runs",
            "recorded_runs", "write_record",
        ],
        "secondary": ["secondary"],
        "stats": [
            "Interval", "PairedDifference", "SignFlip", "holm", "mcnemar", "mean_interval",
            "prediction_interval", "sign_flip",
        ],
        "validation": ["RecordError", "result_of"],
        "verdicts": ["VERDICTS", "Finding", "finding", "verdict_on", "verdict_table"],
    },
)  # fmt: skip
