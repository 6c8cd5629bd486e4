"""What the page alexnet.md prints: its charts, the network as volumes, its two towers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from cnnref.counting.layer import Layer
from cnnref.counting.units import grouped
from cnnref.drawing import NARROW, WIDE, Drawing
from cnnref.drawing.bars import MEASURES, layer_bars
from cnnref.drawing.scene import Arrow, Box, Line, Outline, Point, Scene, Text, alternative
from website.charts.drawings import figure
from website.facts import lookup
from website.markup import Html

__all__ = ["MACROS", "charts", "towers", "volumes"]

# of the volumes: a column, pixels of the drawing for one of a map and for a channel, and the
# height of one number in a vector
COLUMN, PIXEL, CHANNEL, NUMBER = 58.0, 0.5, 0.14, 0.03
# how far the depth of a map goes to the right and up
SLANT = 0.3
KINDS = {"conv": "conv", "max_pool": "pool", "linear": "linear"}
# of the towers: the cards, by the kinds of their boxes

CARDS = ("conv", "pool")


class Plan(NamedTuple):
    """Where the towers' boxes stand: layers from left to right, or from top to bottom.

    start: where the first layer's place begins; step: from a layer to the next.
    first: the middle of the first lane; lane: from it to the next.
    """

    across: bool
    start: float
    step: float
    first: float
    lane: float
    box: tuple[float, float]

    def at(self, number: int, lane: float) -> Point:
        """The middle of a layer's place in a lane."""
        along, aside = self.start + self.step * (number + 0.5), self.first + self.lane * lane
        return (along, aside) if self.across else (aside, along)

    def card(self, lane: int) -> Point:
        """Where a card is named: in its lane, with the image's place."""
        x, y = self.at(0, lane)
        return (x, y + (18 if lane else -10)) if self.across else (x, self.start)

    def between(self, source: Box, target: Box) -> tuple[Point, Point]:
        """From the end of a box to the beginning of one further on."""
        (x, y), (x2, y2) = source.middle, target.middle
        if self.across:
            return (source.right, y), (target.x, y2)
        return (x, source.bottom), (x2, target.y)

    def size(self, layers: int) -> tuple[float, float]:
        """The width and the height of the drawing."""
        along = self.start + layers * self.step
        return (along, self.at(0, 1.75)[1] + 20) if self.across else (NARROW, along)


ACROSS = Plan(across=True, start=0, step=58, first=52, lane=50, box=(36, 26))
DOWN = Plan(across=False, start=12, step=50, first=112, lane=88, box=(58, 26))


def charts() -> Iterator[tuple[str, Any]]:
    """Every chart of the page with its key."""
    for key, measure in MEASURES.items():
        # the lecture's input
        yield f"alexnet-{measure.name}", layer_bars(lookup("alexnet@227"), key)


def volumes(key: str, caption: str) -> Html:
    """The maps of a chain of layers as volumes to scale, as papers draw them."""
    rows = [layer for layer in lookup(key) if layer.op in KINDS]
    said = " ".join(f"{layer.name}: {layer.out_shape}." for layer in rows)
    scenes = (_volumes(rows, width) for width in (WIDE, NARROW))
    return figure([Drawing("AlexNet as volumes", said, *scenes)], caption)


