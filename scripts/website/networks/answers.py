"""What every source says that one network costs, and the prices that explain it to the last digit.

A line of the first table is one source: what it says, what its prices make, and whether the two are
the same. The second has a line for each raw count and a column for each price list. What the tools
say was written down when they ran.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from cnnref.counting.conventions import CONVENTIONS, Convention, convention
from cnnref.counting.units import grouped, rounded
from cnnref.errors import CnnrefError
from cnnref.networks import catalog
from cnnref.networks.published import OPERATIONS, Published, figures
from cnnref.tables.table import Table
from studies.peers.counts import read
from website.citations import UNITS, agrees, reason
from website.errata.claims import Erratum, erratum
from website.errata.page import PAGE
from website.facts import lookup
from website.kept import reach
from website.kept.reach import network
from website.kept.shelf import Shelf, digest, doubt
from website.markup import (
    BREAK,
    Cell,
    Html,
    Line,
    cell,
    code,
    element,
    folded,
    joined,
    line,
    link,
    number,
    region,
    table,
)

__all__ = [
    "COUNTS",
    "TOOLS",
    "TWICE",
    "Recorded",
    "Said",
    "Tool",
    "answers",
    "assets",
    "lines",
    "matrix",
    "reached",
    "said",
]

SCRIPTS = Shelf("answers")

LECTURE = "alexnet@227"
OWN = link("count it", "count.html#by-whose-count")
# the section of a network's page
SECTION = "what-each-source-says"
# a raw count in words: what one price is for
COUNTS: Mapping[str, str] = {
    "macs": "MACs",
    "bias_adds": "bias adds",
    "window_taps": "window taps",
    "elements_in": "elements in",
    "elements_out": "elements out",
    "weights": "weights",
    "biases": "biases",
}
# the totals of whole networks that the lecture states, by the keys of the claims
STATED: Mapping[str, str] = {"vgg16": "VGG/full lecture slides/VGG-16 GFLOP"}


class Recorded(NamedTuple):
    """What a tool said when it ran on a network."""

    version: str
    total: int


# (network, "HEIGHTxWIDTH", tool) -> what it said
Record = Mapping[tuple[str, str, str], Recorded]


@cache
def said() -> Record:
    """What every tool said when it ran."""
    return {(row.network, row.input, row.tool): Recorded(row.version, row.total) for row in read()}


class Tool(NamedTuple):
    """A tool on record.

    prices: the price list that explains it, or None where none does.
    otherwise: in a sentence, why its total is another where it is; "" if it never is.
    title: what readers know it by; "" if by its name on record.
    """

    name: str
    prices: Convention | None
    otherwise: str = ""
    title: str = ""


class Said(NamedTuple):
    """A line of the matrix.

    who: the source; text: what it says, as it says it, "" if it says nothing of this network.
    prices: the price list that it follows, or None.
    same: whether the prices make what it says, in the digits that it prints.
    note: a sentence or two of HTML, why they do not or where to read more; "" for nothing.
    """

    who: str
    text: str
    prices: Convention | None
    same: bool
    note: str = ""


POOLED = ("max_pool", "avg_pool", "adaptive_avg_pool", "copy")
# what ptflops counts where every ReLU and every pooling is a module: most modules when they end,
# and the function in it once more
TWICE = Convention.from_dict(
    {
        "name": "ptflops pytorch",
        "base": "ptflops",
        "prices": {
            "batch_norm": {"elements_out": 2},
            **{kind: {"elements_out": 2} for kind in ("relu", "prelu")},
            **{kind: {"elements_out": 1} for kind in ("relu6", "silu")},
            **{kind: {"elements_in": 2} for kind in POOLED},
        },
    }
)
HOOKS = (
    "It hangs hooks on modules of PyTorch's own classes; this model calls some layers as "
    "functions, or has a class of its own for them."
)
TOOLS: tuple[Tool, ...] = (
    Tool("FlopCounterMode", CONVENTIONS["torch"], title="PyTorch's FlopCounterMode"),
    Tool("fvcore", CONVENTIONS["fvcore"]),
    Tool("torchinfo", CONVENTIONS["torchinfo"]),
    Tool("ptflops aten", CONVENTIONS["ptflops"]),
    Tool(
        "ptflops pytorch",
        TWICE,
        "It is no price list: it counts a module when the module ends, and the functions inside "
        "once more as they run. Its prices hold only where each activation, pooling and "
        "normalisation is a module that it knows and nothing else calls those functions.",
    ),
    Tool("thop", CONVENTIONS["thop"], HOOKS),
    Tool("torchprofile", CONVENTIONS["torchprofile"]),
    Tool(
        "torchscan",
        None,
        "It is no price list: what it counts for a pooling depends on the width of the window.",
    ),
)


def answers(chosen: str, record: Record) -> str:
    """What is said of one network, and links to the same of each other.

    chosen: the key of the network that is shown; record: what the tools said.
    """
    keys = [LECTURE, *catalog.names()]
    said = f"The same tables for each of {len(keys) - 1} other networks"
    items = (element("li", _way(key)) for key in keys)
    # a section, since the search forgets what it leaves out at the end of an inner div
    return element(
        "section",
        element("label"),
        element("div", answer(chosen, record), class_="chosen", data_key=anchor(chosen)),
        folded(said, element("ul", *items), class_="others"),
        element("p", "A network of your own, by any of these price lists: ", OWN, "."),
        class_="choose",
        data_label="Network",
        data_search_exclude=True,
    )


def _way(key: str) -> Html:
    """Where a network's answers stand: on its own page, the lecture's input on a page beside it."""
    name = key.partition("@")[0]
    return element("a", _title(key), href=f"networks/{name}.html#{SECTION}", data_key=anchor(key))


def assets(record: Record) -> dict[str, str]:
    """For each network a script that holds its answers, loaded when a reader chooses it."""
    keys = [LECTURE, *catalog.names()]
    return {
        f"assets/answers/{anchor(key)}.js": SCRIPTS.get(
            digest(key, reached(key)), _script, key, record
        )
        for key in keys
    }


def reached(key: str) -> str:
    """What the page of a network and its answers are made of, as a digest."""
    name = key.partition("@")[0]
    # an erratum of the lecture may be about any network
    return digest(reach.modules("website.networks.files", named=name in STATED), network(name))


def _script(key: str, record: Record) -> str:
    data = json.dumps(answer(key, record), ensure_ascii=False)
    return f'(window.cnnrefAnswers ??= {{}})["{anchor(key)}"] = {data};\n'


def anchor(key: str) -> str:
    """The id of a network's answers."""
    return "counts-" + key.replace("@", "-").replace("_", "-")


