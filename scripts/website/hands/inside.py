"""What the playground runs in the reader's browser: a network as text or as a file, into a table.

It is given to Python there as it stands, with the package and nothing else; what goes in and comes
out is JSON. The code of a reader runs here, in a worker that ends when its time is over.
"""

from __future__ import annotations

import csv
import io
import json
import re
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from importlib import import_module
from inspect import getsource
from itertools import pairwise, zip_longest
from typing import Any

import cnnref
from cnnref.counting.shapes import COUNTS
from cnnref.errors import CnnrefError

__all__ = ["checked", "read", "run", "starting"]

# the name of the reader's text, by which its lines are found in a traceback
TEXT = "<network>"
# how a cell of a notebook begins; its title stands behind it
CELL = re.compile(r"^# %%", re.MULTILINE)
SIZES = re.compile(r"\s*\d{1,18}\s*(?:,\s*\d{1,18}\s*)*", re.ASCII)
MOST_ROWS, MOST_PRINTED, MOST_CELL = 1500, 2000, 20_000
BARS = 14


def run(asked: str) -> str:
    """What comes of a text that makes a Net, of a comparison and a convention, or what is wrong.

    Of a text in cells, as a notebook is, comes what each cell prints.
    """
    given = json.loads(asked)
    code = given["code"]
    if CELL.search(code):
        cells: list[tuple[int, str, str]] = []
        return _told(lambda: _run_cells(code, cells), cells=cells)
    return _told(lambda: _answer(_made(code), given))


def read(path: str, asked: str) -> str:
    """The same of an ONNX file, at the sizes that are given or at its own."""
    given = json.loads(asked)

    def answer() -> dict[str, Any]:
        table = cnnref.from_onnx(path, _sizes(given.get("shape", "")))
        if not len(table):
            raise CnnrefError("Nothing in the file depends on its input, so that it has no row.")
        return _answer(table, given)

    return _told(answer)


def _sizes(text: str) -> tuple[int, ...] | None:
    """The sizes of an image as a reader writes them; None where the field is empty."""
    if not text.strip():
        return None
    if not SIZES.fullmatch(text):
        raise CnnrefError(
            "The sizes of the input are whole numbers, one for each axis, with commas between "
            f"them, but {text!r} stands there."
        )
    return tuple(map(int, text.split(",")))


def starting(name: str) -> str:
    """A network of the catalogue as a text to change: its spec, and the call that lays it out."""
    record = cnnref.architecture(name)
    module, _, function = record.spec.partition(":")
    source = getsource(import_module(f"cnnref.specs.{module}"))
    size, classes = record.input_size, record.num_classes
    call = f'net = Net((3, {size}, {size}), name="{name}")\n{function}(net, {classes})\n'
    return f"{source}\n\n{call}"


def checked(name: str, published: str) -> str:
    """How many rows a published table must have, and the first that is not as it is counted here.

    published: the file of raw counts of a network.
    """
    lines = list(csv.DictReader(io.StringIO(published)))
    unlike = ""
    rows = cnnref.table(name)
    for row, line in zip_longest(rows, lines):
        if row is None or line is None:
            unlike = unlike or "another number of rows"
            continue
        ours = [row.name, row.op, "x".join(map(str, row.out_shape)), *map(str, row.counts)]
        theirs = [line.get(key) for key in ("layer", "op", "output", *COUNTS)]
        if ours != theirs:
            unlike = unlike or row.name
    return json.dumps({"rows": len(rows), "unlike": unlike})


class _Printed(io.StringIO):
    """What is printed, as far as it is shown; the rest takes no room."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._room = most

    def write(self, text: str) -> int:
        self._room -= super().write(text[: self._room])
        return len(text)


def _told(answer: Callable[[], dict[str, Any]], **more: object) -> str:
    printed = _Printed(MOST_PRINTED)
    with warnings.catch_warnings(record=True) as said, redirect_stdout(printed):
        warnings.simplefilter("always")
        try:
            found = answer()
        except BaseException as error:  # whatever a text of a reader's raises, as an exit
            found = {"error": _sentence(error), "line": _line(error)}
    found["warnings"] = [str(one.message) for one in said]
    found["printed"] = printed.getvalue()
    return json.dumps({**found, **more})


def _sentence(error: BaseException) -> str:
    if isinstance(error, CnnrefError):
        return str(error)
    if isinstance(error, MemoryError):
        return "It takes more memory than the page allows."
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _line(error: BaseException) -> int:
    """The last line of the reader's text before an error; 0 where none is to blame."""
    if isinstance(error, SyntaxError) and error.filename == TEXT:
        return error.lineno or 0
    frames = traceback.extract_tb(error.__traceback__)
    return next((one.lineno or 0 for one in reversed(frames) if one.filename == TEXT), 0)


