"""Tables to Altair charts, without size or colour theme: the page adds those.

altair is imported when a chart is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from cnnref.counting.layer import Layer
from cnnref.counting.units import KIB, KILO, MEGA, MIB, visible
from cnnref.drawing.modules import staged
from cnnref.errors import MissingExtraError, UnknownNameError
from cnnref.tables.printable import View
from cnnref.tables.quantities import QUANTITIES, Quantity, Row, Whole, current
from cnnref.tables.table import Table

if TYPE_CHECKING:
    from types import ModuleType

    from altair import Chart

__all__ = ["GROUPINGS", "MEASURES", "Measure", "bars", "layer_bars", "measure_of", "stage_bars"]

KINDS = {
    "conv": "convolution",
    "linear": "fully-connected",
    "max_pool": "pooling",
    "avg_pool": "pooling",
    "adaptive_avg_pool": "pooling",
}

GROUPINGS = ("layer", "stage", "block")
# what depends on the convention
PRICED = ("operations", "stored_bytes")
ROW_HEIGHT = 20
# what still fits the width of a phone
FEW_TICKS = {"tickCount": 4, "labelOverlap": True, "labelSeparation": 10}
NARROW = {"title": None, "columns": 2}


class Measure(NamedTuple):
    """A quantity of rows as a chart shows it, in the lecture's units.

    name: what a chart of it is called.
    large_title, large_unit: for stages and whole networks.
    """

    quantity: Quantity
    name: str
    title: str
    unit: int
    large_title: str
    large_unit: int

    @property
    def exact_title(self) -> str:
        """What the exact value is a number of."""
        bytes_ = self.quantity.unit == "bytes"
        return (self.quantity.unit if bytes_ else self.quantity.noun).capitalize()

    def total(self, rows: Table) -> int:
        """What rows have of it, by the lecture's convention."""
        return int(self.quantity.of(rows, View.of("lecture")))


def _measure(key: str, name: str, unit: tuple[str, int], large: tuple[str, int]) -> Measure:
    quantity = QUANTITIES[key]
    words = (f"{quantity.noun.capitalize()} ({prefix})" for prefix, _ in (unit, large))
    return Measure(quantity, name, next(words), unit[1], next(words), large[1])


MEASURES: Mapping[str, Measure] = {
    measure.quantity.key: measure
    for measure in (
        _measure("stored_bytes", "memory", ("KB", KIB), ("MB", MIB)),
        _measure("parameters", "parameters", ("k", KILO), ("M", MEGA)),
        _measure("operations", "flops", ("M flop", MEGA), ("M flop", MEGA)),
    )
}


def measure_of(key: str) -> Measure:
    """A measure of MEASURES by its key.

    Raises:
        UnknownNameError: charts have no such measure.
    """
    key = current(key)
    if key not in tuple(MEASURES):
        raise UnknownNameError("measure of charts", key, MEASURES)
    return MEASURES[key]


def bars(table: Table, quantity: str, by: str, view: View) -> Chart:
    """A bar for each layer, stage or block that has some of a quantity, in order of execution.

    Where rows are not counted, the title says so. Bytes are in MiB; numbers have the prefixes
    of SI.

    Raises:
        UnknownNameError: no quantity has that key, or bars have no such grouping.
        MissingExtraError: altair is not installed.
    """
    alt: Any = altair()
    key = current(quantity)
    if key not in QUANTITIES:
        raise UnknownNameError("quantity", key, QUANTITIES)
    if by not in GROUPINGS:
        raise UnknownNameError("grouping of bars", by, GROUPINGS)
    measured = QUANTITIES[key]
    title = _title(measured, view)
    in_bytes = measured.unit == "bytes"
    values = list(_values(table, measured, by, view))
    kinds = list(dict.fromkeys(value["kind"] for value in values))
    exact = alt.Tooltip("exact:Q", title=title, format="," if measured.digits == 0 else ",.2f")
    axis = alt.Axis(**FEW_TICKS, **({} if in_bytes else {"format": "~s"}))
    colour = alt.Color("kind:N", title=None, scale=alt.Scale(domain=kinds))
    chart: Chart = (
        alt.Chart(alt.Data(values=values), title=_heading(table, measured, by, view))
        .mark_bar()
        .encode(
            y=alt.Y("name:N", sort=None, title=None),
            x=alt.X("value:Q", title=f"{title} (MiB)" if in_bytes else title, axis=axis),
            tooltip=[alt.Tooltip("name:N", title=by.capitalize()), exact],
            **({"color": colour} if by == "layer" else {}),
        )
        .properties(height={"step": ROW_HEIGHT})
    )
    return chart


