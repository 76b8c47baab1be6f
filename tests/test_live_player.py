"""Notebook 07's live figure: recorded runs played back, epoch by epoch."""

from __future__ import annotations

import importlib.util
import io

import ipywidgets
import numpy as np
import pytest
from made_runs import made
from PIL import Image

from fpl_lib.cifar10.files import CLASSES
from fpl_lib.evidence.records import Record
from fpl_lib.plots.live import RunPlayer

pytestmark = pytest.mark.slow


def kept(loss, top1=60.0, seed=0, epochs=4):
    """A run whose every epoch holds a confusion matrix; errors move from cat to dog."""
    run = made(loss, seed, top1, epochs=epochs, images=1000)
    for place, row in enumerate(run.epochs):
        matrix = np.zeros((10, 10), int)
        right = int(20 + 15 * place + (top1 - 60) / 2)
        for true in range(10):
            matrix[true, true] = right
            matrix[true, 3 if true != 3 else 5] += 100 - right
        row["confusion"], row["top1"] = matrix.tolist(), float(right)
    return run


def half_kept():
    """A run of whose epochs only the last has no confusion matrix."""
    run = kept("fpl")
    del run.epochs[-1]["confusion"]
    return run


BOTH = [kept("ce"), kept("fpl", 64.0)]


def test_the_matrix_is_the_epochs_in_percent_of_the_true_class():
    player = RunPlayer(BOTH)
    player.set(epoch=2, view="FPL")
    matrix = player.confusion()
    assert matrix.sum(1) == pytest.approx(np.full(10, 100))
    assert matrix.diagonal() == pytest.approx(np.full(10, BOTH[1].epochs[1]["top1"]))
    drawn = np.asarray(player._panel.collections[0].get_array()).reshape(10, 10)
    assert drawn == pytest.approx(matrix)


def test_the_difference_is_fpl_less_ce_and_sums_to_zero():
    player = RunPlayer(BOTH)
    assert player.views == ("FPL", "CE", "FPL − CE") and player.view == "FPL − CE"
    matrix = player.confusion()
    assert matrix.sum(1) == pytest.approx(np.zeros(10), abs=1e-9)
    assert matrix.diagonal() == pytest.approx(np.full(10, 2.0))


def test_the_curves_end_at_the_epoch_shown():
    player = RunPlayer(BOTH)
    player.set(epoch=3)
    past, here = player._lines["ce"]
    assert past.get_ydata() == [row["top1"] for row in BOTH[0].epochs[:3]]
    assert (list(here.get_xdata()), here.get_ydata()) == ([3], [BOTH[0].epochs[2]["top1"]])


def test_runs_without_confusion_matrices_are_passed_over():
    player = RunPlayer([kept("fpl", 64.0, seed=1), made("ce", 1), made("fpl", 0), made("ce", 0)])
    assert (player.seed, list(player.runs), player.views) == (1, ["fpl"], ("FPL",))
    assert player.confusion().diagonal() == pytest.approx(np.full(10, 67.0))
    assert len(player._lines) == 1 and player.sentence().count(" top-1 and ") == 1


def test_words_say_epoch_accuracy_and_the_commonest_error():
    player = RunPlayer(BOTH)
    player.set(epoch=1, view="CE")
    words = player.sentence()
    assert words.startswith("Epoch 1 of 4, seed 0, mini, small on cifar10-mini")
    assert "CE has 20.0 % top-1" in words and f"are taken for {CLASSES[3]}" in words


def test_the_lowest_seed_that_both_have_is_played():
    runs = [*(kept("fpl", seed=s) for s in (0, 1, 2)), kept("ce", seed=1), kept("ce", seed=2)]
    player = RunPlayer(runs)
    assert player.seed == 1 and list(player.runs) == ["fpl", "ce"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: RunPlayer(BOTH).set(epoch=5), "from 1 to 4, got 5"),
        (lambda: RunPlayer(BOTH).set(view="top-5"), "one of FPL, CE, FPL − CE, got 'top-5'"),
        (lambda: RunPlayer([Record(made().header)]), "no record has an epoch with its confusion"),
        (lambda: RunPlayer([half_kept()]), "no record has an epoch with its confusion"),
        (lambda: RunPlayer([made("fpl"), made("ce")]), "no record has an epoch with its confusion"),
        (lambda: RunPlayer([*BOTH, made(condition="exp10")]), "runs of one setting, got 2"),
    ],
)
def test_what_is_not_there_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_moving_a_control_redraws():
    player, live = RunPlayer.with_controls(BOTH)
    above, row, picture, words = live.children
    (play,) = above.children
    assert isinstance(play, ipywidgets.Play) and (play.min, play.max) == (1, 4)
    assert Image.open(io.BytesIO(picture.value)).size == (940, 460)
    named = {control.description: control for column in row.children for control in column.children}
    for name, value in (("epoch", 1), ("right", "CE"), ("epoch", 3)):
        before = picture.value
        named[name].value = value
        assert picture.value != before and words.value == player.sentence()
    assert (player.epoch, player.view) == (3, "CE")


def test_without_ipywidgets_there_is_the_figure_alone(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    player, live = RunPlayer.with_controls(BOTH)
    assert live is None and player.epoch == 4
