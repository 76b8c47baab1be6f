"""The static pages as a phone, a tablet and a wide screen show them, by day and by night."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fpl_lib.course import book

pytestmark = pytest.mark.browser

WIDTHS = (360, 800, 1200, 1400)
STANDING_OUT = """width => [...document.querySelectorAll('body *')]
    .filter(e => !e.closest('.wide, .output_html, .math, .long'))
    .filter(e => e.getBoundingClientRect().right > width + 1).map(e => e.outerHTML.slice(0, 90))"""
# WCAG 2.2, 1.4.3: 4.5 between a text and what is behind it, 3 for large text.
TOO_FAINT = """() => {
    const rgb = text => text.match(/[\\d.]+/g).map(Number);
    const light = color => rgb(color).slice(0, 3).map(c => c / 255)
        .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = e => {
        const color = getComputedStyle(e).backgroundColor;
        return rgb(color)[3] === 0 ? behind(e.parentElement) : color; };
    const faint = new Set(), seen = new Set();
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const e = texts.currentNode.parentElement;
        if (seen.has(e) || !e.getClientRects().length || !texts.currentNode.data.trim()) continue;
        seen.add(e);
        const style = getComputedStyle(e), size = parseFloat(style.fontSize);
        const least = size >= 24 || size >= 18.66 && style.fontWeight >= 700 ? 3 : 4.5;
        const [a, b] = [style.color, behind(e)].map(light).sort((x, y) => y - x);
        if ((a + 0.05) / (b + 0.05) < least) faint.add(e.outerHTML.slice(0, 90)); }
    return [...faint]; }"""
OPEN = "() => document.querySelectorAll('details:not(.figure)').forEach(d => { d.open = true; })"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return book.build(tmp_path_factory.mktemp("book"))


@pytest.fixture
def page(browser):
    page = browser.new_page()
    yield page
    page.close()


@pytest.mark.parametrize("theme", ("light", "dark"))
def test_pages_fit_any_screen_are_legible_and_ask_for_nothing(page, pages, pictures, theme):
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.emulate_media(color_scheme=theme)
    for path in pages:
        page.goto(path.as_uri())
        page.evaluate(OPEN)
        drawn = "() => [...document.images].every(i => i.complete && i.naturalWidth)"
        assert page.evaluate(drawn), path.name
        assert page.evaluate(TOO_FAINT) == [], path.name
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            place = f"{path.name} at {width}"
            assert page.evaluate("() => document.documentElement.scrollWidth") <= width, place
            assert page.evaluate(STANDING_OUT, width) == [], place
            if "LAB_SCREENSHOTS" in os.environ:
                picture = f"book-{path.stem}-{width}-{theme}.png"
                page.screenshot(path=pictures / picture, full_page=True)
    assert {url.split(":")[0] for url in requests} <= {"file", "data"}


def test_dark_pages_are_dark_and_faint_text_would_be_found(page, pages):
    page.emulate_media(color_scheme="dark")
    page.goto(pages[0].as_uri())
    color = "() => getComputedStyle(document.body).backgroundColor"
    assert max(map(int, page.evaluate(color)[4:-1].split(","))) < 50
    page.evaluate("() => { document.querySelector('main p').style.color = '#555'; }")
    assert len(page.evaluate(TOO_FAINT)) == 1


def test_no_line_of_code_is_cut_on_a_wide_screen(page, pages):
    page.set_viewport_size({"width": 1200, "height": 900})
    for path in pages:
        page.goto(path.as_uri())
        page.evaluate(OPEN)
        cut = "all => all.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
        assert page.locator("pre").evaluate_all(cut) == [], path.name


def test_a_figure_opens_at_full_size_and_closes_again(page, pages):
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto(next(path for path in pages if path.stem == "02_gradients").as_uri())
    image = page.locator(".figure img").first
    natural, fitting = image.evaluate("i => i.naturalWidth"), image.bounding_box()["width"]
    assert fitting <= 390 < natural and image.get_attribute("alt")
    page.locator(".figure summary").first.focus()
    for width in (natural, fitting):
        page.keyboard.press("Enter")
        assert image.bounding_box()["width"] == pytest.approx(width, abs=1)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390


def test_on_a_phone_a_wordy_table_is_a_stack_of_cards(page, pages):
    page.set_viewport_size({"width": 390, "height": 900})
    for path in (pages[0], pages[0].with_name("ledger.html")):
        page.goto(path.as_uri())
        row = page.locator(".stack tbody tr").first
        boxes = [cell.bounding_box() for cell in row.locator("td").all() if cell.is_visible()]
        assert len(boxes) > 2 and all(box["x"] + box["width"] <= 390 for box in boxes)
        assert all(
            a["y"] + a["height"] <= b["y"] + 1 for a, b in zip(boxes, boxes[1:], strict=False)
        )
        label = row.locator("td").first.evaluate("e => getComputedStyle(e, '::before').content")
        assert page.locator(".stack thead th").first.text_content() in label


def test_the_search_finds_a_section_without_a_network(page, pages):
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(pages[0].as_uri())
    page.get_by_role("searchbox").fill("gradient EXPLODE")
    page.keyboard.press("Enter")
    hits = page.locator("#found a")
    hits.first.wait_for()
    assert "Does the gradient explode?" in hits.first.inner_text()
    page.get_by_role("searchbox").fill("nosuchword")
    page.get_by_text("0 sections").wait_for()
    page.get_by_role("searchbox").fill("<img src=x> softmax")
    assert page.locator("#found img").count() == 0
    page.get_by_role("searchbox").fill("AdaDelta rate")
    hits.first.click()
    page.locator("main h1").wait_for()
    assert page.url.split("#")[1] and errors == []
