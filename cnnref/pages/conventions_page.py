"""What the conventions page prints: one network, every answer, and the prices that explain it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import escape

from cnnref import catalog
from cnnref.cited import Figure, figures
from cnnref.confirm import FOLLOWS, UNITS, agrees, reason
from cnnref.conventions import CONVENTIONS, Convention, convention
from cnnref.errata import Erratum, erratum
from cnnref.facts import lookup, rows
from cnnref.padding import padding_macs
from cnnref.pages.errata_page import PAGE
from cnnref.table import Table
from cnnref.units import MEGA, MIB, grouped, ratio, rounded, scaled

__all__ = [
    "answers",
    "counted",
    "matrix",
    "memories",
    "padding",
    "padding_stages",
    "priced",
    "said",
]

Networks = Sequence[tuple[str, str]]

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
LECTURE = "alexnet@227"
OPERATIONS = ("macs", "flops")
# the totals of whole networks that the lecture states, by the keys of the claims
STATED: Mapping[str, str] = {"vgg16": "VGG/full lecture slides/VGG-16 GFLOP"}
FLOAT32 = 4


def priced(book: Table) -> dict[tuple[str, str], int]:
    """What any convention puts a price on in a network: (kind of layer, raw count) -> its sum."""
    pairs = dict.fromkeys(
        (kind, count)
        for entry in CONVENTIONS.values()
        for kind, terms in entry.prices.items()
        for count in terms
    )
    sums = {
        (kind, count): sum(getattr(layer.counts, count) for layer in book if layer.kind == kind)
        for kind, count in pairs
    }
    order = list(dict.fromkeys(kind for kind, _ in pairs))
    return {
        pair: sums[pair] for pair in sorted(pairs, key=lambda p: order.index(p[0])) if sums[pair]
    }


def said(key: str, name: str, digits: int = 2) -> str:
    """What a network costs by a convention, in the unit that the convention counts.

    >>> said("vgg16", "torch")
    '<data value="30940528640" title="vgg16 by torch = 30,940,528,640 FLOPs">30.94 GFLOPs</data>'
    """
    total, noun = lookup(key).flops(name), f"{convention(name).unit}s"
    title = f"{key} by {name} = {grouped(total)} {noun}"
    return f'<data value="{total}" title="{escape(title)}">{scaled(total, noun, digits)}</data>'


def counted(key: str, selection: str, count: str) -> str:
    """One raw count of some rows of a network, all digits.

    >>> counted("vgg16_bn", "op:batch_norm", "elements_out")
    '<data value="13547520" title="vgg16_bn/op:batch_norm/elements_out">13,547,520</data>'
    """
    total = sum(getattr(layer.counts, count) for layer in rows(lookup(key), selection))
    title = escape(f"{key}/{selection}/{count}")
    return f'<data value="{total}" title="{title}">{grouped(total)}</data>'


def matrix(key: str) -> str:
    """A line for each convention: what it says of a network, and its price for each raw count."""
    book = lookup(key)
    counts = priced(book)
    heads = "".join(
        f'<th scope="col">{escape(_kind(kind))}: {COUNTS[count]}<br>{grouped(total)}</th>'
        for (kind, count), total in counts.items()
    )
    lines = "".join(_line(entry, book, counts) for entry in CONVENTIONS.values())
    return (
        '<table class="ledger prices"><thead><tr><th scope="col">convention</th>'
        f'<th scope="col">it says</th>{heads}</tr></thead><tbody>{lines}</tbody></table>'
    )


def _line(entry: Convention, book: Table, counts: Mapping[tuple[str, str], int]) -> str:
    prices = [entry.prices.get(kind, {}).get(count, 0) for kind, count in counts]
    # the line is an equation: the prices times the counts of the head are what it says
    total = sum(price * count for price, count in zip(prices, counts.values(), strict=True))
    if total != book.flops(entry):
        raise AssertionError(f"{entry.name} of {book.name}: a price has no column.")
    cells = "".join(
        f'<td class="num">{price}</td>' if price else '<td class="num free">0</td>'
        for price in prices
    )
    return (
        f'<tr><th scope="row">{escape(entry.name)}</th>'
        f'<td class="num">{grouped(total)} {escape(entry.unit)}s</td>{cells}</tr>'
    )


def _kind(kind: str) -> str:
    return kind.replace("_", " ")


def answers(chosen: str) -> str:
    """Every network of the catalogue, folded, with its matrix and what is printed of it."""
    keys = [LECTURE, *catalog.names()]
    others = "".join(_answer(key) for key in keys if key != chosen)
    order = " ".join(_anchor(key) for key in keys)
    # a section, since the search forgets what it leaves out at the end of an inner div
    return (
        f'<section class="choose" data-label="Network" data-order="{order}" data-search-exclude>'
        f'{_answer(chosen, is_open=True)}<details class="others"><summary>The same table for each '
        f"of {len(keys) - 1} other networks</summary>{others}</details></section>"
    )


def _anchor(key: str) -> str:
    return "counts-" + key.replace("@", "-").replace("_", "-")


def _answer(key: str, *, is_open: bool = False) -> str:
    name, _, size = key.partition("@")
    title = catalog.architecture(name).title + (f", input {size}" if size else "")
    return (
        f'<details id="{_anchor(key)}"{" open" if is_open else ""}><summary>{escape(title)} '
        f"<code>{escape(key)}</code></summary>{matrix(key)}{_printed(key)}</details>"
    )


def _printed(key: str) -> str:
    name = key.partition("@")[0]
    # a network with the strides of its paper stands beside the one that torchvision made of it
    found = [] if "@" in key else [f for n in (name, f"{name}_v1") for f in _operations(n)]
    if not found and name not in STATED:
        return "<p>No source of the figures on this site prints its operations.</p>"
    said = [_stated(erratum(STATED[name]))] if name in STATED else []
    lines = "".join(f"<li>{text}</li>" for text in (*said, *(_figure(f, name) for f in found)))
    return f"<p>Printed elsewhere:</p><ul>{lines}</ul>"


def _stated(entry: Erratum) -> str:
    words = f"<strong>{entry.claim.stated} G</strong>, the lecture"
    if entry.verdict == "agrees":
        return f"{words}."
    link = f'<a href="{PAGE}#{entry.anchor}">it is {entry.computed}</a>'
    return f"{words}. That is wrong: {link}."


def _operations(name: str) -> Iterator[Figure]:
    return (f for f in figures() if f.name == name and f.quantity in OPERATIONS)


def _figure(figure: Figure, name: str) -> str:
    total = lookup(figure.name).flops(FOLLOWS[figure.source.key])
    told = ", as others quote it" if figure.certainty == "verified-secondary" else ""
    which = "" if figure.name == name else f" for <code>{escape(figure.name)}</code>"
    shown = (
        f"<strong>{figure.value} {figure.unit}</strong>{which}, "
        f"{escape(figure.source.citation)}{told}"
    )
    if agrees(figure.value.text, figure.unit, total):
        return f"{shown}. That is {grouped(total)} MACs, rounded."
    digits = len(figure.value.text.partition(".")[2])
    own = rounded(total, UNITS[figure.unit], digits + 1)
    why = reason(figure) or f"counted by {FOLLOWS[figure.source.key]} it is {own}"
    return f"{shown}. It is not what the rows add up to: {escape(why)}."


def padding(networks: Networks) -> str:
    """How much of the work of networks has a padded zero for a factor."""
    body = [_padded(title, lookup(key)) for title, key in networks]
    return _table(("network", "MACs", "of them on padding", "share"), body)


def padding_stages(key: str) -> str:
    """The same for each stage of one network, with the size of its maps."""
    body = []
    for name, part in lookup(key).group("stage").items():
        convs = [layer for layer in part if layer.op == "conv"]
        if convs:
            size = " × ".join(map(str, convs[-1].out_shape.size))
            body.append(_padded(name, rows(lookup(key), f"stage:{name}"), f"<td>{size}</td>"))
    return _table(("stage", "its maps", "MACs", "of them on padding", "share"), body)


def _padded(title: str, part: Table, more: str = "") -> str:
    on, total = padding_macs(part), part.macs
    cells = (grouped(total), grouped(on), ratio(100 * on, total) + "%")
    figures = "".join(f'<td class="num">{cell}</td>' for cell in cells)
    return f'<tr><th scope="row">{escape(title)}</th>{more}{figures}</tr>'


def memories(networks: Networks) -> str:
    """What "memory" may mean, and how much it is: a line for each meaning."""
    books = [lookup(key) for _, key in networks]
    lines = []
    for title, unit, meaning in MEMORIES:
        cells = "".join(f'<td class="num">{rounded(meaning(b), unit, 1)}</td>' for b in books)
        lines.append(f'<tr><th scope="row">{escape(title)}</th>{cells}</tr>')
    text = _table(("meaning", *(f"{title} (MB)" for title, _ in networks)), lines)
    return text.replace('class="ledger"', 'class="ledger longnames"')


def torchinfo_bytes(book: Table) -> int:
    """The "Forward/backward pass size" of torchinfo 1.8.0: outputs of layers that learn, twice."""
    return 2 * FLOAT32 * sum(layer.activations for layer in book if layer.parameters)


# what a source calls memory, what its MB is, and how much of it a network takes
MEMORIES: tuple[tuple[str, int, Callable[[Table], int]], ...] = (
    ("outputs that the lecture lists", MIB, lambda book: book.activation_bytes("lecture")),
    ("outputs, norms and joins too", MIB, lambda book: book.activation_bytes("macs")),
    ("outputs that training keeps", MIB, lambda book: book.training_activation_bytes()),
    ("the most that is alive at once", MIB, lambda book: book.peak_activation_bytes()),
    ("torchinfo's forward/backward pass size", MEGA, torchinfo_bytes),
    ("parameters", MIB, lambda book: FLOAT32 * book.parameters),
)


def _table(head: Iterable[str], body: Iterable[str]) -> str:
    titles = "".join(f'<th scope="col">{escape(title)}</th>' for title in head)
    return (
        f'<table class="ledger"><thead><tr>{titles}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table>"
    )
