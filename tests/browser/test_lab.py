"""What a student does, in a real browser: run all, move sliders, answer a quiz, do an exercise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from playwright.sync_api import TimeoutError

from fpl_lib.exercises import quiz

pytestmark = pytest.mark.browser

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
PATIENCE = 180_000  # milliseconds; a notebook has a minute, on a machine with nothing else to do
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 800, "height": 900}


@dataclass
class Opened:
    """A notebook in the browser, all its cells run, and what the page did meanwhile."""

    path: Path
    page: object
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def cell(self, text: str):
        """The first code cell whose source contains `text`."""
        source = self.page.locator(".jp-InputArea-editor", has_text=text)
        return self.page.locator(".jp-CodeCell").filter(has=source).first

    def run(self, cell, source: str | None = None):
        """Run a cell, with another source if there is one; back when the kernel has finished."""
        if source is not None:
            cell.locator(".cm-content").click()
            self.page.keyboard.press("ControlOrMeta+A")
            self.page.keyboard.insert_text(source)
        else:
            cell.locator(".jp-InputPrompt").click()
        before = prompt(cell)
        self.page.keyboard.press("ControlOrMeta+Enter")
        self.page.wait_for_function(
            "([cell, before]) => ![before, '[*]:'].includes("
            "cell.querySelector('.jp-InputPrompt').textContent.trim())",
            arg=[cell.element_handle(), before],
            timeout=PATIENCE,
        )


def prompt(cell) -> str:
    return cell.locator(".jp-InputPrompt").inner_text().strip()


def run_all(page) -> None:
    """Run ▸ Run All Cells; again where JupyterLab lets it drop, as it does before it is ready."""
    for _ in range(6):
        page.locator(".lm-MenuBar-item", has_text=re.compile("^Run$")).click()
        page.locator(".lm-Menu-item[data-command='runmenu:run-all']").click()
        try:
            page.wait_for_function(
                "() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]"
                ".some(cell => cell.textContent.trim() !== '[ ]:')",
                timeout=10_000,
            )
            return
        except TimeoutError:
            continue
    pytest.fail("Run All Cells runs nothing")


def wait_until_run(page) -> None:
    """Back when every code cell that holds code has a number."""
    page.wait_for_function(
        "() => { const cells = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')];"
        " return cells.length && cells.every(c => /^\\[\\d+\\]:$/.test(c.textContent.trim())); }",
        timeout=PATIENCE,
    )


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def opened(request, browser, lab, pictures) -> Iterator[Opened]:
    """Each notebook in turn, opened afresh and run from its menu; pictures at two widths."""
    context = browser.new_context(viewport=WIDE)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    notebook = Opened(request.param, page)
    page.on("request", lambda request: notebook.requests.append(request.url))
    page.on("pageerror", lambda error: notebook.errors.append(str(error)))
    page.goto(lab.page(request.param.name))
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']")
    run_all(page)
    try:
        wait_until_run(page)
    except TimeoutError:
        page.screenshot(path=pictures / f"{request.param.stem}-stuck.png")
        prompts = page.locator(".jp-CodeCell .jp-InputPrompt").all_inner_texts()
        pytest.fail(f"not all cells have run: {prompts}")
    yield notebook
    context.close()
    lab.stop_kernels()


def test_run_all_ends_without_an_error(opened):
    page, stored = opened.page, nbformat.read(opened.path, as_version=4)
    count = sum(cell.cell_type == "code" for cell in stored.cells)
    assert prompt(page.locator(".jp-CodeCell").last) == f"[{count}]:"
    for kind in ("error", "stderr"):
        wrong = page.locator(f"[data-mime-type='application/vnd.jupyter.{kind}']")
        assert wrong.all_inner_texts() == []
    assert opened.errors == []


def test_everything_stays_on_this_machine(opened):
    hosts = {urlsplit(url).hostname for url in opened.requests if url.startswith(("http", "ws"))}
    assert hosts == {"127.0.0.1"}


def test_every_figure_is_drawn(opened):
    images = opened.page.locator(".jp-Notebook .jp-OutputArea-output img")
    facts = images.evaluate_all("all => all.map(image => image.complete && image.naturalWidth)")
    assert facts and all(facts), facts


@pytest.mark.parametrize("size", (WIDE, NARROW), ids=("1280", "800"))
def test_nothing_sticks_out_of_the_page(opened, size, pictures):
    page = opened.page
    page.set_viewport_size(size)
    page.evaluate("() => new Promise(done => setTimeout(done, 500))")
    whole = page.locator(".jp-WindowedPanel-outer").first
    cells = page.locator(".jp-Notebook .jp-Cell")
    for number in range(cells.count()):
        cells.nth(number).scroll_into_view_if_needed()
        if number % 3 == 0:
            name = f"{opened.path.stem}-{size['width']}-{number:02}.png"
            page.screenshot(path=pictures / name)
    room = whole.evaluate("panel => panel.getBoundingClientRect().right")
    for part in (".jp-OutputArea-output img", ".widget-image", ".jp-RenderedMarkdown"):
        for right in page.locator(f".jp-Notebook {part}").evaluate_all(
            "all => all.map(e => e.getBoundingClientRect().right)"
        ):
            assert right <= room + 1, f"{part} ends at {right}, the page at {room}"
    page.set_viewport_size(WIDE)


def test_no_quiz_option_is_cut_off(opened):
    page = opened.page
    page.set_viewport_size(NARROW)
    try:
        page.evaluate("() => new Promise(done => setTimeout(done, 500))")
        labels = page.locator(".jp-Notebook .widget-radio-box label")
        assert labels.count()
        for label, box, text in labels.evaluate_all(
            "all => all.map(l => { const range = document.createRange();"
            " range.selectNodeContents(l); const box = l.closest('.jp-OutputArea-output');"
            " return [range.getBoundingClientRect().bottom, box.getBoundingClientRect().bottom,"
            " l.innerText]; })"
        ):
            assert label <= box, f"cut off: {text}"
    finally:
        page.set_viewport_size(WIDE)


def test_a_slider_moves_the_figure(opened):
    page = opened.page
    sliders = page.locator(".jp-Notebook .widget-slider")
    live = "live=" in opened.path.read_text(encoding="utf-8")
    assert bool(sliders.count()) == live
    cells = page.locator(".jp-CodeCell").filter(has=sliders)
    for number in range(cells.count()):
        cell = cells.nth(number)
        picture = cell.locator("img.widget-image")
        before = picture.screenshot()
        handle = cell.locator(".noUi-handle").first
        handle.focus()
        source = picture.get_attribute("src")
        for _ in range(10):
            page.keyboard.press("ArrowLeft" if number % 2 else "ArrowRight")
        page.wait_for_function(
            "([image, source]) => image.src !== source && image.complete",
            arg=[picture.element_handle(), source],
        )
        assert picture.screenshot() != before


def test_a_quiz_answers_a_click(opened):
    ids = re.findall(r'predict\(\\?"([\w-]+)\\?"\)', opened.path.read_text(encoding="utf-8"))
    assert ids
    for name in ids:
        options = quiz(name).options
        cell = opened.cell(f'predict("{name}")')
        buttons = cell.locator("input[type=radio]")
        assert buttons.count() == len(options)
        assert cell.locator("input[type=radio]:checked").count() == 0
        wrong = next(i for i, option in enumerate(options) if not option.right)
        right = next(i for i, option in enumerate(options) if option.right)
        for place, words in ((wrong, "✗ Not quite."), (right, "✓ Right.")):
            buttons.nth(place).click()
            cell.get_by_text(words).wait_for()
            shown = cell.locator(".jp-OutputArea").inner_text()
            assert options[place].why.replace("`", "") in shown


@pytest.mark.parametrize("opened", NOTEBOOKS[:1], indirect=True, ids=lambda path: path.stem)
def test_a_check_rejects_by_name_and_then_accepts(opened):
    """In notebook 00, as a student would: a gap, a usual mistake, the solution."""
    solution = opened.cell("def false_positives(")
    check = opened.cell('check("00-false-positives", false_positives)')
    assert "○ Not attempted" in check.locator(".jp-OutputArea").inner_text()
    head = "def false_positives(confusion):\n    return "
    for answer, words in (
        (
            "confusion.sum(axis=1) - confusion.diagonal()",
            "✗ Not yet: These are sums along the rows.",
        ),
        ("confusion.sum(axis=0) - confusion.diagonal()", "✓ Right: False positives"),
    ):
        opened.run(solution, head + answer)
        opened.run(check)
        assert words in check.locator(".jp-OutputArea").inner_text()
