"""What must not be in a drawing: boxes on each other, and arrows through boxes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise

from cnnref.drawing.scene import Box, Point, Scene

__all__ = ["faults"]


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
