"""What the pages' macros print as HTML: numbers, links, tables; nothing else there writes tags.

What a page says in text is escaped here or below, by `escaped` alone; what is HTML already has
the type Html. The site's hooks put tables into a frame.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from cnnref.counting.markup import (
    Cell,
    Html,
    Line,
    element,
    escaped,
    joined,
    link,
    table_lines,
    written,
)
from cnnref.counting.units import grouped, rounded
from cnnref.networks.published import Published

__all__ = [
    "BREAK",
    "Cell",
    "Html",
    "Line",
    "cell",
    "cited",
    "code",
    "data",
    "definitions",
    "element",
    "escaped",
    "exact",
    "fold",
    "folded",
    "in_full_digits",
    "in_markdown",
    "in_units",
    "joined",
    "line",
    "link",
    "number",
    "region",
    "secondary",
    "table",
    "written",
]

BREAK = element("br")
# what means something in Markdown, its extensions, HTML or a macro
MARKED = re.compile(r"[<>&`*_\[\]{}$!|\\\"~^=+#]")


def data(value: object, text: str, title: str = "") -> Html:
    """A number as a page shows it, with its exact value, and more for those who point at it.

    >>> data(72855552, "72.9 M", "conv1 & more")
    '<data value="72855552" title="conv1 &amp; more">72.9 M</data>'
    """
    return element("data", text, value=value, title=title or None)


def exact(value: int, text: str) -> Html:
    """A rounded count with all its digits.

    >>> exact(72855552, "72.9")
    '<data value="72855552" title="72,855,552">72.9</data>'
    """
    return data(value, text, grouped(value))


def in_units(value: int, unit: int, digits: int = 0) -> Html:
    """A count in a unit, with all its digits.

    >>> in_units(72855552, 1_000_000, 1)
    '<data value="72855552" title="72,855,552">72.9</data>'
    """
    return exact(value, rounded(value, unit, digits))


def cited(figure: Published, text: str = "", value: object = "") -> Html:
    """A published figure, its source and protocol for those who point at it."""
    stated = value or figure.value
    shown = text or (str(value) if value else in_full_digits(figure))
    return data(stated, shown, f"{figure.source.citation}; {figure.note}")


def in_full_digits(figure: Published) -> str:
    """A published figure with the noughts that a source leaves out at the end.

    torchvision's metadata have accuracies and operations to three decimals, as 76.13 for 76.130.

    >>> from cnnref.networks.published import published
    >>> (figure,) = (one for one in published("resnet50") if one.value.text == "76.13")
    >>> in_full_digits(figure)
    '76.130'
    """
    short = figure.source.key == "torchvision" and figure.unit in ("%", "G")
    return f"{figure.value.number:.3f}" if short else str(figure.value)


def code(text: str) -> Html:
    """A name as it is typed."""
    return element("code", text)


def cell(content: str, kind: str = "", **attributes: object) -> Cell:
    """A cell of a class, with attributes by the names that `element` takes."""
    return Cell(content, {"class_": kind or None, **attributes})


def number(content: str, kind: str = "num", **attributes: object) -> Cell:
    """A cell that stands to the right."""
    return cell(content, kind, **attributes)


def line(title: str | Cell, cells: Iterable[str | Cell], **attributes: object) -> Line:
    """A row under its title."""
    return Line([title, *cells], attributes)


def secondary(cells: Sequence[str | Cell], columns: Collection[int]) -> list[str | Cell]:
    """Cells of a row, those of some columns marked as what a phone folds.

    >>> secondary(["conv1", "96"], {1})
    ['conv1', Cell(content='96', attributes={'data_second': True})]
    """
    return [_secondary(cell) if n in columns else cell for n, cell in enumerate(cells)]


def _secondary(cell: str | Cell) -> Cell:
    content, attributes = cell if isinstance(cell, Cell) else (cell, {})
    return Cell(content, {**attributes, "data_second": True})


def fold(columns: int) -> Html:
    """What unfolds, on a phone, the secondary columns of the table behind it."""
    said = f"show {columns} more column{'s' if columns > 1 else ''}"
    return element("label", element("input", type="checkbox"), said, class_="fold")


def table(
    heads: Iterable[str | Cell],
    body: Iterable[Line],
    foot: Iterable[Line] = (),
    kind: str = "",
    caption: str = "",
    **attributes: object,
) -> Html:
    """A table under its column titles and, where it has one, its caption.

    >>> table(["size", "cost"], [line("5x5 & up", ["1", Html("<b>2</b>")])], kind="prose")[:44]
    '<table class="ledger prose"><thead><tr><th s'
    """
    kinds = f"ledger {kind}".strip()
    return joined(table_lines(heads, body, foot, caption, class_=kinds, **attributes))


def region(label: str, content: Html, *, wide: bool = True) -> Html:
    """What scrolls by itself where it is too wide, and can be reached with the keyboard.

    wide: it takes the margin too, where there is one.
    """
    kind = "table-scroll wide" if wide else "table-scroll"
    named = {"class_": kind, "role": "region", "aria_label": label, "tabindex": "0"}
    return element("div", content, **named)


def folded(summary: str, *content: str, **attributes: object) -> Html:
    """What a reader opens; `open=True` shows it from the start."""
    return element("details", element("summary", summary), *content, **attributes)


def definitions(entries: Iterable[tuple[str, str]], **attributes: object) -> Html:
    """Terms, each with what is said of it."""
    pairs = (part for term, text in entries for part in (element("dt", term), element("dd", text)))
    return element("dl", *pairs, **attributes)


def in_markdown(text: str) -> str:
    """A text that Markdown and its extensions leave as it is.

    >>> in_markdown("5x5 & <b>*up*</b>")
    '5x5 &#38; &#60;b&#62;&#42;up&#42;&#60;/b&#62;'
    """
    return MARKED.sub(lambda found: f"&#{ord(found[0])};", " ".join(text.split()))
