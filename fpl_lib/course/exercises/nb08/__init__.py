"""Notebook 08: what wrong labels do to a loss, and a loss to wrong labels."""
