"""All networks, in one table to sort and to filter, and by families."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from cnnref.networks.catalog import architecture
from cnnref.units import MEGA, MIB, grouped, rounded
from website.citations import depth
from website.facts import lookup

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
    head = "".join(f'<th scope="col"{_num(figures)}>{title}</th>' for title, figures in COLUMNS)
    body = "".join(_line(name, records[name]) for name in names)
    return (
        f'<table class="ledger" data-filter="networks"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def families(names: Iterable[str]) -> str:
    """The networks by their families, each a link to its page, for a page beside the folder."""
    found: dict[str, list[str]] = {}
    for name in names:
        entry = architecture(name)
        title = FAMILIES.get(entry.spec.partition(":")[0], "Others")
        found.setdefault(title, []).append(
            f'<a href="networks/{escape(name)}.html">{escape(entry.title)}</a>'
        )
    others = found.pop("Others", [])
    items = (*found.items(), *([("Others", others)] if others else []))
    body = "".join(f"<dt>{escape(title)}</dt><dd>{', '.join(links)}</dd>" for title, links in items)
    return f'<dl class="record families">{body}</dl>'


def _line(name: str, record: Mapping[str, str]) -> str:
    entry, table = architecture(name), lookup(name)
    size = table.input_shape.size[0]
    figures = (
        (entry.year, str(entry.year)),
        (depth(table), grouped(depth(table))),
        (size, f"{size}"),
        (table.parameters, rounded(table.parameters, MEGA, 2)),
        (table.macs, rounded(table.macs, MEGA)),
        (table.activations, rounded(table.activations, MEGA, 2)),
        (table.activation_bytes("lecture"), rounded(table.activation_bytes("lecture"), MIB, 1)),
        (len(table), grouped(len(table))),
        (int(record["rows_differing"]), record["rows_differing"]),
    )
    cells = "".join(f'<td class="num" data-value="{value}">{text}</td>' for value, text in figures)
    return (
        f'<tr><th scope="row"><a href="{name}.html">{escape(entry.title)}</a></th>'
        f"<td><code>{escape(name)}</code></td>{cells}</tr>"
    )


def _num(figures: bool) -> str:
    return ' class="num"' if figures else ""
