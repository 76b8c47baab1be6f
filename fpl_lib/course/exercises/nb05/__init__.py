"""Notebook 05: a loop, an optimiser, a loss's scale, and a number to judge."""
