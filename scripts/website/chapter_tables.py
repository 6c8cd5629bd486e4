"""What the chapters print as tables besides whole networks: pieces, families, cited errors."""

from __future__ import annotations

from collections.abc import Sequence

from cnnref.counting.layer import Layer
from cnnref.errors import CnnrefError
from cnnref.networks.catalog import architecture
from cnnref.networks.published import figures
from cnnref.tables.formats import to_html
from cnnref.tables.table import Table
from cnnref.units import GIGA, KILO, MEGA, ratio, rounded
from website import facts
from website.chapters.comparison_facts import longest_way
from website.errata.page import marked
from website.facts import lookup
from website.markup import Html, Line, cited, exact, line, table
from website.tables import captioned

__all__ = [
    "MODULES",
    "blocks",
    "cifar_family",
    "cited_errors",
    "costs",
    "excerpt",
    "inception_savings",
]

MODULES = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
NONE = "–"
COSTS = ("layers", "parameters (M)", "GMACs", "activations (M)")
QUANTITIES = {
    "error": (("top1_err", "top-1 error (%)"), ("top5_err", "top-5 error (%)")),
    "accuracy": (("top1_acc", "top-1 accuracy (%)"), ("top5_acc", "top-5 accuracy (%)")),
}


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


def inception_savings() -> str:
    """Each inception module of GoogLeNet with its 1x1 reductions and without them."""
    real = lookup("googlenet").group("block")
    body, sums = [], [0, 0, 0, 0]
    for module in MODULES:
        own, naive = real[f"inception_{module}"], lookup(f"googlenet:{module}-naive")
        values = [own.parameters, naive.parameters, own.macs, naive.macs]
        sums = [a + b for a, b in zip(sums, values, strict=True)]
        widths = [str(book[-1].out_shape.channels) for book in (own, naive)]
        body.append(line(module, [*_pairs(values), *widths]))
    head = (
        "module", "params (k)", "params (k), plain", "M MACs", "M MACs, plain", "plain / real",
        "channels out", "channels out, plain",
    )  # fmt: skip
    return table(head, body, [line("all", [*_pairs(sums), "", ""])])


def costs(names: Sequence[str], source: str = "", where: str = "", kind: str = "error") -> str:
    """Networks with their computed costs and, where a source is named, its error rates.

    where: words of the notes, "~" for a space; kind: a key of QUANTITIES.

    Raises:
        CnnrefError: no figure of a network fits, or more than one for a quantity.
    """
    asked = QUANTITIES[kind] if source else ()
    body = []
    for name in names:
        book = lookup(name)
        cells = [
            str(longest_way(book)),
            rounded(book.parameters, MEGA, 2),
            rounded(book.macs, GIGA, 2),
            rounded(book.activations, MEGA, 1),
        ]
        errors = [_error(name, quantity, source, where) for quantity, _ in asked]
        if asked and set(errors) == {NONE}:
            raise CnnrefError(f"{name}: no figure of {source} has {where!r} in the note.")
        cells += errors
        body.append(line(architecture(name).title, cells))
    return table(("network", *COSTS, *(title for _, title in asked)), body)


def cited_errors(source: str, names: Sequence[str], where: str = "") -> str:
    """Every error that a source prints for some networks, a line for each protocol.

    source: a key, or several with "+" between them; where: words of the notes, "~" for a space.

    Raises:
        CnnrefError: the source prints none for one of the networks.
    """
    lines: list[Line] = []
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
        lines += [
            line(label, [note, row.get("top1_err", NONE), row.get("top5_err", NONE)])
            for note, row in rows.items()
            if row.keys() & {"top1_err", "top5_err"}
        ]
    head = ("network", "protocol", "top-1 error (%)", "top-5 error (%)")
    return table(head, lines, kind="prose")


def cifar_family() -> str:
    """The residual networks for CIFAR-10: computed costs beside what the paper prints."""
    body = []
    for layers in (20, 32, 44, 56, 110, 1202):
        name = f"resnet{layers}_cifar"
        book = lookup(name)
        per_stage = len(book.group("block")) // 3
        cells = [
            str(per_stage),
            rounded(book.parameters, MEGA, 2),
            _error(name, "params", "resnet2015", ""),
            rounded(book.macs, MEGA),
            _error(name, "top1_err", "resnet2015", ""),
        ]
        body.append(line(architecture(name).title, cells))
    head = ("network", "n", "parameters (M)", "printed (M)", "M MACs", "test error (%)")
    return table(head, body)


def _cells(run: Table) -> list[str]:
    return [" × ".join(map(str, run[-1].out_shape)), *_counts(run)]


def _counts(run: Table) -> list[str]:
    return [_rounded(run.parameters, KILO), _rounded(run.macs, MEGA)]


def _pairs(values: Sequence[int]) -> list[str]:
    """Parameters and MACs, each with and without, then the quotient of the MACs."""
    own, naive, macs, naive_macs = values
    return [
        _rounded(own, KILO),
        _rounded(naive, KILO),
        _rounded(macs, MEGA),
        _rounded(naive_macs, MEGA),
        ratio(naive_macs, macs) + "×",
    ]


def _rounded(value: int, unit: int) -> Html:
    return exact(value, rounded(value, unit))


def _error(name: str, quantity: str, source: str, where: str) -> str:
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
