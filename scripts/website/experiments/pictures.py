"""What a first layer has learned, as pictures: filters, maps, and gradients down to the pixels."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from website.experiments.records import runs
from website.markup import Html, element, joined

__all__ = ["MACROS", "learned", "mosaic", "png"]

# the gap between two pictures, and how many pixels of a screen one of theirs takes at most
GAP, LARGEST = 1, 7
WIDTH = 640


def learned(rows: list[tuple[str, Mapping[str, Any], str]], caption: str) -> str:
    """Rows of pictures under their titles, of the experiment on the first layer.

    rows: title, condition, and which pictures: "filters", "maps", "images" or "gradients".
    """
    shown = joined(part for title, chosen, which in rows for part in _row(title, chosen, which))
    return element("figure", shown, element("figcaption", caption), class_="drawing")


def _row(title: str, chosen: Mapping[str, Any], which: str) -> tuple[Html, Html]:
    run = next(run for run in runs("first_layer", chosen) if "pictures" in run)
    packed = run["pictures"][which]
    count, height, width = packed["shape"]
    grey = base64.b64decode(packed["bytes"])
    size, lines = mosaic(grey, count, height, width)
    scale = min(LARGEST, WIDTH // size[0])
    text = base64.b64encode(png(lines)).decode()
    picture = element(
        "img",
        src=f"data:image/png;base64,{text}",
        alt=f"{title}: {count} pictures of {height} by {width} pixels",
        width=size[0] * scale,
        height=size[1] * scale,
        style="image-rendering: pixelated; height: auto",
    )
    return element("p", title, class_="drawing-name"), picture


def mosaic(grey: bytes, count: int, height: int, width: int) -> tuple[tuple[int, int], list[bytes]]:
    """Pictures in one row with gaps between them: the size, and the lines of grey bytes."""
    white = b"\xff" * GAP
    lines = [
        white.join(grey[(number * height + line) * width :][:width] for number in range(count))
        for line in range(height)
    ]
    return (len(lines[0]), height), lines


def png(lines: list[bytes]) -> bytes:
    """Lines of grey bytes as a file in PNG (ISO 15948): a head, the packed lines, an end."""
    head = struct.pack(">IIBBBBB", len(lines[0]), len(lines), 8, 0, 0, 0, 0)
    # each line says by a zero that it is not filtered
    packed = zlib.compress(b"".join(b"\0" + line for line in lines), 9)
    parts = ((b"IHDR", head), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    digest = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + digest


MACROS: Mapping[str, Callable[..., object]] = {"learned": learned}