def answer(key: str, record: Record, root: str = "") -> Html:
    """What each source says of a network, why it says so, and what is printed of it.

    root: how to get from the page to the site's own folder.
    """
    title, sources = _title(key), lines(key, record, root)
    return joined(
        [
            element("p", element("strong", title), class_="answer-of"),
            region(f"{title}, what each source says", said_table(key, sources)),
            element("p", "What there is to count, and the price of one by each price list:"),
            region(f"{title}, what there is to count, and its prices", matrix(key, sources)),
            _notes(key, sources),
        ]
    )


def _title(key: str) -> str:
    name, _, size = key.partition("@")
    return catalog.architecture(name).title + (f", input {size}" if size else "")


def lines(key: str, record: Record, root: str = "") -> list[Said]:
    """What each source says of a network: the lecture, the papers, then the tools."""
    book = lookup(key)
    return [
        _lecture(key, root),
        *_printed(key),
        *(_told(tool, key, book, record) for tool in TOOLS),
    ]


def said_table(key: str, sources: Iterable[Said]) -> Html:
    """The sources of a network: what each says, and what its prices make."""
    book = lookup(key)
    body = (_line(source, book) for source in sources)
    heads = ("source", number("it says"), number("its prices make"), "unit", "the same")
    return table(heads, body, kind="said")


def matrix(key: str, sources: Iterable[Said]) -> Html:
    """The raw counts of a network, with the price of one by the price list of each source."""
    book = lookup(key)
    lists: dict[str, Convention] = {s.prices.name: s.prices for s in sources if s.prices}
    counts = priced(book, list(lists.values()))
    refuse_unpriced(book, list(lists.values()), counts)
    heads = (number(breakable(name)) for name in lists)
    body = (
        line(f"{kind.replace('_', ' ')}: {COUNTS[count]}", [number(grouped(total)), *prices])
        for (kind, count), total in counts.items()
        for prices in [_prices(kind, count, lists.values())]
    )
    first = "what there is: MACs, adds, taps"
    return table((first, number("how many"), *heads), body, kind="prices")


def _prices(kind: str, count: str, lists: Iterable[Convention]) -> list[Cell]:
    found = (entry.prices.get(kind, {}).get(count, 0) for entry in lists)
    return [number(str(price), "num" if price else "num free") for price in found]


def breakable(name: str) -> Html:
    """The name of a price list that may be broken where a word begins."""
    return joined(re.split(r"[ _]", name), BREAK)


def refuse_unpriced(
    book: Table, lists: Sequence[Convention], counts: Mapping[tuple[str, str], int]
) -> None:
    """Each column is an equation: its prices times the counts are what its list makes.

    Raises:
        AssertionError: a price has no line.
    """
    for entry in lists:
        total = sum(
            entry.prices.get(kind, {}).get(count, 0) * n for (kind, count), n in counts.items()
        )
        if total != book.operations(entry):
            raise AssertionError(f"{entry.name} of {book.name}: a price has no line.")


