"""The charts of the page zfnet.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cnnref.drawing.bars import MEASURES, stage_bars
from website.facts import lookup

__all__ = ["charts"]


ZFNETS = (("AlexNet (2012)", "alexnet_2012"), ("ZFNet", "zfnet"), ("ZFNet (b)", "zfnet_b"))


def charts() -> Iterator[tuple[str, Any]]:
    """Every chart of the page with its key."""
    books = [(title, lookup(key)) for title, key in ZFNETS]
    for key, measure in MEASURES.items():
        yield f"zfnet-{measure.name}", stage_bars(books, key)
