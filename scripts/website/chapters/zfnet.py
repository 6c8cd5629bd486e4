"""What the page zfnet.md prints: its charts, and a fine pattern under two strides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from math import cos, pi
from typing import Any

from cnnref.drawing import NARROW, WIDE, Drawing
from cnnref.drawing.bars import MEASURES, stage_bars
from cnnref.drawing.scene import Outline, Point, Scene, Text
from website.charts.drawings import figure
from website.experiments.pictures import learned
from website.facts import lookup
from website.markup import Html

__all__ = ["MACROS", "charts", "sampled", "zone_plate"]


ZFNETS = (("AlexNet (2012)", "alexnet_2012"), ("ZFNet", "zfnet"), ("ZFNet (b)", "zfnet_b"))
# the plate's pixels along an axis, and the side of its drawing
PIXELS, PANEL = 48, 192.0


def charts() -> Iterator[tuple[str, Any]]:
    """Every chart of the page with its key."""
    books = [(title, lookup(key)) for title, key in ZFNETS]
    for key, measure in MEASURES.items():
        yield f"zfnet-{measure.name}", stage_bars(books, key)


def sampled(stride: int) -> list[list[bool]]:
    """Every stride-th pixel of a zone plate, dark or light.

    Its rings get finer with the distance from the middle, from none to a ring for each two pixels
    at the edge: the finest that pixels can show.
    """
    middle, radius = PIXELS / 2, PIXELS / 2
    places = [place + 0.5 - middle for place in range(0, PIXELS, stride)]
    return [[cos(pi * (x * x + y * y) / (2 * radius)) < 0 for x in places] for y in places]


def zone_plate() -> Html:
    """A zone plate as it is, and what the strides of ZFNet and AlexNet leave of it."""
    strides = {1: "every pixel"}
    for title, key in (("ZFNet", "zfnet"), ("AlexNet", "alexnet_2012")):
        window = lookup(key)["conv1"].window
        assert window is not None
        strides[window.stride[0]] = f"stride {window.stride[0]}, {title}"
    said = (
        "Three panels. The first shows rings around one middle, finer and finer towards the edge. "
        "In the second, with fewer pixels, more rings appear around the middle of each edge, "
        "where the true ones are too fine. In the third such false rings cover everything but the "
        "inmost ones."
    )
    scenes = (_panels(strides, columns) for columns in (WIDE, NARROW))
    return figure(
        [Drawing("A zone plate under strides", said, *scenes)],
        "Rings that get finer towards the edge, and what remains of them when pixels are skipped: "
        "where a ring is narrower than a step, false coarse ones appear.",
    )


def _panels(strides: Mapping[int, str], width: float) -> Scene:
    columns = max(1, int(width // (PANEL + 12)))
    texts: list[Text] = []
    rings: list[tuple[Point, ...]] = []
    for place, (stride, title) in enumerate(strides.items()):
        x = place % columns * (PANEL + 16) + 1
        y = place // columns * (PANEL + 44) + 26
        texts.append(Text(title, x, y - 9, strong=True))
        rings += _runs(sampled(stride), x, y, PANEL / (PIXELS // stride))
    high = -(-len(strides) // columns) * (PANEL + 44) - 14
    wide = min(columns, len(strides)) * (PANEL + 16) - 14
    return Scene((), (), tuple(texts), wide, high, outlines=(Outline("ink", tuple(rings)),))


def _runs(pixels: list[list[bool]], x: float, y: float, side: float) -> Iterator[tuple[Point, ...]]:
    """A rectangle for each run of dark pixels along a line."""
    for row, line in enumerate(pixels):
        top, bottom = y + row * side, y + (row + 1) * side
        start = 0
        for dark, run in groupby(line):
            end = start + len(list(run))
            if dark:
                left, right = x + start * side, x + end * side
                yield (left, top), (right, top), (right, bottom), (left, bottom)
            start = end


MACROS: Mapping[str, Callable[..., object]] = {"learned": learned, "zone_plate": zone_plate}
