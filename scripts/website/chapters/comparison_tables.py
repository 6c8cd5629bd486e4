"""Tables that stand beside the charts of many networks, as HTML."""

from __future__ import annotations

from collections.abc import Iterable

from cnnref.networks.published import Figure, published
from cnnref.tables.table import Table
from cnnref.units import MEGA, MIB, grouped, rounded
from website.chapters.comparison import CHARTED, PROTOCOLS, Axis, Point, axes, points
from website.chapters.comparison_facts import longest_way
from website.charts.chapters import challenge_years
from website.data import Entry, ilsvrc
from website.facts import lookup
from website.markup import Html, cited, data, exact, joined, line, table

__all__ = ["challenge_table", "comparison_table", "depth_table", "later_table", "memory_table"]

NONE = "–"


def comparison_table() -> str:
    """The networks of the chart: their costs, and their accuracy under each protocol."""
    by_key = {
        key: {point.label: point for point in points(key, rebuilt=False)} for key in PROTOCOLS
    }
    body = []
    for label, names in CHARTED.items():
        costs = [_cost(names, axis) for axis in axes().values()]
        found = [of.get(label) for of in by_key.values()]
        body.append(line(label, [*costs, *map(_accuracy, found)]))
    head = [axis.short for axis in axes().values()]
    head += [f"top-1 (%), {protocol.title}" for protocol in PROTOCOLS.values()]
    return table(["network", *head], body)


def challenge_table() -> str:
    """The challenge by year: the winner, its model and depth, its error and the runner-up's."""
    lines = [
        line(
            str(year),
            [
                winner.team,
                winner.model,
                winner.layers,
                _error(winner),
                joined([f"{second.team}: ", _error(second)]),
            ],
        )
        for year, (winner, second) in challenge_years().items()
    ]
    people = [entry for entry in ilsvrc() if entry.role == "human"]
    lines += [
        line("human", [person.team, person.model, NONE, _error(person), NONE]) for person in people
    ]
    head = ("year", "winner", "model", "layers", "top-5 error (%)", "second")
    return table(head, lines, kind="prose")


def depth_table() -> str:
    """How the depth of each network comes about, from its edges."""
    lines = []
    for label, names in CHARTED.items():
        if names:
            book = lookup(names[0])
            rows = book.group("op")
            convs, linears = (len(rows.get(op, ())) for op in ("conv", "linear"))
            way = longest_way(book)
            cells = [str(convs), str(linears), str(way), str(convs + linears - way)]
            lines.append(line(label, cells))
    head = (
        "network", "convolutions", "fully-connected", "depth: on the longest way", "beside it",
    )  # fmt: skip
    return table(head, lines)


def memory_table() -> str:
    """What "memory" of a network can mean, in MB of float32 for one image."""
    lines = [
        line(label, [_megabytes(value) for value in _memory(lookup(names[0]))])
        for label, names in CHARTED.items()
        if names
    ]
    head = (
        "network, MB", "parameters", "most maps alive at once, inference",
        "all maps, kept for training", "parameters, gradients and momentum",
    )  # fmt: skip
    return table(head, lines)


def _memory(book: Table) -> tuple[int, int, int, int]:
    maps = book.training_activation_bytes()
    held = book.training_bytes("momentum") - maps
    return 4 * book.parameters, book.peak_activation_bytes(), maps, held


def later_table(names: Iterable[str]) -> str:
    """Networks by the figures in the metadata of torchvision's weights, under its names."""
    lines = [line(published(name)[0].title, _later(published(name))) for name in names]
    head = (
        "network", "parameters (M)", "GMACs", "top-1 (%), weights V1", "top-1 (%), weights V2",
    )  # fmt: skip
    return table(head, lines)


def _later(figures: tuple[Figure, ...]) -> list[str]:
    listed = [figure for figure in figures if figure.source.key == "torchvision"]
    cells = [
        _those(listed, "params"),
        _those(listed, "macs"),
        *(_those(listed, "top1_acc", weights) for weights in ("IMAGENET1K_V1", "IMAGENET1K_V2")),
    ]
    return [_quoted(found[0]) if found else NONE for found in cells]


def _those(figures: Iterable[Figure], quantity: str, weights: str = "") -> list[Figure]:
    return [figure for figure in figures if figure.quantity == quantity and weights in figure.note]


def _quoted(figure: Figure) -> Html:
    if figure.unit == "count":
        return cited(figure, rounded(int(figure.value.number), MEGA, 1))
    return cited(figure, figure.value.text)


def _cost(names: tuple[str, ...], axis: Axis) -> str:
    value = axis.value(names[0]) if names else None
    if value is None:
        return NONE
    shown = rounded(value, axis.unit, axis.digits)
    return exact(value, shown)


def _accuracy(point: Point | None) -> str:
    if point is None:
        return NONE
    about = "≈ " if point.approximate else ""
    return cited(point.figure, f"{about}{point.top1}", point.top1)


def _error(entry: Entry) -> Html:
    title = f"{entry.source.citation}; {entry.note}" if entry.note else entry.source.citation
    return data(entry.top5_error, str(entry.top5_error), title)


def _megabytes(value: int) -> Html:
    return data(value, rounded(value, MIB, 1), f"{grouped(value)} bytes")
