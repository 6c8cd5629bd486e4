"""The check of the playground of the built site: Python is loaded once, and asked as readers ask.

By touch on a phone, in both schemes, and by the keyboard alone; where the site was built without
the playground there is nothing to play.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.sync_api import Error as BrowserError

from cnnref.networks.catalog import table
from website.places import DOCS

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from checks.tour.visits import Visit

NAME = "playground.html"
LOADED = "assets/playground/files.json"
# milliseconds that a machine may take to start Python, and then for an answer
STARTING, PATIENCE = 120_000, 15_000
IDLE = "() => !document.querySelector('.playground').ariaBusy"
SAYS = "() => document.querySelector('[data-part=said]').textContent"
SAID = """text => !document.querySelector('.playground').ariaBusy &&
  document.querySelector('[data-part=said]').textContent.includes(text)"""
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
ON = "name => document.activeElement.dataset.part === name"
RIGHT = 'net = Net((3, 32, 32), name="played")\nnet.conv(net.input, 4, 3)'
WRONG = 'net = Net((3, 8, 8))\nnet.conv(net.input, 4, 9, name="wide")'
# whether the browser would leave the page for the file
DROP = """([bytes, name]) => {
  const files = new DataTransfer();
  files.items.add(new File([Uint8Array.from(bytes)], name));
  const given = {dataTransfer: files, bubbles: true, cancelable: true};
  return ['dragover', 'drop'].some(kind =>
    document.querySelector('h1').dispatchEvent(new DragEvent(kind, given)));
}"""
# the stops of the Tab key before the playground's last button
STOPS = 400


def check(visit: Visit) -> None:
    if NAME not in visit.names or not (visit.site / LOADED).is_file():
        return
    visit.counts["playgrounds"] += 1
    with visit.context("phone", "dark", has_touch=True, is_mobile=True) as context:
        context.set_default_timeout(STARTING)
        with visit.open(context, NAME, "playground") as page:
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            address = play(visit, page)
            linked(visit, page, address, asked)


def play(visit: Visit, page: Page) -> str:
    """What one reader does on one page; the address that carries the last text."""
    part = parts(page)
    part("run").tap()
    heard(visit, page, "a tap on Run", "mine: ")
    page.set_default_timeout(PATIENCE)
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        visit.axe(page, NAME, f"playground, {scheme}")
    if (excess := page.evaluate(OVERFLOW)) > 0:
        visit.fault(NAME, "playground", f"a table makes the page scroll sideways: {excess} px")
    part("convention").select_option("flops")
    heard(visit, page, "a convention", "mine: ")
    if "FLOPs (flops)" not in page.inner_text(".playground dl"):
        visit.fault(NAME, "playground", "another convention does not change the totals")
    part("other").select_option("alexnet")
    heard(visit, page, "a comparison", "mine: ")
    if not page.query_selector(".playground pre:has-text('alexnet')"):
        visit.fault(NAME, "playground", "a second network is not compared")
    dropped(visit, page)
    part("start").select_option("vgg16")
    heard(visit, page, "a network to start from", "vgg16 stands above")
    part("run").tap()
    heard(visit, page, "its spec", f"vgg16: {len(table('vgg16'))} rows")
    by_keyboard(visit, page)
    return str(page.evaluate("location.href"))


def dropped(visit: Visit, page: Page) -> None:
    """A file beside the playground: of another kind, then one that is read; a link beside it."""
    part = parts(page)
    for name, data, said in (
        ("picture.png", b"\x89PNG\r\n", "picture.png is no ONNX file"),
        ("dropped.onnx", (DOCS / "examples" / "small.onnx").read_bytes(),
         "dropped: 5 rows, for an input of"),
    ):  # fmt: skip
        if page.evaluate(DROP, [list(data), name]):
            visit.fault(NAME, "playground", f"the browser goes to {name} where it is dropped")
        heard(visit, page, "a dropped file", said)
    part("link").tap()
    heard(visit, page, "a link beside a file", "of dropped.onnx nothing but its name")


def parts(page: Page) -> Callable[[str], Any]:
    return lambda name: page.locator(f"[data-part={name}]")


def heard(visit: Visit, page: Page, what: str, text: str) -> None:
    """Something that a reader does ends with a sentence."""
    visit.counts["things played"] += 1
    try:
        page.wait_for_function(SAID, arg=text)
    except BrowserError:
        said = page.evaluate(SAYS)
        visit.fault(NAME, "playground", f"{what} does not say '{text}', and says '{said[:80]}'")


def by_keyboard(visit: Visit, page: Page) -> None:
    """Without a pointer: to the field, a wrong text, its sentence, the right text, the link."""
    page.evaluate("() => document.activeElement.blur()")
    if not reached(page, "code"):
        visit.fault(NAME, "playground", "the Tab key does not reach the text")
        return
    typed(page, WRONG)
    heard(visit, page, "a window that does not fit", "Line 2: wide: a window of 9")
    typed(page, RIGHT)
    heard(visit, page, "the text mended", "played: 1 row,")
    if not reached(page, "link"):
        visit.fault(NAME, "playground", "the Tab key does not reach the link")
        return
    page.keyboard.press("Enter")
    heard(visit, page, "the link", "The address of this page now holds the text")


def reached(page: Page, name: str) -> bool:
    for _ in range(STOPS):
        if page.evaluate(ON, name):
            return True
        page.keyboard.press("Tab")
    return False


def typed(page: Page, text: str) -> None:
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)
    page.keyboard.press("Control+Enter")
    page.wait_for_function(IDLE)


def linked(visit: Visit, page: Page, address: str, asked: list[str]) -> None:
    """A link holds a text that waits; a broken one says so; neither loads what runs it."""
    states = {address: (RIGHT, "came with the link"), f"{address}%": (None, "cannot be read")}
    for state, (text, said) in states.items():
        page.goto("about:blank")
        asked.clear()
        page.goto(state, wait_until="load")
        heard(visit, page, "a link", said)
        if text and page.input_value("[data-part=code]") != text:
            visit.fault(NAME, "playground", "a link does not hold the text")
        if any("pyodide" in url for url in asked):
            visit.fault(NAME, "playground", "a link runs a text that no one asked to run")
