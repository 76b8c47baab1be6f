"""The course as pages that need neither Jupyter nor a network: python -m fpl_lib.course.book FOLDER

Each student's notebook becomes one file that holds all it shows: formulas as MathML, figures with
their words, quizzes that fold. Nothing is run: the outputs are the stored ones, which the tests
compare with fresh ones. The first page, `index.html`, is made from README.md; `contents.html` lists
all sections and searches in them; the glossary, the ledger of the claims, the reproduction report
and the protocol are pages too.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
from bs4 import BeautifulSoup, NavigableString
from math_core import LatexError, LatexToMathML
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from fpl_lib._files import CHECKOUT

TEMPLATE, STYLE, SCRIPT = (
    Path(__file__).with_name(f"book.{kind}").read_text(encoding="utf-8")
    for kind in ("html.j2", "css", "js")
)
PAGES = {
    "glossary.html": "notebooks/GLOSSARY.md",
    "ledger.html": "data/runs/README.md",
    "reproduction.html": "data/runs/REPRODUCTION.md",
    "protocol.html": "data/protocol.md",
}
"""Page -> the file of the checkout that it shows, after the notebooks."""
CONTENTS = """# Contents

Sections marked *deeper*, in grey, are beyond the core: no core section needs them.
"""
HEADINGS = ("h1", "h2", "h3")
WORDY = 40
"""A table with a cell of more characters is laid out as cards on a phone; others are scrolled."""
LONG = 24
"""Inline formulas with more characters than a phone's line has room for are scrolled."""
LEFT_OUT = ("Start\n", "What is where\n")
"""The sections of README.md that speak about a checkout, not about the course."""

_CONVERTER = LatexToMathML(fancy_error=False)


def mathml(tex: str, *, display: bool = False) -> str:
    """A LaTeX formula as MathML, which browsers set without any script.

    Raises ValueError, naming the formula, for LaTeX that has no counterpart.

    >>> mathml("p_T")
    '<math><msub><mi>p</mi><mi>T</mi></msub></math>'
    """
    try:
        # The space after a row, `\\[2pt]`, would be printed.
        rows = re.sub(r"\\\\\s*\[[^]]*\]", r"\\\\", tex)
        return _CONVERTER.convert_with_local_state(rows, displaystyle=display)
    except LatexError as error:
        raise ValueError(f"no MathML for this formula, rewrite it: {tex}\n{error}") from error


class _Renderer(IPythonRenderer):
    """Markdown whose formulas, links and tables suit a page that stands alone."""

    def __init__(self, pages: Mapping[Path, str], path: Path):
        super().__init__(escape=False, embed_images=True, path=str(path))
        self.pages = pages

    def block_math(self, body: str) -> str:
        return f'<span class="math">{mathml(body, display=True)}</span>'

    def inline_math(self, body: str) -> str:
        formula = mathml(body)
        long = len(re.sub(r"<[^>]*>", "", formula)) > LONG
        return f'<span class="long">{formula}</span>' if long else formula

    def latex_environment(self, name: str, body: str) -> str:
        return self.block_math(f"\\begin{{{name}}}{body}\\end{{{name}}}")

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """To a page of the book, to the web, or, where the book has no such page, only the text."""
        if re.match(r"https?:|mailto:|#", url):
            return super().link(text, url, title)
        path, _, anchor = url.partition("#")
        page = self.pages.get(Path(self.path, path).resolve())
        return super().link(text, f"{page}{anchor and '#'}{anchor}", title) if page else text

    def table(self, text: str) -> str:
        return f'<div class="wide"><table>{text}</table></div>'


