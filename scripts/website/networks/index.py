"""What the front page and the index of the networks print of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from cnnref.counting.units import MEGA, MIB, grouped, rounded
from cnnref.networks.catalog import architecture, names
from cnnref.networks.records.others import NOT_REBUILT
from website.citations import depth
from website.data import books
from website.facts import lookup
from website.markup import Html, Line, code, data, definitions, joined, line, link, number, table

__all__ = ["MACROS", "families", "network_index"]

# the classes of most networks, which go without saying
IMAGENET = 1000

# the head of a column, and whether its cells are figures
COLUMNS = (
    ("network", False),
    ("name", False),
    ("year", True),
    ("layers", True),
    ("input", True),
    ("parameters (M)", True),
    ("M MACs", True),
    ("activations (M)", True),
    ("memory (MB)", True),
    ("rows", True),
    ("rows that differ", True),
)


def network_index(names: Iterable[str], records: Mapping[str, Mapping[str, str]]) -> str:
    """A line for each network, its title a link to its page in the same folder.

    records: the rows of networks.csv by name.
    """
    heads = [number(title) if figures else title for title, figures in COLUMNS]
    return table(heads, (_line(name, records[name]) for name in names), data_filter="networks")


def families(names: Iterable[str]) -> str:
    """The networks by their families, each a link to its page, for a page beside the folder."""
    found: dict[str, list[Html]] = {}
    for name in names:
        entry = architecture(name)
        classes = "" if entry.num_classes == IMAGENET else f", {entry.num_classes} classes"
        page = link(entry.title, f"networks/{name}.html")
        found.setdefault(entry.family + classes, []).append(page)
    entries = ((title, joined(links, ", ")) for title, links in found.items())
    return definitions(entries, class_="record families")


def _line(name: str, record: Mapping[str, str]) -> Line:
    entry, book = architecture(name), lookup(name)
    size = book.input_shape.size[0]
    figures = (
        (entry.year, str(entry.year)),
        (depth(book), grouped(depth(book))),
        (size, f"{size}"),
        (book.parameters, rounded(book.parameters, MEGA, 2)),
        (book.macs, rounded(book.macs, MEGA)),
        (book.mac_activations, rounded(book.mac_activations, MEGA, 2)),
        (book.stored_bytes("lecture"), rounded(book.stored_bytes("lecture"), MIB, 1)),
        (len(book), grouped(len(book))),
        (int(record["rows_differing"]), record["rows_differing"]),
    )
    cells = (number(text, data_value=value) for value, text in figures)
    return line(link(entry.title, f"{name}.html"), [code(name), *cells])


def not_rebuilt() -> str:
    """The networks whose tables could not be established, with the reason."""
    return definitions(NOT_REBUILT)


def index_of_networks() -> str:
    """Every network with its costs, linked to its page; only on a page in networks/."""
    return network_index(names(), books())


def networks() -> str:
    """The catalogue by families, each network linked to its page."""
    return families(names())


def agreement(what: str) -> str:
    """How far the two books agree over the catalogue: "networks", "rows", "compared", "differing".

    A row that is compared at several input sizes counts once in "rows", each time in "compared".
    """
    records = list(books().values())
    totals = {
        "networks": len(records),
        "rows": sum(int(record["rows"]) for record in records),
        "compared": sum(
            int(record["rows"]) * len(record["sizes_compared"].split()) for record in records
        ),
        "differing": sum(int(record["rows_differing"]) for record in records),
    }
    return data(totals[what], f"{totals[what]:,}")


def explained(key: str, row: str, convention: str = "macs") -> str:
    """The formula of one row with its numbers put in, as the package prints it."""
    return lookup(key)[row].explain(convention)


MACROS: Mapping[str, Callable[..., object]] = {
    "books": agreement,
    "explained": explained,
    "network_index": index_of_networks,
    "networks": networks,
    "not_rebuilt": not_rebuilt,
}
