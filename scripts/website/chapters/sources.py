"""What the pages print of the sources: where a paper says something, and when it came out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

from cnnref.errors import CnnrefError, UnknownNameError
from cnnref.files import filled, one_of
from cnnref.networks.published import Source, sources
from website import data, markup
from website.markup import Html, Line, cell, element, line, link, table

__all__ = ["MACROS", "Statement", "papers", "passage", "passages", "printed", "statements"]

PAGE = "sources.html"
# where there is nothing to say
NONE = "–"
AUTHOR = re.compile(r"(?:[A-Z]\.[ -]?)+[\w-]+")
READ = {
    "verified-in-source": "read in the source's own words",
    "verified-secondary": "read in another's account of it",
    "from-memory": "from memory, not read again",
}


class Statement(NamedTuple):
    """What a source says, or does not say, in our words.

    place: the section, figure, table, footnote or file of the source where it stands.
    certainty: verified-in-source, verified-secondary or from-memory.
    """

    key: str
    source: Source
    place: str
    certainty: str
    text: str


@cache
def statements() -> dict[str, Statement]:
    """Every statement about a source, by its key.

    Raises:
        CnnrefError: one has no known source, no place, no known certainty, or no text.
    """
    known = {source.key: source for source in sources()}
    columns = {
        "key": filled,
        "source": one_of(known),
        "place": filled,
        "certainty": one_of(READ),
        "text": filled,
    }
    rows = data.read("statements", columns)
    return {key: Statement(key, known[source], *rest) for key, source, *rest in rows}


def passage(key: str, root: str = "") -> Html:
    """The place where a source says something, linked to the list of all such places.

    root: how to get from the page to the site's own folder, "" or "../".

    Raises:
        UnknownNameError: no statement has that key.

    >>> passage("googlenet-heads").split(">")[1]
    'section 5</a'
    """
    if key not in statements():
        raise UnknownNameError("statement", key, statements())
    row = statements()[key]
    title = f"{row.source.citation}; {READ[row.certainty]}"
    return element("a", row.place, href=f"{root}{PAGE}#passage-{key}", title=title)


def printed(key: str, text: str) -> Html:
    """A number that a source prints, as our account of the passage has it.

    Raises:
        UnknownNameError: no statement has that key.
        CnnrefError: the account does not hold the number.

    >>> printed("googlenet-head-weight", "0.3").split(">")[1]
    '0.3</data'
    """
    if key not in statements():
        raise UnknownNameError("statement", key, statements())
    row = statements()[key]
    if not re.search(rf"(?<![\d.,]){re.escape(text)}(?![\d,]|\.\d)", row.text):
        raise CnnrefError(f"{key}: the account of the passage does not hold {text}.")
    return markup.data(text, text, f"{row.source.citation}; {row.place}")


def papers() -> Html:
    """Every source with the date of its first version, and where and when it was published."""
    lines = [
        line(
            cell(source.citation, "wrap"),
            [source.first or NONE, _published(source) or NONE],
            id=f"source-{source.key}",
        )
        for source in sources()
    ]
    return table(("source", "first version", "published"), lines, kind="prose")


def _published(source: Source) -> str:
    return f"{source.venue}, {source.published}" if source.venue else ""


def passages() -> Html:
    """Every statement about a source, with its place and how it was read."""
    heads = ("source", "place", "what it says", "how it was read")
    return table(heads, map(_passage, statements().values()), kind="prose passages")


def _passage(row: Statement) -> Line:
    source = link(_short(row.source), f"#source-{row.source.key}")
    words = (cell(text, "wrap") for text in (row.text, READ[row.certainty]))
    return line(cell(source, "wrap"), [row.place, *words], id=f"passage-{row.key}")


def _short(source: Source) -> str:
    """The first author and the year of a paper; a program by its name."""
    name = source.citation.split(",")[0]
    author = AUTHOR.match(name)
    return f"{author[0]}, {source.year}" if author else name


MACROS: Mapping[str, Callable[..., object]] = {
    "papers": papers,
    "passages": passages,
}
