"""Notebook 06: what Table 2 counts, and what one run can show."""
