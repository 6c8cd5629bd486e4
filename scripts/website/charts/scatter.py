"""What pictures of points share: their inner area, an axis's ticks, where the labels go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from math import ceil, floor, hypot, log10
from typing import Any, NamedTuple

from website.charts.draw import WIDTHS
from website.kept import reach
from website.kept.shelf import Shelf, digest

__all__ = [
    "Bubble",
    "Place",
    "either",
    "fraction",
    "inner",
    "label",
    "log_ticks",
    "place_labels",
]


Domain = tuple[float, float]
IS_NARROW = "width < 400"


def inner(margins: Mapping[str, int]) -> dict[str, int]:
    """The width inside the axes, wide and narrow, in pixels.

    >>> inner({"wide": 55, "narrow": 55})
    {'wide': 625, 'narrow': 245}
    """
    return {size: WIDTHS[size] - margin for size, margin in margins.items()}


def either(alt: Any, narrow: object, wide: object) -> Any:
    """One value on a phone and another elsewhere."""
    return alt.ExprRef(f"{IS_NARROW} ? {narrow} : {wide}")


def fraction(value: float, domain: Domain, scale: str = "log") -> float:
    """How far along an axis a value is, from 0 to 1.

    >>> fraction(10, (1, 100)), fraction(25, (0, 100), "linear")
    (0.5, 0.25)
    """
    if scale == "log":
        value, low, high = map(log10, (value, *domain))
    else:
        low, high = domain
    return (value - low) / (high - low)


def log_ticks(domain: Domain) -> list[float]:
    """One, two and five of each power of ten inside a domain.

    >>> log_ticks((3, 60))
    [5.0, 10.0, 20.0, 50.0]
    """
    low, high = domain
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    ticks = (float(f"{step}e{power}") for power in powers for step in (1, 2, 5))
    return [tick for tick in ticks if low <= tick <= high]


def label(
    rows: Sequence[dict[str, Any]],
    bubble: Callable[[str, int, Mapping[str, Any]], Bubble],
    sizes: Mapping[str, int],
    height: int,
    font: Mapping[str, int],
) -> None:
    """Write into each row where its label goes, wide and narrow, so that none covers another.

    bubble: of a size, its inner width and a row, where its point is.
    sizes: the inner widths, as `inner` gives them; font: the size of the letters, in pixels.
    """
    for size, width in sizes.items():
        points = [bubble(size, width, row) for row in rows]
        for row, place in zip(rows, place_labels(points, width, height, font[size]), strict=True):
            row[size] = list(place)


PLACED = Shelf("places of labels")
# of a sans-serif letter, in font sizes
LETTER_WIDTH, LINE_HEIGHT = 0.6, 1.3
GAP = 4
ROUNDS = 4
# what is worse: two names on each other, a name on a bubble, a name outside, a name that is nearer
# to another's bubble than to its own, a name far away
ON_NAME, ON_BUBBLE, OUTSIDE, STRANGER, FAR = 200.0, 2.5, 8.0, 40.0, 1.0
Box = tuple[float, float, float, float]


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


def place_labels(
    bubbles: Sequence[Bubble], width: float, height: float, font: float
) -> tuple[Place, ...]:
    """A place for each name, by trying those around its bubble and keeping the least bad.

    >>> place_labels([Bubble(50, 50, 5, "a")], width=100, height=100, font=10)
    (Place(dx=12, dy=0),)
    """
    given = (tuple(bubbles), width, height, font)
    found: tuple[Place, ...] = PLACED.get(digest(_made_by(), given), _placed, *given)
    return found


@cache
def _made_by() -> str:
    return reach.closure((__name__,), named=False)


@cache
def _placed(
    bubbles: tuple[Bubble, ...], width: float, height: float, font: float
) -> tuple[Place, ...]:
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
    settled = [_settle(order, boxes, own) for order in orders]
    best = min(settled, key=lambda choice: _total(choice, boxes, own))
    return tuple(places[i] for places, i in zip(tries, best, strict=True))


def _settle(order: list[int], boxes: list[list[Box]], own: list[list[float]]) -> list[int]:
    chosen = [0] * len(boxes)
    for _ in range(ROUNDS):
        before = list(chosen)
        for i in order:
            names = [boxes[j][k] for j, k in enumerate(chosen) if j != i]
            costs = [
                cost + ON_NAME * sum(_shared(box, name) for name in names)
                for box, cost in zip(boxes[i], own[i], strict=True)
            ]
            chosen[i] = costs.index(min(costs))
        if chosen == before:
            break
    return chosen


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
