"""A recorded run played back, epoch by epoch: how accuracy and the confusion of classes move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fpl_lib.cifar10.files import CLASSES
from fpl_lib.evidence.names import name_of
from fpl_lib.evidence.records import Record
from fpl_lib.plots.live import base
from fpl_lib.plots.records._look import (
    color_of,
    commonest_error,
    heat,
    largest_change,
    only_setting,
    percent,
    where,
)


class RunPlayer(base.LiveFigure):
    """One seed's runs of one setting at one epoch: top-1 so far left, who is taken for whom right.

    `records` are of one setting; drawn are the runs of the lowest seed that most losses have, at
    most two losses. `set` changes `epoch`, from 1 to `epochs`, and `view`, which of `views` the
    right panel shows: each loss, and with two their difference. Raises ValueError for records of
    several settings or without the epochs' confusion matrices, an epoch or a view not there.

    >>> from fpl_lib.evidence.records import recorded_runs
    >>> player = RunPlayer([run for run in recorded_runs("mini") if run.header["seed"] == 0])
    >>> player.epochs, player.views
    (20, ('FPL', 'CE', 'FPL − CE'))
    """

    def __init__(self, records: Sequence[Record]) -> None:
        self.setting = only_setting(records)
        by_seed: dict[int, dict[str, Record]] = {}
        for record in records:
            if record.epochs and all("confusion" in row for row in record.epochs):
                by_seed.setdefault(record.header["seed"], {})[record.header["loss"]] = record
        if not by_seed:
            raise ValueError("no record has an epoch with its confusion matrix: nothing to play")
        self.seed = max(sorted(by_seed), key=lambda seed: len(by_seed[seed]))
        found = by_seed[self.seed]
        losses = [loss for loss in dict.fromkeys(("fpl", "ce", *found)) if loss in found][:2]
        self.runs = {loss: found[loss].epochs for loss in losses}
        self.epochs = min(map(len, self.runs.values()))
        names = [name_of(loss) for loss in losses]
        self.views = (*names, " − ".join(names)) if len(names) == 2 else tuple(names)
        self._checks = {
            "epoch": base.within("epoch", 1, self.epochs),
            "view": base.one_of("view", self.views),
        }
        super().__init__(9.4, 4.6, title=(0.02, 0.94))
        self._draw_frame()
        self.set(epoch=self.epochs, view=self.views[-1])

    def confusion(self) -> np.ndarray:
        """What the right panel shows, (C, C) in percent of the true class."""
        found = {}
        for loss, rows in self.runs.items():
            found[name_of(loss)] = percent(np.array(rows[self.epoch - 1]["confusion"]))
        if self.view in found:
            return found[self.view]
        one, other = found.values()
        return one - other

    def sentence(self) -> str:
        now = [
            f"{name_of(loss)} has {rows[self.epoch - 1]['top1']:.1f} % top-1 and "
            f"{rows[self.epoch - 1]['top5']:.1f} % top-5"
            for loss, rows in self.runs.items()
        ]
        said = f"Epoch {self.epoch} of {self.epochs}, seed {self.seed}, {where(self.setting)}: "
        return f"{said}{'; '.join(now)}. {self._message()}."

    def _message(self) -> str:
        matrix = self.confusion()
        if " − " in self.view:
            return f"{self.view}: the largest difference is {largest_change(matrix)}"
        true, predicted, share = commonest_error(matrix)
        return f"{self.view}: {share:.0f} % of {true} are taken for {predicted}"

    def _draw_frame(self) -> None:
        self._curves = self.figure.add_axes((0.075, 0.14, 0.36, 0.68))
        self._panel = self.figure.add_axes((0.56, 0.2, 0.33, 0.62))
        self._bar = self.figure.add_axes((0.905, 0.2, 0.015, 0.62))
        self._under = self.figure.text(0.02, 0.885, "", fontsize=10, color="#444444")
        self._lines = _curve(self._curves, self.runs)
        self._curves.set_ylabel("top-1 accuracy (% of test images)")
        self._curves.legend(loc="lower right")

    def _redraw(self) -> None:
        for loss, (past, here) in self._lines.items():
            values = [row["top1"] for row in self.runs[loss][: self.epoch]]
            past.set_data(range(1, self.epoch + 1), values)
            here.set_data([self.epoch], values[-1:])
        self._draw_matrix(self.confusion())
        self._title.set_text(self._message())
        self._under.set_text(f"epoch {self.epoch} of {self.epochs}, seed {self.seed}, "
                             f"{where(self.setting)}")  # fmt: skip

    def _draw_matrix(self, matrix: np.ndarray) -> None:
        for ax in (self._panel, self._bar):
            ax.clear()
        change = " − " in self.view
        bar = {"label": "points" if change else "% of the true class"}
        scale = {} if change else {"vmin": 0, "vmax": 100}
        names = {"yticklabels": CLASSES, "cbar_ax": self._bar, "cbar_kws": bar}
        heat(self._panel, matrix, change, **names, **scale)
        self._panel.set(xlabel="predicted class", ylabel="true class")
        self._panel.tick_params(labelsize=8)
        self._panel.set_title(self.view, fontsize=11)

    def _controls(self) -> base.Controls:
        import ipywidgets as widgets

        epoch = base.slider("epoch", self.epoch, 1, self.epochs, step=1)
        play = widgets.Play(value=self.epoch, min=1, max=self.epochs, interval=700)
        widgets.jslink((play, "value"), (epoch, "value"))
        tips = [f"show {name} in the right panel" for name in self.views]
        view = base.choice("right", self.views, self.view, "90px", tips)
        return base.Controls([{"epoch": epoch}, {"view": view}], above=[play])


def _curve(ax: Any, runs: dict[str, list[dict]]) -> dict[str, tuple[Any, Any]]:
    """All epochs faint, those played so far in full, and a point at the last of these."""
    lines = {}
    for loss, rows in runs.items():
        color, values = color_of(loss), [row["top1"] for row in rows]
        ax.plot(range(1, len(rows) + 1), values, color=color, linewidth=1, alpha=0.3)
        (past,) = ax.plot([], [], color=color, label=name_of(loss))
        (here,) = ax.plot([], [], "o", color=color)
        lines[loss] = past, here
    ax.set(xlabel="epoch")
    ax.xaxis.get_major_locator().set_params(integer=True)
    return lines
