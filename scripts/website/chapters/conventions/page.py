"""What the page conventions.md prints: the price lists, padding, memory, and its numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from cnnref.counting.conventions import CONVENTIONS, convention
from cnnref.counting.units import MEGA, MIB, grouped, ratio, rounded, scaled
from cnnref.networks.published import published
from cnnref.tables.table import Table
from website.facts import lookup, rows
from website.markup import BREAK, Line, cell, data, exact, joined, line, number, table
from website.networks import answers
from website.spoken import network, spoken
from website.tables import Networks

__all__ = [
    "MACROS",
    "conventions_table",
    "counted",
    "every_answer",
    "memories",
    "padding",
    "padding_stages",
    "said",
    "totals",
]

FLOAT32 = 4


def said(key: str, name: str, digits: int = 2) -> str:
    """What a network costs by a convention, in the unit that the convention counts.

    >>> said("vgg16", "torch")
    '<data value="30940528640" title="VGG-16 by torch: 30,940,528,640 FLOPs">30.94 GFLOPs</data>'
    """
    total, noun = lookup(key).operations(name), f"{convention(name).unit}s"
    title = f"{network(key)} by {name}: {grouped(total)} {noun}"
    return data(total, scaled(total, noun, digits), title)


def counted(key: str, selection: str, count: str) -> str:
    """One raw count of some rows of a network, all digits.

    >>> counted("vgg16", "conv1_1", "bias_adds")
    '<data value="3211264" title="bias adds, conv1_1 of VGG-16">3,211,264</data>'
    """
    total = sum(layer.count(count) for layer in rows(lookup(key), selection))
    said = f"{answers.COUNTS[count]}, {spoken(f'{key}/{selection}/{count}')}"
    return data(total, grouped(total), said)


def padding_stages(key: str) -> str:
    """The same for each stage of one network, with the size of its maps."""
    body = []
    for name, part in lookup(key).group("stage").items():
        convs = [layer for layer in part if layer.op == "conv"]
        if convs:
            size = " × ".join(map(str, convs[-1].out_shape.size))
            body.append(_padded(name, rows(lookup(key), f"stage:{name}"), size))
    return table(("stage", "its maps", "MACs", "of them on padding", "share"), body)


def memories(networks: Networks) -> str:
    """What "memory" may mean, who means it, and how much it is: a line for each meaning."""
    books = [lookup(key) for _, key in networks]
    lines = [
        _meaning(title, who, [rounded(meaning(book), unit, 1) for book in books])
        for title, who, unit, meaning in MEMORIES
    ]
    lines.append(_meaning("the file of weights", FILES, [_file_mb(book.name) for book in books]))
    head = ("meaning", *(f"{title} (MB)" for title, _ in networks), "who means it")
    return table(head, lines, kind="longnames")


def _meaning(title: str, who: str, values: Iterable[str]) -> Line:
    return line(title, [*map(number, values), cell(who, "wrap")])


def _file_mb(name: str) -> str:
    """The size of a network's file of weights by torchvision, in MB of 2**20 bytes, rounded."""
    found = [f for f in published(name) if f.quantity == "file_mb" and "IMAGENET1K_V1" in f.note]
    return f"{found[0].value.number:.1f}" if found else "–"


def torchinfo_bytes(book: Table) -> int:
    """The "Forward/backward pass size" of torchinfo 1.8.0: outputs of layers that learn, twice.

    It watches modules: a product with learned factors in forward is none.
    """
    learns = (layer for layer in book if layer.parameters and layer.op != "multiply")
    return 2 * FLOAT32 * sum(layer.activations for layer in learns)


FILES = "torchvision's metadata, _file_size"
# what a source calls memory, who does, what its MB is, and how much of it a network takes
MEMORIES: tuple[tuple[str, str, int, Callable[[Table], int]], ...] = (
    (
        "outputs of convolutions, poolings and fully-connected layers",
        "the lecture, in its tables and totals",
        MIB,
        lambda book: book.stored_bytes("lecture"),
    ),
    (
        "outputs of normalisations, additions and concatenations too",
        "who asks what each layer writes",
        MIB,
        lambda book: book.stored_bytes("macs"),
    ),
    (
        "outputs that training keeps",
        "who trains: the backward pass reads them again",
        MIB,
        lambda book: book.training_activation_bytes(),
    ),
    (
        "the most that is alive at once",
        "who only runs the network",
        MIB,
        lambda book: book.peak_activation_bytes(),
    ),
    (
        "forward/backward pass size",
        f"torchinfo 1.8.0, with an MB of {grouped(MEGA)} bytes",
        MEGA,
        torchinfo_bytes,
    ),
    (
        "parameters",
        "the lecture, of the chart of Canziani et al.",
        MIB,
        lambda book: FLOAT32 * book.parameters,
    ),
)


def conventions_table(*, tools: bool) -> str:
    """What each convention prices, and who counts so: those of the site, or all others."""
    lines = []
    for entry in CONVENTIONS.values():
        if (entry.name not in SITES_OWN) != tools:
            continue
        alike: dict[str, list[str]] = {}
        for op, terms in entry.prices.items():
            alike.setdefault(_prices(terms), []).append(op)
        prices = [f"{', '.join(ops)}: {terms}" for terms, ops in alike.items()]
        lines.append(line(entry.name, [entry.unit, joined(prices, BREAK), entry.source]))
    return table(("convention", "unit", "price of one", "source"), lines, kind="prose pricelists")


# those that have a section of their own on the page
SITES_OWN = ("macs", "flops", "lecture")
# one of each raw count in words
SINGULAR = {
    "macs": "MAC",
    "bias_adds": "bias add",
    "window_taps": "tap",
    "elements_in": "element in",
    "elements_out": "element out",
    "weights": "weight",
    "biases": "bias",
    "estimate": "estimated MAC",
    "again": "learned number at each further output of a call",
    "states": "element of a hidden state",
    "sums": "sum",
    **{mode: f"element out, {mode}" for mode in ("nearest", "linear", "bilinear", "bicubic")},
}


def _prices(terms: Mapping[str, int]) -> str:
    return ", ".join(f"{price} per {SINGULAR[count]}" for count, price in terms.items())


def every_answer(key: str) -> str:
    """What each source says of a network, this one open, and the others to choose from."""
    return answers.answers(key, answers.said())


def padding(networks: Networks) -> str:
    """How much of the work of networks has a padded zero for a factor."""
    body = [_padded(title, lookup(key)) for title, key in networks]
    return table(("network", "MACs", "of them on padding", "share"), body)


def _padded(title: str, part: Table, *more: str) -> Line:
    on, total = part.padding_macs, part.macs
    cells = (grouped(total), grouped(on), ratio(100 * on, total) + "%")
    return line(title, [*more, *map(number, cells)])


def totals(networks: Networks) -> str:
    """The same networks under every convention, in millions of its unit."""
    lines = [
        line(f"{name} (M {entry.unit}s)", [_total(key, name) for _, key in networks])
        for name, entry in CONVENTIONS.items()
    ]
    return table(("convention", *(title for title, _ in networks)), lines)


def _total(key: str, name: str) -> str:
    value = lookup(key).operations(name)
    return exact(value, rounded(value, MEGA, 1))


MACROS: Mapping[str, Callable[..., object]] = {
    "answers": every_answer,
    "conventions_table": conventions_table,
    "counted": counted,
    "memories": memories,
    "padding": padding,
    "padding_stages": padding_stages,
    "said": said,
    "totals": totals,
}
