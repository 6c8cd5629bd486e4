"""A table as text, Markdown, CSV, JSON, HTML, LaTeX or a DataFrame, all from COLUMNS."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

from cnnref.conventions import Convention
from cnnref.conventions import convention as look_up
from cnnref.errors import MissingExtraError
from cnnref.layer import Layer
from cnnref.table import Table
from cnnref.units import KIB, KILO, MEGA, grouped, rounded

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["to_csv", "to_frame", "to_html", "to_json", "to_latex", "to_markdown", "to_text"]

Value = int | str | None
Measure = Callable[[Layer, Convention], Any]
Name = Convention | str

TERMINAL = 80
UNKNOWN = "?"
PRICED = ("parameters", "operations", "activation_bytes")


class Column(NamedTuple):
    """A header, an alignment, a row's exact value, and how much of a measure is printed as one."""

    header: str
    align: str
    value: Measure
    unit: int = 0

    def exact(self, layer: Layer, convention: Convention) -> int | float | str | None:
        """The value in the header's unit, unrounded; None where there is none or it is unknown."""
        value: Value = None if self.unit and not layer.counted else self.value(layer, convention)
        return value / self.unit if self.unit > 1 and isinstance(value, int) else value

    def printed(self, layer: Layer, convention: Convention) -> str:
        """The value as tables print it, measures in whole units."""
        if self.unit:
            return self.total([layer], convention) if layer.counted else UNKNOWN
        return "" if (value := self.value(layer, convention)) is None else str(value)

    def total(self, layers: Iterable[Layer], convention: Convention) -> str:
        """The sum of a measure, rounded once; nothing for other columns."""
        values = (self.value(layer, convention) for layer in layers if self.unit and layer.counted)
        return rounded(sum(values), self.unit) if self.unit else ""


def _by(sizes: Sequence[int]) -> str:
    return "x".join(map(str, sizes))


def _square(sizes: Sequence[int]) -> Value:
    """A square as one number, a rectangle as both, nothing for a vector."""
    return (sizes[0] if len(set(sizes)) == 1 else _by(sizes)) if sizes else None


def _window(field: int, text: Callable[..., Value]) -> Measure:
    return lambda layer, _: text(layer.geometry[field]) if layer.geometry else None


def _compact(layer: Layer, _: Convention) -> str | None:
    """The whole window in one cell; a stride of 1 and what is off are left out."""
    if layer.geometry is None:
        return None
    kernel, stride, padding, dilation, groups, ceil_mode = layer.geometry
    text = _by(kernel) + f"/{_square(stride)}" * (set(stride) != {1})
    text += f" p{_square(padding)}" * any(padding) + f" d{_square(dilation)}" * (max(dilation) > 1)
    return text + f" g{groups}" * (groups > 1) + " ceil" * ceil_mode


def _filters(layer: Layer, _: Convention) -> Value:
    return {"conv": layer.out_shape[0], "linear": layer.out_shape[-1]}.get(layer.op)


COLUMNS: dict[str, Column] = {
    "layer": Column("Layer", "l", lambda layer, _: layer.name),
    "op": Column("op", "l", lambda layer, _: layer.op),
    "input": Column("input", "l", lambda layer, _: " + ".join(map(str, layer.in_shapes))),
    "output": Column("output", "l", lambda layer, _: str(layer.out_shape)),
    "window": Column("window", "l", _compact),
    "kernel": Column("kernel", "r", _window(0, _by)),
    "stride": Column("stride", "r", _window(1, _by)),
    "padding": Column("padding", "r", _window(2, _by)),
    "groups": Column("groups", "r", _window(4, int)),
    "parameters": Column("parameters", "r", lambda layer, _: layer.parameters, 1),
    "operations": Column("{unit}s", "r", lambda layer, entry: entry.flops(layer), 1),
    "in_channels": Column("C", "r", lambda layer, _: layer.in_shape[0]),
    "in_size": Column("H/W", "r", lambda layer, _: _square(layer.in_shape.size)),
    "filters": Column("filters", "r", _filters),
    "kernel_size": Column("kernel", "r", _window(0, _square)),
    "stride_size": Column("stride", "r", _window(1, _square)),
    "pad_size": Column("pad", "r", _window(2, _square)),
    "out_channels": Column("out C", "r", lambda layer, _: layer.out_shape[0]),
    "out_size": Column("out H/W", "r", lambda layer, _: _square(layer.out_shape.size)),
    "memory_kb": Column("memory (KB)", "r", lambda layer, c: c.activation_bytes(layer), KIB),
    "params_k": Column("params (k)", "r", lambda layer, _: layer.parameters, KILO),
    "flop_m": Column("{unit} (M)", "r", lambda layer, entry: entry.flops(layer), MEGA),
}

# what a terminal shows in place of a column; nothing where another column has it
TERSE = {"input": "", "kernel": "window", "stride": "", "padding": "", "groups": ""}
WINDOW_KEY = "window: kernel/stride, p padding, d dilation, g groups, ceil rounds up"

