"""Tables to Altair charts, without size or colour theme: the page adds those.

altair is imported when a chart is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from cnnref.counting.layer import Layer
from cnnref.errors import MissingExtraError, UnknownNameError
from cnnref.tables.printable import View
from cnnref.tables.quantities import QUANTITIES, Quantity, current
from cnnref.tables.table import Table
from cnnref.units import KIB, KILO, MEGA, MIB

if TYPE_CHECKING:
    from types import ModuleType

    from altair import Chart

__all__ = ["MEASURES", "Measure", "layer_bars", "measure_of", "stage_bars"]

KINDS = {
    "conv": "convolution",
    "linear": "fully-connected",
    "max_pool": "pooling",
    "avg_pool": "pooling",
    "adaptive_avg_pool": "pooling",
}

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
