"""Notebook 04: what a class weight can do about imbalance, and what else can."""
