"""Charts of the layers of one measured network: where its time goes, and under which roof."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Any, NamedTuple

from cnnref.counting.layer import Layer
from cnnref.counting.units import GIGA, significant
from cnnref.drawing import bars as charts
from cnnref.measuring.roofline import Allowed, Roofline
from website.measured.predict import Measured

if TYPE_CHECKING:
    from altair import Chart, LayerChart

__all__ = ["Part", "parts", "roof", "shares"]

# what fits a drawing that is looked at as a whole
MOST_ROWS = 48
BOUNDS = ("arithmetic", "memory")


class Part(NamedTuple):
    """Layers in a row that are shown as one: their name, and sums over the batch."""

    name: str
    layers: int
    macs: int
    seconds: float
    allowed: float


def parts(one: Measured) -> tuple[str, list[Part]]:
    """The finest of layers, blocks and stages that fits a drawing: what it is, and its parts.

    Layers that move nothing are left out. At the finest, what has no MACs (norms, activations,
    joins, poolings) is added to the layer with MACs that it follows.
    """
    assert one.roof is not None
    rows = [(layer, row) for layer, row in zip(one.book, one.roof, strict=True) if row.moved_bytes]
    ways = {"layer": _after, "block": _block, "stage": _stage}
    found = {word: _gathered(rows, names(rows)) for word, names in ways.items()}
    word = next((word for word in found if len(found[word]) <= MOST_ROWS), "stage")
    return word, found[word]


Rows = Sequence[tuple[Layer, Allowed]]


def _after(rows: Rows) -> list[str]:
    """For each row the last one with MACs up to it; before the first one, the first."""
    names: list[str] = []
    last = next(layer.name for layer, _ in rows if layer.macs)
    for layer, _ in rows:
        last = layer.name if layer.macs else last
        names.append(last)
    return names


def _block(rows: Rows) -> list[str]:
    return [layer.block or layer.stage or layer.name for layer, _ in rows]


def _stage(rows: Rows) -> list[str]:
    return [layer.stage or layer.name for layer, _ in rows]


def _gathered(rows: Rows, names: Iterable[str]) -> list[Part]:
    found = []
    for name, group in groupby(zip(names, rows, strict=True), key=lambda pair: pair[0]):
        own = [row for _, (_, row) in group]
        seconds = sum(row.seconds or 0.0 for row in own)
        allowed = sum(row.allowed for row in own)
        found.append(Part(name, len(own), sum(row.macs for row in own), seconds, allowed))
    return found


def shares(one: Measured) -> Chart:
    """For each part of a network two bars: its share of the MACs and its share of the time."""
    alt: Any = charts.altair()
    word, found = parts(one)
    whole = {
        "MACs": sum(part.macs for part in found),
        "time": sum(part.seconds for part in found),
    }
    rows = [
        {
            "part": part.name,
            "of": of,
            "share": significant(100 * value / whole[of], 3),
            "macs": part.macs,
            "ms": significant(1e3 * part.seconds, 3),
            "allowed": significant(1e3 * part.allowed, 3),
        }
        for part in found
        for of, value in (("MACs", part.macs), ("time", part.seconds))
    ]
    names = [part.name for part in found]
    chart: Chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar()
        .encode(
            y=alt.Y("part:N", sort=names, title=None),
            yOffset=alt.YOffset("of:N", sort=list(whole)),
            x=alt.X("share:Q", title="Share of the whole (%)", axis=alt.Axis(**charts.FEW_TICKS)),
            color=alt.Color(
                "of:N", scale=alt.Scale(domain=list(whole)), legend=alt.Legend(title=None)
            ),
            tooltip=[
                alt.Tooltip("part:N", title=word.capitalize()),
                alt.Tooltip("share:Q", title="Share (%)", format=",.3~r"),
                alt.Tooltip("macs:Q", title="MACs", format=","),
                alt.Tooltip("ms:Q", title="Milliseconds", format=",.3~r"),
                alt.Tooltip("allowed:Q", title="Milliseconds allowed", format=",.3~r"),
            ],
        )
        .properties(height={"step": 9})
    )
    return chart


def roof(one: Measured) -> LayerChart:
    """GFLOP/s of each layer with MACs against its FLOPs per byte, under the machine's roof."""
    alt: Any = charts.altair()
    assert one.roof is not None
    rows = [_point(row) for row in one.roof if row.macs and row.seconds]
    low = significant(min(row["x"] for row in rows) / 2, 2)
    high = significant(max([*(row["x"] for row in rows), 4 * one.roof.ceilings.ridge]) * 2, 2)
    encoding = {
        "x": _log(alt.X, "x:Q", "FLOPs per byte (two for a MAC), logarithmic", (low, high)),
        "y": _log(
            alt.Y,
            "y:Q",
            "GFLOP/s (two FLOPs for a MAC), logarithmic",
            _heights(rows, one.roof, low),
        ),
    }
    line = (
        alt.Chart(alt.Data(values=_roof(one.roof, low, high)))
        .mark_line(color="currentColor", strokeWidth=1.5)
        .encode(**encoding)
    )
    points = (
        alt.Chart(alt.Data(values=rows))
        .mark_point(filled=True, opacity=0.75)
        .encode(
            size=alt.Size("ms:Q", scale=alt.Scale(range=[25, 400], zero=True), legend=None),
            color=alt.Color(
                "bound:N", scale=alt.Scale(domain=list(BOUNDS)), legend=alt.Legend(title="Bound by")
            ),
            tooltip=[
                alt.Tooltip("layer:N", title="Layer"),
                alt.Tooltip("y:Q", title="GFLOP/s", format=",.3~r"),
                alt.Tooltip("x:Q", title="FLOPs for each byte", format=",.3~r"),
                alt.Tooltip("ms:Q", title="Milliseconds", format=",.3~r"),
                alt.Tooltip("allowed:Q", title="Milliseconds allowed", format=",.3~r"),
                alt.Tooltip("bound:N", title="Bound by"),
            ],
            **encoding,
        )
    )
    chart: LayerChart = alt.layer(line, points).properties(height=340)
    return chart


