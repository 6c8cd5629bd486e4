"""Cells between headers and totals, and the formats that they are printed in."""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from cnnref.counting.units import visible
from cnnref.errors import MissingExtraError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "HEAD",
    "Grid",
    "Paint",
    "csv_text",
    "headed",
    "json_text",
    "plain",
    "span",
    "to_csv",
    "to_folded_html",
    "to_frame",
    "to_html",
    "to_latex",
    "to_markdown",
    "to_text",
    "with_uncounted",
]


Paint = Callable[[str, str], str]
TERMINAL = 80
# a float of LaTeX does not break over pages
LONGEST_FLOAT = 45
# rows of which a notebook shows all, and how many of more
LONGEST_VIEW, FIRST = 60, 20
# letters of a cell that does not break there
LONGEST_CELL = 40
MARKDOWN = {ord(letter): f"\\{letter}" for letter in r"\|*`_[]"}
MARKDOWN |= {ord(letter): f"&#{ord(letter)};" for letter in "<&~${}#"}
# what at the head of a paragraph may make it a list, a heading, code or a box
OPENING = r"(\d+(?=[.)]\s))?([^\w\\&])"
LATEX = str.maketrans(
    {letter: f"\\{letter}" for letter in "$&#_%{}"}
    | {"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "[": "{[}", "]": "{]}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
)


class Grid(NamedTuple):
    """One table as text.

    aligns: "l" or "r" for each printed column.
    kinds: "text", "whole" or "float" for each column of `exact`.
    cells, totals: what is printed.
    exact: the same rows, unrounded; None where a value is not known.
    notes: the caption, then what the totals leave out, without full stops.
    marks: what each row is, for colours and for HTML: "", "free" or "uncounted".
    ids: an id for each row in HTML, or nothing.
    legend: a line that only a terminal needs.
    folds: column -> the least width to which a terminal may fold it, in this order.
    paths: whether the first column holds names with dots, which may be put under one another.
    keys: by what each column of `exact` is asked for, where that is not its heading.
    """

    heads: list[str]
    aligns: str
    kinds: list[str]
    cells: list[list[str]]
    exact: list[list[Any]]
    totals: list[list[str]]
    notes: list[str]
    marks: Sequence[str] = ()
    ids: Sequence[str] = ()
    legend: str = ""
    folds: Sequence[tuple[int, int]] = ()
    paths: bool = False
    keys: Sequence[str] = ()


def plain(_: str, text: str) -> str:
    """A line of any kind without colours."""
    return text


def span(text: str) -> int:
    r"""The columns of a terminal that a text takes: none for an accent, two for a wide letter.

    >>> span("conv"), span("e\u0301"), span("畳み込み")
    (4, 1, 8)
    """
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    return sum(
        0 if category(letter) in ("Mn", "Me", "Cf") else 1 + (east_asian_width(letter) in "WF")
        for letter in text
    )


def with_uncounted(grid: Grid, numbers: list[int]) -> Grid:
    """The grid with a column of how many rows of each line are not counted, where some are."""
    if not any(numbers):
        return grid
    total = [str(sum(numbers)), *[""] * len(grid.totals)]
    return grid._replace(
        heads=[*grid.heads, "uncounted"],
        keys=[*grid.keys, "uncounted"] if grid.keys else (),
        aligns=f"{grid.aligns}r",
        kinds=[*grid.kinds, "whole"],
        cells=[[*row, str(n)] for row, n in zip(grid.cells, numbers, strict=True)],
        exact=[[*row, n] for row, n in zip(grid.exact, numbers, strict=True)],
        totals=[[*row, n] for row, n in zip(grid.totals, total, strict=False)],
    )


def to_text(grid: Grid, width: int = TERMINAL, paint: Paint = plain) -> str:
    """The grid for a terminal of a width, where its cells allow it; no final newline.

    paint: colours a line of a kind: "caption", "head", "rule", "total", "note" or a mark.
    """
    grid = _escaped(grid, visible)
    heads = [head.split(" ") for head in grid.heads]
    stacked = [[""] * (max(map(len, heads)) - len(head)) + head for head in heads]
    widths = _widths(grid, heads)
    if grid.paths and sum(widths) + len(widths) - 1 > width:
        grid = headed(grid)
        widths = _widths(grid, heads)
    gap = 2 if sum(widths) + 2 * len(widths) - 2 <= width else 1
    _narrow(widths, width, grid.folds)
    rule = "-" * (sum(widths) + gap * (len(widths) - 1))
    marks = grid.marks or [""] * len(grid.cells)

    def block(kind: str, rows: list[list[str]]) -> str:
        return paint(kind, _block(rows, widths, gap, grid.aligns))

    body = [
        paint(mark, "  ".join(filter(None, row)))
        if mark == HEAD and span(row[0]) > widths[0]
        else block(mark, list(map(_folded, row, widths)))
        for mark, row in zip(marks, grid.cells, strict=True)
    ]
    totals = [block("total", list(map(_folded, row, widths))) for row in grid.totals]
    caption, *notes = ["\n".join(_folded(f"{note}.", width, " ")) for note in grid.notes]
    below = [paint("rule", rule), *totals] if totals else []
    legend = [grid.legend] if grid.legend else []
    lines = ["", block("head", stacked), paint("rule", rule), *body] if body or totals else []
    painted = [paint("note", note) for note in notes]
    return "\n".join([paint("caption", caption), *lines, *below, *legend, *painted])


def _widths(grid: Grid, heads: list[list[str]]) -> list[int]:
    """What each column takes; a line above others may be longer than they are."""
    marks = grid.marks or [""] * len(grid.cells)
    rows = [row for row, mark in zip(grid.cells, marks, strict=True) if mark != HEAD]
    columns = list(zip(*rows, *grid.totals, strict=True)) or [()] * len(heads)
    return [max(map(span, (*head, *below))) for head, below in zip(heads, columns, strict=True)]


def _narrow(widths: list[int], width: int, folds: Sequence[tuple[int, int]]) -> None:
    for place, least in folds:
        excess = sum(widths) + len(widths) - 1 - width
        if excess > 0:
            widths[place] = max(min(least, widths[place]), widths[place] - excess)


def _folded(text: str, width: int, marks: str = "._/- ") -> list[str]:
    """Text in lines of a width, broken behind marks; a piece without a mark stays whole.

    Every line has the indent of the text. In words that have spaces between them, no number is
    broken at its point.
    """
    if span(text) <= width:
        return [text]
    words = text.lstrip()
    indent = text[: len(text) - len(words)]
    lines, start = [indent], 0
    ends = [end for end, letter in enumerate(words, 1) if letter in marks]
    if " " in words:
        points = {found.end() for found in re.finditer(r"(?<=\d)[.](?=\d)", words)}
        ends = [end for end in ends if end not in points]
    for end in (*ends, len(words)):
        piece, start = words[start:end], end
        if lines[-1] != indent and span(lines[-1] + piece.rstrip()) > width:
            lines.append(indent)
        lines[-1] += piece
    return [line.rstrip() for line in lines]


def _block(cells: list[list[str]], widths: list[int], gap: int, aligns: str) -> str:
    rows = zip_longest(*cells, fillvalue="")
    padded = [list(map(_padded, row, widths, aligns)) for row in rows]
    return "\n".join((" " * gap).join(row).rstrip() for row in padded)


def _padded(text: str, width: int, align: str) -> str:
    room = " " * (width - span(text))
    return text + room if align == "l" else room + text


def _escaped(grid: Grid, escape: Callable[[str], str]) -> Grid:
    def rows(cells: list[list[str]]) -> list[list[str]]:
        return [list(map(escape, row)) for row in cells]

    heads, notes = rows([grid.heads, grid.notes])
    return grid._replace(heads=heads, notes=notes, cells=rows(grid.cells), totals=rows(grid.totals))


def to_markdown(grid: Grid) -> str:
    """The grid in Markdown, with totals; below it the caption and what is left out."""
    grid = _escaped(grid, lambda text: visible(text).translate(MARKDOWN))
    rule = [":--" if align == "l" else "--:" for align in grid.aligns]
    lines = [f"| {' | '.join(row)} |" for row in (grid.heads, rule, *grid.cells, *grid.totals)]
    return "\n".join([*lines, *(f"\n{_opened(note)}." for note in grid.notes), ""])


def _opened(text: str) -> str:
    """A paragraph of Markdown that is one, whatever it begins with."""
    found = re.match(OPENING, text)
    return f"{found[1] or ''}&#{ord(found[2])};{text[found.end() :]}" if found else text


def to_latex(grid: Grid) -> str:
    """The grid in LaTeX, with totals, for booktabs; a long one for longtable, over pages."""
    grid = _escaped(grid, lambda text: visible(text).translate(LATEX))
    head, *body = [" & ".join(row) + r" \\" for row in (grid.heads, *grid.cells)]
    totals = [" & ".join(row) + r" \\" for row in grid.totals]
    caption = rf"\caption{{{'. '.join(grid.notes)}}}"
    below = [r"\midrule", *totals] if totals else []
    if len(body) <= LONGEST_FLOAT:
        above = [rf"\begin{{table}}\centering{caption}", rf"\begin{{tabular}}{{{grid.aligns}}}"]
        rows = [r"\toprule", head, r"\midrule", *body, *below, r"\bottomrule"]
        return _lines(r"% \usepackage{booktabs}", *above, *rows, r"\end{tabular}", r"\end{table}")
    again = [r"\toprule", head, r"\midrule", r"\endhead", r"\bottomrule", r"\endfoot"]
    return _lines(
        r"% \usepackage{booktabs,longtable}",
        rf"\begin{{longtable}}{{{grid.aligns}}}",
        rf"{caption}\\",
        *[*again, *body, *below],
        r"\end{longtable}",
    )


def _lines(*lines: str) -> str:
    return "\n".join([*lines, ""])


def to_html(grid: Grid, kind: str = "ledger") -> str:
    """The grid as an HTML element of a class; a cell that is `markup.Linked` is a link in it."""
    from cnnref.counting.markup import Cell, Line, joined, table_lines

    def cells(row: list[str]) -> list[str | Cell]:
        parts = zip(row, grid.aligns, strict=True)
        return [Cell(text, {"class_": "num"}) if align == "r" else text for text, align in parts]

    blank = [""] * len(grid.cells)
    body = [
        Line(
            cells(row),
            {"id": place or None, "class_": "uncounted" if mark == "uncounted" else None},
        )
        for place, mark, row in zip(grid.ids or blank, grid.marks or blank, grid.cells, strict=True)
    ]
    totals = [Line(cells(row), {"class_": "total"}) for row in grid.totals]
    caption, *notes = [joined([note, "."]) for note in grid.notes]
    wide = {"class_": "wrap", "colspan": len(grid.heads)}
    below = [Line([Cell(note, wide)], headed=False) for note in notes]
    return _lines(*table_lines(cells(grid.heads), body, [*totals, *below], caption, class_=kind))


# a notebook sets all cells to the right and breaks lines within them; a page of ours outweighs this
NOTEBOOK = (
    "<style>table.ledger :is(th,td,caption){text-align:left}table.ledger .num{text-align:right}"
    "table.short :is(th,td:not(.wrap)){white-space:nowrap}</style>\n"
)


def to_folded_html(grid: Grid) -> str:
    """The grid as a notebook shows it: of a long one the rest on a click, and text to the left."""
    longest = max((len(cell) for row in grid.cells for cell in row), default=0)
    kind = "ledger short" if longest <= LONGEST_CELL else "ledger"
    if len(grid.cells) <= LONGEST_VIEW:
        return NOTEBOOK + to_html(grid, kind)
    from cnnref.counting.markup import Html, element

    first, others = _rows(grid, slice(FIRST)), _rows(grid, slice(FIRST, None))
    title = f"The other {len(others.cells)} rows"
    inside = Html(to_html(others._replace(totals=[], notes=[title]), kind))
    return (
        NOTEBOOK
        + to_html(first, kind)
        + element("details", element("summary", title), inside)
        + "\n"
    )


def _rows(grid: Grid, some: slice) -> Grid:
    parts = {name: getattr(grid, name)[some] for name in ("cells", "exact", "marks", "ids")}
    return grid._replace(**parts)


def to_csv(grid: Grid) -> str:
    """The rows as comma-separated values: exact, no totals, empty where not known.

    A name that begins with =, +, - or @ stands as it is; what opens the file may calculate it.
    """
    return csv_text([grid.heads, *grid.exact])


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Rows as comma-separated values that any reader gives back as they are."""
    import csv
    from io import StringIO

    text = StringIO()
    # a writer quotes a carriage return only where its lines end in one
    writer = csv.writer(text, lineterminator="\r\n")
    for row in rows:
        writer.writerow(row)
        text.seek(text.tell() - 2)
        text.write("\n")
        text.truncate()
    return text.getvalue()


def json_text(document: Any) -> str:
    """A document as strict JSON; a number that is none, as nan, stands as its name.

    >>> print(json_text({"eps": float("nan")}))
    {
     "eps": "nan"
    }
    <BLANKLINE>
    """
    import json

    try:
        return json.dumps(document, indent=1, allow_nan=False) + "\n"
    except ValueError:
        return json.dumps(_finite(document), indent=1, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not -inf < value < inf:
        return str(value)
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    return [*map(_finite, value)] if isinstance(value, list | tuple) else value


def to_frame(grid: Grid, what: str = "Table.to_frame", keys: bool = False) -> "pd.DataFrame":
    """The rows as a DataFrame, exact: Int64 for whole numbers, floats for scaled ones.

    what: is called so where pandas is not installed.
    keys: whether columns have keys for names, in place of headings.

    Of a column with a number that Int64 has no room for, the numbers are Python's own.
    """
    try:
        import pandas as pd
    except ModuleNotFoundError:
        raise MissingExtraError(what, "pandas", "pandas") from None
    names = (keys and grid.keys) or grid.heads
    frame: Any = pd.DataFrame(grid.exact, columns=list(names), dtype=object)
    for place, kind in enumerate(grid.kinds):
        cells = frame.iloc[:, place]
        large = kind == "whole" and any(
            isinstance(cell, int) and abs(cell) >= 2**63 for cell in cells
        )
        text = kind == "text" or any(isinstance(cell, str) for cell in cells)
        dtype: Any = "object" if text or large else {"whole": "Int64", "float": "float64"}[kind]
        frame.isetitem(place, cells.astype(dtype))
    whole: pd.DataFrame = frame
    return whole


# the mark of such a line
HEAD = "head"


def headed(grid: Grid) -> Grid:
    """The grid with a line where another module begins, and each row by the last of its names."""
    marks = list(grid.marks) or [""] * len(grid.cells)
    cells: list[list[str]] = []
    kinds: list[str] = []
    parent = ""
    for row, mark in zip(grid.cells, marks, strict=True):
        name = row[0].lstrip()
        indent = row[0][: len(row[0]) - len(name)]
        above, _, rest = ("", "", name) if mark == HEAD else name.rpartition(".")
        if above and above != parent:
            cells.append([indent + above])
            kinds.append(HEAD)
        parent = above
        cells.append([f"{indent}  {rest}" if above else row[0], *row[1:]])
        kinds.append(mark)
    return grid._replace(cells=cells, marks=kinds, ids=())
