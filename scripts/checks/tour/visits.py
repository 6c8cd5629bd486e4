"""The checks of the built site in a browser: what is run on each page of the site."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    ElementHandle,
    Page,
    Request,
    ViewportSize,
)
from playwright.sync_api import Error as BrowserError

from checks.tour import decks, handled, hands, notebooks, played
from website.places import SCRIPTS

Scheme = Literal["dark", "light"]
AXE = SCRIPTS / "vendor" / "axe" / "axe.min.js"
SIZES = {"phone": (360, 740), "laptop": (1280, 900)}
# what a browser is told of a screen of that size
HELD: dict[str, dict[str, Any]] = {"phone": {"has_touch": True, "is_mobile": True}, "laptop": {}}
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
# A scheme changes colours alone, so axe asks everything in one scheme of each size and the
# contrast of colours in the other.
ALL_OF_AXE = {("phone", "dark"), ("laptop", "light")}
BLANK = "about:blank"
PATIENCE, SOON = 15_000, 3_000
OWN = ("data", "blob", "about", "file")
OVERFLOW = """() => {
  const root = document.documentElement, excess = root.scrollWidth - root.clientWidth;
  if (excess <= 0) return null;
  const wide = [...document.querySelectorAll('body *')].filter(e =>
    e.getBoundingClientRect().right > root.clientWidth + 1 &&
    !e.closest('.table-scroll, pre, svg'));
  const e = wide.pop();
  return excess + ' px too wide' + (e ? ', at <' + e.tagName.toLowerCase() + ' class="' +
    e.getAttribute('class') + '">' : '');
}"""
# what is folded away is no matter until it is opened
UNREACHABLE = """() => [...document.querySelectorAll('.md-content *')].filter(e => {
    if (!e.checkVisibility()) return false;
    const style = getComputedStyle(e);
    return /auto|scroll/.test(style.overflowX) && e.scrollWidth > e.clientWidth + 1 &&
      e.clientWidth > 0 && e.tabIndex < 0 && !e.querySelector('[tabindex], a, button');
  }).map(e => e.tagName.toLowerCase() + '.' + e.className)"""
RUN_AXE = """async ([part, rules]) => (await axe.run(part, {resultTypes: ['violations'],
    ...(rules ? {runOnly: rules} : {rules: {'target-size': {enabled: true}}})})).violations
  .filter(v => ['serious', 'critical'].includes(v.impact))
  .map(v => v.id + ': ' + v.help + ' (' + v.nodes.length + ' times, first at ' +
    v.nodes[0].target.join(' ') + ')')"""
SKIP_LINK = "() => document.activeElement.classList.contains('md-skip')"
STATIC = """() => [...document.querySelectorAll('.chart-view')].filter(view =>
  ![...view.querySelectorAll('svg')].some(svg => svg.getBoundingClientRect().height > 20)).length"""
BRIGHT = """() => getComputedStyle(document.body).backgroundColor.match(/\\d+/g)
  .slice(0, 3).some(part => Number(part) > 80)"""
FOLLOWS = """dark => (getComputedStyle(document.body).backgroundColor.match(/\\d+/g)
  .slice(0, 3).every(part => Number(part) < 80)) === dark"""
LIVE = """view => view.dataset.live === 'true' && !!view.querySelector('.chart-live svg') &&
  view.querySelector('.chart-live svg').getBoundingClientRect().height > 20"""
TOLD = """view => (view.parentElement.querySelector('.chart-said')?.textContent ?? '').length > 3"""
SHOWN = """figure => {
  const asked = [...figure.querySelectorAll('input:checked')].map(i => i.value).join(' ');
  const view = figure.querySelector('.chart-view');
  const where = view.dataset.live === 'true' ? '.chart-live svg' : '.chart-static svg';
  return view.dataset.shown === asked && !!view.querySelector(where);
}"""


def names(site: Path) -> list[str]:
    """The pages that are looked at."""
    paths = sorted(path for path in site.rglob("*.html") if path.name != "404.html")
    found = [path.relative_to(site).as_posix() for path in paths]
    return chosen(found, [path.stat().st_size for path in paths])


class Visit:
    """A tour of the built site, or of some of its pages, with one browser."""

    def __init__(
        self,
        browser: Browser,
        site: Path,
        address: str,
        pictures: Path | None,
        pages: Sequence[str] = (),
    ) -> None:
        self.browser, self.site, self.address, self.pictures = browser, site, address, pictures
        self.names = list(pages) or names(site)
        self.faults: list[str] = []
        self.counts: Counter[str] = Counter(pages=len(self.names))

    def everything(self) -> None:
        """Each page once in hand and once on a desk, and then what takes a page of its own."""
        for size, looks in (
            ("phone", (Visit.views, hands.texts, hands.touch, handled.in_hand)),
            ("laptop", (hands.length, Visit.views, hands.texts, Visit.keyboard, handle)),
        ):
            with self.context(size, **HELD[size]) as context:
                for name in self.names:
                    with self.open(context, name, size, slow=True) as page:
                        for look in looks:
                            look(self, page, name, size)
        self.without_scripts()
        self.from_files()
        self.search()
        hands.check(self)
        handled.check(self)
        played.check(self)
        notebooks.check(self)
        decks.check(self)

    def holding(self, *marks: str) -> list[str]:
        """The pages whose HTML has one of these in it; the others need not be opened for it."""
        texts = ((name, (self.site / name).read_text(encoding="utf-8")) for name in self.names)
        return [name for name, text in texts if any(mark in text for mark in marks)]

    @contextlib.contextmanager
    def context(self, size: str, scheme: Scheme = "light", **more: Any) -> Iterator[Any]:
        width, height = SIZES[size]
        viewport: ViewportSize = {"width": width, "height": height}
        context = self.browser.new_context(viewport=viewport, color_scheme=scheme, **more)
        context.set_default_timeout(PATIENCE)
        context.add_init_script(hands.SHIFTS)
        yield context
        context.close()

    @contextlib.contextmanager
    def open(
        self, context: Any, name: str, where: str, base: str = "", slow: bool = False
    ) -> Iterator[Page]:
        """A loaded page; what it logs as an error or asks of another host is a fault.

        slow: its fonts and scripts come late, and it may not move for that.
        """
        # a new tab is slower than the page in it
        idle = (tab for tab in context.pages if tab.url == BLANK)
        page: Any = next(idle, None) or context.new_page()
        moved = hands.slowed(self, page, name, where) if slow else None

        def logged(message: ConsoleMessage) -> None:
            if message.type == "error":
                self.fault(name, where, f"console error '{message.text[:200]}'")

        def asked(request: Request) -> None:
            parts = urlsplit(request.url)
            if parts.scheme not in OWN and parts.netloc != urlsplit(self.address).netloc:
                self.fault(name, where, f"asks another host: {request.url[:120]}")

        def failed(error: BrowserError) -> None:
            self.fault(name, where, f"script error '{error}'")

        heard = {"console": logged, "request": asked, "pageerror": failed}
        for event, listener in heard.items():
            page.on(event, listener)
        try:
            page.goto((base or self.address) + name, wait_until="load")
            if moved:
                moved()
            yield page
            page.goto(BLANK)
            for event, listener in heard.items():
                page.remove_listener(event, listener)
        except BrowserError as error:
            self.fault(name, where, str(error).splitlines()[0])
            page.close()

    def fault(self, name: str, where: str, text: str) -> None:
        self.faults.append(f"{name} ({where}): {text}")

    def views(self, page: Page, name: str, size: str) -> None:
        page.evaluate("() => document.fonts.ready.then(() => true)")
        for scheme in SCHEMES:
            self.view(page, name, size, scheme)
        page.emulate_media(color_scheme="light")

    def view(self, page: Page, name: str, size: str, scheme: Any) -> None:
        """A loaded page after the system has gone over to a scheme, which the page follows."""
        where = f"{size}, {scheme}"
        page.emulate_media(color_scheme=scheme)
        try:
            page.wait_for_function(FOLLOWS, arg=scheme == "dark")
        except BrowserError:
            self.fault(name, where, "the page does not follow the system's scheme")
        self.counts["views"] += 1
        if excess := page.evaluate(OVERFLOW):
            self.fault(name, where, f"the page scrolls sideways: {excess}")
        self.reach(page, name, where)
        self.picture(page, f"{Path(name).with_suffix('').as_posix()}-{size}-{scheme}")
        self.axe(page, name, where, None if (size, scheme) in ALL_OF_AXE else ["color-contrast"])

    def reach(self, page: Page, name: str, where: str) -> None:
        """Whatever scrolls is a stop of the Tab key, once the scripts have come."""
        with contextlib.suppress(BrowserError):
            page.wait_for_function(f"() => !({UNREACHABLE})().length", timeout=SOON)
        for element in page.evaluate(UNREACHABLE):
            self.fault(name, where, f"the keyboard cannot scroll {element}")

    def axe(
        self,
        page: Page,
        name: str,
        where: str,
        rules: Sequence[str] | None = None,
        part: str = "html",
    ) -> None:
        """What axe finds on a page as it is now; rules, part: these or there alone, where given."""
        if AXE.exists():
            if not page.evaluate("() => 'axe' in window"):
                page.evaluate(AXE.read_text(encoding="utf-8"))
            self.counts["axe runs"] += 1
            for violation in page.evaluate(RUN_AXE, [part, rules]):
                self.fault(name, where, f"axe {violation}")

    def picture(self, page: Page, stem: str) -> None:
        if self.pictures is not None:
            self.pictures.mkdir(parents=True, exist_ok=True)
            target = self.pictures / f"{stem.replace('/', '-')}.png"
            page.screenshot(path=target, full_page=True)

    def keyboard(self, page: Page, name: str, _: str) -> None:
        page.keyboard.press("Tab")
        if not page.evaluate(SKIP_LINK):
            self.fault(name, "keyboard", "the first Tab does not reach the skip link")
        self.choices(page, name)

    def charts(self, page: Page, name: str, most: int | None = None) -> None:
        """Each chart is live on focus, or of many the first ones, and tells of its marks."""
        page.evaluate(OPEN)
        for view in page.query_selector_all(".chart-view")[:most]:
            self.counts["charts"] += 1
            view.focus()
            try:
                page.wait_for_function(LIVE, arg=view)
            except BrowserError:
                title = view.get_attribute("aria-label")
                self.fault(name, "keyboard", f"the chart '{title}' does not become live on focus")
                continue
            page.keyboard.press("ArrowRight")
            if not page.evaluate(TOLD, view):
                self.fault(name, "keyboard", "an arrow key in a live chart tells of no mark")
        self.choices(page, name)

    def choices(self, page: Page, name: str) -> None:
        """The arrow keys choose another view, before and after the chart is live."""
        for figure in page.query_selector_all("figure[data-choice]"):
            for group in figure.query_selector_all("fieldset:not([hidden])"):
                self.counts["choices"] += 1
                group.eval_on_selector("input:checked", "e => e.focus()")
                page.keyboard.press("ArrowDown")
                try:
                    page.wait_for_function(SHOWN, arg=figure)
                except BrowserError:
                    legend = group.eval_on_selector("legend", "e => e.innerText")
                    self.fault(name, "keyboard", f"the choice '{legend}' changes nothing")

    def without_scripts(self) -> None:
        with self.context("phone", "dark", java_script_enabled=False) as context:
            for name in self.names:
                with self.open(context, name, "no scripts") as page:
                    self.counts["pages without scripts"] += 1
                    if page.evaluate(BRIGHT):
                        self.fault(name, "no scripts", "a system in dark mode gets a bright page")
                    if len(page.inner_text("article")) < len(page.inner_text("h1")) + 3:
                        self.fault(name, "no scripts", "the article is empty")
                    if missing := page.evaluate(STATIC):
                        self.fault(name, "no scripts", f"{missing} charts are not drawn")
                    if excess := page.evaluate(OVERFLOW):
                        self.fault(name, "no scripts", f"the page scrolls sideways: {excess}")
                    paper(self, page, name)
                    handled.plain(self, page, name)

    def from_files(self) -> None:
        base = self.site.as_uri() + "/"
        with self.context("laptop") as context:
            for name in self.names:
                with self.open(context, name, "from file", base) as page:
                    self.counts["pages from files"] += 1
                    self.charts(page, name, most=1)
                    # what a figure does is the same everywhere; what it keeps is not
                    handled.tried(self, page, name, most=1)

    def search(self) -> None:
        """Words of the lecture are found, and the longest of a heading also from files.

        Every page has the same search, so it is the site's first page that is asked.
        """
        first = names(self.site)[0]
        if first not in self.names:
            return
        origins = [(f"{self.site.as_uri()}/", "from file", ()), (self.address, "served", WORDS)]
        with self.context("laptop") as context:
            for origin, where, words in origins:
                with self.open(context, first, where, origin) as page:
                    heading = page.inner_text("h1").replace("¶", "")
                    for word in (max(heading.split(), key=len).strip(",.;:"), *words):
                        self.seek(page, first, word, where)

    def seek(self, page: Page, name: str, word: str, where: str) -> None:
        """A word is typed and found; what it found is gone when it is deleted."""
        page.click("[data-md-component=search-query]")
        page.keyboard.type(word)
        self.counts["searches"] += 1
        try:
            page.wait_for_selector(FINDING)
        except BrowserError:
            self.fault(name, where, f"the search for '{word}' finds nothing")
        page.keyboard.press("Control+A")
        page.keyboard.press("Delete")
        page.wait_for_selector(FINDING, state="detached")


# a reader looks for these; each must be found
WORDS = ("bottleneck", "1x1", "conv4_1")
FINDING = ".md-search-result__item"
# of a folder with more pages than this only some are looked at
MANY = 12
ORDER = """table => [...table.tBodies[0].rows].map(row => row.cells[0].textContent)"""
VALUES = """table => {
  const column = [...table.tHead.rows[0].cells].findIndex(cell => cell.hasAttribute('aria-sort'));
  return [...table.tBodies[0].rows].map(row => row.cells[column]).map(cell =>
    cell.dataset.value ?? cell.querySelector('data')?.value ?? cell.textContent.trim());
}"""
OPEN = "() => document.querySelectorAll('details').forEach(box => { box.open = true; })"
SORTED_BY = "table => table.querySelector('[aria-sort]')?.getAttribute('aria-sort') ?? ''"
SEEN = "table => [...table.tBodies[0].rows].filter(row => !row.hidden).length"
FOUND = "f => f.closest('.table-filter').textContent"
ROWS = "() => [...document.querySelectorAll('.tree tr[id]')].map(row => row.id)"
UNLINKED = """() => [...document.querySelectorAll('.tree tr[id]')].filter(row =>
  row.cells[0].querySelector('a')?.hash !== '#' + row.id).map(row => row.id)"""
IN_VIEW = """id => {
  const row = document.getElementById(id), box = row.getBoundingClientRect();
  return box.height > 0 && box.top >= 0 && box.bottom <= innerHeight;
}"""
DRAWN = "() => document.querySelectorAll('.tree tr[id]').length - " + (
    "[...document.querySelectorAll('.tree tr[id]')].filter(r => r.getClientRects().length).length"
)
# tables as long as tables.js makes sortable, and without a button to sort by
UNSORTABLE = """() => [
  ...document.querySelectorAll('table.ledger:not(.prices, .deck *)')].filter(table =>
  table.tHead?.rows.length === 1 && table.tBodies.length === 1 &&
  table.tBodies[0].rows.length >= 12 && !table.querySelector('[colspan], [rowspan], .sort')
).map(table => table.tHead.textContent.trim().slice(0, 60))"""
FURNITURE = """() => [...document.querySelectorAll('.md-header, .md-tabs, .md-sidebar, .md-footer,'
  + '.table-filter, .tree-tools')].filter(e => e.getClientRects().length).length"""


def chosen(names: Sequence[str], weights: Sequence[int]) -> list[str]:
    """The pages to look at: all, but of a folder with many only its index and some.

    These are the lightest, the heaviest and those between at equal steps, so the choice is
    the same each time and every kind of page is in it.
    """
    weight = dict(zip(names, weights, strict=True))
    kept: list[str] = []
    for folder in dict.fromkeys(name.rpartition("/")[0] for name in names):
        inside = [name for name in names if name.rpartition("/")[0] == folder]
        index = [name for name in inside if name.endswith("index.html")]
        others = sorted(set(inside) - set(index), key=lambda name: (weight[name], name))
        if folder and len(others) > MANY:
            step = (len(others) - 1) / 5
            others = [others[round(step * number)] for number in range(6)]
        kept += [*index, *others]
    return sorted(kept)


def handle(visit: Visit, page: Page, name: str, _: str) -> None:
    """Charts by the keyboard, tables by every hand, the page on paper, and last what leaves it."""
    visit.charts(page, name)
    visit.reach(page, name, "laptop, opened")
    for title in page.evaluate(UNSORTABLE):
        visit.fault(name, "tables", f"the long table '{title}' cannot be sorted")
    for table in page.query_selector_all("table:has(button.sort)"):
        sort(visit, page, name, table)
    filters(visit, page, name)
    hands.wide(visit, page, name)
    deep_link(visit, page, name)
    paper(visit, page, name)
    handled.tried(visit, page, name)


def sort(visit: Visit, page: Page, name: str, table: ElementHandle) -> None:
    """The keyboard sorts by the last column both ways, and the third time as it was."""
    visit.counts["tables sorted"] += 1
    before = table.evaluate(ORDER)
    table.query_selector_all("button.sort")[-1].focus()
    orders = []
    for _ in range(2):
        page.keyboard.press("Enter")
        orders.append(table.evaluate(SORTED_BY))
        values = [number(value) for value in table.evaluate(VALUES)]
        figures = [value for value in values if isinstance(value, float)]
        if figures != sorted(figures, reverse=orders[-1] == "descending"):
            visit.fault(name, "tables", f"a table is not sorted {orders[-1]}")
        if sorted(table.evaluate(ORDER)) != sorted(before):
            visit.fault(name, "tables", "sorting loses rows")
    page.keyboard.press("Enter")
    if sorted(orders) != ["ascending", "descending"] or table.evaluate(ORDER) != before:
        visit.fault(name, "tables", f"sorting goes {orders} and not back to the first order")


def number(text: str) -> float | str:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return text


def filters(visit: Visit, page: Page, name: str) -> None:
    """What stands in the first row is found by the filter, and what stands nowhere is not."""
    for field in page.query_selector_all(".table-filter input"):
        visit.counts["tables filtered"] += 1
        table: Any = field.evaluate_handle(
            "f => f.closest('.table-filter').nextElementSibling.querySelector('table')"
        )
        all_rows = table.evaluate(SEEN)
        for text, least, most in ((table.evaluate(ORDER)[0], 1, all_rows - 1), ("qqq", 0, 0)):
            field.fill(text)
            if not least <= table.evaluate(SEEN) <= most:
                visit.fault(name, "tables", f"the filter '{text}' shows the wrong rows")
        if "No row has that" not in field.evaluate(FOUND):
            visit.fault(name, "tables", "a filter that finds nothing does not say so")
        field.fill("")
        if table.evaluate(SEEN) != all_rows:
            visit.fault(name, "tables", "an empty filter hides rows")


def deep_link(visit: Visit, page: Page, name: str) -> None:
    """A link to the last row of a tree opens what it stands in, and the row is in view."""
    rows = page.evaluate(ROWS)
    for row in page.evaluate(UNLINKED)[:1]:
        visit.fault(name, "deep link", f"the row '{row}' has no link to itself when it is opened")
    for row in rows[-1:]:
        visit.counts["deep links"] += 1
        with visit.open(page.context, f"{name}#{row}", "deep link") as target:
            try:
                target.wait_for_function(IN_VIEW, arg=row, timeout=3000)
            except BrowserError:
                visit.fault(name, "deep link", f"'#{row}' does not bring its row into view")


def paper(visit: Visit, page: Page, name: str) -> None:
    """On paper every row is there, opened or not, and nothing to press."""
    page.emulate_media(media="print")
    visit.counts["pages on paper"] += 1
    if hidden := page.evaluate(DRAWN):
        visit.fault(name, "paper", f"{hidden} rows are not shown")
    if shown := page.evaluate(FURNITURE):
        visit.fault(name, "paper", f"{shown} parts of the frame are shown")
    page.emulate_media(media="screen")