def _run_cells(code: str, cells: list[tuple[int, str, str]]) -> dict[str, Any]:
    """Run one cell after another; of each that prints, its line, title and text join the cells."""
    space = _space()
    starts = {0, *(found.start() for found in CELL.finditer(code)), len(code)}
    for start, end in pairwise(sorted(starts)):
        line, cell, printed = code.count("\n", 0, start), code[start:end], _Printed(MOST_CELL)
        try:
            with redirect_stdout(printed):
                # lines are those of the whole text
                exec(compile("\n" * line + cell, TEXT, "exec"), space)
        finally:
            if text := printed.getvalue():
                cells.append((line + 1, _title(cell), text))
    return {}


def _title(cell: str) -> str:
    return CELL.sub("", cell.partition("\n")[0]).strip() if CELL.match(cell) else ""


def _space() -> dict[str, Any]:
    return {"__name__": "network", "cnnref": cnnref, "Net": cnnref.Net}


def _made(code: str) -> cnnref.Table:
    """The table of the network that a text makes: of `net`, or of the last Net or Table in it."""
    space = _space()
    exec(compile(code, TEXT, "exec"), space)
    kinds = (cnnref.Net, cnnref.Table)
    found = [value for value in space.values() if isinstance(value, kinds)]
    chosen = space["net"] if isinstance(space.get("net"), kinds) else (found[-1] if found else None)
    if chosen is None:
        raise CnnrefError("The text makes no network: it begins with a Net, as the example does.")
    table = chosen.table() if isinstance(chosen, cnnref.Net) else chosen
    if not len(table):
        raise CnnrefError("The network has no layer yet: add one, as the example does.")
    return table


def _answer(table: cnnref.Table, given: dict[str, Any]) -> dict[str, Any]:
    convention = cnnref.convention(given.get("convention") or "macs")
    written = list(map(_costs_first, csv.reader(io.StringIO(table.to_csv(convention)))))
    found: dict[str, Any] = {
        "name": table.name,
        "input": str(table.input_shape),
        "head": written[0],
        "rows": [[_grouped(cell) for cell in line] for line in written[1 : 1 + MOST_ROWS]],
        "left": max(0, len(table) - MOST_ROWS),
        "totals": list(_totals(table, convention)),
        "bars": _bars(table, convention),
        "csv": table.to_csv(convention),
        "latex": table.to_latex(convention),
        "svg": _drawn(table),
    }
    if other := given.get("other"):
        beside = cnnref.table(other)
        found["compared"] = cnnref.compare(table, beside).to_text(convention)
    return found


def _costs_first(line: list[str]) -> list[str]:
    """A row as a phone shows it: the layer, then its parameters and operations."""
    return [line[0], *line[-2:], *line[1:-2]]


def _grouped(cell: str) -> str:
    return f"{int(cell):,}" if cell.isdecimal() else cell


def _totals(table: cnnref.Table, convention: cnnref.Convention) -> Iterator[tuple[str, str]]:
    yield "rows", f"{len(table):,}"
    yield "parameters", f"{table.parameters:,}"
    yield f"{convention.unit}s ({convention.name})", f"{table.operations(convention):,}"
    if table.uncounted:
        yield "rows that no rule counts", f"{len(table.uncounted):,}; totals are the least"
    yield "peak of feature maps, in float32", f"{table.peak_activation_bytes():,} bytes"
    yield "receptive field of the last row", _field(table)


def _field(table: cnnref.Table) -> str:
    try:
        field = table.receptive_fields()[-1].field
    except CnnrefError:
        return "no rule says"
    return " x ".join(map(str, field))


def _bars(table: cnnref.Table, convention: cnnref.Convention) -> list[tuple[str, float, str]]:
    """The stages, or the rows where there are none, each with its share of all operations."""
    by_stage = len({row.stage for row in table}) > 1
    costs: dict[str, int] = {}
    for row in table:
        key = (row.stage if by_stage else row.name) or row.name
        costs[key] = costs.get(key, 0) + row.operations(convention)
    whole = sum(costs.values()) or 1
    largest = sorted((cost, key) for key, cost in costs.items())[::-1][:BARS]
    kept = {key for cost, key in largest if cost}
    return [(key, cost / whole, f"{cost:,}") for key, cost in costs.items() if key in kept]


def _drawn(table: cnnref.Table) -> str:
    """The stages as a picture by itself; nothing where there is no way to draw them."""
    try:
        return table.draw().standalone()
    except (CnnrefError, ArithmeticError, LookupError):
        return ""
