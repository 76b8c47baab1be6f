"""Notebook 01: what FPL computes, step by step."""
