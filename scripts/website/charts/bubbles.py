"""Where the names of bubbles go in a picture, so that none covers another."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot
from typing import Any, NamedTuple

import numpy as np

__all__ = ["LETTER_WIDTH", "LINE_HEIGHT", "Bubble", "Place", "placed"]

# of a sans-serif letter, in font sizes
LETTER_WIDTH, LINE_HEIGHT = 0.6, 1.3
GAP = 4
ROUNDS = 4
# what is worse: two names on each other, a name on a bubble, a name outside, a name that is nearer
# to another's bubble than to its own, a name far away
ON_NAME, ON_BUBBLE, OUTSIDE, STRANGER, FAR = 200.0, 2.5, 8.0, 40.0, 1.0
# left, top, right and bottom
Box = tuple[float, float, float, float]
Array = np.ndarray[Any, np.dtype[Any]]


class Bubble(NamedTuple):
    """A circle on the drawing, y downwards, and the name that goes with it."""

    x: float
    y: float
    radius: float
    name: str


class Place(NamedTuple):
    """The middle of a name, as an offset from the middle of its bubble."""

    dx: int
    dy: int


def placed(
    bubbles: Sequence[Bubble], width: float, height: float, font: float
) -> tuple[Place, ...]:
    """A place for each name, by trying those around its bubble and keeping the least bad.

    >>> placed([Bubble(50, 50, 5, "a")], width=100, height=100, font=10)
    (Place(dx=12, dy=0),)
    """
    tries = [_candidates(bubble, font) for bubble in bubbles]
    boxes = [
        [_box(bubble, place, font) for place in places]
        for bubble, places in zip(bubbles, tries, strict=True)
    ]
    own = [
        [_cost(box, bubble, bubbles, width, height) for box in around]
        for bubble, around in zip(bubbles, boxes, strict=True)
    ]
    # what is chosen last yields to all others, so the order matters: a few are tried
    orders = [
        sorted(range(len(bubbles)), key=lambda i: (sign * bubbles[i][axis], i))
        for axis in (0, 1)
        for sign in (1, -1)
    ]
    around, costs = np.array(boxes), np.array(own)
    settled = [_settle(order, around, costs) for order in orders]
    best = min(settled, key=lambda choice: _total(choice, boxes, own))
    return tuple(places[i] for places, i in zip(tries, best, strict=True))


def _settle(order: list[int], boxes: Array, own: Array) -> list[int]:
    """The number of the place that each name chooses, one after another, until none moves.

    boxes: of each name and place, in the order of `Box`; own: what each costs by itself.
    """
    chosen = np.zeros(len(boxes), dtype=int)
    for _ in range(ROUNDS):
        before = chosen.copy()
        for i in order:
            names = np.delete(boxes[range(len(boxes)), chosen], i, axis=0)
            chosen[i] = np.argmin(own[i] + ON_NAME * _covered(boxes[i], names))
        if (chosen == before).all():
            break
    return [*map(int, chosen)]


def _covered(boxes: Array, names: Array) -> Array:
    """Of each box, the area that it shares with all names."""
    ends = np.minimum(boxes[:, None, 2:], names[None, :, 2:])
    sides = ends - np.maximum(boxes[:, None, :2], names[None, :, :2])
    area: Array = sides.clip(0).prod(axis=2).sum(axis=1)
    return area


def _total(chosen: list[int], boxes: list[list[Box]], own: list[list[float]]) -> float:
    names = [around[i] for around, i in zip(boxes, chosen, strict=True)]
    overlaps = sum(_shared(a, b) for i, a in enumerate(names) for b in names[:i])
    return ON_NAME * overlaps + sum(costs[i] for costs, i in zip(own, chosen, strict=True))


def _candidates(bubble: Bubble, font: float) -> list[Place]:
    half, line = _width(bubble.name, font) / 2, font * LINE_HEIGHT / 2
    places = []
    for more in (0, font * 0.9, font * 2):
        side, above = bubble.radius + GAP + half + more, bubble.radius + GAP + line + more
        slant = bubble.radius * 0.7 + GAP + more
        places += [(side, 0), (-side, 0), (0, -above), (0, above)]
        places += [
            (a * (slant + half), b * (slant + line)) for a in (1.0, -1.0) for b in (-1.0, 1.0)
        ]
    return [Place(round(dx), round(dy)) for dx, dy in places]


def _cost(box: Box, own: Bubble, bubbles: Sequence[Bubble], width: float, height: float) -> float:
    area = (box[2] - box[0]) * (box[3] - box[1])
    inside = _shared(box, (0, 0, width, height))
    rings = ((b.x - b.radius, b.y - b.radius, b.x + b.radius, b.y + b.radius) for b in bubbles)
    near = _gap(box, own)
    nearer = sum(max(0.0, near + GAP - _gap(box, other)) for other in bubbles if other is not own)
    return (
        ON_BUBBLE * sum(_shared(box, ring) for ring in rings)
        + OUTSIDE * (area - inside)
        + STRANGER * nearer
        + FAR * near * near
    )


def _gap(box: Box, bubble: Bubble) -> float:
    across = max(box[0] - bubble.x, bubble.x - box[2], 0.0)
    down = max(box[1] - bubble.y, bubble.y - box[3], 0.0)
    return max(hypot(across, down) - bubble.radius, 0.0)


def _box(bubble: Bubble, place: Place, font: float) -> Box:
    half, line = _width(bubble.name, font) / 2, font * LINE_HEIGHT / 2
    x, y = bubble.x + place.dx, bubble.y + place.dy
    return x - half, y - line, x + half, y + line


def _shared(a: Box, b: Box) -> float:
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    return max(wide, 0.0) * max(high, 0.0)


def _width(text: str, font: float) -> float:
    return len(text) * font * LETTER_WIDTH
