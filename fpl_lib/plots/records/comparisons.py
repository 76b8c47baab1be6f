"""Several losses against one: differences by seed, with their intervals, a row a loss."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import patheffects as effects
from matplotlib.figure import Figure

from fpl_lib.evidence.comparisons import Comparison
from fpl_lib.evidence.names import name_of
from fpl_lib.plots.records._look import color_of
from fpl_lib.plots.style import signed

FAR = 10.0  # points: what lies further off is written at the figure's edge
EDGE = "#666666"  # around every mark: yellow on white is faint


def comparison_plot(found: Sequence[Comparison], *, where: str) -> tuple[Figure, str]:
    """Paired differences with their intervals, a row a loss, and the figure's alternative text.

    found: what `compare` returns; where: on which images, for the x axis. Seeds are small dots;
    where the adjusted p-value finds a difference the interval is thick. A mean ten points away or
    more is written at the edge, so that the others can be told apart.
    """
    names = [f"{name_of(one.loss)}, n = {one.n}" for one in found]
    baseline = name_of(found[0].baseline)
    fig, ax = plt.subplots(figsize=(8.4, 1.5 + 0.5 * len(found)), layout="constrained")
    ax.axvline(0, color="#777777", lw=1.2, zorder=0)
    near = [one for one in found if abs(one.mean.estimate) < FAR] or found
    seen = [x for one in near for x in (one.mean.low, one.mean.high, *one.differences, 0.0)]
    room = 0.06 * (max(seen) - min(seen) or 1)
    left, right = min(seen) - room, max(seen) + room
    for y, one in enumerate(found):
        color = color_of(one.loss)
        if one not in near:
            edge, side = (left, "left") if one.mean.estimate < 0 else (right, "right")
            arrow = "◀ {}" if side == "left" else "{} ▶"
            mean, low, high = map(signed, (one.mean.estimate, one.mean.low, one.mean.high))
            said, look = arrow.format(f"{mean} ({low} to {high})"), {"color": color, "ha": side}
            ax.text(edge, y, said, va="center", weight="bold", **look)
            continue
        wide = 5 if one.found else 1.8
        outline = [effects.withStroke(linewidth=wide + 1.2, foreground=EDGE)]
        ax.plot([one.mean.low, one.mean.high], [y, y], color=color, lw=wide, path_effects=outline)
        dots = np.full(one.n, y + 0.24)
        ax.plot(one.differences, dots, "o", color=color, ms=4, mec=EDGE, mew=0.6, alpha=0.75)
        ax.plot(one.mean.estimate, y, "D", color="white", ms=8, mec=EDGE)
    ax.set_xlim(left, right)
    ax.set(yticks=range(len(found)), yticklabels=names, ylim=(len(found) - 0.5, -0.5))
    ax.set_xlabel(f"top-1 accuracy minus {baseline}'s, same seed (points), {where}")
    ax.grid(axis="y", visible=False)
    clear = [name_of(one.loss) for one in found if one.found]
    title = f"Different from {baseline} beyond the seeds: {', '.join(clear) or 'none'}"
    if len(clear) > 2:
        ahead = sum(one.mean.estimate > 0 for one in found if one.found)
        behind = len(clear) - ahead
        title = f"Beyond the seeds, {ahead} losses are ahead of {baseline} and {behind} behind"
    ax.set_title(title)
    said = "; ".join(
        f"{name}: {one.mean.estimate:+.1f} ({one.mean.low:+.1f} to {one.mean.high:+.1f})"
        for name, one in zip(names, found, strict=True)
    )
    left = f"Left after Holm's correction: {', '.join(clear) or 'none'}."
    return fig, f"Differences to {baseline} in points with 95 % intervals. {said}. {left}"
