"""What the figures share: names, colours, and the check that runs belong together."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from fpl_lib.evidence.comparisons import Setting, by_setting
from fpl_lib.evidence.records import Record
from fpl_lib.plots.style import COLORS, PALETTE

NAMES = {
    "fpl": "FPL", "ce": "CE", "focal": "focal", "poly1": "poly-1", "gce": "GCE", "sce": "SCE",
    "mae": "MAE", "class_balanced": "class-balanced", "balanced_softmax": "balanced softmax",
    "logit_adjusted": "logit adjustment", "fpl_batch": "FPL, Eq. 7",
    "fpl_uniform": "FPL, uniform α", "fpl_flipped": "FPL, α_F flipped",
    "ce_matched": "CE, gradient as FPL's",
}  # fmt: skip

MORE_OR_LESS = LinearSegmentedColormap.from_list(
    "more_or_less", [COLORS["ce"], "#FFFFFF", COLORS["fpl"]]
)
"""Differences FPL − CE: vermillion where FPL has more, blue where CE has."""


def name_of(loss: str) -> str:
    """A loss as figures and tables call it.

    >>> name_of("fpl"), name_of("my_loss")
    ('FPL', 'my_loss')
    """
    return NAMES.get(loss, loss)


def color_of(loss: str) -> str:
    """The colour of a loss: its own, or its family's (fpl_batch as fpl), black else."""
    return COLORS.get(loss) or COLORS.get(loss.split("_")[0], PALETTE[-1])


def only_setting(records: Sequence[Record]) -> Setting:
    """The one setting of all records; ValueError if they are of several, or none."""
    settings = list(by_setting(records))
    if len(settings) != 1:
        said = "; ".join(f"{s.label} on {s.images}" for s in settings) or "no records"
        raise ValueError(
            f"expected runs of one setting, got {len(settings)} ({said}): "
            "split the records with `by_setting` and draw one figure each"
        )
    return settings[0]


def seeds(n: int) -> str:
    """'1 seed' or 'n seeds'."""
    return "1 seed" if n == 1 else f"{n} seeds"


def signed(value: float, digits: int = 1) -> str:
    """A difference with its sign, a true minus.

    >>> signed(-0.25, 2), signed(3, 0)
    ('−0.25', '+3')
    """
    return f"{value:+.{digits}f}".replace("-", "−")


def headline(figure: Figure, ax: Axes, message: str, where: str) -> None:
    """The figure's message in bold above all panels, and below it what was run."""
    figure.suptitle(message, x=0.02, ha="left", weight="bold", fontsize=12)
    ax.set_title(where, fontsize=10, weight="normal", color="#444444")


def where(setting: Setting) -> str:
    """A setting and its images, for a headline."""
    return f"{setting.label} on {setting.images}"
