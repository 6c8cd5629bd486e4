"""Cited figures: what papers and model lists print, each with its source and its protocol.

Nothing here is computed. Where a network of a source is exactly one of the catalogue,
the figure has the catalogue's name; elsewhere it has the source's own. An average over several
networks is no network of the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from cnnref.errors import CnnrefError, UnknownNameError, briefly
from cnnref.networks.catalog import names
from cnnref.tables.printable import Printed, View

if TYPE_CHECKING:
    from cnnref.files import Column
    from cnnref.tables.formats import Grid

__all__ = [
    "Figures",
    "Published",
    "Source",
    "Value",
    "figures",
    "published",
    "sources",
    "value",
]

QUANTITIES = (
    "params", "macs", "flops", "layers", "input", "year", "file_mb", "top1_err", "top5_err",
    "top1_acc", "top5_acc",
)  # fmt: skip
OPERATIONS = ("macs", "flops")
UNITS = ("count", "M", "G", "px", "MB", "%", "year")
CERTAINTIES = (
    "verified-in-source", "verified-secondary", "approximate-chart-reading", "from-memory",
)  # fmt: skip


class Value(NamedTuple):
    """A printed number.

    text: exactly as it is printed.
    number: what it says, in the unit of its figure; of "<25" the bound.

    >>> import cnnref
    >>> value = cnnref.published("vgg16")[0].value
    >>> str(value)
    '138357544'
    """

    text: str
    number: float

    def __str__(self) -> str:
        return self.text


class Source(NamedTuple):
    """A paper, a program or a list.

    year: of its first version; 0 where it is not known.
    first: when its first version came out, "2015-12", or "2014" where no month is known.
    venue, published: where and when it was published thereafter; "" where it was not.
    convention: the one that its counts of operations follow; "" where it prints none.
    called: what a sentence calls it that quotes such a count, as "the ResNet paper".

    >>> import cnnref
    >>> cnnref.published("vgg16")[0].source.key
    'torchvision'
    """

    key: str
    citation: str
    year: int
    first: str = ""
    venue: str = ""
    published: str = ""
    convention: str = ""
    called: str = ""


class Published(NamedTuple):
    """One published figure of one network.

    name: the catalogue's where the network is exactly that one, else as title.
    title: what the source, or the list that took it from there, calls the network.
    quantity: one of QUANTITIES; unit: one of UNITS.
    note: the protocol: crops, data set, single model or ensemble, table.
    certainty: one of CERTAINTIES.

    >>> import cnnref
    >>> figure = cnnref.published("vgg16")[0]
    >>> figure.quantity, figure.unit, figure.certainty
    ('params', 'count', 'verified-in-source')
    """

    name: str
    title: str
    quantity: str
    value: Value
    unit: str
    source: Source
    note: str
    certainty: str


@briefly
class Figures(Printed, tuple[Published, ...]):
    """The cited figures of one network, a sequence that prints as a table in every format.

    >>> import cnnref
    >>> cnnref.published("vgg16_c").to_markdown().splitlines()[2][:22]
    '| params | 134 | M | K'
    """

    __slots__ = ()

    def __repr__(self) -> str:
        name = f" of {self[0].name}" if self else ""
        return f"<{len(self)} published figures{name}>"

    def _seen(self, _: View) -> Grid:
        from cnnref.tables.formats import Grid

        lines = [
            [one.quantity, str(one.value), one.unit, one.source.citation, one.note] for one in self
        ]
        return Grid(
            heads=["quantity", "value", "unit", "source", "note"],
            aligns="lrlll",
            kinds=["text"] * 5,
            cells=lines,
            exact=lines,
            totals=[],
            notes=[repr(self)[1:-1]],
            folds=[(3, 24), (4, 16)],
        )

    def _document(self, _: View) -> dict[str, Any]:
        told = [one._asdict() for one in self]
        parts = ({"value": one.value.text, "source": one.source._asdict()} for one in self)
        return {"schema": 1, "figures": [a | b for a, b in zip(told, parts, strict=True)]}


def published(name: str) -> Figures:
    """The cited figures of one network, in the order of the sources; empty where none is cited.

    They print as a table, in every format: `print(cnnref.published("vgg16"))`, or `.to_frame()`.

    Raises:
        UnknownNameError: neither the catalogue nor a source has that name.

    >>> [str(figure.value) for figure in published("vgg16_c") if figure.quantity == "params"]
    ['134']
    """
    found = Figures(figure for figure in figures() if figure.name == name)
    if not found and name not in names():
        raise UnknownNameError("network", name, {*names(), *(figure.name for figure in figures())})
    return found


@cache
def figures() -> tuple[Published, ...]:
    """Every cited figure of every network.

    Raises:
        CnnrefError: the file of them cannot be read; the message has line and column. Or a source
            that prints operations does not say which convention they follow.
    """
    # the tables of networks need no figures: an import of cnnref does not pay for files
    from cnnref.files import filled, one_of, text

    by_key = {source.key: source for source in sources()}
    columns = {
        "name": filled,
        "title": filled,
        "source": one_of(by_key),
        "quantity": one_of(QUANTITIES),
        "value": value,
        "unit": one_of(UNITS),
        "note": text,
        "certainty": one_of(CERTAINTIES),
    }
    found = tuple(
        Published(name, title, quantity, number, unit, by_key[key], note, certainty)
        for name, title, key, quantity, number, unit, note, certainty in _read("published", columns)
    )
    for one in found:
        if one.quantity in OPERATIONS and not (one.source.convention and one.source.called):
            raise CnnrefError(
                f"sources.csv: {one.source.key} prints operations of {one.name}; say in its "
                "columns convention and called which convention they follow and what a sentence "
                "calls it."
            )
    return found


@cache
def sources() -> tuple[Source, ...]:
    """Every source that a figure, a statement or a date is cited from.

    Raises:
        CnnrefError: the file of them cannot be read; the message has line and column.
    """
    from cnnref.counting.conventions import conventions
    from cnnref.files import empty_or, filled, one_of, text, whole

    dated = empty_or(_date)
    columns = {"key": filled, "citation": filled, "year": empty_or(whole), "first": dated}
    columns |= {"venue": text, "published": dated}
    columns |= {"convention": empty_or(one_of(conventions())), "called": text}
    return tuple(
        Source(key, citation, year or 0, *dates)
        for key, citation, year, *dates in _read("sources", columns)
    )


def value(text: str) -> Value:
    """A printed number, which may be a bound as "<25".

    Raises:
        ValueError: the text is neither.
    """
    from cnnref.files import number

    return Value(text, number(text.removeprefix("<")))


def _date(text: str) -> str:
    import re

    if not re.fullmatch(r"\d{4}(-\d\d){0,2}", text, re.ASCII):
        raise ValueError(f"{text!r} is neither a year nor a month or day of one")
    return text


def _read(name: str, columns: Mapping[str, Column]) -> Iterator[tuple[Any, ...]]:
    # pathlib takes longer to import than a table takes to compute
    from pathlib import Path

    from cnnref.files import rows

    return rows(Path(__file__).parent / "data" / f"{name}.csv", columns)
