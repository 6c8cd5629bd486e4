"""All networks, in one table to sort and to filter, and by families."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cnnref.networks.catalog import architecture
from cnnref.units import MEGA, MIB, grouped, rounded
from website.citations import depth
from website.facts import lookup
from website.markup import Html, Line, code, definitions, joined, line, link, number, table

__all__ = ["families", "network_index"]

# the file of a spec -> what its networks are called together; others go by their own titles
FAMILIES: Mapping[str, str] = {
    "alexnet": "AlexNet",
    "zfnet": "ZFNet",
    "vgg": "VGG",
    "vgg_c": "VGG",
    "nin": "Network in Network",
    "googlenet": "GoogLeNet",
    "inception_v3": "Inception",
    "inception_v4": "Inception",
    "inception_resnet": "Inception",
    "resnet": "Residual networks and their plain twins",
    "resnet_cifar": "The same for CIFAR-10",
    "preact_resnet": "Pre-activation",
}

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
        title = FAMILIES.get(entry.spec.partition(":")[0], "Others")
        found.setdefault(title, []).append(link(entry.title, f"networks/{name}.html"))
    others = found.pop("Others", [])
    items = (*found.items(), *([("Others", others)] if others else []))
    entries = ((title, joined(links, ", ")) for title, links in items)
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
        (book.activations, rounded(book.activations, MEGA, 2)),
        (book.activation_bytes("lecture"), rounded(book.activation_bytes("lecture"), MIB, 1)),
        (len(book), grouped(len(book))),
        (int(record["rows_differing"]), record["rows_differing"]),
    )
    cells = (number(text, data_value=value) for value, text in figures)
    return line(link(entry.title, f"{name}.html"), [code(name), *cells])
