"""One look for every figure, and the one way in which a notebook shows one.

A figure of this kit carries its own words: `show` refuses a picture without an alternative text,
keeps it small enough to load anywhere, and leaves an output that is the same on every machine.

    from fpl_lib import plots

    plots.use_style()
    fig, ax = plt.subplots()
    ax.plot(p, -np.log(p), color=plots.COLORS["ce"], label="CE")
    plots.show(fig, alt="Cross-entropy falls from infinity at p = 0 to 0 at p = 1.")
"""

from __future__ import annotations

import base64
import html
import io
import struct
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PALETTE = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#F0E442",
    "#000000",
)
"""Okabe and Ito's colours, told apart by colour-blind readers, in the kit's order.

Source: M. Okabe and K. Ito, "Color Universal Design", https://jfly.uni-koeln.de/color/ (2008).
"""

_ORDER = ("ce", "fpl", "focal", "gce", "mae", "sce", "poly1")
COLORS = MappingProxyType(dict(zip(_ORDER, PALETTE, strict=False)))
"""Loss name -> its colour, the same in every figure: CE is blue, FPL vermillion."""

TRUE_MARKER = "o"
"""The true class T is a filled circle."""
FALSE_MARKER = "X"
"""The false positive class F is a cross."""
PAPER = MappingProxyType({"color": "black", "marker": "D", "linestyle": "none"})
"""How values printed in the paper are drawn: black diamonds."""

MAX_WIDTH = 1000
MAX_BYTES = 80_000
MIN_ALT = 40
MARGIN, FRAME = 7, "#D9D9D9"
"""White pixels around a figure and the colour of the line around these: on a dark page it then
ends softly."""
STYLE_FILE = Path(__file__).with_name("kit.mplstyle")


def signed(value: float, digits: int = 1) -> str:
    """A difference with its sign, a true minus.

    >>> signed(-0.25, 2), signed(3, 0)
    ('−0.25', '+3')
    """
    return true_minus(f"{value:+.{digits}f}")


def true_minus(text: str) -> str:
    """A text with true minus signs instead of hyphens."""
    return text.replace("-", "−")


def use_style() -> None:
    """Draw every later figure in the kit's style (fonts, sizes, Okabe-Ito colours).

    >>> use_style()
    >>> import matplotlib
    >>> matplotlib.rcParams["axes.spines.top"]
    False
    """
    import matplotlib.pyplot as plt

    plt.style.use(STYLE_FILE)


def show(fig: Figure, *, alt: str, live: Any = None) -> None:
    """Show a figure once, as a PNG that carries its alternative text, and close it.

    `alt` says in one or two sentences what a reader would see and should conclude (at least 40
    characters). It stands in the `alt` of an HTML image, which screen readers find in JupyterLab
    and in pages by nbconvert; the PNG beside it is for what takes no HTML. `live` is an optional
    ipywidgets widget: a running notebook then shows the widget, and any place without a kernel (a
    web page, a printed copy) shows the picture instead.

    Raises ValueError if `alt` is missing or says nothing, or if the picture is wider than 1000
    pixels or larger than 80 KB; TypeError if `fig` is not a figure.

    >>> import matplotlib.pyplot as plt
    >>> fig, ax = plt.subplots()
    >>> show(fig, alt="Empty axes from 0 to 1: the place where the first curve will be.")
    <Figure: Empty axes from 0 to 1: the place where the first curve will be.>
    """
    import matplotlib.pyplot as plt
    from matplotlib.figure import Figure

    alt = _checked_alt(alt)
    if not isinstance(fig, Figure):
        raise TypeError(
            f"`fig` must be a matplotlib Figure, got {type(fig).__name__}: "
            "for an Axes pass `ax.figure`"
        )
    png = _png(fig)
    plt.close(fig)
    image = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    data: dict[str, Any] = {
        "text/plain": f"<Figure: {alt}>",
        "text/html": f'<img alt="{html.escape(alt)}" src="{image}">',
        "image/png": png,
    }
    if live is not None:
        data |= widget_view(live)
    publish(data, {"image/png": {"alt": alt}})


def publish(data: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
    """Display a bundle {MIME type: content}; outside of IPython, print its text/plain.

    >>> publish({"text/plain": "plain words", "text/html": "<b>plain words</b>"})
    plain words
    """
    if in_ipython():
        from IPython.display import display

        display(data, metadata=metadata or {}, raw=True)
    else:
        print(data["text/plain"])


def in_ipython() -> bool:
    """Whether code runs inside an IPython shell or a Jupyter kernel.

    >>> in_ipython()
    False
    """
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return get_ipython() is not None


def widget_view(widget: Any) -> dict[str, Any]:
    """The part of a display bundle that shows a live widget (stored notebooks leave it out)."""
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    return {"application/vnd.jupyter.widget-view+json": view}


def _checked_alt(alt: str) -> str:
    if not isinstance(alt, str):
        raise TypeError(f"`alt` must be a string, got {type(alt).__name__}")
    alt = " ".join(alt.split())
    if len(alt) < MIN_ALT:
        raise ValueError(
            f"`alt` must say what the figure shows in at least {MIN_ALT} characters, "
            f"got {len(alt)}: {alt!r}. Write what a reader would see and conclude"
        )
    return alt


def _png(fig: Figure) -> bytes:
    """The figure as PNG bytes without software name or date, or ValueError if it is too large."""
    from PIL import Image, ImageOps

    drawn, stored = io.BytesIO(), io.BytesIO()
    fig.savefig(drawn, format="png")
    # A drawing has few colours beside the shades of its edges: a palette of 256 keeps every flat
    # colour exactly (kmeans makes sure of it) and stores the picture in a third of the bytes.
    picture = ImageOps.expand(Image.open(drawn).convert("RGB"), MARGIN, "white")
    picture = ImageOps.expand(picture, 1, FRAME)
    few = picture.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE)
    few.save(stored, format="png", optimize=True)
    png = stored.getvalue()
    (width,) = struct.unpack(">I", png[16:20])
    if width > MAX_WIDTH:
        raise ValueError(
            f"with its frame the figure is {width} pixels wide, at most {MAX_WIDTH} are shown: "
            "make `figsize` or `dpi` smaller"
        )
    if len(png) > MAX_BYTES:
        raise ValueError(
            f"the picture has {len(png):,} bytes, at most {MAX_BYTES:,} are stored: "
            "draw fewer points, or a smaller figure"
        )
    return png
