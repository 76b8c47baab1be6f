"""Notebook 10: design a loss, plan its trial, and report what came out."""
