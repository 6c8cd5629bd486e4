"""What the pages print as tables: ledgers with their arithmetic, and networks side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from cnnref.counting import explain
from cnnref.counting.conventions import CONVENTIONS, convention
from cnnref.counting.layer import Layer
from cnnref.networks.architecture import Architecture
from cnnref.networks.catalog import architecture
from cnnref.networks.records.others import NOT_REBUILT
from cnnref.tables.formats import Grid, to_html
from cnnref.tables.listing import table_grid
from cnnref.tables.markup import Linked
from cnnref.tables.printable import View
from cnnref.tables.table import Table
from cnnref.units import KIB, MEGA, MIB, grouped, rounded
from website.chapters.googlenet import lines as googlenet_lines
from website.errata.page import marked
from website.facts import lookup
from website.markup import (
    BREAK,
    Cell,
    Html,
    cell,
    code,
    definitions,
    element,
    exact,
    folded,
    joined,
    line,
    link,
    table,
)

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
    """The table of a network under a convention, each row's name a link to its arithmetic.

    Under the lecture's, each cell that the lecture has otherwise is a mark.
    """
    grid = captioned(lookup(key), name)
    cells = [
        [Linked(first, f"#{_anchor(key, layer)}"), *others]
        for (first, *others), layer in zip(grid.cells, lookup(key).listed(name), strict=True)
    ]
    grid = grid._replace(cells=cells)
    return to_html(marked(grid, key) if name == "lecture" else grid)


def captioned(book: Table, name: str) -> Grid:
    """Rows under a convention, whose name in the caption leads to where it is explained."""
    grid = table_grid(book, View.of(name))
    before, said, after = grid.notes[0].partition(f"convention {name}")
    place = link(said, f"{CONVENTIONS_PAGE}#{ANCHORS.get(name, 'the-price-lists')}")
    return grid._replace(notes=[joined([before, place, after]), *grid.notes[1:]])


def arithmetic(key: str, conventions: Sequence[str] = ("lecture",)) -> str:
    """Each row that the lecture lists, folded: open it to see how its numbers come about."""
    book = lookup(key)
    items = (_worked_row(key, layer, conventions) for layer in book.listed("lecture"))
    return element("div", *items, class_="worked")


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
    verdicts = (
        joined([code(record["name"]), " ", element("strong", _verdict(record))]) for record in group
    )
    wrong = "" if all(record["rows_differing"] == "0" for record in group) else " disagree"
    return element(
        "p",
        "Spec against traced PyTorch model, row by row: ",
        joined(verdicts, "; "),
        f", at each of {len(sizes)} input sizes ({at}).",
        class_=f"agree{wrong}",
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
        line(stage, [_stage(book.group("stage").get(stage, book[:0])) for _, book in books])
        for stage in books[0][1].group("stage")
    ]
    foot = {
        "parameters (M)": [rounded(book.parameters, MEGA, 1) for _, book in books],
        "M MACs": [rounded(book.macs, MEGA) for _, book in books],
        "memory (MB)": [rounded(book.activation_bytes("lecture"), MIB, 1) for _, book in books],
    }
    lines = [line(title, cells) for title, cells in foot.items()]
    return table(("stage", *(title for title, _ in books)), body, lines)


def differing_rows(networks: Networks, ops: Sequence[str] = ()) -> str:
    """Networks side by side, a line for each row of the lecture: window and output.

    ops: operators whose rows are shown too, such as "lrn".
    """
    books = [(title, _shown(lookup(key), ops)) for title, key in networks]
    names = dict.fromkeys(name for _, name in sorted(_places(book for _, book in books)))
    body = [line(name, [_described(book, name) for _, book in books]) for name in names]
    foot = [
        line("parameters", [grouped(lookup(key).parameters) for _, key in networks]),
        line("MACs", [grouped(lookup(key).macs) for _, key in networks]),
        line(
            "memory (KB)",
            [rounded(lookup(key).activation_bytes("lecture"), KIB) for _, key in networks],
        ),
    ]
    return table(("layer", *(title for title, _ in networks)), body, foot)


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
        lines.append(line(entry.name, [entry.unit, joined(prices, BREAK), entry.source]))
    return table(("convention", "unit", "price of one", "source"), lines, kind="prose pricelists")


def totals(networks: Networks) -> str:
    """The same networks under every convention, in millions of its unit."""
    lines = [
        line(f"{name} (M {entry.unit}s)", [_total(key, name) for _, key in networks])
        for name, entry in CONVENTIONS.items()
    ]
    return table(("convention", *(title for title, _ in networks)), lines)


def googlenet_table1() -> str:
    """Table 1 of the GoogLeNet paper: printed beside computed, with the cause of a difference."""
    body, weights, macs = [], 0, 0
    for row in googlenet_lines():
        weights, macs = weights + row.cost.weights, macs + row.cost.macs
        cells: list[str | Cell] = [
            "×".join(row.printed.output.split("x")),
            f"{row.printed.params_k}",
            _differing(rounded(row.cost.weights, KIB, 1), "params" in row.differs),
            f"{row.printed.ops_m}",
            _differing(rounded(row.cost.macs, MEGA, 1), "ops" in row.differs),
            cell(row.explanation or "agrees", "wrap"),
        ]
        body.append(line(row.printed.layer, cells))
    printed = [row.printed for row in googlenet_lines()]
    params = sum(Decimal(row.params_k.text) for row in printed)
    operations = sum(Decimal(row.ops_m.text) for row in printed)
    sums = ["", str(params), rounded(weights, KIB, 1), str(operations), rounded(macs, MEGA, 1), ""]
    head = ("layer", "output", "K printed", "K computed", "M printed", "M computed",
            "why they differ")  # fmt: skip
    return table(head, body, [line("sum of the rows", sums)])


def _differing(text: str, differs: bool) -> str:
    return element("mark", text) if differs else text


def not_rebuilt() -> str:
    """The networks whose tables could not be established, with the reason."""
    return definitions(NOT_REBUILT)


def records(names: Sequence[str]) -> str:
    """Where each network comes from and what differs from its paper."""
    return definitions(map(_record, map(architecture, names)))


def _record(record: Architecture) -> tuple[Html, str]:
    source = f"{record.authors}, {record.paper}, {record.venue}. {record.source}."
    title = joined([f"{record.title} (", code(record.name), ")"])
    return title, f"{source} {record.differences}"


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
    return exact(value, rounded(value, MEGA, 1))


def _anchor(key: str, layer: Layer) -> str:
    return f"how-{key.replace('@', '-')}-{layer.name}"


def _stage(part: Table) -> str:
    shown = (layer for layer in part if layer.op in ("conv", "linear", "max_pool"))
    return joined(map(_short, shown), BREAK)


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
    return joined(parts, BREAK)


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
    shapes = element("span", f"{layer.in_shape} → {layer.out_shape}")
    terms = definitions(lines, id=_anchor(key, layer))
    return folded(joined([f"{layer.name} ", shapes]), terms, class_="explain")
