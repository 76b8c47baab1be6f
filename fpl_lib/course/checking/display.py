"""Text as a small framed card, in colours that everyone can tell apart."""

from __future__ import annotations

import html
import re
from itertools import groupby

GREY, GREEN, RED, BLUE = "#888888", "#009E73", "#D55E00", "#0072B2"


def inline(text: str) -> str:
    """Escape a line for HTML and set what stands between backticks in code type.

    >>> inline("is `a < b`?")
    'is <code>a &lt; b</code>?'
    """
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))


def box(text: str, edge: str) -> str:
    """Lines with a coloured edge, indented ones as they are; readable where styles are stripped.

    >>> box("Not yet\\n  x = 1", RED)[-31:]
    'Not yet<pre>  x = 1</pre></div>'
    """
    style = f"border-left:4px solid {edge};padding:.3em .8em;margin:.3em 0"
    blocks = []
    for indented, lines in groupby(text.split("\n"), key=lambda line: line.startswith("  ")):
        if indented:
            blocks.append(f"<pre>{html.escape(chr(10).join(lines), quote=False)}</pre>")
        else:
            blocks.append("<br>".join(map(inline, lines)))
    return f'<div style="{style}">{"".join(blocks)}</div>'
