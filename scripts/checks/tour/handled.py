"""The checks of what a reader handles: convolutions, fields of exercises, and what-if strips.

By mouse, keyboard and touch, from the file system, without scripts and with little motion.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Error as BrowserError

from checks.tour.hands import AT_REST
from cnnref.counting.arithmetic import output_size
from cnnref.counting.units import MEGA, rounded
from cnnref.errors import ShapeError
from cnnref.networks.catalog import names, table

if TYPE_CHECKING:
    from playwright.sync_api import ElementHandle, Page

    from checks.tour.visits import Visit

CONVOLUTION = "figure.convolution"
ASKS = "form.asks"
STRIP = "section.what-if"
HANDLED = f"{CONVOLUTION}, {ASKS}, {STRIP}"
# how the HTML of a convolution begins
MOVED_BY_HAND = '<figure class="convolution'
# of a laptop's screen
HALF = 0.5
# looks at a figure, before it is said that nothing has moved
TRIES = 50
# milliseconds in which a convolution that has moved would be in the address
LATER = 400
GRID = [
    (size, kernel, stride, padding, dilation, ceil)
    for size in (1, 4, 7, 8, 110, 227)
    for kernel in (1, 2, 3, 5, 11)
    for stride in (1, 2, 4)
    for padding in (0, 1, 2)
    for dilation in (1, 2)
    for ceil in (False, True)
]
SIZES = """cases => cases.map(([size, K, S, P, D, ceil]) =>
  cnnrefConvolution.outputSize({K, S, P, D, ceil}, size))"""
SAID = "figure => figure.querySelector('[data-part=said]').textContent"
SUM = "figure => figure.querySelector('[data-part=sum]').textContent"
CHOSEN = """figure => { const box = figure.querySelector('.cv-chosen').getBoundingClientRect();
  return [box.x + scrollX, box.y + scrollY]; }"""
STANDS = """figure =>
  [...figure.querySelectorAll('[data-part=sum], [data-part=formula], output, input')]
  .map(part => part.textContent || [part.value, part.checked]).join()"""
# in one go, or a slow browser has the first of both alone in the address
CHANGE = """figure => { const slider = figure.querySelector('[name=W]');
  slider.value = Number(slider.value) - 1;
  slider.dispatchEvent(new Event('input', {bubbles: true}));
  figure.querySelector('[data-part=step]').click(); }"""
IN_ADDRESS = "mark => location.hash.startsWith(`#${mark}`) && location.hash.includes('at=')"
WINDOW = f"""async figure => {{ {AT_REST}
  const box = await atRest(figure.querySelector('[data-map="0"] .cv-window'));
  return [box.x + box.width / 2, box.y + box.height / 2]; }}"""
LAST = f"""async figure => {{ {AT_REST}
  const box = await atRest([...figure.querySelectorAll('.maps [data-map] svg')].at(-1));
  return [box.right - 6, box.bottom - 6]; }}"""
BESIDE = f"""async figure => {{ {AT_REST}
  const box = await atRest(figure.querySelector('.maps span'));
  return [box.x + 9, box.y + 9]; }}"""
# a form tells of its reset before it is done, so a figure settles a moment later
RESET = """figure => new Promise(over => {
  figure.querySelector('[type=reset]').click();
  setTimeout(over); })"""
SCROLLED = "() => new Promise(over => requestAnimationFrame(() => over(Math.round(scrollY))))"
TALLEST = "figure => figure.getBoundingClientRect().height / innerHeight"
FRAMES = """figure => [figure.querySelector('form').getClientRects().length,
  [...figure.querySelectorAll('.frames > div')].filter(e => e.getClientRects().length).length]"""
PLAYING = "figure => figure.querySelector('[data-part=play]').getAttribute('aria-pressed')"
VERDICT = "form => form.dataset.verdict"
TOLD = "form => form.querySelector('[role=status]').textContent.length > 3"
ANSWER = "form => JSON.parse(form.dataset.answer)"

VALUES = """(strip, name) =>
  [...strip.querySelectorAll(`select[name=${name}] option`)].map(option => option.value)"""
TOTALS = """strip => [...strip.querySelectorAll('tfoot td')].map(cell => cell.textContent)"""
HEARD = "strip => strip.querySelector('[role=status]').textContent.length > 3"
COPIED = """strip =>
  strip.querySelector('[role=status]').textContent.includes('link to this case')"""
# a convolution that has just moved is older than the batch that is chosen now
MOVED = """([strip, steps, batch]) => {
  for (const step of document.querySelectorAll(steps)) step.click();
  const field = strip.querySelector('[name=batch]');
  field.value = batch;
  field.dispatchEvent(new Event('change', { bubbles: true }));
}"""
PASSED = "time => new Promise((over) => setTimeout(over, time))"
SHOWN = "strip => !!strip.querySelector('tbody tr')"
NOTHING = "strip => !strip.querySelector('.came-of-it > *')"
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def check(visit: Visit) -> None:
    with visit.context("laptop", reduced_motion="reduce") as context:
        for name in visit.holding(MOVED_BY_HAND):
            with visit.open(context, name, "little motion") as page:
                calm(visit, page, name)


def in_hand(visit: Visit, page: Page, name: str, _: str) -> None:
    """What a finger does on a phone in the dark, on a page that is left by it."""
    if page.query_selector(HANDLED):
        page.emulate_media(color_scheme="dark")
        touched(visit, page, name)
        strips(visit, page, name)
        page.emulate_media(color_scheme="light")


def tried(visit: Visit, page: Page, name: str, most: int | None = None) -> None:
    """All that a page gives into a reader's hands, or the first of each; the page is left by it."""
    if page.query_selector(HANDLED):
        convolutions(visit, page, name, most)
        carried(visit, page, name, most)
        answers(visit, page, name, most)
        strips(visit, page, name)


