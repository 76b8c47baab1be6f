"""FPL: its terms, its weights, its rivals."""
