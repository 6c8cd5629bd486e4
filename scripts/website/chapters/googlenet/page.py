"""What the page googlenet.md prints: modules with and without reductions, its start, Table 1."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from math import ceil
from typing import TYPE_CHECKING, Any

from cnnref import drawing
from cnnref.counting.layer import Layer
from cnnref.counting.units import KIB, KILO, MEGA, ratio, rounded
from cnnref.drawing import bars
from cnnref.drawing.bars import FEW_TICKS, MEASURES, NARROW, ROW_HEIGHT
from cnnref.drawing.block import block_scene
from cnnref.drawing.scene import alternative
from cnnref.errors import UnknownNameError
from cnnref.tables.table import Table
from website.chapters.googlenet.table1 import lines
from website.charts.drawings import figure
from website.facts import lookup
from website.formulas import worked_out
from website.markup import Cell, Html, cell, data, element, in_units, line, table

if TYPE_CHECKING:
    from altair import Chart

__all__ = [
    "MACROS",
    "MODULES",
    "START_ROWS",
    "block_bars",
    "break_even",
    "by_size",
    "charts",
    "contracted",
    "googlenet_table1",
    "heads_drawing",
    "inception_savings",
    "joined_tex",
    "reduction_bars",
    "start",
    "starts",
]


MODULES = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
# GoogLeNet's rows that are in no module
PARTS = {"conv1": "conv1", "conv2": "conv2", "classifier": "head"}
# from the image to maps of 28 x 28: the last row of each network's start
START_ROWS: Mapping[str, str] = {"googlenet": "pool2", "vgg16": "pool3"}
# the parts of GoogLeNet in training: what a box calls each, and its last row
TRAINED = (
    ("stem", "pool2"),
    ("modules 3a, 3b and a pooling", "pool3"),
    ("module 4a", "inception_4a.concat"),
    ("auxiliary head", "aux1.fc2"),
    ("modules 4b, 4c, 4d", "inception_4d.concat"),
    ("auxiliary head", "aux2.fc2"),
    ("module 4e and a pooling", "pool4"),
    ("modules 5a, 5b", "inception_5b.concat"),
    ("average and classifier", "linear"),
)
START_TITLES = {"googlenet": "GoogLeNet", "vgg16": "VGG-16"}


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


def _pairs(values: Sequence[int]) -> list[str]:
    """Parameters and MACs, each with and without, then the quotient of the MACs."""
    own, naive, macs, naive_macs = values
    return [
        in_units(own, KILO),
        in_units(naive, KILO),
        in_units(macs, MEGA),
        in_units(naive_macs, MEGA),
        ratio(naive_macs, macs) + "×",
    ]


def googlenet_table1() -> str:
    """Table 1 of the GoogLeNet paper: printed beside computed, with the cause of a difference."""
    body, weights, macs = [], 0, 0
    for row in lines():
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
    printed = [row.printed for row in lines()]
    params = sum(Decimal(row.params_k.text) for row in printed)
    operations = sum(Decimal(row.ops_m.text) for row in printed)
    sums = ["", str(params), rounded(weights, KIB, 1), str(operations), rounded(macs, MEGA, 1), ""]
    head = ("layer", "output", "K printed", "K computed", "M printed", "M computed",
            "why they differ")  # fmt: skip
    return table(head, body, [line("sum of the rows", sums)])


def _differing(text: str, differs: bool) -> str:
    return element("mark", text) if differs else text


def break_even(module: str) -> str:
    """The widest 1x1 reduction before the 3x3 of an inception module that still saves work.

    >>> break_even("3a")
    '<data value="164" title="widest reduction of 3a that saves">164</data>'
    """
    layer = lookup(f"googlenet:{module}-naive")[f"inception_{module}.3x3"]
    assert layer.window is not None
    sizes = {"C": layer.in_shape[0], "F": layer.out_shape[0], "K": layer.window.kernel[0]}
    # equal is not less
    widest = ceil(worked_out("break-even", sizes)) - 1
    return data(widest, str(widest), f"widest reduction of {module} that saves")


def joined_tex(path: str) -> str:
    """The channels of a concatenation as the sum that they are, for use inside a formula.

    Raises:
        UnknownNameError: the row is no concatenation.

    >>> joined_tex("googlenet/inception_3a.concat"), joined_tex("block:dense/concat1")
    ('64 + 128 + 32 + 32 = 256', '256 + 32 = 288')
    """
    key, _, name = path.partition("/")
    book = lookup(key)
    layer = book[name]
    joins = [row.name for row in book if row.op == "concat"]
    if layer.name not in joins:
        raise UnknownNameError(f"concatenation of {key}", name, joins)
    fed = [book[source].out_shape if source >= 0 else book.input_shape for source in layer.inputs]
    parts = " + ".join(str(shape.channels) for shape in fed)
    return f"{parts} = {layer.out_shape.channels}"


def heads_drawing(caption: str) -> Html:
    """GoogLeNet in training, part by part: the auxiliary heads beside the path to the scores."""
    book = contracted(lookup("googlenet_aux"))
    rows = range(len(book))
    wide, narrow = (
        block_scene(book, rows, width, size=size) for width, size in drawing.SIZES.items()
    )
    title = "GoogLeNet with its auxiliary heads"
    return figure([drawing.Drawing(title, alternative(narrow), wide, narrow)], caption)


def contracted(book: Table) -> Table:
    """A row for each part of GoogLeNet in training, named after it, with the part's edges."""
    rows: list[Layer] = []
    first, home = 0, {-1: -1}
    for name, last in TRAINED:
        after = [layer.name for layer in book].index(last) + 1
        source = home[book[first].inputs[0]]
        shapes = book[first].in_shapes[:1]
        rows.append(
            book[after - 1]._replace(op=name, in_shapes=shapes, window=None, inputs=(source,))
        )
        home |= dict.fromkeys(range(first, after), len(rows) - 1)
        first = after
    return Table(rows, name=book.name, input_shape=book.input_shape)


