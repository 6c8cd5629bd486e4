"""The charts of the page alexnet.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cnnref.drawing.bars import MEASURES, layer_bars
from website.facts import lookup

__all__ = ["charts"]


def charts() -> Iterator[tuple[str, Any]]:
    """Every chart of the page with its key."""
    for key, measure in MEASURES.items():
        # the lecture's input
        yield f"alexnet-{measure.name}", layer_bars(lookup("alexnet@227"), key)