def moves(visit: Visit, page: Page, name: str, figure: ElementHandle, how: str, act: Any) -> None:
    """Something that a reader does changes what a figure says."""
    before = figure.evaluate(SAID), figure.evaluate(SUM), figure.evaluate(CHOSEN)
    act()
    for _ in range(TRIES):
        page.wait_for_timeout(30)
        if (figure.evaluate(SAID), figure.evaluate(SUM), figure.evaluate(CHOSEN)) != before:
            return
    visit.fault(name, how, "the window of a convolution does not move")


def convolutions(visit: Visit, page: Page, name: str, most: int | None = None) -> None:
    figures = page.query_selector_all(CONVOLUTION)[:most]
    if figures and page.evaluate(SIZES, GRID) != [unbounded(*case) for case in GRID]:
        visit.fault(name, "convolution", "the browser computes another size than the package")
    for figure in figures:
        visit.counts["convolutions moved"] += 1
        if figure.evaluate(TALLEST) > HALF:
            visit.fault(name, "laptop", "a convolution takes more than half of the screen")
        by_mouse(visit, page, name, figure)
        by_keyboard(visit, page, name, figure)


def carried(visit: Visit, page: Page, name: str, most: int | None = None) -> None:
    """The address has the state of a convolution; a broken one shows the page's own and says so."""
    address = page.url.partition("#")[0]
    for number in range(len(page.query_selector_all(CONVOLUTION)[:most])):
        visit.counts["convolutions linked"] += 1
        mark = f"convolution{f'-{number + 1}' if number else ''}:"
        # by a page that comes without a state; what was done to it before may be in the address
        figure = come(page, address, number)
        figure.evaluate(CHANGE)
        stands = page.query_selector_all(CONVOLUTION)[number].evaluate(STANDS)
        try:
            page.wait_for_function(IN_ADDRESS, arg=mark)
        except BrowserError:
            visit.fault(name, "convolution", "what is changed is not in the address")
            continue
        state = stands_at(page).partition("#")[2]
        figure = come(page, f"{address}#{state}", number)
        if figure.evaluate(STANDS) != stands:
            visit.fault(name, "convolution", "a link does not carry its state")
        figure.eval_on_selector("[type=reset]", "e => e.click()")
        try:
            page.wait_for_function("() => !location.hash")
        except BrowserError:
            visit.fault(name, "convolution", "the reset leaves the state in the address")
        own = figure.evaluate(STANDS)
        figure = come(page, f"{address}#{mark}W=999", number)
        if figure.evaluate(STANDS) != own or "since the link asks for W" not in figure.inner_text():
            visit.fault(name, "convolution", "a broken link does not say what is wrong with it")


def stands_at(page: Page) -> str:
    """The address as the page has it now; what the driver last heard of may be older."""
    return str(page.evaluate("location.href"))


def come(page: Page, address: str, number: int) -> ElementHandle:
    """One who has the page from a link, and the figure of that number."""
    page.goto("about:blank")
    page.goto(address, wait_until="load")
    return page.query_selector_all(CONVOLUTION)[number]


