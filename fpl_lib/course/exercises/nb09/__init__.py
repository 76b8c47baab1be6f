"""Notebook 09: what single runs, pairs and intervals may carry."""
