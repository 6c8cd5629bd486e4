"""Published figures against what is computed: whether they agree, and why where they do not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from cnnref.files import filled
from cnnref.networks.catalog import architecture, names, table
from cnnref.networks.published import OPERATIONS, Published, figures
from cnnref.tables.table import Table
from website.data import read

__all__ = [
    "COLUMNS",
    "Confirmation",
    "agrees",
    "comparable",
    "computed",
    "confirm",
    "depth",
    "key",
    "known_differences",
    "line",
    "lines",
    "reason",
    "verdict",
]


# unit -> what one of it is; a value is rounded half up to the digits that are printed
UNITS = {"count": 1, "px": 1, "year": 1, "M": 10**6, "G": 10**9}
Key = tuple[str, str, str, str]
COMPARED = frozenset({"params", "layers", "input", "year", *OPERATIONS})


class Confirmation(NamedTuple):
    """A published figure beside the computed value; reason: why they differ, "" if they agree."""

    figure: Published
    computed: int
    agrees: bool
    reason: str


def confirm(figure: Published) -> Confirmation:
    """What a table or a record says of a published figure.

    Raises:
        KeyError: nothing computes its quantity; see `comparable`.

    >>> from cnnref.networks.published import published
    >>> flops = next(f for f in published("vgg16") if f.quantity == "flops")
    >>> confirm(flops).reason
    '15.3 billion are the convolutions alone (15.35); with the fully-connected layers, which \
its 19.6 billion for VGG-19 include, they are 15.47 billion'
    """
    value = computed(figure)
    same = agrees(figure.value.text, figure.unit, value)
    return Confirmation(figure, value, same, "" if same else reason(figure))


def comparable(figure: Published) -> bool:
    """Whether a table or a record of the catalogue can answer a figure's quantity."""
    return figure.quantity in COMPARED


def key(figure: Published) -> Key:
    """What a known difference goes by: network, quantity, source, value and unit as printed."""
    printed = f"{figure.value} {figure.unit}"
    return figure.name, figure.quantity, figure.source.key, printed


def reason(figure: Published) -> str:
    """Why a printed figure is not the computed one, where that is known; else ""."""
    return known_differences().get(key(figure), "")


@cache
def known_differences() -> dict[Key, str]:
    """Why printed figures are not the computed ones, by what they go by."""
    columns = dict.fromkeys(("name", "quantity", "source", "printed", "reason"), filled)
    return {
        (name, what, source, text): why
        for name, what, source, text, why in read("known_differences", columns)
    }


def computed(figure: Published) -> int:
    """What the network's own table or record says of a figure's quantity."""
    record, book = architecture(figure.name), _table(figure.name)
    if figure.quantity in OPERATIONS:
        return book.operations(figure.source.convention)
    if figure.quantity == "params":
        return book.parameters
    if figure.quantity == "layers":
        return depth(book)
    return {"input": record.input_size, "year": record.year}[figure.quantity]


def depth(table: Table) -> int:
    """Convolutions and fully-connected layers on the longest path to the last row.

    What only weighs the channels of a map is on none: papers do not count the layers of a gate.
    """
    reached = {-1: 0}
    for number, row in enumerate(table):
        weighted = row.op in ("conv", "linear")
        # the shapes of learned factors stand among those of the maps, and nothing feeds them
        maps = zip(row.inputs, row.in_shapes, strict=False)
        gated = row.op == "multiply" and len(row.inputs) > 1
        feeds = [feed for feed, shape in maps if not gated or shape == row.out_shape]
        reached[number] = max(reached[feed] for feed in feeds) + weighted
    return reached[len(table) - 1]


def agrees(text: str, unit: str, value: int) -> bool:
    """Whether a value, in its unit, is what is printed, to the digits that are printed.

    >>> agrees("15.5", "G", 15_450_000_000), agrees("<25", "M", 25_000_000)
    (True, False)
    """
    from decimal import ROUND_HALF_UP, Decimal

    scaled = Decimal(value) / UNITS[unit]
    if text.startswith("<"):
        return scaled < Decimal(text[1:])
    printed = Decimal(text)
    return scaled.quantize(printed, rounding=ROUND_HALF_UP) == printed


@cache
def _table(name: str) -> Table:
    return table(name)


COLUMNS = (
    "name", "title", "quantity", "printed", "unit", "source", "certainty", "computed", "verdict",
    "note",
)  # fmt: skip


def lines(shown: Iterable[Published] | None = None) -> Iterator[tuple[object, ...]]:
    """A line for each figure of the package's data."""
    return map(line, figures() if shown is None else shown)


def line(figure: Published) -> tuple[object, ...]:
    """A figure, the computed value where there is one, and why it differs where it does.

    >>> from cnnref.networks.published import published
    >>> line(published("vgg16_c")[0])[7:9]
    (133638952, 'agrees')
    """
    said = verdict(figure)
    found = confirm(figure) if said in ("agrees", "differs") else None
    return (
        figure.name,
        figure.title,
        figure.quantity,
        figure.value.text,
        figure.unit,
        figure.source.key,
        figure.certainty,
        found.computed if found else "",
        said,
        (found.reason if found else "") or figure.note,
    )


def verdict(figure: Published) -> str:
    """How a figure stands to what is computed.

    agrees, differs: it is compared, and the catalogue's network gives it or not.
    not rebuilt: it could be computed, of a network that the catalogue does not have.
    cited: nothing computes an error, an accuracy or the size of a file.
    """
    if not comparable(figure):
        return "cited"
    if figure.name not in names():
        return "not rebuilt"
    return "agrees" if confirm(figure).agrees else "differs"
