"""Notebook 00: what the paper claims, read with a few lines of code."""