def by_mouse(visit: Visit, page: Page, name: str, figure: ElementHandle) -> None:
    step = figure.query_selector("[data-part=step]")
    assert step
    moves(visit, page, name, figure, "step", step.click)
    moves(visit, page, name, figure, "click", lambda: page.mouse.click(*figure.evaluate(LAST)))
    figure.evaluate(RESET)

    def drag() -> None:
        x, y = figure.evaluate(WINDOW)
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 90, y + 30, steps=4)
        page.mouse.up()

    moves(visit, page, name, figure, "drag", drag)


def by_keyboard(visit: Visit, page: Page, name: str, figure: ElementHandle) -> None:
    maps = figure.query_selector(".maps")
    assert maps
    figure.evaluate(RESET)
    maps.focus()
    moves(visit, page, name, figure, "arrow", lambda: page.keyboard.press("ArrowRight"))
    page.keyboard.press("Space")
    playing = figure.evaluate(PLAYING)
    page.keyboard.press("Space")
    if (playing, figure.evaluate(PLAYING)) != ("true", "false"):
        visit.fault(name, "keyboard", "the space bar does not play and pause a convolution")
    for slider in figure.query_selector_all("input[type=range]"):
        before, called = figure.inner_text(), slider.get_attribute("name") or ""
        slider.focus()
        page.keyboard.press("ArrowLeft" if called in "WGL" else "ArrowRight")
        if figure.inner_text() == before:
            visit.fault(name, "keyboard", f"the slider {called} changes nothing")
        figure.evaluate(RESET)


def unbounded(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil: bool) -> int:
    """The size by the package; where a window does not fit, what the division gives."""
    try:
        return output_size(size, kernel, stride, padding, dilation, ceil_mode=ceil)
    except ShapeError:
        room = size + 2 * padding - (dilation * (kernel - 1) + 1)
        positions = (-(-room // stride) if ceil else room // stride) + 1
        return positions - (ceil and (positions - 1) * stride >= size + padding)


def answers(visit: Visit, page: Page, name: str, most: int | None = None) -> None:
    """A wrong answer and a slip are told so, the right one is kept, and forgotten when asked."""
    forms = page.query_selector_all(ASKS)[:most]
    for form in forms:
        visit.counts["answers given"] += 1
        stated = form.evaluate(ANSWER)
        tries = [("no number", "unread"), (decimal(stated["value"]), "right")]
        tries[1:1] = [(decimal(one), "wrong") for one, _ in stated["slips"][:1]]
        for text, verdict in tries:
            answer(visit, page, name, form, text, verdict)
    if not forms:
        return
    page.reload(wait_until="load")
    kept = [form.evaluate(VERDICT) for form in page.query_selector_all(ASKS)[:most]]
    if set(kept) != {"right"}:
        visit.fault(name, "answers", "what was right is not there when the page is loaded again")
    page.click(".asked button")
    page.reload(wait_until="load")
    if any(form.evaluate(VERDICT) for form in page.query_selector_all(ASKS)):
        visit.fault(name, "answers", "what was forgotten is there when the page is loaded again")


def answer(
    visit: Visit, page: Page, name: str, form: ElementHandle, text: str, verdict: str
) -> None:
    field = form.query_selector("input")
    assert field
    field.fill(text)
    field.press("Enter")
    try:
        page.wait_for_function(TOLD, arg=form)
    except BrowserError:
        visit.fault(name, "answers", f"nothing is said of the answer '{text}'")
    if form.evaluate(VERDICT) != verdict:
        visit.fault(name, "answers", f"'{text}' is {form.evaluate(VERDICT)}, not {verdict}")


def decimal(pair: list[str]) -> str:
    """An exact value as a reader may type it, with digits enough."""
    value = Fraction(*map(int, pair))
    return str(value) if value.denominator == 1 else f"{float(value):.6f}"


def touched(visit: Visit, page: Page, name: str) -> None:
    """A finger drags a window, presses a cell of the output, and scrolls from beside a window."""
    for figure in page.query_selector_all(CONVOLUTION):
        visit.counts["convolutions touched"] += 1
        moves(
            visit, page, name, figure, "touch",
            lambda figure=figure: page.touchscreen.tap(*figure.evaluate(LAST)),
        )  # fmt: skip
        figure.evaluate(RESET)
        scrolled: list[int] = []
        moves(
            visit, page, name, figure, "finger",
            lambda figure=figure, to=scrolled: to.append(swipe(page, figure, WINDOW)),
        )  # fmt: skip
        if scrolled != [0]:
            visit.fault(name, "finger", "the page goes with the window of a convolution")
        if not swipe(page, figure, BESIDE):
            visit.fault(name, "finger", "a convolution holds the page that is swiped")


def swipe(page: Page, figure: ElementHandle, place: str) -> int:
    """How far a page scrolls under a finger that goes down on a figure, up, right, and off."""
    x, y = figure.evaluate(place)
    before = page.evaluate(SCROLLED)
    session = page.context.new_cdp_session(page)
    for kind, places in (
        ("touchStart", [{"x": x, "y": y}]),
        *(("touchMove", [{"x": x + 9 * step, "y": y - 9 * step}]) for step in range(1, 10)),
        ("touchEnd", []),
    ):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})
    session.detach()
    return int(page.evaluate(SCROLLED)) - int(before)