def block_bars(book: Table, measure: str) -> Any:
    """A bar for each block, and for each stage's rows that are in none.

    measure: a key of MEASURES.
    """
    scale = bars.measure_of(measure)
    runs: dict[str, list[int]] = {}
    for number, layer in enumerate(book):
        part = layer.block.removeprefix("inception_") or PARTS.get(layer.stage, "")
        if part:
            runs.setdefault(part, []).append(number)
    values = [
        _value(
            part, "", Table((book[n] for n in run), name=part, input_shape=book.input_shape), scale
        )
        for part, run in runs.items()
    ]
    return _drawn(values, scale, [])


def reduction_bars(measure: str) -> Any:
    """Each inception module of GoogLeNet with its 1x1 reductions and without.

    measure: a key of MEASURES.
    """
    scale = bars.measure_of(measure)
    real = lookup("googlenet").group("block")
    kinds = ["reduced", "plain"]
    values = [
        _value(module, kind, rows, scale)
        for module in MODULES
        for kind, rows in zip(
            kinds, (real[f"inception_{module}"], lookup(f"googlenet:{module}-naive")), strict=True
        )
    ]
    return _drawn(values, scale, kinds)


def _value(part: str, kind: str, rows: Table, scale: bars.Measure) -> dict[str, Any]:
    exact = scale.total(rows)
    return {"part": part, "kind": kind, "value": exact / scale.large_unit, "exact": exact}


def _drawn(values: list[dict[str, Any]], scale: bars.Measure, kinds: Sequence[str]) -> Any:
    alt: Any = bars.altair()
    several = {
        "yOffset": alt.YOffset("kind:N", sort=list(kinds)),
        "color": alt.Color(
            "kind:N", scale=alt.Scale(domain=list(kinds)), legend=alt.Legend(**NARROW)
        ),
    }
    tooltip = [
        alt.Tooltip("part:N", title="Part"),
        *([alt.Tooltip("kind:N", title="Module")] if kinds else []),
        alt.Tooltip("value:Q", title=scale.large_title, format=",.2f"),
        alt.Tooltip("exact:Q", title=scale.exact_title, format=","),
    ]
    step = ROW_HEIGHT * (len(kinds) * 0.7 if kinds else 1)
    return (
        alt.Chart(alt.Data(values=values))
        .mark_bar()
        .encode(
            y=alt.Y("part:N", sort=None, title=None),
            x=alt.X("value:Q", title=scale.large_title, axis=alt.Axis(**FEW_TICKS)),
            tooltip=tooltip,
            **(several if kinds else {}),
        )
        .properties(height={"step": step, "for": "position"} if kinds else {"step": step})
    )


def starts(measure: str) -> Chart:
    """GoogLeNet's stem against VGG-16's start, by the size of the maps that are made.

    measure: a key of MEASURES.
    """
    alt: Any = bars.altair()
    scale = bars.measure_of(measure)
    values = [
        {
            "network": START_TITLES[name],
            "size": f"{size} × {size}",
            "layers": ", ".join(layer.name for layer in rows),
            "value": scale.total(rows) / scale.large_unit,
            "exact": scale.total(rows),
        }
        for name in START_ROWS
        for size, rows in by_size(start(name)).items()
    ]
    found = {size for name in START_ROWS for size in by_size(start(name))}
    sizes = [f"{size} × {size}" for size in sorted(found, reverse=True)]
    networks = list(START_TITLES.values())
    chart: Chart = (
        alt.Chart(alt.Data(values=values))
        .mark_bar()
        .encode(
            y=alt.Y("size:N", sort=sizes, title=None),
            yOffset=alt.YOffset("network:N", sort=networks),
            x=alt.X("value:Q", title=scale.large_title, axis=alt.Axis(**FEW_TICKS)),
            color=alt.Color(
                "network:N", scale=alt.Scale(domain=networks), legend=alt.Legend(**NARROW)
            ),
            tooltip=[
                alt.Tooltip("network:N", title="Network"),
                alt.Tooltip("layers:N", title="Layers"),
                alt.Tooltip("value:Q", title=scale.large_title, format=",.2f"),
                alt.Tooltip("exact:Q", title=scale.exact_title, format=","),
            ],
        )
        .properties(height={"step": ROW_HEIGHT * 1.4, "for": "position"})
    )
    return chart


def start(name: str) -> Table:
    """The rows of a network from the image to its first maps of 28 x 28."""
    book = lookup(name)
    last = next(i for i, layer in enumerate(book) if layer.name == START_ROWS[name])
    return book[: last + 1]


def by_size(book: Table) -> dict[int, Table]:
    """The rows that the lecture lists, by the height of the map that each makes."""
    rows = book.listed("lecture")
    sizes = dict.fromkeys(layer.out_shape.size[0] for layer in rows)
    return {
        size: Table(
            [layer for layer in rows if layer.out_shape.size[0] == size],
            name=book.name,
            input_shape=book.input_shape,
        )
        for size in sizes
    }


def charts() -> Iterator[tuple[str, Any]]:
    """Every chart of the page with its key."""
    for key, measure in MEASURES.items():
        yield f"googlenet-{measure.name}", block_bars(lookup("googlenet"), key)
        yield f"inception-reductions-{measure.name}", reduction_bars(key)
        yield f"starts-{measure.name}", starts(key)


MACROS: Mapping[str, Callable[..., object]] = {
    "break_even": break_even,
    "googlenet_table1": googlenet_table1,
    "heads_drawing": heads_drawing,
    "inception_savings": inception_savings,
    "joined_tex": joined_tex,
}
