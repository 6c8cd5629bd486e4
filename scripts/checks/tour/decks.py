"""The checks of slides: every step by the keyboard and by touch, from files, on paper, as they are.

A step has its place in the address, shows what it should and nothing more, and fits its slide.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Error as BrowserError

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from checks.tour.visits import Visit

FOLDER = "slides/"
READY = "html[data-ready]"
# by slides, the last step of each
STEPS = """() => [...document.querySelectorAll('.deck > section')].map(slide => Math.max(0,
  ...[...slide.querySelectorAll('[data-step]')].map(piece => Number(piece.dataset.step))))"""
# what is wrong with the slide that is shown at a step
WRONG = """step => {
  const shown = [...document.querySelectorAll('.deck > section')].filter(one =>
    one.getClientRects().length);
  if (shown.length !== 1) return `${shown.length} slides are shown`;
  const page = shown[0].querySelector('.slide > div'), body = page.querySelector('.body');
  if ([...shown[0].querySelectorAll('[data-step]')].some(piece =>
    (getComputedStyle(piece).visibility === 'visible') !== piece.dataset.step <= step))
    return 'the wrong pieces are shown';
  return [page, body].some(box => box.scrollHeight > box.clientHeight + 1 ||
    box.scrollWidth > box.clientWidth + 1) ? 'something does not fit' : '';
}"""
SHOWN = """() => [...document.querySelectorAll('.deck > section')].filter(one =>
  one.getClientRects().length).length"""
NOTES = "() => document.querySelector('.current .notes').getClientRects().length"
NOTED = """() => [...document.querySelectorAll('.deck > section')]
  .findIndex(one => one.querySelector('.notes')) + 1"""
HIDDEN = """() => [...document.querySelectorAll('[data-step]')].filter(piece =>
  getComputedStyle(piece).visibility !== 'visible').length"""
PLACE = "() => location.hash"
# both at once, since there are many steps
LOOKED = f"step => [location.hash, ({WRONG})(step)]"
SHEET = re.compile(rb"/Type\s*/Page\b")


def check(visit: Visit) -> None:
    names = [name for name in visit.names if name.startswith(FOLDER)]
    with visit.context("laptop") as context:
        for name in names:
            for origin, where in (
                (visit.address, "served"),
                (f"{visit.site.as_uri()}/", "from file"),
            ):
                with visit.open(context, name, where, origin) as page:
                    walked(visit, page, name)
            with visit.open(context, name, "slides") as page:
                keys(visit, page, name)
                sheets(visit, page, name)
            deep(visit, context, name)
    with visit.context("phone", has_touch=True, is_mobile=True) as context:
        for name in names:
            with visit.open(context, name, "touch") as page:
                tapped(visit, page, name)
    with visit.context("laptop", java_script_enabled=False) as context:
        for name in names:
            with visit.open(context, name, "no scripts") as page:
                plain(visit, page, name)


def places(steps: list[int]) -> list[tuple[str, int]]:
    """Where an address has every step of some slides, and the number of the step.

    >>> places([0, 2])
    [('#1', 0), ('#2', 0), ('#2.1', 1), ('#2.2', 2)]
    """
    return [
        (f"#{number}.{step}" if step else f"#{number}", step)
        for number, last in enumerate(steps, 1)
        for step in range(last + 1)
    ]


def walked(visit: Visit, page: Page, name: str) -> None:
    """The arrow keys lead through every step, there and back."""
    page.wait_for_selector(READY)
    visit.counts["decks"] += 1
    there = places(page.evaluate(STEPS))
    for number, (place, step) in enumerate(there):
        if number:
            page.keyboard.press("ArrowRight")
            visit.counts["steps of slides"] += 1
        found, wrong = page.evaluate(LOOKED, step)
        if number and found != place:
            visit.fault(name, "slides", f"the address has {found}, not {place}")
            return
        if wrong:
            visit.fault(name, "slides", f"{place}: {wrong}")
    page.keyboard.press("ArrowLeft")
    if page.evaluate(PLACE) != there[-2][0]:
        visit.fault(name, "slides", "the left arrow does not go back by a step")


def keys(visit: Visit, page: Page, name: str) -> None:
    """Every other key does what the first slide says of it."""
    page.wait_for_selector(READY)
    steps = page.evaluate(STEPS)
    for key, place in (("End", places(steps)[-1][0]), ("Home", "#1"), ("ArrowDown", "#2")):
        page.keyboard.press(key)
        if page.evaluate(PLACE) != place:
            visit.fault(name, "slides", f"{key} goes to {page.evaluate(PLACE)}, not {place}")
    page.evaluate("number => { location.hash = number; }", page.evaluate(NOTED))
    page.keyboard.press("n")
    if not page.evaluate(NOTES):
        visit.fault(name, "slides", "N does not show the notes")
    visit.axe(page, name, "slides, with notes")
    page.keyboard.press("Escape")
    if (page.evaluate(PLACE), page.evaluate(SHOWN)) != ("#all", len(steps)):
        visit.fault(name, "slides", "Escape does not show all slides")
    visit.axe(page, name, "slides, all")
    page.keyboard.press("Enter")
    try:  # the address changes, and then the slide
        page.wait_for_function(f"() => ({SHOWN})() === 1")
    except BrowserError:
        visit.fault(name, "slides", "Enter does not go to a slide from all of them")


def sheets(visit: Visit, page: Page, name: str) -> None:
    """On paper every slide is a page."""
    printed = len(SHEET.findall(page.pdf(prefer_css_page_size=True)))
    slides = len(page.evaluate(STEPS))
    visit.counts["slides on paper"] += slides
    if printed != slides:
        visit.fault(name, "paper", f"{slides} slides are printed on {printed} pages")


def deep(visit: Visit, context: Any, name: str) -> None:
    """A link to a step shows it."""
    with visit.open(context, name, "slides") as page:
        steps = page.evaluate(STEPS)
    number = max(range(len(steps)), key=lambda slide: steps[slide])
    with visit.open(context, f"{name}#{number + 1}.1", "slides") as page:
        try:
            page.wait_for_selector(READY)
            wrong = page.evaluate(WRONG, 1)
        except BrowserError:
            wrong = "the slides do not begin"
        if wrong or page.evaluate(PLACE) != f"#{number + 1}.1":
            visit.fault(name, "slides", f"a link to a step: {wrong or 'the address changes'}")


def tapped(visit: Visit, page: Page, name: str) -> None:
    """A finger goes on, and back at the left edge."""
    page.wait_for_selector(READY)
    second, _ = places(page.evaluate(STEPS))[1]
    width = page.evaluate("() => innerWidth")
    page.touchscreen.tap(0.7 * width, 120)
    if page.evaluate(PLACE) != second:
        visit.fault(name, "touch", "a tap on a slide does not go on")
    page.touchscreen.tap(0.1 * width, 120)
    if page.evaluate(PLACE) != "#1":
        visit.fault(name, "touch", "a tap at the left edge of a slide does not go back")


def plain(visit: Visit, page: Page, name: str) -> None:
    """Without scripts all slides stand below each other, with everything on them."""
    slides = len(page.query_selector_all(".deck > section"))
    if page.query_selector_all(".deck > section:not(:visible)") or page.evaluate(HIDDEN):
        visit.fault(name, "no scripts", f"of {slides} slides not all are shown")
