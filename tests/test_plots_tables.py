"""A table in a notebook: the same cells as HTML and as plain text, aligned, escaped, rounded."""

from __future__ import annotations

import pandas as pd
import pytest

from fpl_lib import paper
from fpl_lib.plots import tables
from fpl_lib.plots.tables import show_table


@pytest.fixture
def shown(monkeypatch):
    displayed = []
    monkeypatch.setattr(tables, "publish", displayed.append)
    return displayed


def test_html_and_plain_text_hold_the_same_cells(shown):
    frame = paper.table3()[["network", "loss", "epochs", "top1", "top5"]]
    show_table(frame, caption="Table 3")
    plain, html = shown[0]["text/plain"], shown[0]["text/html"]
    assert plain.split("\n")[0] == "Table 3"
    rows = [line.split() for line in plain.split("\n")[1:]]
    assert rows[0] == list(frame.columns) and len(rows) == 5
    for row in rows:
        assert all(f">{cell}<" in html for cell in row)
    assert rows[1] == ["ResNet50", "fpl", "200", "95.25", "99.87"]


def test_numbers_stand_to_the_right_and_words_to_the_left(shown):
    show_table(pd.DataFrame({"word": ["a", "abc"], "number": [5, 10_000]}), caption="Sides")
    assert shown[0]["text/plain"] == "Sides\n  word  number\n  a          5\n  abc    10000"
    html = shown[0]["text/html"]
    assert html.count("text-align:right") == 3 and '<td style="text-align:left">abc</td>' in html
    assert html.count('<th scope="col"') == 2


@pytest.mark.parametrize(
    ("cells", "side"),
    [
        (["+0.25", "−1.5", ""], "right"),
        (["12 %", "3 %", "100 %"], "right"),
        (["1,200", "10 000", "7"], "right"),
        (["07", "08", "09"], "left"),
        (["3.1", "Abstract", "4"], "left"),
        (["0.5 (0.1 to 0.9)", "1", "2"], "left"),
    ],
)
def test_a_column_of_numbers_in_words_stands_to_the_right(shown, cells, side):
    show_table(pd.DataFrame({"x": cells}), caption="Words")
    assert shown[0]["text/html"].count(f'text-align:{side}">') == 4


def test_what_looks_like_html_is_text(shown):
    show_table(pd.DataFrame({"<i>": ["p < q & r"]}), caption="<b>")
    html = shown[0]["text/html"]
    assert "&lt;b&gt;" in html and "&lt;i&gt;" in html and "p &lt; q &amp; r" in html
    assert "p < q & r" in shown[0]["text/plain"]


def test_floats_are_rounded_and_missing_cells_empty(shown):
    frame = pd.DataFrame({"x": [0.123456789, float("nan")], "s": ["", None]})
    show_table(frame, caption="Rounded", decimals=3)
    assert ">0.123<" in shown[0]["text/html"] and "nan" not in shown[0]["text/html"].lower()
    assert shown[0]["text/plain"].split("\n")[-1] == ""


def test_the_index_and_the_frame_are_left_alone(shown):
    frame = paper.table2().set_index("loss")
    before = frame.copy(deep=True)
    show_table(frame, caption="Table 2")
    assert "fpl" not in shown[0]["text/plain"]
    pd.testing.assert_frame_equal(frame, before)


def test_wrong_input_is_refused(shown):
    with pytest.raises(TypeError, match="DataFrame, got list"):
        show_table([1, 2], caption="A list")
    with pytest.raises(ValueError, match="no rows"):
        show_table(pd.DataFrame({"x": []}), caption="Nothing")
    assert shown == []
