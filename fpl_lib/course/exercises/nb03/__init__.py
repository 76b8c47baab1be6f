"""Notebook 03: terms, weights and false classes to exchange, and what it does."""
