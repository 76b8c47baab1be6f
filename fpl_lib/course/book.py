"""The course as pages that need neither Jupyter nor a network: python -m fpl_lib.course.book FOLDER

Each student's notebook becomes one file that holds all it shows: formulas as MathML, figures with
their words, quizzes that fold. Nothing is run: the outputs are the stored ones, which the tests
compare with fresh ones. The first page, `index.html`, is made from README.md.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from math_core import LatexError, LatexToMathML
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from fpl_lib._files import CHECKOUT

TEMPLATE = Path(__file__).with_name("book.html.j2")
LONG = 24
"""Inline formulas with more characters than a phone's line has room for are scrolled."""
LEFT_OUT = ("Start", "What is where")
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

    def __init__(self, pages: Sequence[str], **options: Any):
        super().__init__(escape=False, embed_images=True, **options)
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
        page = Path(path).with_suffix(".html").name
        inside = page in self.pages and "solutions" not in path
        return super().link(text, f"{page}{anchor and '#'}{anchor}", title) if inside else text

    def table(self, text: str) -> str:
        return f'<div class="wide"><table>{text}</table></div>'


def build(target: Path, root: Path = CHECKOUT) -> list[Path]:
    """Write the pages of a checkout's notebooks and their index to `target`; return their paths.

    Raises FileNotFoundError if there are no notebooks, ValueError for a formula without MathML.
    """
    sources = sorted((root / "notebooks").glob("[0-9]*.ipynb"))
    if not sources:
        raise FileNotFoundError(f"no notebooks in {root / 'notebooks'}: name a checkout of the kit")
    names = ["index.html", *(f"{path.stem}.html" for path in sources)]
    notebooks = [_index(root / "README.md"), *(nbformat.read(path, 4) for path in sources)]
    folders = [root, *(path.parent for path in sources)]
    titles = [re.match(r"# (.+)", notebook.cells[0].source)[1] for notebook in notebooks]
    links = list(zip(names, titles, strict=True))
    exporter = HTMLExporter(
        template_name="classic",
        raw_template=TEMPLATE.read_text(encoding="utf-8"),
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for number, (notebook, folder) in enumerate(zip(notebooks, folders, strict=True)):
        markdown = MarkdownWithMath(_Renderer(names, path=str(folder)))
        exporter.register_filter("markdown2html", markdown.render)
        resources = {
            "metadata": {"name": titles[number]},
            "book": {
                "home": links[0] if number else None,
                "previous": links[number - 1] if number > 1 else None,
                "next": links[number + 1] if number + 1 < len(links) else None,
            },
        }
        page, _ = exporter.from_notebook_node(notebook, resources=resources)
        written.append(target / names[number])
        written[-1].write_text(page, encoding="utf-8")
    return written


def _index(readme: Path) -> NotebookNode:
    """README.md without what is about the checkout, as a notebook of one cell."""
    text = readme.read_text(encoding="utf-8")
    head, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
    kept = [f"## {section}" for section in sections if section.split("\n")[0] not in LEFT_OUT]
    picture = re.findall(r"^!\[.*\]\(.*\)$", text, re.MULTILINE)[:1]
    source = "\n\n".join([head.rstrip(), *picture, *kept])
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(source)])


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
