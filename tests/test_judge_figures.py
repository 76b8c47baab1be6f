"""The verdict on figures: in whatever way they are handed in, and what is said of wrong ones."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
import trial_exercises as trial

from fpl_lib.course.checking import figures
from fpl_lib.course.checking.judge import RIGHT, judge

pytestmark = pytest.mark.slow


def test_mistake_on_top_of_another_slip_is_still_recognised_where_it_tells():
    """Only the readings in which a mistake differs from the solution decide about it."""
    both = judge(trial.CURVE, lambda: trial.draw(np.log, x_name=""))
    assert both.mistake == "sign"


def test_figure_may_be_axes_figure_pair_or_a_drawn_figure():
    axes = trial.draw()
    for answer in (axes, axes.figure, lambda: trial.draw().figure):
        assert judge(trial.CURVE, answer).status == RIGHT
    plt.close("all")
    assert judge(trial.CURVE, lambda: (trial.draw().figure, None)).status == RIGHT
    assert plt.get_fignums() == []


def test_figure_that_was_shown_is_still_read(monkeypatch):
    """The inline backend's `plt.show()` closes figures; during a check it must not."""
    monkeypatch.setattr(plt, "show", lambda: plt.close("all"))

    def draw():
        trial.draw()
        plt.show()
        return plt.gcf()

    assert judge(trial.CURVE, draw).status == RIGHT


def test_figure_reasons():
    assert "nothing is drawn" in judge(trial.CURVE, plt.Figure()).reason
    assert "nothing is drawn" in judge(trial.CURVE, lambda: plt.subplots()[1]).reason
    assert "expected a matplotlib Figure" in judge(trial.CURVE, lambda: 3).reason
    wrong = judge(trial.CURVE, lambda: trial.draw(lambda p: 1 - p))
    assert wrong.reason == "look again at the curve labelled CE" and wrong.figure is not None
    assert plt.get_fignums() == []


def test_alternative_text_of_a_students_figure_says_what_is_in_it():
    text = figures.describe(trial.draw().figure)
    plt.close("all")
    assert text == "A figure drawn as an answer. loss (nats) over $p_T$, showing CE."
