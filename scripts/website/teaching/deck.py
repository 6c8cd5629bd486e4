"""The slides of a chapter, made of its finished page: what is shown, and what is said to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from cnnref.errors import CnnrefError
from website.markup import Html, cell, element, escaped, joined, line, table
from website.teaching.chapter import EXHIBITS, Part, exhibited, inside, kind, parts
from website.teaching.exhibits import ROOM, Exhibit, exhibits
from website.teaching.points import Point, points

if TYPE_CHECKING:
    from bs4 import Tag

__all__ = ["Slide", "deck", "refuse_lost", "unlinked"]

# where a heading stands on its page: what a lecture does not show, and what is no part of the plan
PASSED_OVER = ("the-two-books",)
UNPLANNED = (*PASSED_OVER, "references", "exercises", "where-the-slides-differ")
# lines of text beside what is tall take about twice the room
BESIDE = 2.0
# sentences of a paragraph, where there is room, and the lines of a text that is easy to follow
SENTENCES, FULL = (3, 2, 1), 11.0
WHOLE = 99
# a link on a slide: a press goes on there, and does not leave
LINK = re.compile(r'(<a\b[^>]*?) href="[^"]*"')
STEP = re.compile(r'(?<=data-step=")\d+(?=")')
SPECIAL = ("exercise", "correction", "remember")


class Slide(NamedTuple):
    """A slide: a heading, what is on it in steps, and what is said to it.

    place: where the chapter has it; kind: how it is laid out.
    """

    title: str
    place: str
    body: Html
    notes: Html = Html("")
    kind: str = "plain"


class Scene:
    """What a page shows, with the texts before and after it; without, a text alone."""

    def __init__(self, lead: list[Tag], shown: Tag | None = None) -> None:
        self.lead, self.shown = lead, shown
        self.trail: list[Tag] = []


def deck(page: str, name: str) -> list[Slide]:
    """The slides of a finished page, the first with its title.

    name: the page's file.

    Raises:
        CnnrefError: the page holds a block that slides know nothing of, or one is lost.
    """
    first, *others = parts(page, name)
    made = [_title(first, others)]
    for part in (first, *others):
        if part.name == "references":
            made += _listed(part)
        elif part.name not in PASSED_OVER:
            made += _slides(part)
    refuse_lost(page, made, name)
    return [one._replace(title=unlinked(one.title), body=unlinked(one.body)) for one in made]


def refuse_lost(page: str, made: Iterable[Slide], name: str) -> None:
    """Hold the slides against the page that they were made of.

    Raises:
        CnnrefError: a drawing or a row of a table that the page shows openly is on no slide.
    """
    lost = exhibited(page) - exhibited("".join(slide.body for slide in made))
    if lost:
        raise CnnrefError(f"{name} shows '{min(lost)[:60]}', which is on no slide: place it there.")


def unlinked(html: str) -> Html:
    """Text whose links lead nowhere, and keep their classes and words.

    >>> unlinked('<a class="erratum" href="errata.html" title="why">145</a>')
    '<a class="erratum" title="why">145</a>'
    """
    return Html(LINK.sub(r"\1", html))


def _title(first: Part, others: Iterable[Part]) -> Slide:
    planned = (part for part in others if part.level < 3 and part.name not in UNPLANNED)
    plan = element("ol", *(element("li", Html(part.title)) for part in planned), class_="plan")
    return Slide(first.title, first.place, plan, kind="title")


def _listed(part: Part) -> Iterator[Slide]:
    yield Slide(part.title, part.place, _set(_points(part.blocks, WHOLE), None))


def _slides(part: Part) -> Iterator[Slide]:
    """The slides of what stands under a heading, in the order of the page."""
    for scene in _scenes(part.blocks):
        special = kind(scene.shown) if scene.shown is not None else ""
        if scene.shown is not None and special in SPECIAL:
            yield from _special(part, special, scene.shown)
            yield from _told(part, scene.trail)
        elif scene.shown is not None:
            yield from _shown(part, scene, list(exhibits(scene.shown)))
        else:
            yield from _told(part, [*scene.lead, *scene.trail])


def _scenes(blocks: Iterable[Tag]) -> Iterator[Scene]:
    scene = Scene([])
    for block in blocks:
        what = kind(block)
        if what in (*EXHIBITS, *SPECIAL):
            lead = scene.trail if scene.shown is None else _leading(scene.trail)
            scene.trail = scene.trail[: len(scene.trail) - len(lead)]
            if scene.shown is not None or scene.trail:
                yield scene
            scene = Scene(lead, block)
        elif what != "dropped":
            scene.trail.append(block)
    yield scene


def _leading(blocks: Sequence[Tag]) -> list[Tag]:
    """Of texts the last, where it announces what comes."""
    return [*blocks[-1:]] if blocks and blocks[-1].get_text().rstrip().endswith(":") else []


def _shown(part: Part, scene: Scene, all_shown: list[Exhibit]) -> Iterator[Slide]:
    """Slides of what is shown; a text that leaves it room stands on them, another on its own."""
    first, last = all_shown[0], all_shown[-1]
    before, lead = _split(scene.lead, first)
    yield from _told(part, before)
    above = _most(lead, _room(first))
    taken = above if first is last else []
    below = _most(scene.trail, _room(last) - _lines(taken))
    trail = scene.trail if below else []
    for shown in all_shown:
        said = above if shown is first else [], below if shown is last else []
        notes = [*(lead if shown is first else []), *(trail if shown is last else [])]
        yield _with(part, said[0], shown, said[1], notes)
    if not trail:
        yield from _told(part, scene.trail)


def _split(lead: list[Tag], shown: Exhibit) -> tuple[list[Tag], list[Tag]]:
    """The texts before what is shown: those on slides of their own, and those on its slide."""
    if _lines(_points(lead)) <= _room(shown):
        return [], lead
    last = _leading(lead)
    return lead[: len(lead) - len(last)], last


def _room(shown: Exhibit) -> float:
    return ROOM / BESIDE if shown.tall else ROOM - shown.least


def _lines(said: Iterable[Point]) -> float:
    return sum(point.lines for point in said)


def _most(blocks: Sequence[Tag], room: float) -> list[Point]:
    """As many sentences of texts as there is room for; none where it is too small for one each."""
    for sentences in SENTENCES:
        said = _points(blocks, sentences)
        if _lines(said) <= room:
            return said
    return []


def _with(
    part: Part, above: list[Point], shown: Exhibit, below: list[Point], notes: list[Tag]
) -> Slide:
    step = len(above)
    moved = STEP.sub(lambda found: str(int(found[0]) + step), shown.html)
    first = {"data_step": step} if step else {}
    exhibit = element("div", Html(moved), class_="exhibit", **first)
    after = _set(below, step + shown.steps)
    if shown.tall and (above or below):
        said = element("div", _set(above, 0), after)
        return Slide(part.title, part.place, joined([exhibit, said]), _notes(notes), "two")
    return Slide(part.title, part.place, joined([_set(above, 0), exhibit, after]), _notes(notes))


def _told(part: Part, blocks: Sequence[Tag]) -> Iterator[Slide]:
    """Slides of a text alone, as many as it takes."""
    page: list[Point] = []
    notes: list[Tag] = []
    sentences = next((n for n in SENTENCES if _lines(_points(blocks, n)) <= FULL), 1)
    for block in blocks:
        for number, point in enumerate(_points([block], sentences)):
            if page and _lines(page) + point.lines > ROOM:
                yield Slide(part.title, part.place, _set(page, 0), _notes(notes))
                page, notes = [], []
            page.append(point)
            notes += [block] if not number else []
        notes += [block] if kind(block) == "note" else []
    if page:
        yield Slide(part.title, part.place, _set(page, 0), _notes(notes))


def _points(blocks: Iterable[Tag], sentences: int = 1) -> list[Point]:
    said = (block for block in blocks if kind(block) != "note")
    return [point for block in said for point in points(block, sentences)]


def _set(said: Sequence[Point], step: int | None) -> Html:
    """Points below each other, revealed from a step on; without one all are there at once."""
    numbered = [*enumerate(said, step)] if step is not None else [(0, point) for point in said]
    parts = []
    for kind_of, group in groupby(numbered, lambda one: one[1].kind):
        pieces = [
            element("li" if kind_of == "text" else "div", point.html, data_step=number or None)
            for number, point in group
        ]
        parts += [element("ul", *pieces, class_="points")] if kind_of == "text" else pieces
    return joined(parts)


def _notes(blocks: Iterable[Tag]) -> Html:
    """The prose of the page as the speaker's notes."""
    return Html("".join(str(block) for block in blocks if kind(block) in ("text", "note")))


