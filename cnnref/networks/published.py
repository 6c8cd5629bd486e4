"""Cited figures: what papers and model lists print, each with its source and its protocol.

Nothing here is computed. Where a network of a source is exactly one of the catalogue,
the figure has the catalogue's name; elsewhere it has the source's own. An average over several
networks is no network of the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from cnnref.errors import UnknownNameError
from cnnref.networks.catalog import names

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "Figure",
    "Source",
    "Value",
    "figures",
    "published",
    "read_csv",
    "sources",
    "value",
]


class Value(NamedTuple):
    """A printed number: the exact text, and the number, which for "<25" is the bound."""

    text: str
    number: float

    def __str__(self) -> str:
        return self.text


class Source(NamedTuple):
    """A paper, a program or a list.

    year: of its first version; 0 where it is not known.
    first: when its first version came out, "2015-12", or "2014" where no month is known.
    venue, published: where and when it was published thereafter; "" where it was not.
    """

    key: str
    citation: str
    year: int
    first: str = ""
    venue: str = ""
    published: str = ""


class Figure(NamedTuple):
    """One published figure of one network.

    name: the catalogue's where the network is exactly that one, else as title.
    title: what the source, or the list that took it from there, calls the network.
    quantity: params, macs, flops, layers, input, year, file_mb, or an error or accuracy:
        top1_err, top5_err, top1_acc, top5_acc.
    note: the protocol: crops, data set, single model or ensemble, table.
    certainty: verified-in-source, verified-secondary, approximate-chart-reading or
        from-memory.
    """

    name: str
    title: str
    quantity: str
    value: Value
    unit: str
    source: Source
    note: str
    certainty: str


def published(name: str) -> tuple[Figure, ...]:
    """The cited figures of one network, in the order of the sources; () where none is cited.

    Raises:
        UnknownNameError: neither the catalogue nor a source has that name.

    >>> [str(figure.value) for figure in published("vgg16_c") if figure.quantity == "params"]
    ['134']
    """
    found = tuple(figure for figure in figures() if figure.name == name)
    if not found and name not in names():
        raise UnknownNameError("network", name, {*names(), *(figure.name for figure in figures())})
    return found


@cache
def figures() -> tuple[Figure, ...]:
    """Every cited figure of every network."""
    by_key = {source.key: source for source in sources()}
    return tuple(
        Figure(name, title, quantity, value(text), unit, by_key[key], note, certainty)
        for name, title, key, quantity, text, unit, note, certainty in _read("published")
    )


@cache
def sources() -> tuple[Source, ...]:
    """Every source that a figure, a statement or a date is cited from."""
    return tuple(
        Source(key, citation, int(year or 0), *dates)
        for key, citation, year, *dates in _read("sources")
    )


def value(text: str) -> Value:
    """A printed number, which may be a bound as "<25"."""
    return Value(text, float(text.removeprefix("<")))


def _read(name: str) -> Iterator[list[str]]:
    # pathlib takes longer to import than a table takes to compute
    from pathlib import Path

    return read_csv(Path(__file__).parents[1] / "data" / f"{name}.csv")


def read_csv(path: Path) -> Iterator[list[str]]:
    """The rows of a file of data, without its head."""
    # the tables of networks need no figures: an import of cnnref does not pay for csv
    import csv

    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        yield from rows
