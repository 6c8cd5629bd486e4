"""What the pages print as tables: ledgers with their arithmetic, and networks side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from html import escape

from cnnref.counting import explain
from cnnref.counting.conventions import CONVENTIONS, convention
from cnnref.counting.layer import Layer
from cnnref.networks.architecture import Architecture
from cnnref.networks.catalog import architecture
from cnnref.networks.records.others import NOT_REBUILT
from cnnref.tables.listing import to_html
from cnnref.tables.table import Table
from cnnref.units import KIB, MEGA, MIB, grouped, rounded
from website.chapters.googlenet import lines as googlenet_lines
from website.facts import lookup
from website.markup import grid as _table
from website.markup import line as _line

__all__ = [
    "agreement_line",
    "arithmetic",
    "captioned",
    "conventions_table",
    "differing_rows",
    "googlenet_table1",
    "ledger",
    "not_rebuilt",
    "records",
    "stages",
    "totals",
]

Networks = Sequence[tuple[str, str]]

CONVENTIONS_PAGE = "conventions.html"
# the sections of that page about single conventions
ANCHORS = {"lecture": "the-lectures-count", "macs": "macs", "flops": "flops"}


def ledger(key: str, name: str = "lecture") -> str:
    """The table of a network under a convention, each row's name a link to its arithmetic."""
    text = captioned(lookup(key), name)
    for layer in lookup(key).listed(name):
        cell = f'<th scope="row">{escape(layer.name)}</th>'
        link = f'<th scope="row"><a href="#{_anchor(key, layer)}">{escape(layer.name)}</a></th>'
        text = text.replace(cell, link)
    return text


def captioned(book: Table, name: str) -> str:
    """Rows under a convention, whose name in the caption leads to where it is explained."""
    said = f"convention {escape(name)}"
    link = f'<a href="{CONVENTIONS_PAGE}#{ANCHORS.get(name, "the-price-lists")}">{said}</a>'
    return to_html(book, name).replace(said, link, 1)


def arithmetic(key: str, conventions: Sequence[str] = ("lecture",)) -> str:
    """Each row that the lecture lists, folded: open it to see how its numbers come about."""
    book = lookup(key)
    items = "".join(_worked_row(key, layer, conventions) for layer in book.listed("lecture"))
    return f'<div class="worked">{items}</div>'


def agreement_line(records: Sequence[Mapping[str, str]]) -> str:
    """How far the two books of some networks agree, from their rows of networks.csv.

    Networks that were compared at the same sizes share one line.
    """
    by_sizes: dict[str, list[Mapping[str, str]]] = {}
    for record in records:
        by_sizes.setdefault(record["sizes_compared"], []).append(record)
    return "\n".join(_agreement(group) for group in by_sizes.values())


def _agreement(group: Sequence[Mapping[str, str]]) -> str:
    sizes = group[0]["sizes_compared"].split()
    at = ", ".join(size.replace("x", " × ") for size in sizes)
    verdicts = "; ".join(
        f"<code>{escape(record['name'])}</code> <strong>{_verdict(record)}</strong>"
        for record in group
    )
    wrong = "" if all(record["rows_differing"] == "0" for record in group) else " disagree"
    return (
        f'<p class="agree{wrong}">Spec against traced PyTorch model, row by row: {verdicts}, at '
        f"each of {len(sizes)} input sizes ({at}).</p>"
    )


def _verdict(record: Mapping[str, str]) -> str:
    rows, differing = record["rows"], record["rows_differing"]
    return f"{rows} of {rows} rows agree" if differing == "0" else f"{differing} rows differ"


