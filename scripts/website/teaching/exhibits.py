"""What a slide shows: a figure, a table or a listing, in pieces that are revealed one by one."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from itertools import zip_longest
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from website.markup import Html, element
from website.teaching.chapter import inside, kind

if TYPE_CHECKING:
    from bs4 import Tag

__all__ = ["ROOM", "Exhibit", "exhibits"]

# lines of a slide below its heading, and what a table's rows and columns take of them
ROOM, ROW, ACROSS = 17.0, 1.7, 88
# characters of a cell before it wraps
WIDEST = 30
# of a table that would be set smaller, the rows go on on another slide
SMALLEST = 0.62
# a table is revealed in so many steps at the most
STEPS = 6
# so many charts stand beside each other
ABREAST = 3
# a drawing that is higher than this, against its width, has its text beside it
TALL = 0.75


class Exhibit(NamedTuple):
    """What a slide shows.

    html: with the steps of its pieces numbered from 0; steps: how many there are; tall: it
    leaves room beside it; least: the lines that it needs.
    """

    html: Html
    steps: int = 1
    tall: bool = False
    least: float = 9.0


def exhibits(block: Tag) -> Iterator[Exhibit]:
    """The slides' worth of a figure, a group of figures, a table or a listing."""
    yield from {
        "figure": _figure,
        "figures": _figures,
        "table": _table,
        "window": _window,
        "listing": _listing,
    }[kind(block)](block)


def _groups(tags: list[Tag], size: int) -> Iterator[list[Tag]]:
    return (tags[begin : begin + size] for begin in range(0, len(tags), size))


def stepped(tag: Tag, number: int) -> Tag:
    """A piece that is shown from a step on; what is there from the first needs no mark."""
    if number:
        tag["data-step"] = str(number)
    return tag


def _figure(block: Tag) -> Iterator[Exhibit]:
    pieces = block.select(".drawings > div") or [block]
    for number, piece in enumerate(pieces):
        stepped(piece, number)
    yield Exhibit(Html(str(_plotted(block))), len(pieces), _tall(block), 10)


def _figures(block: Tag) -> Iterator[Exhibit]:
    figures = block.select("figure") or [block]
    for group in _groups(figures, ABREAST):
        shown = [Html(str(_plotted(stepped(figure, n)))) for n, figure in enumerate(group)]
        yield Exhibit(element("div", *shown, class_="abreast"), len(group))
    for table in block.select("div.table-scroll"):
        yield from _table(table)


def _plotted(figure: Tag) -> Tag:
    """A chart as it is drawn without scripts; the drawing says in words what it shows."""
    for view in figure.select(".chart-view"):
        view["class"] = "plot"
    for note in figure.select("p.chart-note"):
        note.attrs.pop("aria-live", None)
    return figure


def _tall(figure: Tag) -> bool:
    drawn = figure.select("svg, img[width]")
    widths, heights = ([float(str(one[name])) for one in drawn] for name in ("width", "height"))
    return max(heights, default=0) > TALL * sum(widths)


def _window(block: Tag) -> Iterator[Exhibit]:
    """Of a convolution that a reader moves, its frames."""
    caption, frames = inside(block, "figcaption"), block.select(".frames > div")
    shown = [Html(str(stepped(frame, number))) for number, frame in enumerate(frames)]
    stage = element("div", *shown, class_="convolution abreast")
    yield Exhibit(element("figure", stage, Html(str(caption))), len(frames))


def _listing(block: Tag) -> Iterator[Exhibit]:
    code, rows = inside(block, "div.highlight"), inside(block, "table")
    sides = [Html(str(code)), _sized(stepped(rows, 1), _size(rows, 50, ROOM))]
    yield Exhibit(element("div", *sides, class_="abreast listing"), 2)


def _table(block: Tag) -> Iterator[Exhibit]:
    table = inside(block, "table")
    rows = _body(table)
    parts = 1 if table.select("[rowspan]") else ceil(SMALLEST / _size(table, ACROSS, ROOM))
    for group in _groups(rows, ceil(len(rows) / parts)):
        part = copy(table)
        kept = {id(row) for row in group}
        for row, own in zip(rows, _body(part), strict=True):
            if id(row) not in kept:
                own.decompose()
        yield _shown(part, _size(part, ACROSS, ROOM))


def _shown(table: Tag, size: float) -> Exhibit:
    rows = _body(table)
    each = max(1, ceil(len(rows) / STEPS))
    for number, row in enumerate(rows):
        stepped(row, number // each)
    steps = (len(rows) - 1) // each + 1 if rows else 1
    foot = table.find("tfoot")
    if foot is not None:
        stepped(foot, steps)
    least = ROW * size * _height(table)
    return Exhibit(_sized(table, size), steps + (foot is not None), least=least)


def _body(table: Tag) -> list[Tag]:
    return table.select("tbody > tr")


def _size(table: Tag, across: float, lines: float) -> float:
    """How large a table is set, at the most as the text."""
    columns = zip_longest(*_cells(table), fillvalue=0)
    width = sum(min(WIDEST, max(column)) + 2 for column in columns)
    return min(1.0, lines / ROW / _height(table), across / width)


def _height(table: Tag) -> int:
    """The lines of a table with its caption."""
    return sum(ceil(max(row, default=1) / WIDEST) for row in _cells(table)) + 1


def _cells(table: Tag) -> list[list[int]]:
    """The characters of every cell, by rows."""
    rows = table.select("tr")
    return [[max(1, len(cell.get_text())) for cell in row.find_all(["th", "td"])] for row in rows]


def _sized(table: Tag, size: float) -> Html:
    return element("div", Html(str(table)), class_="tabled", style=f"--size: {size:.2f}")