MARKDOWN = {ord(letter): f"\\{letter}" for letter in r"\|*`_[]"}
MARKDOWN |= {ord(letter): f"&#{ord(letter)};" for letter in "<&~"}
LATEX = str.maketrans(
    {letter: f"\\{letter}" for letter in "$&#_%{}"}
    | {"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "[": "{[}", "]": "{]}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
)


class Sheet(NamedTuple):
    """Cells between headers and totals; notes: the caption, then what the totals leave out."""

    columns: list[Column]
    layers: Table
    cells: list[list[str]]
    notes: list[str]


def _columns(entry: Convention, terse: bool = False) -> list[Column]:
    keys = [TERSE.get(key, key) if terse else key for key in entry.columns]
    found = [COLUMNS[key] for key in keys if key]
    return [column._replace(header=column.header.format(unit=entry.unit)) for column in found]


def _sheet(table: Table, name: Name, escape: Any = str, *, terse: bool = False) -> Sheet:
    entry = look_up(name)
    columns, layers = _columns(entry, terse), table.listed(entry)
    rows = [[column.printed(layer, entry) for column in columns] for layer in layers]
    head = [column.header for column in columns]
    totals = ["Total", *(column.total(layers, entry) for column in columns[1:])]
    escaped = [list(map(escape, row)) for row in (head, *rows, totals, _notes(table, entry))]
    return Sheet(columns, layers, escaped[:-1], escaped[-1])


def _notes(table: Table, entry: Convention) -> list[str]:
    notes = [f"{table.name}, input {table.input_shape}; convention {entry.name}: {entry.title}"]
    if table.uncounted:
        ops = [layer.op for layer in table.uncounted]
        rows = ", ".join(f"{op} ({ops.count(op)} rows)" for op in dict.fromkeys(ops))
        notes.append(f"No rule counts {rows}, marked {UNKNOWN}; totals are incomplete")
    hidden = [layer for layer in table if layer.parameters and not entry.lists(layer)]
    if hidden:
        names = ", ".join(dict.fromkeys(layer.op for layer in hidden))
        lost = grouped(sum(layer.parameters for layer in hidden))
        notes.append(f"Rows of {names} are not listed; their {lost} parameters are in no total")
    return notes


def to_text(table: Table, convention: Name = "macs") -> str:
    """The table for a terminal, 80 columns wide where its cells allow it; no final newline."""
    sheet = _sheet(table, convention, terse=True)
    heads = [column.header.split(" ") for column in sheet.columns]
    stacked = [[""] * (max(map(len, heads)) - len(head)) + head for head in heads]
    columns = zip(*sheet.cells[1:], strict=True)
    widths = [max(map(len, (*head, *cells))) for head, cells in zip(heads, columns, strict=True)]
    gap = 2 if sum(widths) + 2 * len(widths) - 2 <= TERMINAL else 1
    _narrow(widths, sheet.columns)
    folded = [list(map(_folded, row, widths)) for row in sheet.cells[1:]]
    head, *body, total = [_block(cells, widths, gap, sheet) for cells in (stacked, *folded)]
    rule = "-" * (sum(widths) + gap * (len(widths) - 1))
    caption, *notes = ["\n".join(_folded(f"{note}.", TERMINAL, " ")) for note in sheet.notes]
    notes = [WINDOW_KEY] * (COLUMNS["window"] in sheet.columns) + notes
    return "\n".join([caption, "", head, rule, *body, rule, total, *notes])


def _narrow(widths: list[int], columns: list[Column]) -> None:
    for key, least in (("op", 10), ("layer", 12)):
        excess = sum(widths) + len(widths) - 1 - TERMINAL
        if excess > 0 and COLUMNS[key] in columns:
            place = columns.index(COLUMNS[key])
            widths[place] = max(min(least, widths[place]), widths[place] - excess)


def _folded(text: str, width: int, marks: str = "._/-") -> list[str]:
    """Text in lines of a width, broken behind marks; a piece without a mark stays whole."""
    lines, start = [""], 0
    for end in (*(end for end, letter in enumerate(text, 1) if letter in marks), len(text)):
        piece, start = text[start:end], end
        if lines[-1] and len(lines[-1] + piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in lines] if len(text) > width else [text]


def _block(cells: list[list[str]], widths: list[int], gap: int, sheet: Sheet) -> str:
    pads = [str.ljust if column.align == "l" else str.rjust for column in sheet.columns]
    rows = zip_longest(*cells, fillvalue="")
    padded = [[f(x, w) for f, x, w in zip(pads, row, widths, strict=True)] for row in rows]
    return "\n".join((" " * gap).join(row).rstrip() for row in padded)


def to_markdown(table: Table, convention: Name = "lecture") -> str:
    """The table in Markdown, with totals; below it the convention and what is left out."""
    sheet = _sheet(table, convention, lambda text: text.translate(MARKDOWN))
    rule = [":--" if column.align == "l" else "--:" for column in sheet.columns]
    lines = [f"| {' | '.join(row)} |" for row in (sheet.cells[0], rule, *sheet.cells[1:])]
    return "\n".join([*lines, *(f"\n{note}." for note in sheet.notes), ""])


def to_latex(table: Table, convention: Name = "lecture") -> str:
    """The table in LaTeX, with totals, for the booktabs package."""
    sheet = _sheet(table, convention, lambda text: text.translate(LATEX))
    aligns = "".join(column.align for column in sheet.columns)
    head, *body, total = [" & ".join(row) + r" \\" for row in sheet.cells]
    rows = [r"\toprule", head, r"\midrule", *body, r"\midrule", total, r"\bottomrule"]
    caption = rf"\begin{{table}}\centering\caption{{{'. '.join(sheet.notes)}}}"
    above = [r"% \usepackage{booktabs}", caption, rf"\begin{{tabular}}{{{aligns}}}"]
    return "\n".join([*above, *rows, r"\end{tabular}", r"\end{table}", ""])


def to_html(table: Table, convention: Name = "lecture", links: str = "") -> str:
    """The table as an HTML element, with an id TABLE-LAYER per row; names link to #LINKS-LAYER."""
    from html import escape

    sheet = _sheet(table, convention, escape)
    head = f"<thead><tr>{_html_cells(sheet.cells[0], sheet.columns, head=True)}</tr></thead>"
    lines = ['<table class="ledger">', f"<caption>{sheet.notes[0]}.</caption>", head, "<tbody>"]
    for layer, (name, *cells) in zip(sheet.layers, sheet.cells[1:-1], strict=True):
        place = escape("-".join(f"{table.name}-{layer.name}".split()))
        mark = "" if layer.counted else ' class="uncounted"'
        title = f'<a href="#{escape(links)}-{name}">{name}</a>' if links else name
        lines.append(f'<tr id="{place}"{mark}>{_html_cells([title, *cells], sheet.columns)}</tr>')
    wide = f'<td class="wrap" colspan="{len(sheet.columns)}">'
    notes = [f"<tr>{wide}{note}.</td></tr>" for note in sheet.notes[1:]]
    total = f'<tfoot><tr class="total">{_html_cells(sheet.cells[-1], sheet.columns)}</tr>'
    return "\n".join([*lines, "</tbody>", total, *notes, "</tfoot></table>", ""])


def _html_cells(cells: list[str], columns: list[Column], *, head: bool = False) -> str:
    tags = ['th scope="col"'] * len(cells) if head else ['th scope="row"', *["td"] * len(cells)]
    kinds = [' class="num"' if column.align == "r" else "" for column in columns]
    parts = zip(tags, kinds, cells, strict=False)
    return "".join(f"<{tag}{kind}>{cell}</{tag[:2]}>" for tag, kind, cell in parts)


def _exact(table: Table, entry: Convention) -> list[list[Any]]:
    columns = _columns(entry)
    rows = [[column.exact(layer, entry) for column in columns] for layer in table.listed(entry)]
    return [[column.header for column in columns], *rows]


def to_csv(table: Table, convention: Name = "macs") -> str:
    """The listed rows as comma-separated values: exact, no totals, empty where not known."""
    import csv
    from io import StringIO

    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(_exact(table, look_up(convention)))
    return text.getvalue()


def to_frame(table: Table, convention: Name = "lecture") -> pd.DataFrame:
    """The listed rows as a DataFrame, exact: Int64 for whole numbers, floats for scaled ones."""
    try:
        import pandas as pd
    except ModuleNotFoundError:
        raise MissingExtraError("Table.to_frame", "pandas", "pandas") from None
    head, *rows = _exact(table, look_up(convention))
    frame = pd.DataFrame(rows, columns=head, dtype=object)
    for column in _columns(look_up(convention)):
        text = column.align == "l" or any(isinstance(cell, str) for cell in frame[column.header])
        kind: Any = "float64" if column.unit > 1 else "object" if text else "Int64"
        frame[column.header] = frame[column.header].astype(kind)
    return frame


def to_json(table: Table, convention: Name = "macs") -> str:
    """All rows with their raw counts and edges, and the totals of the listed ones, as JSON."""
    import json

    entry = look_up(convention)
    rows = [_record(number, layer, entry) for number, layer in enumerate(table)]
    known = [row for row in rows if row["listed"] and row["counted"]]
    record = {
        "name": table.name,
        "input_shape": table.input_shape,
        "convention": {key: getattr(entry, key) for key in ("name", "title", "unit", "source")},
        "rows": rows,
        "totals": {key: sum(row[key] for row in known) for key in PRICED},
        "complete": not table.uncounted,
    }
    return json.dumps(record, indent=1) + "\n"


def _record(number: int, layer: Layer, entry: Convention) -> dict[str, Any]:
    values = layer.parameters, entry.flops(layer), entry.activation_bytes(layer)
    prices = dict(zip(PRICED, values if layer.counted else (None,) * 3, strict=True))
    window = layer.geometry and layer.geometry._asdict()
    nested = {"geometry": window, "counts": layer.counts._asdict(), "listed": entry.lists(layer)}
    return {"row": number, **layer._asdict(), **nested, **prices}