def stages(networks: Networks) -> str:
    """Networks side by side: the layers of each stage, in order, then the totals.

    networks: (title, key) of each; all share the stages of the first.
    """
    books = [(title, lookup(key)) for title, key in networks]
    body = [
        _line(stage, [_stage(book.group("stage").get(stage, book[:0])) for _, book in books])
        for stage in books[0][1].group("stage")
    ]
    foot = {
        "parameters (M)": [rounded(book.parameters, MEGA, 1) for _, book in books],
        "M MACs": [rounded(book.macs, MEGA) for _, book in books],
        "memory (MB)": [rounded(book.activation_bytes("lecture"), MIB, 1) for _, book in books],
    }
    lines = [_line(title, cells) for title, cells in foot.items()]
    return _table("stage", [title for title, _ in books], body, lines)


def differing_rows(networks: Networks, ops: Sequence[str] = ()) -> str:
    """Networks side by side, a line for each row of the lecture: window and output.

    ops: operators whose rows are shown too, such as "lrn".
    """
    books = [(title, _shown(lookup(key), ops)) for title, key in networks]
    names = dict.fromkeys(name for _, name in sorted(_places(book for _, book in books)))
    body = [_line(name, [_described(book, name) for _, book in books]) for name in names]
    foot = [
        _line("parameters", [grouped(lookup(key).parameters) for _, key in networks]),
        _line("MACs", [grouped(lookup(key).macs) for _, key in networks]),
        _line(
            "memory (KB)",
            [rounded(lookup(key).activation_bytes("lecture"), KIB) for _, key in networks],
        ),
    ]
    return _table("layer", [title for title, _ in networks], body, foot)


def _shown(book: Table, ops: Sequence[str]) -> Table:
    listed = set(book.listed("lecture"))
    rows = [layer for layer in book if layer in listed or layer.op in ops]
    return Table(rows, name=book.name, input_shape=book.input_shape)


def _places(books: Iterable[Table]) -> list[tuple[int, str]]:
    """Each name with how far back it stands in any of the networks: an order that suits all."""
    places: dict[str, int] = {}
    for book in books:
        for number, layer in enumerate(book):
            places[layer.name] = max(number, places.get(layer.name, 0))
    return [(place, name) for name, place in places.items()]


def conventions_table() -> str:
    """What each convention prices, what it stores, and who counts so."""
    lines = []
    for entry in CONVENTIONS.values():
        alike: dict[str, list[str]] = {}
        for op, terms in entry.prices.items():
            alike.setdefault(_prices(terms), []).append(op)
        prices = [f"{', '.join(ops)}: {terms}" for terms, ops in alike.items()]
        cells = [escape(entry.unit), "<br>".join(map(escape, prices)), escape(entry.source)]
        lines.append(_line(entry.name, cells))
    text = _table("convention", ("unit", "price of one", "source"), lines)
    return text.replace('class="ledger"', 'class="ledger prose pricelists"')


def totals(networks: Networks) -> str:
    """The same networks under every convention, in millions of its unit."""
    lines = [
        _line(f"{name} (M {entry.unit}s)", [_total(key, name) for _, key in networks])
        for name, entry in CONVENTIONS.items()
    ]
    return _table("convention", [title for title, _ in networks], lines)


def googlenet_table1() -> str:
    """Table 1 of the GoogLeNet paper: printed beside computed, with the cause of a difference."""
    body, weights, macs = [], 0, 0
    for line in googlenet_lines():
        weights, macs = weights + line.cost.weights, macs + line.cost.macs
        cells = [
            "×".join(line.printed.output.split("x")),
            f"{line.printed.params_k}",
            _marked(rounded(line.cost.weights, KIB, 1), "params" in line.differs),
            f"{line.printed.ops_m}",
            _marked(rounded(line.cost.macs, MEGA, 1), "ops" in line.differs),
            escape(line.explanation) or "agrees",
        ]
        # the last cell holds sentences
        row = _line(line.printed.layer, cells).rpartition("<td>")
        body.append(f'{row[0]}<td class="wrap">{row[2]}')
    printed = [line.printed for line in googlenet_lines()]
    params = sum(Decimal(row.params_k.text) for row in printed)
    operations = sum(Decimal(row.ops_m.text) for row in printed)
    sums = ["", str(params), rounded(weights, KIB, 1), str(operations), rounded(macs, MEGA, 1), ""]
    head = ("output", "K printed", "K computed", "M printed", "M computed", "why they differ")
    return _table("layer", head, body, [_line("sum of the rows", sums)])


