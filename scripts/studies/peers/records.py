"""What every other counter says of every network of the catalogue, as rows of a CSV file."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence

import torch
from tqdm import tqdm

import cnnref
from cnnref.counting.shapes import Size
from studies.output import to_csv, write
from studies.peers.counts import COUNTS, Row, read
from studies.peers.tools import BY_NAME, NEED_DATA, Tool, count, fresh
from website.places import DOCS

PEERS = DOCS / "peers"


def counted(
    names: Iterable[str] | None = None, tools: Iterable[str] | None = None, *, small: bool = False
) -> Iterator[Row]:
    """A row for each network, input size and tool."""
    cases = [
        (BY_NAME[tool], name, size)
        for tool in tools or BY_NAME
        for name in names or cnnref.names()
        for size in sizes(name, small)
    ]
    for case in tqdm(cases, disable=not sys.stderr.isatty()):
        yield asked(*case)


def merged(rows: Iterable[Row]) -> list[Row]:
    """The rows of the record with these in place of their like, in the catalogue's order."""
    known = {row[:3]: row for row in (read() if COUNTS.exists() else [])}
    known |= {row[:3]: row for row in rows}
    places = {name: place for place, name in enumerate(cnnref.names())}
    tools = {name: place for place, name in enumerate(BY_NAME)}
    return sorted(known.values(), key=lambda row: (places[row.network], tools[row.tool], row.input))


def sizes(name: str, small: bool = False) -> tuple[Size, ...]:
    """The network's own input size, after the smallest of the sizes that its books compare."""
    record = cnnref.architecture(name)
    smallest = min(size for size in record.sizes if isinstance(size, int))
    return (smallest,) if small else tuple(dict.fromkeys((smallest, record.input_size)))


def asked(tool: Tool, name: str, size: Size) -> Row:
    device = "cpu" if tool.name in NEED_DATA else "meta"
    height, width = size if isinstance(size, tuple) else (size, size)
    module = fresh(lambda: cnnref.model(name), device)
    total = count(tool, module, (torch.zeros(1, 3, height, width, device=device),))
    return Row(name, f"{height}x{width}", tool.name, tool.version, total)


def run(
    names: Sequence[str] | None, tools: Sequence[str] | None, *, small: bool, output: str | None
) -> int:
    """The run of scripts/peer_counts: all into one file, or what is asked for into the record."""
    if output:
        write(output, as_text(counted(names, tools, small=small)))
        return 0
    for tool in tools or BY_NAME:  # what is done stays when the next one is interrupted
        write(COUNTS, as_text(merged(counted(names, [tool], small=small))))
    return 0


def as_text(rows: Iterable[Row]) -> str:
    return to_csv(Row._fields, rows)
