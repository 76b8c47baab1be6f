"""From planned runs to records to comparisons to verdicts."""