def _marked(text: str, differs: bool) -> str:
    return f"<mark>{text}</mark>" if differs else text


def not_rebuilt() -> str:
    """The networks whose tables could not be established, with the reason."""
    items = (f"<dt>{escape(title)}</dt><dd>{escape(why)}</dd>" for title, why in NOT_REBUILT)
    return f"<dl>{''.join(items)}</dl>"


def records(names: Sequence[str]) -> str:
    """Where each network comes from and what differs from its paper."""
    return f"<dl>{''.join(_record(architecture(name)) for name in names)}</dl>"


def _record(record: Architecture) -> str:
    source = f"{record.authors}, {record.paper}, {record.venue}. {record.source}."
    return (
        f"<dt>{escape(record.title)} (<code>{escape(record.name)}</code>)</dt>"
        f"<dd>{escape(source)} {escape(record.differences)}</dd>"
    )


def _prices(terms: Mapping[str, int]) -> str:
    singular = {
        "macs": "MAC",
        "bias_adds": "bias add",
        "window_taps": "tap",
        "elements_in": "element in",
        "elements_out": "element out",
        "weights": "weight",
        "biases": "bias",
    }
    return ", ".join(f"{price} per {singular[count]}" for count, price in terms.items())


def _total(key: str, name: str) -> str:
    value = lookup(key).flops(name)
    return f'<data value="{value}" title="{grouped(value)}">{rounded(value, MEGA, 1)}</data>'


def _anchor(key: str, layer: Layer) -> str:
    return escape(f"how-{key.replace('@', '-')}-{layer.name}")


def _stage(part: Table) -> str:
    return "<br>".join(
        escape(_short(layer)) for layer in part if layer.op in ("conv", "linear", "max_pool")
    )


def _short(layer: Layer) -> str:
    if layer.op == "linear":
        return f"fc {layer.out_shape[-1]}"
    assert layer.geometry is not None
    window = "x".join(map(str, layer.geometry.kernel))
    return f"max pool {window}" if layer.op == "max_pool" else f"{window}, {layer.out_shape[0]}"


def _described(book: Table, name: str) -> str:
    found = [layer for layer in book if layer.name == name]
    if not found:
        return "–"
    layer = found[0]
    parts = [f"→ {'×'.join(map(str, layer.out_shape))}"]
    if layer.op == "lrn" and layer.geometry is not None:
        parts = [f"over {layer.geometry.kernel[0]} channels"]
    elif layer.geometry is not None:
        kernel, stride, padding, _, groups, ceil_mode = layer.geometry
        window = f"{kernel[0]}×{kernel[1]}/{stride[0]}, pad {padding[0]}"
        window += f", {groups} groups" if groups > 1 else ""
        parts.insert(0, window + (", rounded up" if ceil_mode else ""))
    return "<br>".join(parts)


def _worked_row(key: str, layer: Layer, names: Sequence[str]) -> str:
    first = convention(names[0])
    lines = [
        ("output", explain.output_size(layer)),
        ("memory", explain.memory(layer, first)),
        ("parameters", explain.parameters(layer)),
        *(
            (convention(name).unit + "s", explain.operations(layer, convention(name)))
            for name in names
        ),
    ]
    terms = "".join(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in lines)
    return (
        f'<details class="explain"><summary>{escape(layer.name)} '
        f"<span>{escape(str(layer.in_shape))} → {escape(str(layer.out_shape))}</span></summary>"
        f'<dl id="{_anchor(key, layer)}">{terms}</dl></details>'
    )
