"""The text alternative of a drawing: its boxes in order, and where each arrow leads."""

from __future__ import annotations

from collections.abc import Iterator

from cnnref.drawing.scene import Scene

__all__ = ["alternative"]


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