def _volumes(rows: list[Layer], width: float) -> Scene:
    first = rows[0].in_shape
    shown = [("image", "other", first)]
    shown += [(layer.name, KINDS[layer.op], layer.out_shape) for layer in rows]
    columns = int(width // COLUMN)
    outlines: list[Outline] = []
    texts: list[Text] = []
    top = 0.0
    for start in range(0, len(shown), columns):
        line = shown[start : start + columns]
        band = max(_height(shape) * (1 + (SLANT if len(shape) > 1 else 0)) for _, _, shape in line)
        for place, (name, kind, shape) in enumerate(line):
            x, base = place * COLUMN + COLUMN / 2, top + band + 4
            outlines.append(Outline(kind, tuple(_sides(shape, x, base))))
            texts.append(Text(name, x, base + 16, anchor="middle", strong=True))
            texts += [
                Text(text, x, base + 30 + 13 * number, anchor="middle", faint=True)
                for number, text in enumerate(_sizes(shape))
            ]
        top += band + 56
    return Scene((), (), tuple(texts), columns * COLUMN, top, 12, outlines=tuple(outlines))


def _sizes(shape: tuple[int, ...]) -> list[str]:
    channels, *size = shape
    return ["×".join(map(str, size)), f"× {channels}"] if size else [str(channels)]


def _height(shape: tuple[int, ...]) -> float:
    return shape[1] * PIXEL if len(shape) > 1 else shape[0] * NUMBER


def _sides(shape: tuple[int, ...], x: float, base: float) -> Iterator[tuple[Point, ...]]:
    """The front of a volume, its top and its right side; of a vector its front alone."""
    high = _height(shape)
    wide = shape[0] * CHANNEL if len(shape) > 1 else 5.0
    deep = high * SLANT if len(shape) > 1 else 0.0
    left, right = x - (wide + deep) / 2, x + (wide - deep) / 2
    yield (left, base - high), (right, base - high), (right, base), (left, base)
    if deep:
        far, up = right + deep, base - high - deep
        yield (left, base - high), (left + deep, up), (far, up), (right, base - high)
        yield (right, base - high), (far, up), (far, base - deep), (right, base)


def towers(key: str) -> Html:
    """A network in two groups, card by card: which maps the filters of each layer read."""
    rows = [layer for layer in lookup(key) if layer.op in ("conv", "linear")]
    wide, narrow = _towers(rows, ACROSS), _towers(rows, DOWN)
    drawn = Drawing("The two towers of AlexNet (2012)", alternative(wide), wide, narrow)
    return figure(
        [drawn],
        "A box is what a card holds of a layer's output, in channels; the arrows show what it "
        "reads for that. With each layer stand the inputs of one filter, and of how many "
        "they are. Poolings and normalisations are left out.",
    )


def _towers(rows: Sequence[Layer], plan: Plan) -> Scene:
    """Layers along the drawing, and each card in a lane of its own."""
    boxes = [_part(plan, 0, "other", 0.5, rows[0].in_shape.channels, "the image")]
    arrows: list[Arrow] = []
    texts = [*_cards(plan), *_sizes_of(plan, 0, ("image",))]
    sources = range(1)
    for number, row in enumerate(rows, 1):
        parts = len(CARDS) if row is not rows[-1] else 1
        own = range(len(boxes), len(boxes) + parts)
        held = row.out_shape.channels // parts
        if parts == 1:
            boxes.append(_part(plan, number, "other", 0.5, held, row.name))
        else:
            boxes += [
                _part(plan, number, kind, card, held, f"{row.name} on card {card + 1}")
                for card, kind in enumerate(CARDS)
            ]
        arrows += [
            Arrow(source, target, (), plan.between(boxes[source], boxes[target]))
            for card, target in enumerate(own)
            for place, source in enumerate(sources)
            if _groups(row) == 1 or card == place
        ]
        texts += _sizes_of(plan, number, (row.name, *_filter(row)))
        sources = own
    return Scene(tuple(boxes), tuple(arrows), tuple(texts), *plan.size(len(rows) + 1), 12, 3.5)


def _part(plan: Plan, number: int, kind: str, lane: float, held: int, name: str) -> Box:
    width, height = plan.box
    x, y = plan.at(number, lane)
    words = f"{name}, {grouped(held)} channels"
    corner = (x - width / 2, y - height / 2)
    return Box(kind, (), (Line(str(held)),), words, *corner, width, height)


def _cards(plan: Plan) -> Iterator[Text]:
    for card, _ in enumerate(CARDS):
        yield Text(f"card {card + 1}", *plan.card(card), anchor="middle", faint=True)


def _sizes_of(plan: Plan, number: int, lines: Sequence[str]) -> Iterator[Text]:
    """The name of a layer before its boxes, and what a filter of it reads behind them."""
    name, *read = lines
    yield Text(name, *plan.at(number, -0.75), anchor="middle", strong=True)
    for place, text in enumerate(read):
        x, y = plan.at(number, 1.75)
        yield Text(text, x, y + 14 * place, anchor="middle", faint=True)


def _groups(row: Layer) -> int:
    return row.window.groups if row.window else 1


def _filter(row: Layer) -> tuple[str, str]:
    """The inputs of one filter of a layer, and those that there are."""
    inputs = row.in_shape.channels
    if row.window is None:
        return str(inputs), f"of {inputs}"
    window = "×".join(map(str, (*row.window.kernel, inputs // _groups(row))))
    return window, f"of {inputs}"


MACROS: Mapping[str, Callable[..., object]] = {
    "towers": towers,
    "volumes": volumes,
}
