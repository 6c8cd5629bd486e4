"""Networks side by side as stacks of layers, their stages on one level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnnref.counting.layer import Layer
from cnnref.drawing.chain import Chain, Link, chain
from cnnref.drawing.labels import axes, followers, kind, label, shape, text_width, wrap
from cnnref.drawing.scene import Arrow, Box, Line, Point, Scene, Text
from cnnref.tables.table import Table

__all__ = ["stacks_scene"]

Networks = Sequence[tuple[str, Table]]

GAP = 6  # between columns
RISE = 10  # between boxes
LANE = 15  # right of a column with shortcuts
WIDEST = 168
PADS = 4  # on both sides of words, or above and below, together
HEAD = 3.2
LEADING = 1.3
SHORT = (
    (" conv,", ","),
    (", stride ", ", /"),
    ("average pool to", "avg pool"),
    ("average pool", "avg pool"),
)


class _Stack(NamedTuple):
    title: str
    table: Table
    chain: Chain
    slots: tuple[tuple[str, int], ...]  # of each box: its stage, and its place in it
    norms: bool  # whether its boxes name the normalisation that they fold in


def stacks_scene(networks: Networks, width: float, size: float) -> Scene:
    """Each network as a column of its layers, from its input down.

    Raises:
        CnnrefError: a network has branches that are no shortcuts.
    """
    chains = [(title, table, chain(table)) for title, table in networks]
    depths = _depths([found for _, _, found in chains])
    normed = {title for title, table in networks if any(row.op == "batch_norm" for row in table)}
    # where all have it, or none has, it tells nothing apart
    norms = 0 < len(normed) < len(networks)
    stacks = [_Stack(*one, _slots(one[2], depths), norms) for one in chains]
    lane = LANE if any(not link.main for one in stacks for link in one.chain.links) else 0
    each = min(WIDEST, (width - 2 - GAP * (len(stacks) - 1)) / len(stacks) - lane)
    heads = [wrap(stack.title, size, each + lane) for stack in stacks]
    top = LEADING * size * max(map(len, heads)) + 4
    levels, marks, bottom = _levels(stacks, depths, each, size, top)
    boxes: list[Box] = []
    arrows: list[Arrow] = []
    texts = [*marks]
    for column, (stack, head) in enumerate(zip(stacks, heads, strict=True)):
        x = 1 + column * (each + lane + GAP)
        texts += _heading(head, x + each / 2, size)
        arrows += [_arrow(link, stack, levels, x, each, len(boxes)) for link in stack.chain.links]
        boxes += [_box(stack, number, levels, x, each, size) for number in range(len(stack.slots))]
    right = len(stacks) * (each + lane + GAP) - GAP + 2
    return Scene(tuple(boxes), tuple(arrows), tuple(texts), right, bottom, size, HEAD)


def _stage(found: Chain, number: int) -> str:
    first = found.boxes[number][0]
    return "" if first < 0 else found.layers[first].stage


def _depths(chains: Sequence[Chain]) -> dict[str, int]:
    """The stages of all networks in order, and how many boxes each has at the most."""
    order: list[str] = []
    every = [[_stage(found, number) for number in range(len(found.boxes))] for found in chains]
    for stages in every:
        for before, stage in zip([None, *stages], stages, strict=False):
            if stage not in order:
                order.insert(order.index(before) + 1 if before in order else len(order), stage)
    return {stage: max(stages.count(stage) for stages in every) for stage in order}


def _slots(found: Chain, depths: dict[str, int]) -> tuple[tuple[str, int], ...]:
    """The place of each box: from the top of its stage, a last pooling at the bottom."""
    slots: list[tuple[str, int]] = []
    for number, box in enumerate(found.boxes):
        stage = _stage(found, number)
        place = sum(1 for other, _ in slots if other == stage)
        last = number + 1 == len(found.boxes) or _stage(found, number + 1) != stage
        if last and place and found.layers[box[0]].op == "max_pool":
            place = depths[stage] - 1
        slots.append((stage, place))
    return tuple(slots)


def _levels(
    stacks: Sequence[_Stack], depths: dict[str, int], each: float, size: float, top: float
) -> tuple[dict[tuple[str, int], tuple[float, float]], list[Text], float]:
    """The upper side and the height of each slot, the names of the stages, and where it ends."""
    lines: dict[tuple[str, int], int] = {}
    for stack in stacks:
        for number, slot in enumerate(stack.slots):
            found = _lines(stack, number, each, size)
            lines[slot] = max(lines.get(slot, 0), len(found))
    levels: dict[tuple[str, int], tuple[float, float]] = {}
    marks: list[Text] = []
    for stage, count in depths.items():
        if stage:
            top += 4
            marks.append(Text(stage, 1, top + size - 3, faint=True, halo=True))
            top += size + 4
        for place in range(count):
            height = LEADING * size * lines[stage, place] + PADS
            levels[stage, place] = (top, height)
            top += height + RISE
    return levels, marks, top - RISE + 2


def _lines(stack: _Stack, number: int, width: float, size: float) -> list[str]:
    """The words of a box: all on one line, or shorter, or on several."""
    first = stack.chain.boxes[number][0]
    room = width - PADS
    sizes = stack.table.input_shape
    full = shape(sizes) if first < 0 else label(stack.chain.layers[first])
    rows = stack.chain.boxes[number] if stack.norms else ()
    if any(row >= 0 and stack.chain.layers[row].op == "batch_norm" for row in rows):
        full += ", BN"
    short = full if first >= 0 else axes(sizes.size or sizes)
    for long, brief in SHORT:
        short = short.replace(long, brief)
    fits = (text for text in (full, short) if text_width(text, size) <= room)
    one = next(fits, None)
    return [one] if one else wrap(short, size, room)


def _box(
    stack: _Stack,
    number: int,
    levels: dict[tuple[str, int], tuple[float, float]],
    x: float,
    width: float,
    size: float,
) -> Box:
    rows = stack.chain.boxes[number]
    top, height = levels[stack.slots[number]]
    lines = tuple(Line(text) for text in _lines(stack, number, width, size))
    if rows[0] < 0:
        words = f"{stack.title}, input {shape(stack.table.input_shape)}"
        return Box("end", rows, lines, words, x, top, width, height)
    layers = [stack.chain.layers[row] for row in rows]
    return Box(kind(layers[0]), rows, lines, followers(layers), x, top, width, height)


def _arrow(
    link: Link,
    stack: _Stack,
    levels: dict[tuple[str, int], tuple[float, float]],
    x: float,
    width: float,
    first: int,
) -> Arrow:
    top, height = levels[stack.slots[link.source]]
    below, depth = levels[stack.slots[link.target]]
    if link.main:
        middle = x + width / 2
        points: tuple[Point, ...] = ((middle, top + height), (middle, below))
    else:
        right, start, end = x + width, top + height / 2 + 4, below + depth / 2 - 4
        outer = right + LANE - 3
        points = ((right, start), (outer, start), (outer, end), (right, end))
    return Arrow(
        first + link.source,
        first + link.target,
        link.edges,
        points,
        link.rows,
        words=_carried(stack.chain.layers, link),
        dashed=bool(link.rows),
    )


def _carried(layers: Sequence[Layer], link: Link) -> str:
    if link.main:
        return ""
    through = followers(layers[row] for row in link.rows)
    return f"shortcut through {through}" if through else "shortcut"


def _heading(lines: Sequence[str], x: float, size: float) -> list[Text]:
    return [
        Text(line, x, size + LEADING * size * number, "middle", strong=True)
        for number, line in enumerate(lines)
    ]
