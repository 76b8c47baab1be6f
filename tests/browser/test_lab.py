"""What a student does, in a real browser: run all, move sliders, answer a quiz, do an exercise."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from playwright.sync_api import TimeoutError

from fpl_lib.course.checking import FunctionExercise
from fpl_lib.course.exercises import exercise, quiz
from fpl_lib.plots.style import MIN_ALT

pytestmark = pytest.mark.browser

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
PATIENCE = 900_000  # milliseconds; a notebook has a minute, on a machine with nothing else to do
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 800, "height": 900}
# A folded cell has an empty prompt in place of its number and code.
PROMPT = ".jp-InputPrompt:not(.jp-Placeholder-prompt)"
PROMPTS = f"[...document.querySelectorAll('.jp-CodeCell {PROMPT}')].map(p => p.textContent.trim())"
NUMBERED = re.compile(r"\[\d+\]:").fullmatch
READY = """async () => {
    const kernels = await (await fetch('/api/kernels')).json();
    const shown = document.querySelector('.jp-Notebook-ExecutionIndicator');
    return shown?.dataset.status === 'idle' && kernels.length === 1
        && kernels[0].execution_state === 'idle' && kernels[0].connections > 0; }"""
ERROR = "[data-mime-type='application/vnd.jupyter.error']"
PICTURES = "cell => [...cell.querySelectorAll('.jp-OutputArea-output img')].map(i => i.src).join()"
ALTS = "all => all.map(image => image.alt)"
SIDES = "all => all.map(cell => getComputedStyle(cell).textAlign)"
STANDING_OUT = """panel => [...document.querySelectorAll(
    '.jp-OutputArea-output img, .widget-image, .jp-RenderedMarkdown')]
    .filter(e => e.getBoundingClientRect().right > panel.getBoundingClientRect().right + 1)
    .map(e => e.alt || e.innerText || e.outerHTML.slice(0, 80))"""
CUT_OFF = """labels => labels.filter(label => {
    const text = document.createRange(); text.selectNodeContents(label);
    const box = label.closest('.jp-OutputArea-output').getBoundingClientRect();
    return text.getBoundingClientRect().bottom > box.bottom; }).map(label => label.innerText)"""


@dataclass
class Opened:
    """A notebook in the browser, all its cells run, and what the page did meanwhile."""

    path: Path
    page: object
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stored = nbformat.read(self.path, as_version=4)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("websocket", lambda socket: self.requests.append(socket.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def cell(self, wanted):
        """The cell on the page for which `wanted` holds in the file."""
        places = [number for number, cell in enumerate(self.stored.cells) if wanted(cell)]
        return self.page.locator(".jp-Notebook .jp-Cell").nth(places[0])

    def run(self, cell, source: str | None = None) -> str:
        """What a cell prints, with another source if there is one, once the kernel has finished."""
        if source is not None:
            cell.locator(".cm-content").click()
            self.page.keyboard.press("ControlOrMeta+A")
            self.page.keyboard.insert_text(source)
        else:
            cell.locator(PROMPT).click()
        before = cell.locator(PROMPT).text_content().strip()
        self.page.keyboard.press("ControlOrMeta+Enter")
        self.page.wait_for_function(
            "([cell, before]) => ![before, '[*]:'].includes("
            f"cell.querySelector('{PROMPT}').textContent.trim())",
            arg=[cell.element_handle(), before],
        )
        return cell.locator(".jp-OutputArea").inner_text()

    def resize(self, size: dict[str, int]) -> None:
        """Another window, as a student might have it; back when JupyterLab has followed."""
        self.page.set_viewport_size(size)
        self.page.wait_for_function(
            "width => document.querySelector('#main').getBoundingClientRect().width === width"
            " && new Promise(d => requestAnimationFrame(() => requestAnimationFrame(() => d(1))))",
            arg=size["width"],
        )


def run_all(page) -> bool:
    """Run ▸ Run All Cells, to the end or an error; whether it got there.

    On a busy machine JupyterLab offers the command late, and drops the cells that wait when it
    connects to the kernel anew: then once more, from the start.
    """
    for _ in range(6):
        page.wait_for_function(READY, polling=500)
        page.locator(f".jp-CodeCell {PROMPT}").first.click()
        again = any(map(NUMBERED, page.evaluate(PROMPTS)))
        command = "restart-and-run-all" if again else "run-all"
        page.locator(".lm-MenuBar-item", has_text=re.compile("^Run$")).click()
        item = page.locator(f".lm-Menu-item[data-command='runmenu:{command}']")
        try:
            item.click(timeout=15_000)
            if again:
                page.locator(".jp-Dialog .jp-mod-accept").click()
            page.wait_for_function(f"() => {PROMPTS}.includes('[*]:')", timeout=15_000)
        except TimeoutError:
            page.keyboard.press("Escape")
            continue
        page.wait_for_function(f"() => !{PROMPTS}.includes('[*]:')")
        if all(map(NUMBERED, page.evaluate(PROMPTS))) or page.locator(ERROR).count():
            return True
    return False


def test_text_has_room_on_a_small_screen(browser, lab):
    """The side bar starts folded, as `make lab` and Binder lay it out."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.set_viewport_size(NARROW)
    page.goto(f"{lab.url}/lab/tree/{NOTEBOOKS[0].name}?token={lab.token}")
    text = page.locator(".jp-RenderedMarkdown").first
    text.wait_for()
    assert text.bounding_box()["width"] > 550
    page.close()
    lab.stop_kernels()


