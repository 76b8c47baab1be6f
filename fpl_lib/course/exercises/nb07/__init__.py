"""Notebook 07: Table 3, its curves, and the seeds it would take."""
