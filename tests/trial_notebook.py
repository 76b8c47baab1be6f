"""A teacher's notebook about the trial exercises, as short as the rules for notebooks allow."""

from __future__ import annotations

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

TITLE = """\
# 99 · Does the machinery work?

**Question.** Does it?

**Objectives.** See that it does.

**Prerequisites.** None.

**Time.** about 5 minutes, 3 of them core

Words: [glossary](../GLOSSARY.md)"""

SET_UP = """\
import matplotlib.pyplot as plt
import numpy as np
import torch
import trial_exercises

from fpl_lib.plots import style as plots
from fpl_lib.course.calls import check, predict

trial_exercises.install()
plots.use_style()"""

FIGURE = """\
import ipywidgets

fig, ax = plt.subplots()
ax.plot([0, 1], [0, 1])
alt = "A straight line from zero to one, as a stand-in for a slider's picture."
plots.show(fig, alt=alt, live=ipywidgets.FloatSlider())"""

SOLUTIONS = {
    "99-softmax": '''\
def softmax(z):
    """Probabilities of shape (N, C)."""
    ### BEGIN SOLUTION
    e = (z - z.amax(1, keepdim=True)).exp()
    return e / e.sum(1, keepdim=True)
    ### END SOLUTION''',
    "99-half": """\
half = (
    ### BEGIN SOLUTION
    0.5
    ### END SOLUTION
)""",
    "99-curve": """\
def curve():
    ### BEGIN SOLUTION
    p = np.linspace(0.05, 1, 100)
    fig, ax = plt.subplots()
    ax.plot(p, -np.log(p), label="CE")
    ax.set(xlabel="$p_T$", ylabel="loss (nats)", title="Cross-entropy")
    return ax
    ### END SOLUTION""",
}


def teacher() -> nbformat.NotebookNode:
    """The notebook as its author wrote it: sources only, nothing filled in."""
    cells = [new_markdown_cell(TITLE), new_code_cell(SET_UP), new_code_cell('predict("99-which")')]
    for name, source in SOLUTIONS.items():
        answer = name[3:]
        cells += [
            new_markdown_cell(f"### The exercise on {answer}\n<!-- card {name} -->\nDo it."),
            new_code_cell(source),
            new_code_cell(f'check("{name}", {answer})'),
        ]
    folded = new_code_cell(FIGURE, metadata={"jupyter": {"source_hidden": True}})
    cells += [new_markdown_cell("▸ The folded cell draws a line."), folded]
    cells += [new_markdown_cell("## Summary\n\nIt works.")]
    cells += [new_markdown_cell("## Read next\n\nNothing.")]
    return new_notebook(cells=cells)