def test_a_stored_figure_has_its_words_before_anything_is_run(browser, lab):
    """Nobody trusts such an output yet, so that it goes through JupyterLab's sanitiser."""
    notebook = nbformat.read(NOTEBOOKS[0], as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    figure = next(output for output in outputs if "image/png" in output.get("data", {}))
    cell = nbformat.v4.new_code_cell("", outputs=[figure])
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), lab.folder / "stored.ipynb")
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(lab.page("stored.ipynb"))
    image = page.locator(".jp-OutputArea-output img")
    image.wait_for()
    assert image.get_attribute("alt") == figure.metadata["image/png"]["alt"]
    assert image.evaluate("image => image.naturalWidth") > 300
    page.close()
    lab.stop_kernels()


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def opened(request, browser, lab, pictures) -> Iterator[Opened]:
    """Each notebook in turn, opened afresh in a kernel of its own and run from its menu."""
    page = browser.new_page()
    page.set_viewport_size(WIDE)
    page.set_default_timeout(PATIENCE)
    notebook = Opened(request.param, page)
    page.goto(lab.page(request.param.name))
    if not run_all(page):
        page.screenshot(path=pictures / f"{request.param.stem}-stuck.png")
        pytest.fail(f"not all cells have run: {page.evaluate(PROMPTS)}")
    yield notebook
    page.close()
    lab.stop_kernels()


def test_run_all_ends_without_an_error(opened):
    assert opened.page.locator(ERROR).all_inner_texts() == []
    stderr = opened.page.locator("[data-mime-type='application/vnd.jupyter.stderr']")
    assert stderr.all_inner_texts() == []
    code = [cell for cell in opened.stored.cells if cell.cell_type == "code"]
    assert opened.page.evaluate(PROMPTS) == [
        f"[{number}]:"
        for number, cell in enumerate(code, 1)
        if not cell.metadata.get("jupyter", {}).get("source_hidden")
    ]
    assert opened.errors == []


def test_everything_stays_on_this_machine(opened):
    hosts = {urlsplit(url).hostname for url in opened.requests if url.startswith(("http", "ws"))}
    assert hosts == {"127.0.0.1"}


def test_nothing_that_a_student_does_not_need_is_in_the_way(opened):
    """No question about news, no note about a newer version, no menu for teachers."""
    assert opened.page.locator(".jp-toast-button, .Toastify__toast").count() == 0
    menus = opened.page.locator(".lm-MenuBar-item").all_inner_texts()
    assert "Run" in menus and not [menu for menu in menus if "grader" in menu.lower()]


def test_every_figure_is_drawn(opened):
    images = opened.page.locator(".jp-Notebook .jp-OutputArea-output img")
    facts = images.evaluate_all("all => all.map(image => image.complete && image.naturalWidth)")
    assert facts and all(facts), facts
    alts = images.and_(opened.page.locator(".jp-RenderedHTML img")).evaluate_all(ALTS)
    assert all(len(alt) >= MIN_ALT for alt in alts), alts


def test_number_columns_stand_to_the_right_and_words_to_the_left(opened):
    for side in ("left", "right"):
        cells = opened.page.locator(f".jp-RenderedHTML td[style*='{side}']")
        assert set(cells.evaluate_all(SIDES)) <= {side}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux counts it")
