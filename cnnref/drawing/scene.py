"""What a drawing holds before it becomes SVG: placed boxes, arrows between them, and texts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import NamedTuple

__all__ = [
    "Arrow",
    "Box",
    "Line",
    "Outline",
    "Point",
    "Scene",
    "Text",
    "alternative",
    "faint_size",
    "faults",
]


Point = tuple[float, float]


class Line(NamedTuple):
    """One line of text in a box; faint: set smaller, in the second ink."""

    text: str
    faint: bool = False


class Box(NamedTuple):
    """A box at (x, y), its upper left corner.

    kind: conv, linear, pool, join, other, or end for what a drawing begins and ends with.
    rows: the rows of the table that it stands for.
    words: what it says in the text alternative.
    """

    kind: str
    rows: tuple[int, ...]
    lines: tuple[Line, ...]
    words: str
    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The x of its right side."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The y of its lower side."""
        return self.y + self.height

    @property
    def middle(self) -> Point:
        """Its centre."""
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def corners(self) -> tuple[Point, ...]:
        """Its corners, round about from (x, y)."""
        return (
            (self.x, self.y),
            (self.right, self.y),
            (self.right, self.bottom),
            (self.x, self.bottom),
        )


class Arrow(NamedTuple):
    """A line from one box to another, with its head at the last point.

    source, target: numbers of boxes; edges: the edges of the table that it stands for, each the
    row that feeds and the row that reads (None where it leaves the drawing).
    rows: rows that stand on the arrow itself, for which there is no box.
    label: what is written on it; words: what the text alternative says of it besides.
    """

    source: int
    target: int
    edges: tuple[tuple[int, int | None], ...]
    points: tuple[Point, ...]
    rows: tuple[int, ...] = ()
    label: str = ""
    words: str = ""
    dashed: bool = False


class Text(NamedTuple):
    """A text by itself; anchor: start, middle or end; halo: it interrupts what it lies on."""

    text: str
    x: float
    y: float
    anchor: str = "start"
    faint: bool = False
    strong: bool = False
    halo: bool = False


class Outline(NamedTuple):
    """Polygons of one kind, that of a box, or "ink": filled, without a line around.

    They lie below the boxes.
    """

    kind: str
    rings: tuple[tuple[Point, ...], ...]


class Scene(NamedTuple):
    """A drawing of one width.

    size: that of its text; head: the half width of an arrow's head.
    """

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    texts: tuple[Text, ...]
    width: float
    height: float
    size: float = 13
    head: float = 4.5
    outlines: tuple[Outline, ...] = ()


def faint_size(size: float) -> float:
    """The size of what is set smaller: still large enough for a phone."""
    return max(11, size - 1)


def alternative(scene: Scene) -> str:
    """Every box with its number, its words and the numbers of the boxes that feed it."""
    return " ".join(_sentences(scene))


def _sentences(scene: Scene) -> Iterator[str]:
    for number, box in enumerate(scene.boxes):
        feeds = [arrow for arrow in scene.arrows if arrow.target == number]
        sources = " and ".join(
            f"{arrow.source + 1}"
            + (f" ({arrow.label or arrow.words})" if arrow.label or arrow.words else "")
            for arrow in feeds
        )
        yield f"{number + 1}: {box.words}" + (f", from {sources}." if feeds else ".")


def faults(scene: Scene) -> Iterator[str]:
    """Each overlap of two boxes, and each box that an arrow of others runs through."""
    for one, two in combinations(scene.boxes, 2):
        if _overlap(one, (two.x, two.y), (two.right, two.bottom)):
            yield f"the boxes '{one.words}' and '{two.words}' would lie on each other"
    for arrow in scene.arrows:
        for number, box in enumerate(scene.boxes):
            if number not in (arrow.source, arrow.target) and any(
                _overlap(box, *_corners(a, b)) for a, b in pairwise(arrow.points)
            ):
                yield f"an arrow would run through the box '{box.words}'"


def _overlap(box: Box, low: Point, high: Point) -> bool:
    across = box.x < high[0] and low[0] < box.right
    return across and box.y < high[1] and low[1] < box.bottom


def _corners(a: Point, b: Point) -> tuple[Point, Point]:
    return (min(a[0], b[0]), min(a[1], b[1])), (max(a[0], b[0]), max(a[1], b[1]))
