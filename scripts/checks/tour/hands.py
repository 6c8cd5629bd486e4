"""The checks of the built site that need hands: taps, the way back, tables that are too wide.

Also how far a page moves while it loads, where every font and script comes late.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Error as BrowserError
from playwright.sync_api import Request, Route

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from checks.tour.visits import Visit

# more than this a reader notices; web.dev calls a tenth good
SHIFT = 0.05
# seconds after the page was asked for
LATE = 0.5
SHIFTS = """window.shifts = [];
new PerformanceObserver(list => window.shifts.push(...list.getEntries()
  .filter(entry => !entry.hadRecentInput))).observe({type: 'layout-shift', buffered: true});"""
SHIFTED = """() => {
  const worst = window.shifts.sort((a, b) => b.value - a.value)[0];
  const nodes = (worst?.sources ?? []).map(source => source.node).filter(Boolean)
    .map(node => node.parentElement?.tagName.toLowerCase() + ' > ' + node.nodeName.toLowerCase());
  return [window.shifts.reduce((sum, entry) => sum + entry.value, 0), nodes.slice(0, 3).join(', ')];
}"""
OPEN = "() => document.querySelectorAll('.md-content details').forEach(box => { box.open = true; })"
CUT = """() => [...document.querySelectorAll('.md-content .table-scroll')]
  .filter(box => box.clientWidth && box.scrollWidth > box.clientWidth + 1)
  .map(box => box.getAttribute('aria-label'))"""
# what a reader cannot know to be there: a cut table without a cue, a folded column without a line
UNTOLD = """() => [...document.querySelectorAll(
  '.md-content :is(.table-scroll, .katex-display)')].filter(box => {
  const cue = getComputedStyle(box, '::after').content;
  const cut = box.clientWidth && box.scrollWidth > box.clientWidth + 3;
  const second = box.clientWidth && box.querySelector('[data-second]');
  const folded = second && !second.getClientRects().length;
  const line = (box.closest('.tree') ?? box).previousElementSibling;
  const told = cue.includes('more') || box.matches('.katex-display[data-more]');
  return (cut && !told) ||
    (folded && !(line?.matches('label.fold') && line.getClientRects().length));
}).map(box => box.getAttribute('aria-label') ?? box.textContent)"""
FOLDS = """() => [...document.querySelectorAll('label.fold')].filter(e => e.getClientRects().length)
  .map(label => { label.querySelector('input').click();
    return label.nextElementSibling.querySelector('[data-second]').getClientRects().length; })
  .filter(shown => !shown).length"""
# what a finger is to meet, in the middle of the screen and once it stands still: what a page has
# scrolled by itself is where a finger finds it only after the next frame
AT_REST = """const frame = () => new Promise(over => requestAnimationFrame(over));
  const atRest = async part => {
    part.scrollIntoView({block: 'center', behavior: 'instant'});
    for (let before = null, still = 0; still < 3;) {
      await frame();
      const { x, y } = part.getBoundingClientRect(), now = `${x} ${y}`;
      [before, still] = [now, now === before ? still + 1 : 0];
    }
    return part.getBoundingClientRect();
  };"""
MIDDLE = f"""async view => {{ {AT_REST}
  const drawn = [...view.querySelectorAll('.chart-static svg')];
  const marks = drawn.filter(svg => svg.getClientRects().length)
    .flatMap(svg => [...svg.querySelectorAll(
      ':is(.mark-symbol, .mark-rect):not(.role-legend-symbol) > path')]);
  if (!marks.length) return null;
  const box = await atRest(marks[0]);
  return [box.x + box.width / 2, box.y + box.height / 2];
}}"""
# what is told can be read from its first letter to its last
TOLD = """view => {
  const told = document.querySelector('#vg-tooltip-element.visible')?.getBoundingClientRect();
  return (view.parentElement.querySelector('.chart-said')?.textContent ?? '').length > 3 &&
    !!told && told.left >= 0 && told.top >= 0 &&
    told.right <= innerWidth && told.bottom <= innerHeight;
}"""
SAID = """() => [...document.querySelectorAll('.md-tooltip2--active')].some(tip =>
  tip.textContent.trim().length > 3 &&
  parseFloat(getComputedStyle(tip.firstElementChild).fontSize) >= 12)"""
AGREE = """() => [...document.querySelectorAll('figure[data-choice]')].every(figure =>
  figure.querySelector('.chart-view').dataset.shown ===
  [...figure.querySelectorAll('input:checked')].map(input => input.value).join(' '))"""

# screens of a laptop, by their pixels, that a chapter may take as it opens; chapters have slides
SCREEN, SCREENS = 800, 12
CHAPTERS, FURTHER = "slides/*.html", {"conventions.html"}
# pages that also show what was measured on this machine, where it was
LONGER = {"measured.html": 13}
LENGTH = "() => document.querySelector('article').getBoundingClientRect().height"

# sheets of A4 that a page may take
SHEETS = {"alexnet.html": 14, "revise.html": 2, "exercises.html": 6, "answers.html": 11}
PRINTED = re.compile(rb"/Type\s*/Page\b")
# the pixels that two boxes may share, since a line's box is higher than its letters
OVERLAPS = """() => {
  const SLACK = {x: 1, y: 3}, found = new Set();
  const drawings = [...document.querySelectorAll('.md-content svg:not(.convolution svg)')]
    .filter(svg => svg.checkVisibility() && svg.querySelector('text'));
  const buttons = [...document.querySelectorAll('.take button')]
    .filter(button => button.checkVisibility()).map(button => button.getBoundingClientRect());
  for (const svg of drawings) {
    const frame = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll('text')]
      .filter(text => text.textContent.trim() && getComputedStyle(text).opacity !== '0' &&
        text.getAttribute('opacity') !== '0')
      .map(text => [text.textContent.trim(), text.getBoundingClientRect()]);
    const key = svg.closest('figure, [id]')?.id || '';
    texts.forEach(([said, a], place) => {
      if (a.left < frame.left - 2 || a.right > frame.right + 2)
        found.add(`${key}: '${said}' ends outside of its drawing`);
      if (buttons.some(b => Math.min(a.right, b.right) - Math.max(a.left, b.left) > SLACK.x &&
        Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > SLACK.y))
        found.add(`${key}: a button stands on '${said}'`);
      for (const [other, b] of texts.slice(place + 1)) {
        const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (x > SLACK.x && y > SLACK.y) found.add(`${key}: '${said}' stands on '${other}'`);
      }
    });
  }
  return [...found];
}"""
# the text of drawings in what the system has, as where the site's own font comes too late
FALLBACK = """() => {
  const root = document.documentElement, fonts = getComputedStyle(root).getPropertyValue('--sans');
  root.style.setProperty('--sans', fonts.slice(fonts.indexOf(',') + 1));
}"""
OWN_FONT = "() => document.documentElement.style.removeProperty('--sans')"
# the answers that have a view together
CHOICES = """figure => {
  if (figure.dataset.views) return JSON.parse(figure.dataset.views).map(view => view.split(' '));
  const groups = [...figure.querySelectorAll('fieldset')].map(group =>
    [...group.querySelectorAll('input')].map(input => input.value));
  return groups.reduce((all, group) =>
    all.flatMap(one => group.map(value => [...one, value])), [[]]);
}"""
CHOOSE = """([figure, answers]) => {
  const pressed = [...figure.querySelectorAll('fieldset')].map((group, number) =>
    [...group.querySelectorAll('input')].find(input => input.value === answers[number]));
  pressed.forEach(input => { input.checked = true; });
  pressed[0].dispatchEvent(new Event('change', {bubbles: true}));
}"""
FOUND = """field => { const input = document.querySelector(field);
  return input?.value === '1' && / of /.test(input.closest('p, form').textContent); }"""
SHOWS = """([figure, answers]) => figure.querySelector('.chart-view').dataset.shown === answers"""


def check(visit: Visit) -> None:
    back(visit)
    filtered(visit)
    sheets(visit)


def slowed(visit: Visit, page: Page, name: str, size: str) -> Callable[[], None]:
    """Of a page that is asked for next, every font and script comes late.

    What is given back is to be called when it is there, and says how far the page moved
    meanwhile, and what it loaded unasked.
    """
    begun, asked_for = time.monotonic(), list[str]()

    def late(route: Route) -> None:
        time.sleep(max(0.0, begun + LATE - time.monotonic()))
        route.continue_()

    def noted(request: Request) -> None:
        asked_for.append(request.url)

    page.on("request", noted)
    for kind in ("**/*.woff2", "**/*.js"):
        page.route(kind, late)

    def moved() -> None:
        visit.counts["loads watched"] += 1
        page.wait_for_timeout(200)
        page.unroute_all()
        page.remove_listener("request", noted)
        far, where = page.evaluate(SHIFTED)
        if any("search_index" in address for address in asked_for):
            visit.fault(name, size, "the search's index is loaded before a reader searches")
        if far > SHIFT:
            visit.fault(name, size, f"the page moves by {far:.2f} while it loads, at {where}")

    return moved


def wide(visit: Visit, page: Page, name: str) -> None:
    """On a laptop no table loses a column; what is on view can be taken along and asked."""
    page.evaluate(OPEN)
    for label in page.evaluate(CUT):
        visit.fault(name, "laptop", f"the table '{label}' loses columns")
    take(visit, page, name)
    number(visit, page, name)


def touch(visit: Visit, page: Page, name: str, _: str) -> None:
    """On a phone a tap on a chart tells, and what is hidden of a table is announced."""
    tap(visit, page, name)
    page.evaluate(OPEN)
    visit.reach(page, name, "phone, opened")
    for label in page.evaluate(UNTOLD):
        visit.fault(name, "phone", f"nothing says that '{label[:60]}' goes on")
    if page.evaluate(FOLDS):
        visit.fault(name, "phone", "folded columns do not unfold")


def take(visit: Visit, page: Any, name: str) -> None:
    """What is on view can be taken along: a table, and a drawing that holds no colour by name."""
    for kind, ending in (("CSV", ".csv"), ("SVG", ".svg"), ("PNG", ".png")):
        # asked for at once, since a page has many
        if button := page.query_selector(f".take button:text-is('{kind}'):visible"):
            visit.counts["files taken"] += 1
            with page.expect_download() as waiting:
                button.click()
            path = waiting.value.path()
            if not waiting.value.suggested_filename.endswith(ending) or not path.stat().st_size:
                visit.fault(name, "take", f"the button {kind} gives no file")
            elif kind == "SVG" and "var(" in path.read_text(encoding="utf-8"):
                visit.fault(name, "take", "a drawing that is taken along depends on the page")


def number(visit: Visit, page: Any, name: str) -> None:
    """A number that the keyboard reaches says what it is, in letters that can be read."""
    first = page.query_selector("data[title][tabindex='0']")
    if first is None:
        return
    visit.counts["numbers asked"] += 1
    first.focus()
    try:
        page.wait_for_function(SAID)
    except BrowserError:
        visit.fault(name, "keyboard", "a number does not say what it is")


def tap(visit: Visit, page: Any, name: str) -> None:
    """A tap on a mark of a chart tells what it is."""
    page.evaluate(OPEN)
    for view in page.query_selector_all(".chart-view"):
        place = view.evaluate(MIDDLE)
        if place is None:
            continue
        visit.counts["charts tapped"] += 1
        page.touchscreen.tap(*place)
        try:
            page.wait_for_function(TOLD, arg=view)
        except BrowserError:
            title = view.get_attribute("aria-label")
            visit.fault(name, "touch", f"a tap on the chart '{title[:60]}' tells nothing")


def back(visit: Visit) -> None:
    """A chosen view stands in the address, and is there again on the way back."""
    with visit.context("laptop") as context:
        for name in visit.holding("data-choice="):
            with visit.open(context, name, "back") as page:
                for figure in page.query_selector_all("figure[data-choice]"):
                    visit.counts["ways back"] += 1
                    group = figure.query_selector("fieldset:not([hidden])")
                    if group is None:
                        continue
                    group.query_selector_all("input")[-1].check()
                    chosen = str(page.evaluate("location.href"))
                    if f"{figure.get_attribute('data-choice')}=" not in chosen:
                        visit.fault(name, "back", "a chosen view is not in the address")
                    page.goto("about:blank")
                    page.go_back(wait_until="load")
                    settled(visit, page, name, "after the way back")
                    page.goto("about:blank")
                    page.goto(chosen, wait_until="load")
                    settled(visit, page, name, "by its address")
                    break


def filtered(visit: Visit) -> None:
    """What is typed into a field that filters is there on the way back, and so is what it finds."""
    with visit.context("laptop") as context:
        for name in visit.holding('class="table-filter"', 'class="finder"'):
            with visit.open(context, name, "filter") as page:
                for field in (".table-filter input", ".finder input"):
                    if not page.query_selector(field):
                        continue
                    visit.counts["filters kept"] += 1
                    page.fill(field, "1")
                    page.goto("about:blank")
                    page.go_back(wait_until="load")
                    try:
                        page.wait_for_function(FOUND, arg=field)
                    except BrowserError:
                        visit.fault(name, "back", f"what was filtered by {field} is gone")


def settled(visit: Visit, page: Any, name: str, when: str) -> None:
    """Buttons and chart say the same."""
    try:
        page.wait_for_function(AGREE)
    except BrowserError:
        visit.fault(name, "back", f"the buttons and the chart disagree {when}")


def texts(visit: Visit, page: Page, name: str, size: str) -> None:
    """No text of a drawing stands on another, and none ends outside, in any view to choose.

    In the first view this holds in the fallback font, too.
    """
    if not page.query_selector("svg text"):
        return
    page.emulate_media(reduced_motion="reduce")
    read(visit, page, name, size)
    page.evaluate(FALLBACK)
    read(visit, page, name, f"{size}, fallback font")
    page.evaluate(OWN_FONT)
    for figure in page.query_selector_all("figure[data-choice]"):
        each_choice(visit, page, name, size, figure)
    page.emulate_media(reduced_motion="no-preference")


def read(visit: Visit, page: Any, name: str, where: str) -> None:
    """What stands on another in the drawings that are on view."""
    visit.counts["views read"] += 1
    for text in page.evaluate(OVERLAPS):
        visit.fault(name, where, text)


def each_choice(visit: Visit, page: Any, name: str, size: str, figure: Any) -> None:
    """Every view of a chart, one after another."""
    for answers in figure.evaluate(CHOICES):
        page.evaluate(CHOOSE, [figure, answers])
        page.wait_for_function(SHOWS, arg=[figure, " ".join(answers)])
        read(visit, page, name, f"{size}, {' '.join(answers)}")


def sheets(visit: Visit) -> None:
    """What a reader prints takes few sheets."""
    with visit.context("laptop") as context:
        for name in SHEETS.keys() & {*visit.names}:
            with visit.open(context, name, "paper") as page:
                visit.counts["pages printed"] += 1
                taken = len(PRINTED.findall(page.pdf(format="A4")))
                if taken > SHEETS[name]:
                    visit.fault(name, "paper", f"{taken} sheets, and may take {SHEETS[name]}")


def length(visit: Visit, page: Page, name: str, _: str) -> None:
    """A chapter can be read in one sitting, with what is folded left closed."""
    if name not in {path.name for path in visit.site.glob(CHAPTERS)} | FURTHER:
        return
    page.evaluate("() => document.fonts.ready.then(() => true)")
    visit.counts["chapters measured"] += 1
    screens = page.evaluate(LENGTH) / SCREEN
    most = LONGER.get(name, SCREENS)
    if screens > most:
        visit.fault(name, "length", f"{screens:.1f} screens, and may take {most}")
