"""HTML, written once: text is escaped unless it is marked as HTML, and a table has one writer.

What would act on a reader, as a mark of direction, is shown as it is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

from cnnref.counting.units import visible

__all__ = [
    "Cell",
    "Html",
    "Line",
    "Linked",
    "element",
    "escaped",
    "joined",
    "link",
    "table_lines",
    "written",
]

# elements without content have no end
VOID = ("br", "input", "link")


class Html(str):
    """Text that is HTML already and stands as it is; any other text is escaped."""

    __slots__ = ()


class Linked(str):
    """The text of a cell that leads somewhere; formats other than HTML print the text alone.

    to: an address. mark: what it is besides a link, as a class. said: its words for those who
    point at it or hear it.
    """

    __slots__ = ("mark", "said", "to")
    to: str
    mark: str
    said: str

    def __new__(cls, text: str, to: str, mark: str = "", said: str = "") -> Linked:
        """The text with its address, its class and its words."""
        cell = super().__new__(cls, text)
        cell.to, cell.mark, cell.said = to, mark, said
        return cell


class Cell(NamedTuple):
    """What stands in a cell, and the cell's attributes by the names that `element` takes."""

    content: str
    attributes: Mapping[str, object] = {}


class Line(NamedTuple):
    """The cells of a row and the row's attributes; headed: the first cell names the row."""

    cells: Sequence[str | Cell]
    attributes: Mapping[str, object] = {}
    headed: bool = True


def escaped(text: str) -> Html:
    """Text as HTML: what is HTML already stands as it is, a linked text becomes a link.

    >>> escaped("a < b"), escaped(Html("<b>a</b>")), escaped(Linked("a", "#b"))
    ('a &lt; b', '<b>a</b>', '<a href="#b">a</a>')
    """
    if isinstance(text, Html):
        return text
    if isinstance(text, Linked):
        return link(str(text), text.to, text.mark, text.said)
    return Html(_shown(text))


def joined(parts: Iterable[str], between: str = "") -> Html:
    """Texts one after another, each escaped unless it is HTML, and so what stands between them."""
    return Html(escaped(between).join(map(escaped, parts)))


def element(tag: str, *content: str, **attributes: object) -> Html:
    """An element around its content.

    attributes: by their names with "_" for "-", and one more at the end where Python takes the
        name for itself; None and False are left out, True has no value.

    >>> element("td", "<b>", class_="num", data_value=1, hidden=True, title=None)
    '<td class="num" data-value="1" hidden>&lt;b&gt;</td>'
    """
    start = f"<{tag}{written(attributes)}>"
    return Html(start if tag in VOID else f"{start}{joined(content)}</{tag}>")


def written(given: Mapping[str, object]) -> Html:
    """Attributes as they stand in a tag, each behind a space; `element` says how they are named."""
    return Html("".join(_attributes(given)))


def link(content: str, to: str, mark: str = "", said: str = "") -> Html:
    """A link; see `Linked` for what it may say besides."""
    words = said or None
    return element("a", content, class_=mark or None, href=to, aria_label=words, title=words)


def table_lines(
    heads: Iterable[str | Cell],
    body: Iterable[Line],
    foot: Iterable[Line] = (),
    caption: str = "",
    **attributes: object,
) -> Iterator[Html]:
    """A table as lines of HTML, a row in each; put together with or without line breaks."""
    yield Html(f"<table{written(attributes)}>")
    if caption:
        yield element("caption", caption)
    yield element("thead", element("tr", *(_cell("th", "col", head) for head in heads)))
    yield Html("<tbody>")
    yield from map(_row, body)
    rows = [*map(_row, foot)]
    yield Html("</tbody>" if rows else "</tbody></table>")
    if rows:
        yield Html(f"<tfoot>{rows[0]}")
        yield from rows[1:]
        yield Html("</tfoot></table>")


def _row(line: Line) -> Html:
    tags = [("th", "row") if line.headed else ("td", "")] + [("td", "")] * (len(line.cells) - 1)
    cells = (_cell(*tag, cell) for tag, cell in zip(tags, line.cells, strict=True))
    return element("tr", *cells, **line.attributes)


def _cell(tag: str, scope: str, cell: str | Cell) -> Html:
    content, attributes = cell if isinstance(cell, Cell) else (cell, {})
    return element(tag, content, scope=scope or None, **attributes)


def _attributes(given: Mapping[str, object]) -> Iterator[str]:
    for key, value in given.items():
        name = key.removesuffix("_").replace("_", "-")
        if value is True:
            yield f" {name}"
        elif value is not None and value is not False:
            yield f' {name}="{_shown(str(value))}"'


def _shown(text: str) -> str:
    # lines and tabs are blanks to HTML, which the text of a program needs
    return escape("\n".join("\t".join(map(visible, line.split("\t"))) for line in text.split("\n")))
