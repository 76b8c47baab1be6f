"""The static pages as a phone and a wide screen show them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fpl_lib.course import book

pytestmark = pytest.mark.browser

STANDING_OUT = """width => [...document.querySelectorAll('body *')]
    .filter(e => !e.closest('pre, .wide, .output_html, .math, .long'))
    .filter(e => e.getBoundingClientRect().right > width + 1).map(e => e.outerHTML.slice(0, 90))"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return book.build(tmp_path_factory.mktemp("book"))


@pytest.mark.parametrize("width", (360, 1200))
def test_pages_fit_the_screen_and_ask_for_nothing(browser, pages, pictures, width):
    page, requests = browser.new_page(), []
    page.on("request", lambda request: requests.append(request.url))
    page.set_viewport_size({"width": width, "height": 800})
    for path in pages:
        page.goto(path.as_uri())
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width, path.name
        assert page.evaluate(STANDING_OUT, width) == [], path.name
        drawn = "() => [...document.images].every(i => i.complete && i.naturalWidth)"
        assert page.evaluate(drawn), path.name
        if "LAB_SCREENSHOTS" in os.environ:
            page.screenshot(path=pictures / f"book-{path.stem}-{width}.png", full_page=True)
    page.close()
    assert {url.split(":")[0] for url in requests} <= {"file", "data"}
