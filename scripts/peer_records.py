"""What every other counter says of every network of the catalogue, as rows of a CSV file."""

from __future__ import annotations

import csv
import io
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from peer_tools import BYTES, NEED_DATA, TOOLS, Tool, count, fresh
from tqdm import tqdm

import cnnref
from cnnref.architecture import Size

PEERS = Path(__file__).resolve().parent.parent / "docs" / "peers"
COUNTS = PEERS / "counts.csv"
# leaves patched functions behind, so nothing else may run after it
LAST = "ptflops pytorch"


class Row(NamedTuple):
    network: str
    input: str
    tool: str
    version: str
    total: int


def counted(names: Iterable[str] | None = None, *, small: bool = False) -> Iterator[Row]:
    """A row for each network, input size and tool, in the order of the catalogue."""
    tools = sorted((*TOOLS, BYTES), key=lambda tool: tool.name == LAST)
    wanted = list(names or cnnref.names())
    cases = [(tool, name, size) for tool in tools for name in wanted for size in sizes(name, small)]
    rows = [asked(*case) for case in tqdm(cases, disable=not sys.stderr.isatty())]
    places = {name: place for place, name in enumerate(wanted)}
    return iter(sorted(rows, key=lambda row: places[row.network]))


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


def write(rows: Iterable[Row], path: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Row._fields)
    writer.writerows(rows)
    replace(path, text.getvalue())


def replace(path: str, text: str) -> None:
    """Write all of a file or nothing; - is the terminal."""
    if path == "-":
        sys.stdout.write(text)
        return
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8", newline="")
    part.replace(target)


def read(path: Path = COUNTS) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Row(**record | {"total": int(record["total"])})  # type: ignore[arg-type]
            for record in csv.DictReader(file)
        ]