def calm(visit: Visit, page: Page, name: str) -> None:
    """Who wants little motion gets steps and no run."""
    for figure in page.query_selector_all(CONVOLUTION):
        play = figure.query_selector("[data-part=play]")
        if play is None or play.is_visible():
            visit.fault(name, "little motion", "a convolution offers to run by itself")


def plain(visit: Visit, page: Page, name: str) -> None:
    """Without scripts the frames stand beside each other, and nothing is offered in vain."""
    for figure in page.query_selector_all(CONVOLUTION):
        visit.counts["convolutions without scripts"] += 1
        controls, frames = figure.evaluate(FRAMES)
        if controls or frames < 2 or not re.search(r"\d", figure.inner_text()):
            visit.fault(name, "no scripts", "a convolution does not show its frames alone")
    for field in page.query_selector_all(f"{ASKS}, .asked, {STRIP}"):
        if field.is_visible():
            visit.fault(name, "no scripts", "a field is offered in vain")


def strips(visit: Visit, page: Page, name: str) -> None:
    """Another case is shown and counted as by the package, and a link carries it."""
    for strip in page.query_selector_all(STRIP):
        visit.counts["cases asked"] += 1
        networks = strip.evaluate(VALUES, "network")
        network = next(one for one in networks[1:] if one in names())
        choose(page, strip, network=network, convention="macs")
        page.evaluate(MOVED, [strip, f"{CONVOLUTION} [data-part=step]", "8"])
        page.wait_for_function(HEARD, arg=strip)
        if page.evaluate(SHOWN, strip):
            size = strip.eval_on_selector("[name=input]", "e => Number(e.value)")
            macs = rounded(8 * table(network, input_size=size).macs, MEGA)
            if strip.evaluate(TOTALS)[-1] != macs:
                visit.fault(name, "what if", f"{network} does not do {macs} M MACs")
        if (excess := page.evaluate(SIDEWAYS)) > 0:
            visit.fault(name, "what if", f"the page scrolls sideways: {excess} px")
        if page.url.startswith("http"):  # from files axe may not read the styles
            # links that scroll behind what stays in sight are no small targets
            page.evaluate("() => scrollTo({top: 0, behavior: 'instant'})")
            visit.axe(page, name, "what if", part=STRIP)
        strip.eval_on_selector("[type=button]", "e => e.click()")
        try:
            page.wait_for_function(COPIED, arg=strip)
        except BrowserError:
            visit.fault(name, "what if", "the link to a case cannot be copied")
        page.evaluate(PASSED, LATER)
        linked(visit, page, name)


def choose(page: Page, strip: ElementHandle, **values: str) -> None:
    for field, value in values.items():
        found = strip.query_selector(f"[name={field}]")
        assert found
        found.select_option(value)


def linked(visit: Visit, page: Page, name: str) -> None:
    """The address has the state; a broken one shows the lecture's table and says why."""
    address, _, state = stands_at(page).partition("#")
    if not state.startswith("what-if:") or "batch=8" not in state:
        visit.fault(name, "what if", f"the address has '{state}' for its state")
        return
    page.goto("about:blank")
    page.goto(f"{address}#{state}", wait_until="load")
    strip = page.wait_for_selector(STRIP)
    assert strip
    page.wait_for_function(HEARD, arg=strip)
    if strip.eval_on_selector("[name=batch]", "e => e.value") != "8":
        visit.fault(name, "what if", "a link does not carry its state")
    strip.eval_on_selector("[type=reset]", "e => e.click()")
    page.wait_for_function(NOTHING, arg=strip)
    page.wait_for_timeout(30)
    if "#" in stands_at(page):
        visit.fault(name, "what if", "back to the lecture leaves the state in the address")
    page.goto("about:blank")
    page.goto(f"{address}#what-if:input=%zz&batch=8", wait_until="load")
    strip = page.wait_for_selector(STRIP)
    assert strip
    page.wait_for_function(HEARD, arg=strip)
    if not page.evaluate(NOTHING, strip) or "known are" not in strip.inner_text():
        visit.fault(name, "what if", "a broken link does not say what is wrong with it")
