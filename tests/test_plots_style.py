"""The one way a figure reaches a reader: small, described, and the same on every machine."""

from __future__ import annotations

import base64
import io
import struct
from types import SimpleNamespace

import matplotlib
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from matplotlib.colors import to_rgb
from nbconvert import HTMLExporter
from PIL import Image, ImageOps

from fpl_lib.plots import style as plots

ALT = "A straight line that rises from zero to one, as a stand-in for a result."


def line(**figure):
    fig, ax = plt.subplots(**figure)
    ax.plot([0, 1], [0, 1])
    return fig


@pytest.fixture
def shown(monkeypatch):
    """What is displayed, as (data, metadata)."""
    displayed = []
    monkeypatch.setattr(plots, "publish", lambda data, metadata: displayed.append((data, metadata)))
    return displayed


def test_figure_is_shown_once_as_png_with_its_alternative_text(shown):
    fig = line()
    assert plots.show(fig, alt=ALT) is None
    ((data, metadata),) = shown
    assert data["image/png"].startswith(b"\x89PNG")
    assert data["text/plain"] == f"<Figure: {ALT}>"
    assert metadata == {"image/png": {"alt": ALT}}
    assert not plt.fignum_exists(fig.number)


def test_the_words_stand_in_the_alt_of_an_html_image_of_the_same_picture(shown):
    plots.show(line(), alt=f'{ALT} "p" < q')
    data, _ = shown[0]
    (image,) = BeautifulSoup(data["text/html"], "html.parser").contents
    assert image.name == "img" and image["alt"] == f'{ALT} "p" < q'
    kind, encoded = image["src"].split(",")
    assert kind == "data:image/png;base64" and base64.b64decode(encoded) == data["image/png"]


def test_nbconvert_shows_the_words_by_its_default_template(shown):
    plots.show(line(), alt=ALT)
    data, metadata = shown[0]
    data |= {"image/png": base64.b64encode(data["image/png"]).decode()}
    output = nbformat.v4.new_output("display_data", data, metadata=metadata)
    cell = nbformat.v4.new_code_cell("draw()", outputs=[output], execution_count=1)
    page, _ = HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    (image,) = BeautifulSoup(page, "html.parser").select("img")
    assert image["alt"] == ALT and image["src"].startswith("data:image/png;base64,")


def test_a_picture_ends_softly_on_a_dark_page(shown):
    plots.show(line(), alt=ALT)
    pixels = np.asarray(Image.open(io.BytesIO(shown[0][0]["image/png"])).convert("RGB"))
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    assert (edge < 250).all() and (edge > 150).all(), "a light grey line all round"
    assert (pixels[1:7, 1:-1] == 255).all(), "white within"


def test_only_the_figure_given_is_shown_and_closed(shown):
    first, second = line(), line()
    plots.show(first, alt=ALT)
    assert len(shown) == 1 and plt.get_fignums() == [second.number]


def test_same_figure_gives_the_same_bytes(shown):
    plots.show(line(), alt=ALT)
    plots.show(line(), alt=ALT)
    (first, _), (second, _) = shown
    assert first["image/png"] == second["image/png"]
    assert b"matplotlib" not in first["image/png"].lower()


def test_line_breaks_in_an_alternative_text_are_spaces(shown):
    plots.show(line(), alt=ALT.replace(" ", "\n    "))
    assert shown[0][1]["image/png"]["alt"] == ALT


def test_live_widget_goes_beside_the_picture(shown):
    plots.show(line(), alt=ALT, live=SimpleNamespace(model_id="abc"))
    data, _ = shown[0]
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == "abc"
    assert "image/png" in data


@pytest.mark.parametrize("alt", ["", "   \n ", "A figure.", "x" * 39])
def test_alternative_text_that_says_nothing_is_refused(alt):
    fig = line()
    with pytest.raises(ValueError, match="at least 40 characters"):
        plots.show(fig, alt=alt)
    assert plt.fignum_exists(fig.number), "a refused figure stays open, to be shown properly"


def test_missing_or_foreign_arguments_are_refused():
    with pytest.raises(TypeError, match="alt"):
        plots.show(line())
    with pytest.raises(TypeError, match="must be a string, got int"):
        plots.show(line(), alt=3)
    with pytest.raises(TypeError, match="pass `ax.figure`"):
        plots.show(line().axes[0], alt=ALT)
    with pytest.raises(TypeError, match="fig"):
        plots.show(alt=ALT)
    with pytest.raises(TypeError, match="must be a matplotlib Figure, got NoneType"):
        plots.show(None, alt=ALT)


def test_too_wide_and_too_heavy_figures_are_refused():
    with pytest.raises(ValueError, match="figure is 1026 pixels wide, at most 1000"):
        plots.show(line(figsize=(10.1, 2), dpi=100), alt=ALT)
    fig, ax = plt.subplots(figsize=(9, 6), dpi=100)
    ax.imshow(np.random.default_rng(0).random((600, 900)), interpolation="none")
    with pytest.raises(ValueError, match="at most 80,000 are stored"):
        plots.show(fig, alt=ALT)


def test_palette_keeps_every_flat_colour_and_the_edges_within_a_shade():
    fig, ax = plt.subplots()
    for i, color in enumerate(plots.PALETTE):
        ax.barh(i, i + 1, color=color)
        ax.plot([0, 9], [i, 9 - i], color=color)
    drawn = io.BytesIO()
    fig.savefig(drawn, format="png")
    framed = Image.open(io.BytesIO(plots._png(fig))).convert("RGB")
    inner = ImageOps.crop(framed, plots.MARGIN + 1)
    pictures = Image.open(drawn).convert("RGB"), inner
    before, after = (np.asarray(picture, dtype=int) for picture in pictures)
    assert np.abs(before - after).max() <= 24
    for color in (*plots.PALETTE, "#FFFFFF"):
        flat = (before == [int(color[i : i + 2], 16) for i in (1, 3, 5)]).all(-1)
        assert flat.sum() > 100
        assert (before[flat] == after[flat]).all()


def test_style_is_packaged_and_changes_the_look():
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        plots.use_style()
        colors = [entry["color"] for entry in matplotlib.rcParams["axes.prop_cycle"]]
        assert tuple(f"#{color.lstrip('#')}" for color in colors) == plots.PALETTE
        fig = line()
        png = plots._png(fig)
    width, height = struct.unpack(">II", png[16:24])
    assert (width, height) == (736, 416), "the style's 720 x 400 in its frame"


def test_losses_have_different_colours_with_ce_blue_and_fpl_vermillion():
    assert plots.COLORS["ce"] == "#0072B2" and plots.COLORS["fpl"] == "#D55E00"
    assert len(set(plots.COLORS.values())) == len(plots.COLORS)
    assert set(plots.COLORS.values()) <= set(plots.PALETTE)
    with pytest.raises(TypeError):
        plots.COLORS["ce"] = "red"


# Machado, Oliveira and Fernandes (2009): the full dichromacies, on linear RGB.
BLINDNESS = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
               [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
               [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
               [0.004733, 0.691367, 0.303900]],
}  # fmt: skip


@pytest.mark.parametrize("matrix", BLINDNESS.values(), ids=BLINDNESS)
def test_ce_and_fpl_stay_apart_for_colour_blind_readers(matrix):
    def seen(name):
        rgb = np.array(to_rgb(plots.COLORS[name]))
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        return np.clip(np.array(matrix) @ linear, 0, 1)

    assert np.linalg.norm(seen("ce") - seen("fpl")) > 0.3
