"""A whole network as a strip of its stages: along lines, or down a phone's screen.

A side of a box is as long as the map's side, to one scale for all boxes of a drawing, and a small
map is a line; the other side grows with the logarithm of the channels, which range over a
thousand. Poolings stand by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log2
from typing import NamedTuple

from cnnref.drawing.labels import axes, shape, text_width, wrap
from cnnref.drawing.scene import Arrow, Box, Point, Scene, Text, faint_size
from cnnref.drawing.stages import Stage, StageLink, stage_links, stages
from cnnref.tables.table import Table

__all__ = ["across_scene", "down_scene"]

COLUMN = 96  # the least width of a stage's text
GUTTER = 12  # free of text, left and right of a column together
LEADING = 1.3
MARGIN = 14
LARGEST, LEAST = 104, 4  # the side of the largest map, and of the smallest
HEAD = 3.6
LANE = 8.0  # between lines that pass boxes at the side


class Extent(NamedTuple):
    """How large a stage's box is: along its map's size, and along its channels."""

    map: float
    channels: float


def extent(stage: Stage, scale: float) -> Extent:
    """The sides of a stage's box; scale: the length of one pixel of a map."""
    return Extent(max(LEAST, scale * _side(stage)), 9 + 4.5 * log2(stage.out_shape[0]))


def _side(stage: Stage) -> int:
    return max(stage.out_shape.size or (1,))


def _scale(found: Sequence[Stage]) -> float:
    return LARGEST / max(map(_side, found))


