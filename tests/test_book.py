"""The course as static pages: whole, with its words, light, and without a request to anywhere."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from repository import ROOT

from fpl_lib.course import book
from fpl_lib.plots.style import MIN_ALT

pytestmark = pytest.mark.slow

SOURCES = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
NAMES = ["index.html", *(f"{path.stem}.html" for path in SOURCES), *book.PAGES, "contents.html"]
CODE = {"pre", "code", "script", "style", "title"}


class Page(HTMLParser):
    """The tags of a page with their attributes, and its text outside of code."""

    def __init__(self, html: str):
        super().__init__()
        self.tags, self.words, self._open = [], [], []
        self.feed(html)
        self.close()
        self.text = "".join(self.words)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self._open += [tag] if tag in CODE else []

    def handle_endtag(self, tag):
        if tag in CODE:
            assert self._open.pop() == tag

    def handle_data(self, data):
        if not self._open:
            self.words.append(data)

    def all(self, *names: str) -> list[dict]:
        return [attributes for tag, attributes in self.tags if tag in names]


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, str]:
    target = tmp_path_factory.mktemp("book")
    assert sorted(book.build(target)) == sorted(target.iterdir())
    return {path.name: path.read_text(encoding="utf-8") for path in target.iterdir()}


def test_there_is_a_page_for_every_notebook_and_document_and_contents_that_lead_to_all(pages):
    assert sorted(pages) == sorted(NAMES)
    links = {name: {a.get("href") for a in Page(pages[name]).all("a")} for name in NAMES}
    assert all({"index.html", "contents.html"} <= each for each in links.values())
    assert {path.with_suffix(".html").name for path in SOURCES} <= links["index.html"]
    assert set(NAMES) <= links["contents.html"]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_asks_for_nothing_but_itself(pages, name):
    page = Page(pages[name])
    assert page.all("link", "iframe", "object", "embed", "video") == []
    scripts = page.all("script")  # the search
    assert scripts == (
        [{"type": "application/json", "id": "sections"}, {}] if name == NAMES[-1] else []
    )
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.all("img"))
    assert not [a for _, a in page.tags if {"srcset", "background", "poster"} & set(a)]
    assert re.findall(r"@import|url\(", pages[name]) == []


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(pages, name):
    for link in Page(pages[name]).all("a"):
        target = link.get("href", "")
        if not re.match(r"https?://", target):
            file, _, anchor = target.partition("#")
            other = pages[file or name]
            assert not anchor or f'id="{anchor}"' in other, target


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_light_and_made_for_small_screens(pages, name):
    without_pictures = re.sub(r"data:image/png;base64,[^\"]*", "", pages[name])
    assert len(without_pictures.encode()) < 700_000 and len(pages[name].encode()) < 2_000_000
    page = Page(pages[name])
    viewport = [m["content"] for m in page.all("meta") if m.get("name") == "viewport"]
    assert viewport == ["width=device-width, initial-scale=1"]
    assert page.all("html") == [{"lang": "en"}] and len(page.all("h1")) == 1
    assert len(page.all("main")) == 1 and "<title></title>" not in pages[name]


@pytest.mark.parametrize("name", NAMES)
def test_formulas_are_set_and_not_shown_as_latex(pages, name):
    text = Page(pages[name]).text
    assert re.findall(r".{0,20}(?:\$|\\[a-zA-Z]+).{0,20}", text) == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_a_page_holds_what_the_notebook_holds(pages, path):
    page = Page(pages[f"{path.stem}.html"])
    notebook = nbformat.read(path, as_version=4)
    outputs = [o for cell in notebook.cells for o in cell.get("outputs", [])]
    drawn = [o.metadata["image/png"]["alt"] for o in outputs if "image/png" in o.get("data", {})]
    assert [image.get("alt") for image in page.all("img")] == drawn
    quizzes = "".join(o.get("data", {}).get("text/html", "") for o in outputs)
    kinds = [block.get("class") for block in page.all("details")]
    folded = [c for c in notebook.cells if c.metadata.get("jupyter", {}).get("source_hidden")]
    assert kinds.count("figure") == len(drawn) and kinds.count("code") == len(folded)
    assert kinds.count(None) == quizzes.count("<details>") > 0
    displayed = sum(c.source.count("$$") for c in notebook.cells if c.cell_type == "markdown")
    blocks = [math for math in page.all("math") if math.get("display") == "block"]
    assert 2 * len(blocks) == displayed


def test_every_picture_has_words(pages):
    images = [image for html in pages.values() for image in Page(html).all("img")]
    assert images and all(len(image.get("alt", "")) >= MIN_ALT for image in images)


@pytest.fixture
def checkout(tmp_path):
    """A checkout with two notebooks of one cell each; the first gets the source."""

    def make(source: str) -> str:
        (tmp_path / "notebooks").mkdir()
        (tmp_path / "README.md").write_text("# Kit\n\nIntro.\n\n## Start\n\nmake\n\n## Map\n\nx\n")
        for name, text in (("00_a", f"# 00 · a < b?\n\n{source}"), ("01_b", "# 01 · b?")):
            cell = nbformat.v4.new_markdown_cell(text)
            notebook = nbformat.v4.new_notebook(cells=[cell])
            nbformat.write(notebook, tmp_path / "notebooks" / f"{name}.ipynb")
        paths = book.build(tmp_path / "out", tmp_path)
        names = ["index.html", "00_a.html", "01_b.html", "contents.html"]
        assert [path.name for path in paths] == names
        return paths[1].read_text(encoding="utf-8")

    return make


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("[b](01_b.ipynb)", '<a href="01_b.html">b</a>'),
        ("[b](01_b.ipynb#Sums)", '<a href="01_b.html#Sums">b</a>'),
        ("[b](solutions/01_b.ipynb)", "<p>b</p>"),
        ("[d](../data/paper)", "<p>d</p>"),
        ("[w](https://a.b/c)", '<a href="https://a.b/c">w</a>'),
        ("| a |\n|---|\n| 1 |", '<div class="wide"><table>'),
        ("`$x$`", "<code>$x$</code>"),
        ("$p_T$", "<math><msub><mi>p</mi><mi>T</mi></msub></math>"),
        ("$$\nx\n$$", '<span class="math"><math display="block"><mi>x</mi></math></span>'),
        ("$a+b+c+d+e+f+g+h+i+j+k+l+m$", '<span class="long"><math>'),
    ],
)
def test_markdown_becomes_a_page_that_stands_alone(checkout, source, html):
    page = checkout(source)
    assert html in page
    assert "<title>00 · a &lt; b?</title>" in page


def test_the_index_is_the_readme_without_what_is_about_the_checkout(checkout, tmp_path):
    checkout("")
    index = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "Intro." in index and "Map" in index and "Start" not in index and "make" not in index


def test_contents_list_sections_core_and_deeper_and_the_search_has_their_words(checkout, tmp_path):
    sections = "## 1 · One\n\ntwo </script>\n## 2 · $x$ · deeper"
    checkout(f"**Time.** about 9 minutes, 5 of them core.\n\n{sections}")
    contents = (tmp_path / "out" / "contents.html").read_text(encoding="utf-8")
    assert "<p>about 9 minutes, 5 of them core</p>" in contents
    assert '<li><a href="00_a.html#1-%C2%B7-One">1 · One</a></li>' in contents
    assert re.search(
        '<li class="deeper"><a href="00_a.html#2-[^"]*">2 · x · deeper</a></li>', contents
    )
    index = re.search('<script id="sections" [^>]*>(.*?)</script>', contents)[1]
    part = next(part for part in json.loads(index) if part["page"] == "00_a.html")
    assert [section["text"] for section in part["sections"][1:]] == ["two", ""]


def test_cells_of_wordy_tables_know_their_columns(checkout):
    wordy = f"| a | b |\n|---|---|\n| 1 | {'word ' * book.WORDY} |"
    page = checkout(f"{wordy}\n\n| c |\n|---|\n| 2 |")
    assert page.count('<table class="stack">') == 1
    assert '<td data-label="a">1</td>' in page and "<td>2</td>" in page


def test_mathml_drops_the_space_after_a_row():
    assert book.mathml(r"\begin{cases} a \\[2pt] b \end{cases}") == book.mathml(
        r"\begin{cases} a \\ b \end{cases}"
    )


def test_a_formula_without_mathml_is_refused_by_name(checkout):
    with pytest.raises(ValueError, match=r"no MathML for this formula.*\\unknown"):
        checkout(r"$\unknown$")


def test_the_command_says_where_the_pages_are_and_what_is_missing(tmp_path, capsys, monkeypatch):
    (tmp_path / "taken").write_text("a file")
    assert book.main([str(tmp_path / "taken")]) == 1
    assert "error: " in capsys.readouterr().err
    with pytest.raises(FileNotFoundError, match="name a checkout"):
        book.build(tmp_path / "out", tmp_path)
    monkeypatch.setattr(book, "build", lambda folder: [Path(folder, "index.html")])
    assert book.main([str(tmp_path)]) == 0
    assert f"open {tmp_path / 'index.html'}" in capsys.readouterr().out
