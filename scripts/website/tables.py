"""What several pages print as tables: ledgers with their arithmetic, and networks side by side."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from cnnref.counting import explain
from cnnref.counting.conventions import convention
from cnnref.counting.layer import Layer
from cnnref.counting.markup import Linked
from cnnref.counting.units import GIGA, KIB, KILO, MEGA, grouped, rounded
from cnnref.errors import CnnrefError
from cnnref.networks.architecture import Architecture
from cnnref.networks.catalog import architecture
from cnnref.networks.published import Published, figures
from cnnref.tables.formats import Grid, to_html
from cnnref.tables.listing import table_grid
from cnnref.tables.printable import View
from cnnref.tables.table import Table
from website import facts
from website.citations import depth
from website.data import books
from website.errata.page import marked
from website.facts import lookup
from website.markup import (
    BREAK,
    Html,
    cited,
    code,
    definitions,
    element,
    folded,
    in_units,
    joined,
    line,
    link,
    table,
)
from website.places import DOCS

__all__ = [
    "MACROS",
    "agree",
    "agreement_line",
    "arithmetic",
    "blocks",
    "captioned",
    "cited_errors",
    "costs",
    "differing_rows",
    "downloads",
    "excerpt",
    "figure_note",
    "in_full",
    "ledger",
    "printed",
    "protocol",
    "records",
]

Networks = Sequence[tuple[str, str]]

CONVENTIONS_PAGE = "conventions.html"
# the sections of that page about single conventions
ANCHORS = {"lecture": "the-lectures-count", "macs": "macs", "flops": "flops"}
NONE = "–"
# what notes of figures shorten
IN_FULL = {
    "val": "validation images",
    "TEST(?: set)?": "test images",
    "10-crop": "ten crops",
    r"aug\.": "augmentation",
    r"model\(s\)": "networks",
    r"crop\(s\)": "crops",
    "APPROXIMATE: read": "read",
}
COSTS = ("layers", "parameters (M)", "GMACs", "activations (M)")
QUANTITIES = {
    "error": (("top1_err", "top-1 error (%)"), ("top5_err", "top-5 error (%)")),
    "accuracy": (("top1_acc", "top-1 accuracy (%)"), ("top5_acc", "top-5 accuracy (%)")),
}


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


def excerpt(key: str, selection: str, convention: str = "lecture") -> str:
    """Some rows of a table with their own totals, and the lecture's own cells marked.

    The rows have no ids: those belong to the whole table.
    """
    grid = captioned(facts.rows(lookup(key), selection), convention)
    grid = marked(grid, key) if convention == "lecture" else grid
    return to_html(grid._replace(ids=()))


def blocks(key: str) -> str:
    """A network by its blocks and what stands between them, a line for each."""
    book = lookup(key)
    cut = {layer.stage for layer in book if layer.block}
    runs: dict[str, list[Layer]] = {}
    for layer in book:
        alone = layer.name if layer.stage in cut else layer.stage
        runs.setdefault(layer.block or alone, []).append(layer)
    body = [
        line(name, _cells(Table(run, name=name, input_shape=book.input_shape)))
        for name, run in runs.items()
    ]
    foot = line("total", ["", *_counts(book)])
    return table(("part", "output", "parameters (k)", "M MACs"), body, [foot])


def costs(names: Sequence[str], source: str = "", where: str = "", kind: str = "error") -> str:
    """Networks with their computed costs and, where a source is named, its error rates.

    where: words of the notes, "~" for a space; kind: a key of QUANTITIES. The caption has the
        protocol, which is what the notes say.

    Raises:
        CnnrefError: no figure of a network fits, or more than one for a quantity.
    """
    asked = QUANTITIES[kind] if source else ()
    body = []
    for name in names:
        book = lookup(name)
        cells = [
            str(depth(book)),
            rounded(book.parameters, MEGA, 2),
            rounded(book.macs, GIGA, 2),
            rounded(book.mac_activations, MEGA, 1),
        ]
        errors = [printed(name, quantity, source, where) for quantity, _ in asked]
        if asked and set(errors) == {NONE}:
            raise CnnrefError(f"{name}: no figure of {source} has {where!r} in the note.")
        cells += errors
        body.append(line(architecture(name).title, cells))
    said = _protocol(names, source, where, [quantity for quantity, _ in asked])
    return table(("network", *COSTS, *(title for _, title in asked)), body, caption=said)


def _protocol(names: Sequence[str], source: str, where: str, quantities: Sequence[str]) -> str:
    words = where.replace("~", " ")
    return protocol(
        figure
        for figure in figures()
        if figure.name in names and figure.quantity in quantities
        if figure.source.key == source and words in figure.note
    )


def protocol(measured: Iterable[Published]) -> str:
    """How the figures of a table were measured, for its caption: what their notes say, each once.

    >>> protocol(f for f in figures() if f.name == "plain34" and f.quantity == "top1_err")
    'Protocol: validation images, ten crops (Tables 2-3).'
    """
    parts = dict.fromkeys(
        part
        for figure in measured
        for part in figure.note.split("; ")
        # which file of weights it is stands at each figure
        if "_Weights." not in part
    )
    longer = {part for part in parts for other in parts if part != other and part.startswith(other)}
    said = "; ".join(part for part in parts if part not in longer)
    return f"Protocol: {in_full(said)}." if said else ""


def in_full(note: str) -> str:
    """The note of a figure without abbreviations.

    >>> in_full("Table 3: val, 7 model(s), 1 crop(s)")
    'Table 3: validation images, 7 networks, 1 crop'
    """
    for short, full in IN_FULL.items():
        note = re.sub(rf"\b{short}(?!\w)", full, note)
    return re.sub(r"\b1 (network|crop)s\b", r"1 \1", note).replace("+-", "±")


def figure_note(name: str, quantity: str, source: str) -> str:
    """The protocol of the one figure that a source prints of a network."""
    (found,) = (
        figure
        for figure in figures()
        if (figure.name, figure.quantity, figure.source.key) == (name, quantity, source)
    )
    return in_full(found.note)


def cited_errors(source: str, names: Sequence[str], where: str = "") -> str:
    """Every error that a source prints for some networks, a line for each protocol.

    source: a key, or several with "+" between them; where: words of the notes, "~" for a space.

    Raises:
        CnnrefError: the source prints none for one of the networks.
    """
    found: list[tuple[str, str, Mapping[str, str]]] = []
    words, keys = where.replace("~", " "), source.split("+")
    for name in names:
        title = name.replace("~", " ")
        rows: dict[str, dict[str, str]] = {}
        for figure in figures():
            named = name == figure.name or title == figure.title
            if named and figure.source.key in keys and words in figure.note:
                label = figure.title
                rows.setdefault(figure.note, {})[figure.quantity] = figure.value.text
        if not any("err" in quantity for row in rows.values() for quantity in row):
            raise CnnrefError(f"{source} prints no error of {title} with {words!r} in the note.")
        found += [(label, in_full(note), row) for note, row in rows.items()]
    # a source need not print both
    asked = [
        (quantity, title)
        for quantity, title in QUANTITIES["error"]
        if any(quantity in row for _, _, row in found)
    ]
    lines = [
        line(label, [note, *(row.get(quantity, NONE) for quantity, _ in asked)])
        for label, note, row in found
        if row.keys() & dict(asked).keys()
    ]
    return table(("network", "protocol", *(title for _, title in asked)), lines, kind="prose")


def _cells(run: Table) -> list[str]:
    return [" × ".join(map(str, run[-1].out_shape)), *_counts(run)]


def _counts(run: Table) -> list[str]:
    return [in_units(run.parameters, KILO), in_units(run.macs, MEGA)]


def printed(name: str, quantity: str, source: str, where: str) -> str:
    """The one figure that a source prints of a network, or a dash where it prints none.

    where: words of the notes, "~" for a space.

    Raises:
        CnnrefError: several fit.
    """
    words = where.replace("~", " ")
    fitting = [
        figure
        for figure in figures()
        if (figure.name, figure.quantity, figure.source.key) == (name, quantity, source)
        and words in figure.note
    ]
    if len(fitting) > 1:
        raise CnnrefError(f"{name}: {len(fitting)} figures of {source} have {words!r} in the note.")
    return cited(fitting[0]) if fitting else NONE


def arithmetic(key: str, conventions: Sequence[str] = ("lecture",)) -> str:
    """Each row that the lecture lists, folded: open it to see how its numbers come about."""
    book = lookup(key)
    items = (_worked_row(key, layer, conventions) for layer in book.listed("lecture"))
    return folded("The arithmetic of every row", element("div", *items, class_="worked"))


def fold(summary: str, *shown: str) -> str:
    """A long table, or several parts, behind a line that opens them."""
    return folded(summary, *map(Html, shown))


def _agreement(group: Sequence[Mapping[str, str]]) -> str:
    sizes = group[0]["sizes_compared"].split()
    at = ", ".join(size.replace("x", "\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}") for size in sizes)
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
            [rounded(lookup(key).stored_bytes("lecture"), KIB) for _, key in networks],
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


def records(names: Sequence[str]) -> str:
    """Where each network comes from and what differs from its paper."""
    return definitions(map(_record, map(architecture, names)))


def _record(record: Architecture) -> tuple[Html, str]:
    page = f"networks/{record.name}.html"
    title = joined([link(record.title, page), " (", code(record.name), ")"])
    return title, f"{record.source}. {record.differences}"


def agree(*names: str) -> str:
    """The stamp of a page: how many rows of its networks agree with PyTorch, in one sentence."""
    found = [books()[name] for name in names]
    rows = sum(int(record["rows"]) for record in found)
    parted = [record for record in found if record["rows_differing"] != "0"]
    differing = sum(int(record["rows_differing"]) for record in parted)
    sizes = [len(record["sizes_compared"].split()) for record in found]
    at = f"{min(sizes)} to {max(sizes)}" if min(sizes) < max(sizes) else f"{max(sizes)}"
    verdict = f"{differing:,} of {rows:,} rows differ" if parted else f"all {rows:,} rows agree"
    whose = f"the {len(found)} networks" if len(found) > 1 else "the network"
    return element(
        "p",
        f"Spec against traced PyTorch model, row by row, for {whose} of this page: ",
        element("strong", verdict),
        f", each compared at {at} input sizes. ",
        link("Network by network", "networks/index.html"),
        ".",
        class_="agree disagree" if parted else "agree",
    )


def agreement_line(records: Sequence[Mapping[str, str]]) -> str:
    """How far the two books of some networks agree, from their rows of networks.csv.

    Networks that were compared at the same sizes share one line.
    """
    by_sizes: dict[str, list[Mapping[str, str]]] = {}
    for record in records:
        by_sizes.setdefault(record["sizes_compared"], []).append(record)
    return "\n".join(_agreement(group) for group in by_sizes.values())


def downloads(key: str) -> str:
    """Links to the generated files of one table."""
    name = key.replace("@", "_")
    links = {
        "all raw counts (CSV)": f"generated/tables/{name}.csv",
        "the table as shown (CSV)": f"generated/tables/{name}.lecture.csv",
    }
    # a long network is published row by row as raw counts alone
    found = {text: path for text, path in links.items() if (DOCS / path).is_file()}
    items = joined(
        (element("a", text, href=path, download=True) for text, path in found.items()), ", "
    )
    said = f"Download {lookup(key).name}: "
    return element("p", said, items, ".", class_="downloads")


def _anchor(key: str, layer: Layer) -> str:
    return f"how-{key.replace('@', '-')}-{layer.name}"


def _described(book: Table, name: str) -> str:
    found = [layer for layer in book if layer.name == name]
    if not found:
        return "–"
    layer = found[0]
    parts = [f"→ {'×'.join(map(str, layer.out_shape))}"]
    if layer.op == "lrn" and layer.window is not None:
        parts = [f"over {layer.window.kernel[0]} channels"]
    elif layer.window is not None:
        kernel, stride, padding, _, groups, ceil_mode = layer.window
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


MACROS: Mapping[str, Callable[..., object]] = {
    "agree": agree,
    "arithmetic": arithmetic,
    "blocks": blocks,
    "cited_errors": cited_errors,
    "costs": costs,
    "downloads": downloads,
    "excerpt": excerpt,
    "fold": fold,
    "records": records,
    "table": ledger,
    "variants": differing_rows,
}
