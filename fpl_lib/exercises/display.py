"""Text as a small framed card, in colours that everyone can tell apart."""

from __future__ import annotations

import html
import re

GREY, GREEN, RED, BLUE = "#888888", "#009E73", "#D55E00", "#0072B2"


def inline(text: str) -> str:
    """Escape a line for HTML and set what stands between backticks in code type.

    >>> inline("is `a < b`?")
    'is <code>a &lt; b</code>?'
    """
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))


def box(text: str, edge: str) -> str:
    """A paragraph with a coloured edge; readable where a page strips the style."""
    style = f"border-left:4px solid {edge};padding:.3em .8em;margin:.3em 0"
    lines = "<br>".join(inline(line) for line in text.split("\n"))
    return f'<div style="{style}">{lines}</div>'