def _values(table: Table, quantity: Quantity, by: str, view: View) -> Iterator[dict[str, Any]]:
    whole = Whole(table.whole, view)
    rows = [whole.rows[number] for number in table.numbers]
    groups: dict[str, list[Row]] = {}
    for row, layer in zip(rows, staged(table), strict=True):
        name = {"stage": layer.stage, "block": layer.block or layer.name}.get(by, layer.name)
        groups.setdefault(visible(name), []).append(row)
    unit = MIB if quantity.unit == "bytes" else 1
    for name, members in groups.items():
        known = [row for row in members if not quantity.lacks(row)]
        exact = quantity.times(view) * quantity.total(known, quantity.value)
        if exact:
            kind = KINDS.get(members[0].layer.op, "other")
            yield {"name": name, "kind": kind, "value": exact / unit, "exact": exact}


def _title(quantity: Quantity, view: View) -> str:
    title = quantity.title.format(unit=view.convention.unit)
    return title[0].upper() + title[1:]


def _heading(table: Table, quantity: Quantity, by: str, view: View) -> Any:
    said = [f"convention {view.convention.name}"] if quantity.key in PRICED else []
    said += [f"batch of {view.batch_size}"] if view.batch_size > 1 else []
    if quantity.counted and table.uncounted:
        number = len(table.uncounted)
        said.append(f"at least: {number} {'row is' if number == 1 else 'rows are'} not counted")
    text = f"{_title(quantity, view)} of {visible(table.name)}, by {by}"
    return altair().Title(text, subtitle=", ".join(said), anchor="start")


def layer_bars(table: Table, measure: str) -> Chart:
    """A bar for each row that the lecture lists, coloured by kind of layer.

    measure: a key of MEASURES.
    """
    alt: Any = altair()
    scale = measure_of(measure)
    values = [
        {
            "layer": layer.name,
            "kind": KINDS.get(layer.op, "view"),
            "value": scale.total(_alone(table, layer)) / scale.unit,
            "exact": scale.total(_alone(table, layer)),
            "output": str(layer.out_shape),
        }
        for layer in table.listed("lecture")
        if layer.op != "flatten"
    ]
    kinds = list(dict.fromkeys(str(value["kind"]) for value in values))
    chart: Chart = (
        alt.Chart(alt.Data(values=values))
        .mark_bar()
        .encode(
            y=alt.Y("layer:N", sort=None, title=None),
            x=alt.X("value:Q", title=scale.title, axis=alt.Axis(**FEW_TICKS)),
            color=alt.Color("kind:N", scale=alt.Scale(domain=kinds), legend=alt.Legend(**NARROW)),
            tooltip=[
                alt.Tooltip("layer:N", title="Layer"),
                alt.Tooltip("output:N", title="Output"),
                alt.Tooltip("value:Q", title=scale.title, format=",.1f"),
                alt.Tooltip("exact:Q", title=scale.exact_title, format=","),
            ],
        )
        .properties(height={"step": ROW_HEIGHT})
    )
    return chart


def stage_bars(tables: Sequence[tuple[str, Table]], measure: str) -> Chart:
    """For each stage a bar for each of some networks, side by side.

    tables: (title, table) of each network; measure: a key of MEASURES.
    """
    alt: Any = altair()
    scale = measure_of(measure)
    values = [
        {
            "network": title,
            "stage": stage,
            "value": scale.total(rows) / scale.large_unit,
            "exact": scale.total(rows),
        }
        for title, table in tables
        for stage, rows in table.group("stage").items()
    ]
    networks = [title for title, _ in tables]
    chart: Chart = (
        alt.Chart(alt.Data(values=values))
        .mark_bar()
        .encode(
            y=alt.Y("stage:N", sort=None, title=None),
            yOffset=alt.YOffset("network:N", sort=networks),
            x=alt.X("value:Q", title=scale.large_title, axis=alt.Axis(**FEW_TICKS)),
            color=alt.Color(
                "network:N", scale=alt.Scale(domain=networks), legend=alt.Legend(**NARROW)
            ),
            tooltip=[
                alt.Tooltip("network:N", title="Network"),
                alt.Tooltip("stage:N", title="Stage"),
                alt.Tooltip("value:Q", title=scale.large_title, format=",.2f"),
                alt.Tooltip("exact:Q", title=scale.exact_title, format=","),
            ],
        )
        .properties(height={"step": ROW_HEIGHT * len(networks) * 0.7, "for": "position"})
    )
    return chart


def _alone(table: Table, layer: Layer) -> Table:
    return Table([layer], name=table.name, input_shape=table.input_shape)


def altair() -> ModuleType:
    """The library, or in one sentence how to install it."""
    try:
        import altair as alt
    except ModuleNotFoundError:
        raise MissingExtraError("A chart", "altair", "charts") from None
    return alt


def to_spec(chart: Any) -> dict[str, Any]:
    """The Vega-Lite specification of a chart, the same bytes at every run.

    Without the configuration and the size, which belong to the page.
    """
    spec: dict[str, Any] = chart.to_dict()
    spec.pop("config", None)
    return spec