def _special(part: Part, what: str, block: Tag) -> Iterator[Slide]:
    if what == "exercise":
        question, *answer = block.find_all(True, recursive=False)
        body = element("p", Html(question.decode_contents()), class_="question")
        yield Slide(part.title, part.place, body, Html("".join(map(str, answer))), "exercise")
    elif what == "remember":
        said = [Point(Html(item.decode_contents()), 1) for item in block.select(":scope > ul > li")]
        yield Slide("What to remember", part.place, _set(said, 0), kind="remember")
    else:
        claims = map(_claim, block.select(":scope > ul > li"))
        for place, group in groupby(claims, lambda claim: claim.place):
            yield _corrected(part, place, list(group))


class Claim(NamedTuple):
    """What a slide of the lecture says, what is right in its place, and why."""

    place: str
    row: Html
    stated: Html
    computed: Html
    why: Html
    whole: Html


def _claim(item: Tag) -> Claim:
    place, _, row = inside(item, "a").get_text().partition(", ")
    stated, computed, why = (
        Html(inside(item, f".{name}").decode_contents()) for name in ("stated", "computed", "why")
    )
    return Claim(place, escaped(row), stated, computed, why, Html(str(item)))


def _corrected(part: Part, place: str, claims: Sequence[Claim]) -> Slide:
    """A slide in place of one of the lecture's: both values of every claim, and why."""
    title = element("small", part.title) + escaped(f"{place}, set right")
    notes = element("ul", *(claim.whole for claim in claims))
    if len(claims) > 1:
        body = element("div", _both(claims), class_="tabled", style="--size: 1")
        return Slide(title, part.place, body, notes, "corrected")
    claim, right = claims[0], {"data_step": 1}
    panes = element(
        "dl",
        element("dt", "On the lecture's slide"),
        element("dd", claim.stated),
        element("dt", "As it is", **right),
        element("dd", claim.computed, **right),
    )
    row = [element("p", claim.row)] if claim.row else []
    why = element("p", claim.why, data_step=2)
    return Slide(title, part.place, joined([*row, panes, why]), notes, "corrected")


def _both(claims: Sequence[Claim]) -> Html:
    rows = (
        line(claim.row, (claim.stated, cell(claim.computed, "right")), data_step=number or None)
        for number, claim in enumerate(claims)
    )
    return table(("value", "on the lecture's slide", "as it is"), rows)