def _point(row: Allowed) -> dict[str, Any]:
    assert row.seconds is not None
    return {
        "layer": row.name,
        "x": significant(2 * row.macs / row.moved_bytes, 4),
        "y": significant(2 * row.macs / row.seconds / GIGA, 4),
        "ms": significant(1e3 * row.seconds, 3),
        "allowed": significant(1e3 * row.allowed, 3),
        "bound": row.bound,
    }


def _roof(whole: Roofline, low: float, high: float) -> list[dict[str, float]]:
    best, ridge = whole.ceilings, whole.ceilings.ridge
    sides = [low, *([ridge] if low < ridge < high else []), high]
    return [{"x": x, "y": min(best.flops_per_second, x * best.bytes_per_second) / GIGA}
            for x in sides]  # fmt: skip


def _heights(rows: Sequence[dict[str, Any]], whole: Roofline, low: float) -> tuple[float, float]:
    under = min(row["y"] for row in rows)
    left = low * whole.ceilings.bytes_per_second / GIGA
    top = max([whole.ceilings.flops_per_second / GIGA, *(row["y"] for row in rows)])
    return significant(min(under, left) / 1.5, 2), significant(top * 1.5, 2)


def _log(axis: Any, field: str, title: str, domain: tuple[float, float]) -> Any:
    import altair as alt

    low, high = domain
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    ticks = [float(f"1e{power}") for power in powers]
    return axis(
        field,
        title=title,
        scale=alt.Scale(type="log", domain=[low, high], nice=False),
        axis=alt.Axis(
            values=[tick for tick in ticks if low <= tick <= high], format=",.3~r", grid=True
        ),
    )