def build(target: Path, root: Path = CHECKOUT) -> list[Path]:
    """Write the pages of a checkout's notebooks, its documents and their contents to `target`.

    Returns their paths. Raises FileNotFoundError if there are no notebooks, ValueError for a
    formula without MathML.
    """
    root = root.resolve()
    notebooks = sorted((root / "notebooks").glob("[0-9]*.ipynb"))
    if not notebooks:
        raise FileNotFoundError(f"no notebooks in {root / 'notebooks'}: name a checkout of the kit")
    target.mkdir(parents=True, exist_ok=True)  # first: to make the pages takes a minute
    files = {root / "README.md": "index.html"}
    files |= {path: f"{path.stem}.html" for path in notebooks}
    files |= {root / name: page for page, name in PAGES.items() if (root / name).exists()}
    sources = {page: _read(path) for path, page in files.items()}
    titles = {
        page: re.match(r"# (.+)", notebook.cells[0].source)[1] for page, notebook in sources.items()
    }
    order = list(titles.items())
    exporter = HTMLExporter(
        template_name="classic",
        raw_template=TEMPLATE,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )

    def export(source: NotebookNode, folder: Path, title: str, **book: Any) -> BeautifulSoup:
        markdown = MarkdownWithMath(_Renderer(files, folder))
        exporter.register_filter("markdown2html", markdown.render)
        book |= {"style": STYLE, "home": titles["index.html"]}
        resources = {"metadata": {"name": title}, "book": book}
        html, _ = exporter.from_notebook_node(source, resources=resources)
        return BeautifulSoup(html, "html.parser")

    pages, contents = {}, []
    for number, (path, page) in enumerate(files.items()):
        neighbours = {
            "previous": order[number - 1] if number > 1 else None,
            "next": order[number + 1] if number + 1 < len(order) else None,
        }
        notebook = path in notebooks
        soup = export(sources[page], path.parent, titles[page], notebook=notebook, **neighbours)
        _suit_any_screen(soup)
        pages[page] = soup
        time = re.search(r"^\*\*Time\.\*\* (.* core)\b", sources[page].cells[0].source, re.M)
        contents.append(
            {
                "page": page,
                "title": titles[page],
                "time": time and time[1],
                "sections": _sections(soup, page),
            }
        )
    pages["contents.html"] = export(
        _of_markdown(CONTENTS), root, "Contents", contents=contents, script=SCRIPT
    )
    for page, soup in pages.items():
        (target / page).write_text(str(soup), encoding="utf-8")
    return [target / page for page in pages]


def _suit_any_screen(page: BeautifulSoup) -> None:
    """Figures that open at full size; in wordy tables each cell knows its column, for phones."""
    for image in page.select("main img"):
        if image.parent.name == "p":
            image.parent.unwrap()
        image.wrap(page.new_tag("summary")).wrap(page.new_tag("details", attrs={"class": "figure"}))
    for table in page.select("table"):
        if not any(len(cell.get_text()) > WORDY for cell in table.select("tbody td")):
            continue
        table["class"] = "stack"
        names = [cell.get_text() for cell in table.select("thead th")]
        for row in table.select("tbody tr"):
            for name, cell in zip(names, row.select("td"), strict=True):
                cell["data-label"] = name


def _sections(page: BeautifulSoup, name: str) -> list[dict[str, Any]]:
    """Title, address and text of what stands below each heading of a page."""
    sections: list[dict[str, Any]] = []
    for node in page.main.descendants:
        if node.name in HEADINGS:
            title, to = node.get_text().removesuffix("¶"), f"{name}#{node['id']}"
            sections.append({"to": to, "title": title, "level": node.name, "text": ""})
        elif sections and node.name in ("div", "p", "li", "tr", "th", "td", "summary", "br"):
            sections[-1]["text"] += " "  # words of two blocks are two words
        elif sections and type(node) is NavigableString and not node.find_parent(HEADINGS):
            sections[-1]["text"] += node
    for section in sections:
        section["text"] = " ".join(section["text"].split())
    return sections


def _read(path: Path) -> NotebookNode:
    """A notebook, or a document as one; of the kit's README.md, what is not about the checkout."""
    if path.suffix == ".ipynb":
        return nbformat.read(path, 4)
    text = path.read_text(encoding="utf-8")
    head, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
    if sections and sections[0].startswith(LEFT_OUT):
        picture = re.findall(r"^!\[.*\]\(.*\)$", text, re.MULTILINE)[:1]
        kept = [f"## {section}" for section in sections if not section.startswith(LEFT_OUT)]
        text = "\n\n".join([head.rstrip(), *picture, *kept])
    return _of_markdown(text)


def _of_markdown(text: str) -> NotebookNode:
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m fpl_lib.course.book", description=__doc__)
    parser.add_argument("folder", type=Path, help="where to write the pages")
    try:
        pages = build(parser.parse_args(arguments).folder)
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"wrote {len(pages)} pages: open {pages[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
