"""Notebook 02: where CE and FPL push the logits, and how to compute it."""