def priced(book: Table, lists: Sequence[Convention]) -> dict[tuple[str, str], int]:
    """What any of some price lists puts a price on in a network: (kind, raw count) -> its sum."""
    pairs = dict.fromkeys(
        (kind, count) for entry in lists for kind, terms in entry.prices.items() for count in terms
    )
    sums = {
        (kind, count): sum(layer.count(count) for layer in book if layer.kind == kind)
        for kind, count in pairs
    }
    order = list(dict.fromkeys(kind for kind, _ in pairs))
    return {
        pair: sums[pair] for pair in sorted(pairs, key=lambda p: order.index(p[0])) if sums[pair]
    }


def _line(source: Said, book: Table) -> Line:
    entry = source.prices
    said = number(source.text or "–")
    if entry is None:
        return line(source.who, [said, number("–"), "–", cell("no price list", "differs")])
    made = number(grouped(book.operations(entry)))
    return line(source.who, [said, made, f"{entry.unit}s, {entry.name}", _verdict(source)])


def _verdict(source: Said) -> str | Cell:
    if not source.text:
        return "–"
    if source.same:
        return cell("equal" if source.text[-1].isdigit() else "equal, rounded", "agrees")
    return cell("no", "differs")


def _lecture(key: str, root: str) -> Said:
    how = CONVENTIONS["lecture"]
    if key not in STATED:
        return Said("the lecture", "", how, same=False)
    entry = erratum(STATED[key])
    note = link(_why(entry), f"{root}{PAGE}#{entry.anchor}")
    return Said("the lecture", f"{entry.claim.stated} G", how, entry.verdict == "agrees", note)


def _why(entry: Erratum) -> str:
    return "It agrees." if entry.verdict == "agrees" else f"That is wrong: it is {entry.computed}."


def _printed(key: str) -> Iterator[Said]:
    name, _, size = key.partition("@")
    for figure in _operations(name):
        if not size:
            how = CONVENTIONS[figure.source.convention]
            same = agrees(figure.value.text, figure.unit, lookup(key).operations(how))
            text = f"{figure.value} {figure.unit}"
            yield Said(figure.source.called, text, how, same, _figure(figure, name))


def _told(tool: Tool, key: str, book: Table, record: Record) -> Said:
    size = "x".join(map(str, book.input_shape.size))
    found = record.get((key.partition("@")[0], size, tool.name))
    if found is None:
        return Said(tool.title or tool.name, "", tool.prices, same=False)
    same = tool.prices is not None and book.operations(tool.prices) == found.total
    who = f"{tool.title or tool.name} {found.version.partition('+')[0]}"
    note = "" if same else _otherwise(tool, book, found.total)
    return Said(who, grouped(found.total), tool.prices, same, note)


def _otherwise(tool: Tool, book: Table, total: int) -> str:
    if not tool.otherwise:
        doubt(CnnrefError(f"{tool.name} of {book.name}: no reason is known for {total}."))
    if tool.prices is None:
        return tool.otherwise
    more = total - book.operations(tool.prices)
    return f"{grouped(abs(more))} {'more' if more > 0 else 'less'} than its prices make. " + (
        tool.otherwise or "No reason is known."
    )


def _notes(key: str, sources: Iterable[Said]) -> str:
    """Below a matrix: citations, and why a source is not what its prices make."""
    name = key.partition("@")[0]
    told = [(source.who, source.note) for source in sources if source.note]
    # a network with the strides of its paper stands beside the one that torchvision made of it
    more = [] if "@" in key else [*_operations(f"{name}_v1")]
    told += [(figure.source.called, _figure(figure, name)) for figure in more]
    items = (element("li", element("strong", who), ": ", note) for who, note in told)
    return element("ul", *items) if told else ""


def _operations(name: str) -> Iterator[Published]:
    return (f for f in figures() if f.name == name and f.quantity in OPERATIONS)


def _figure(figure: Published, name: str) -> Html:
    total = lookup(figure.name).operations(figure.source.convention)
    told = ", as others quote it" if figure.certainty == "verified-secondary" else ""
    which = [] if figure.name == name else [" for ", code(figure.name)]
    shown = [f"{figure.value} {figure.unit}", *which, f", {figure.source.citation}{told}"]
    if agrees(figure.value.text, figure.unit, total):
        return joined([*shown, f". That is {grouped(total)} MACs, rounded."])
    digits = len(figure.value.text.partition(".")[2])
    own = rounded(total, UNITS[figure.unit], digits + 1)
    counted = f"counted by {convention(figure.source.convention).name} it is {own}"
    why = reason(figure) or counted
    return joined([*shown, f". It is not what the rows add up to: {why}."])