def across_scene(table: Table, width: float, size: float) -> Scene:
    """Stages from left to right, each box as high as its map is large, on as many lines as needed.

    Stages off the way to the network's output stand on a line of their own.
    """
    found = stages(table, pools=True)
    scale = _scale(found)
    links = stage_links(table, found)
    lines = _lines(links, found, int(width // COLUMN))
    column = width / max(map(len, lines))
    boxes: dict[int, Box] = {}
    texts: list[Text] = []
    top: float = MARGIN
    for line in lines:
        band = max(extent(found[number], scale).map for number in line)
        for place, number in enumerate(line):
            stage = found[number]
            high, wide = extent(stage, scale)
            x = place * column + column / 2
            boxes[number] = _box(stage, x - wide / 2, top + (band - high) / 2, wide, high)
            texts += _text(stage, column - GUTTER, size, x, top + band + 6, "middle")
        top = max(text.y for text in texts) + 2 * MARGIN
    arrows = [_across(link, boxes, lines, column) for link in links]
    return Scene(
        tuple(boxes[number] for number in sorted(boxes)),
        tuple(arrows),
        tuple(texts),
        column * max(map(len, lines)),
        top - 1.5 * MARGIN,
        size,
        HEAD,
    )


def _lines(links: Sequence[StageLink], found: Sequence[Stage], most: int) -> list[list[int]]:
    """Stages by lines of at most so many; what no other stage reads, but for the last, apart."""
    sources = {link.source for link in links}
    reading = [n for n in range(len(found)) if n in sources]
    last = _end(links, found)
    main = [n for n in range(len(found)) if n in reading or n == last]
    count = ceil(len(main) / most)
    each = ceil(len(main) / count)
    lines = [main[start : start + each] for start in range(0, len(main), each)]
    aside = [n for n in range(len(found)) if n not in main]
    return lines + [aside[start : start + each] for start in range(0, len(aside), each)]


def _end(links: Sequence[StageLink], found: Sequence[Stage]) -> int:
    """The stage with the network's last row."""
    return max(range(len(found)), key=lambda number: found[number].rows[-1])


def _box(stage: Stage, x: float, y: float, width: float, height: float) -> Box:
    inside = f", made of {'; '.join(stage.contents)}" if stage.contents else ""
    words = f"{stage.name or 'rows'}, {shape(stage.out_shape)}{inside}"
    return Box(stage.kind, stage.rows, (), words, x, y, width, height)


def _text(stage: Stage, width: float, size: float, x: float, y: float, anchor: str) -> list[Text]:
    """The name, the shape and the contents below or beside a stage's box."""
    small = faint_size(size)
    texts: list[Text] = []
    sizes = shape(stage.out_shape) if anchor == "start" else axes(stage.out_shape)
    parts = [(stage.name or "rows", True, False), (sizes, False, False)]
    parts += [(words, False, True) for words in stage.contents]
    for words, strong, faint in parts:
        own = small if faint else size
        for line in wrap(words, _drawn(size, strong=strong, faint=faint), width):
            y += LEADING * own
            texts.append(Text(line, x, y, anchor, faint, strong))
    return texts


def _across(
    link: StageLink, boxes: dict[int, Box], lines: Sequence[Sequence[int]], column: float
) -> Arrow:
    source, target = boxes[link.source], boxes[link.target]
    line = next(line for line in lines if link.source in line)
    right = (line.index(link.source) + 1) * column
    (_, level), (x, goal) = source.middle, target.middle
    if link.target in line and line.index(link.target) == line.index(link.source) + 1:
        points: tuple[Point, ...] = ((source.right, level), (target.x, goal))
    elif link.target in line:
        above = min(boxes[number].y for number in line) - 7
        points = (
            (source.middle[0], source.y),
            (source.middle[0], above),
            (x, above),
            (x, target.y),
        )
    else:
        # what is not for the next stage leaves and arrives on levels of its own
        apart = 0 if link.target == link.source + 1 else 5
        between = min(boxes[n].y for n in _line_of(lines, link.target)) - MARGIN / 2 - apart
        start = level + min(apart, source.height / 3)
        points = (
            (source.right, start),
            (right, start),
            (right, between),
            (x, between),
            (x, target.y),
        )
    return Arrow(link.source, link.target, link.edges, points)


def _line_of(lines: Sequence[Sequence[int]], number: int) -> Sequence[int]:
    return next(line for line in lines if number in line)


def down_scene(table: Table, width: float, size: float) -> Scene:
    """Stages from top to bottom, each box as wide as its map is large, its text to the right."""
    found = stages(table, pools=True)
    scale = _scale(found)
    links = stage_links(table, found)
    aside = [link for link in links if link.target != link.source + 1]
    left = 1 + LANE * len(aside)
    middle = left + max(extent(stage, scale).map for stage in found) / 2
    x = 2 * middle - left + 12
    boxes: list[Box] = []
    texts: list[Text] = []
    top = 2.0
    for stage in found:
        wide, high = extent(stage, scale)
        words = _text(stage, width - x - 1, size, x, 0, "start")
        tall = max(high, words[-1].y + 5)
        shift = top + (tall - words[-1].y - 5) / 2
        texts += [text._replace(y=text.y + shift) for text in words]
        boxes.append(_box(stage, middle - wide / 2, top + (tall - high) / 2, wide, high))
        top += tall + MARGIN
    arrows = [_down(link, boxes, aside) for link in links]
    sizes = [_drawn(size, strong=text.strong, faint=text.faint) for text in texts]
    right = max(text.x + text_width(text.text, own) for text, own in zip(texts, sizes, strict=True))
    return Scene(
        tuple(boxes), tuple(arrows), tuple(texts), max(right, width), top - MARGIN + 2, size, HEAD
    )


def _drawn(size: float, *, strong: bool, faint: bool) -> float:
    """The size at which plain text would be as wide as this text is."""
    return faint_size(size) if faint else size * (1.08 if strong else 1)


def _down(link: StageLink, boxes: Sequence[Box], aside: Sequence[StageLink]) -> Arrow:
    source, target = boxes[link.source], boxes[link.target]
    if link in aside:
        lane = 1 + LANE * aside.index(link)
        below = 4 * (1 + aside.index(link))
        level, goal = source.middle[1] + min(below, source.height / 3), target.middle[1]
        points: tuple[Point, ...] = (
            (source.x, level),
            (lane, level),
            (lane, goal),
            (target.x, goal),
        )
    else:
        x = source.middle[0]
        points = ((x, source.bottom), (x, target.y))
    return Arrow(link.source, link.target, link.edges, points)