def test_a_kernel_stays_below_a_gigabyte(opened, lab):
    assert lab.most_memory() < 1


@pytest.mark.parametrize("size", (WIDE, NARROW), ids=("1280", "800"))
def test_nothing_sticks_out_and_no_quiz_option_is_cut_off(opened, size, pictures):
    opened.resize(size)
    try:
        page = opened.page
        panel = page.locator(".jp-WindowedPanel-outer").first
        labels = page.locator(".jp-Notebook .widget-radio-box label")
        assert panel.evaluate(STANDING_OUT) == []
        assert labels.count() and labels.evaluate_all(CUT_OFF) == []
        if "LAB_SCREENSHOTS" in os.environ:
            for number, cell in enumerate(page.locator(".jp-Notebook .jp-Cell").all()[::3]):
                cell.scroll_into_view_if_needed()
                name = f"{opened.path.stem}-{size['width']}-{number:02}.png"
                page.screenshot(path=pictures / name)
    finally:
        opened.resize(WIDE)


def test_a_slider_moves_the_figure(opened):
    page = opened.page
    cells = page.locator(".jp-CodeCell").filter(has=page.locator(".widget-slider"))
    assert bool(cells.count()) == ("live=" in opened.path.read_text(encoding="utf-8"))
    for cell in cells.all():
        before, drawn = cell.evaluate(PICTURES), cell.locator("img").first.screenshot()
        cell.locator(".noUi-handle").first.focus()
        for key in ("ArrowRight", "ArrowLeft"):  # the other way where a slider is at its end
            for _ in range(10):
                page.keyboard.press(key)
            try:
                changed = f"([cell, before]) => ({PICTURES})(cell) !== before"
                arg = [cell.element_handle(), before]
                page.wait_for_function(changed, arg=arg, timeout=30_000)
                break
            except TimeoutError:
                continue
        assert cell.evaluate(PICTURES) != before
        page.wait_for_function(
            "cell => [...cell.querySelectorAll('img')].every(i => i.complete && i.naturalWidth)",
            arg=cell.element_handle(),
        )
        assert cell.locator("img").first.screenshot() != drawn


def test_a_quiz_answers_a_click(opened):
    ids = re.findall(r'predict\(\\?"([\w-]+)\\?"\)', opened.path.read_text(encoding="utf-8"))
    assert ids
    for name in ids:
        options, later = quiz(name).options, quiz(name).answered_in
        cell = opened.cell(lambda cell, name=name: f'predict("{name}")' in cell.source)
        buttons = cell.locator("input[type=radio]")
        assert buttons.count() == len(options)
        assert cell.locator("input[type=radio]:checked").count() == 0
        wrong = next(i for i, option in enumerate(options) if not option.right)
        right = next(i for i, option in enumerate(options) if option.right)
        for place, words in ((wrong, "✗ Not quite."), (right, "✓ Right.")):
            buttons.nth(place).click()
            said = f"{later.capitalize()} comes back to it." if later else words
            cell.get_by_text(said).wait_for()
            shown = cell.locator(".jp-OutputArea").inner_text()
            assert (options[place].why.replace("`", "") in shown) != bool(later)


def test_a_check_rejects_by_name_and_then_accepts(opened):
    """The first function to write: nothing yet, then the usual mistake, then the solution."""
    teacher = nbformat.read(opened.path.parent / "solutions" / opened.path.name, as_version=4)
    graded = [c.source for c in teacher.cells if c.metadata.get("nbgrader", {}).get("grade")]
    checked = [re.search(r'check\("([\w-]+)", (\w+)', source).groups() for source in graded]
    name, answer = next(c for c in checked if isinstance(exercise(c[0]), FunctionExercise))
    solution = next(cell for cell in teacher.cells if cell.id == name).source
    mistake = exercise(name).mistakes[0]
    wrong = (
        f"import fpl_lib.course.exercises as e\n{answer} = e.exercise({name!r}).mistakes[0].code"
    )
    gap, check = (opened.cell(lambda c, i=i: c.id == i) for i in (name, f"{name}-check"))
    assert "○ Not attempted" in check.locator(".jp-OutputArea").inner_text()
    for source, words in (
        (wrong, f"✗ Not yet: {mistake.message}"),
        (solution, f"✓ Right: {exercise(name).title}"),
    ):
        opened.run(gap, source)
        shown = " ".join(opened.run(check).split())
        assert " ".join(words.replace("`", "").split()) in shown
