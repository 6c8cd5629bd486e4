"""The charts of the page complexity.md: bubbles and accuracies, with a choice of views.

A chart with choices has a file KEY.choices.json beside the specs of its views: the questions
that a reader answers, and for each combination of answers the chart that shows it. altair is
imported when a chart is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Any

from cnnref.counting.units import MEGA, MIB, rounded
from cnnref.drawing import bars
from studies.machines.reference import reference
from website.charts import comparison, scatter
from website.charts.bubbles import Bubble
from website.charts.comparison import AXES, PROTOCOLS, Axis, Point
from website.data import CHARTED
from website.facts import lookup

if TYPE_CHECKING:
    from altair import Chart, LayerChart

__all__ = ["SCALES", "accuracy_bars", "bubble_views", "bubbles", "charts", "choices"]

SCALES: Mapping[str, str] = {"log": "logarithmic", "linear": "linear"}

ALIVE = {"VGG-16": "vgg16", "GoogLeNet": "googlenet", "ResNet-50": "resnet50"}
HEIGHT = 420
INNER = scatter.inner({"wide": 55, "narrow": 55})
FONT = {"wide": 12, "narrow": 10}
# the area of a bubble, in square pixels for one million parameters
AREA = {"wide": 16.0, "narrow": 8.0}
SMALLEST = {"wide": 30.0, "narrow": 22.0}


def bubble_views() -> Iterator[tuple[str, str, str]]:
    """Every (protocol, axis, scale) that the bubbles can be looked at in, the first one first."""
    for protocol in PROTOCOLS:
        for axis in comparison.axes():
            for scale in SCALES:
                yield protocol, axis, scale


def bubbles(protocol: str, axis: str, scale: str) -> LayerChart:
    """Accuracy against a cost, one bubble for each network, its area the parameters.

    protocol, axis: keys of comparison.PROTOCOLS and of comparison.axes(); scale: a key of SCALES.
    """
    alt: Any = bars.altair()
    x = comparison.axes()[axis]
    shown = [point for point in comparison.points(protocol) if x.value(point.name) is not None]
    families = _families(alt, shown)
    domain = _domain([_value(x, point) for point in shown], scale)
    values = [_row(point, x) for point in shown]
    _add_places(values, domain, scale)
    base = alt.Chart(alt.Data(values=values)).encode(
        x=alt.X(
            "x:Q",
            title=f"{x.title}, {SCALES[scale]}" if scale == "log" else x.title,
            scale=alt.Scale(type=scale, domain=list(domain), nice=False, zero=False),
            axis=alt.Axis(values=_ticks(domain, scale), format=",.3~f", labelOverlap=True),
        ),
        y=alt.Y(
            "top1:Q",
            title="Top-1 accuracy (%)",
            scale=alt.Scale(domain=list(_accuracies()), nice=False, zero=False),
            axis=alt.Axis(tickCount=6, grid=True),
        ),
    )
    marks = base.mark_circle(fillOpacity=0.4, strokeWidth=1.5).encode(
        size=alt.Size("parameters:Q", scale=_areas(alt), legend=None),
        color=alt.Color(
            "family:N",
            scale=families,
            legend=alt.Legend(title=None, columns=3, symbolType="circle"),
        ),
        stroke=alt.Stroke("family:N", scale=families, legend=None),
        strokeDash=alt.condition("datum.approximate", alt.value([3, 3]), alt.value([1, 0])),
        order=alt.Order("parameters:Q", sort="descending"),
        tooltip=_tooltip(alt),
    )
    names = base.mark_text(
        align="center",
        baseline="middle",
        fontSize=scatter.either(alt, FONT["narrow"], FONT["wide"]),
        dx=scatter.either(alt, "datum.narrow[0]", "datum.wide[0]"),
        dy=scatter.either(alt, "datum.narrow[1]", "datum.wide[1]"),
    ).encode(text="label:N")
    chart: LayerChart = alt.layer(marks, names).properties(height=HEIGHT)
    return chart


def accuracy_bars(protocol: str) -> Chart:
    """The accuracy of each network under one protocol, least first, from zero."""
    alt: Any = bars.altair()
    shown = sorted(comparison.points(protocol, rebuilt=False), key=lambda point: float(point.top1))
    values = [_cited(point) for point in shown]
    chart: Chart = (
        alt.Chart(alt.Data(values=values))
        .mark_bar()
        .encode(
            # a reader's font may be wider than the one that the drawing is measured with
            y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(minExtent=100)),
            x=alt.X(
                "top1:Q",
                title="Top-1 accuracy (%)",
                scale=alt.Scale(domain=[0, 100]),
                axis=alt.Axis(**bars.FEW_TICKS),
            ),
            color=alt.Color(
                "family:N",
                scale=_families(alt, shown),
                legend=alt.Legend(title=None, columns=2),
            ),
            fillOpacity=alt.condition("datum.approximate", alt.value(0.45), alt.value(1)),
            tooltip=_tooltip(alt, costs=False),
        )
        .properties(height={"step": bars.ROW_HEIGHT})
    )
    return chart


def _families(alt: Any, shown: Sequence[Point]) -> Any:
    """The families that are shown; each has its colour in every view."""
    present = {_family(point) for point in shown}
    colours = {family: f"var(--chart-{n})" for n, family in enumerate(comparison.families(), 1)}
    known = {family: colour for family, colour in colours.items() if family in present}
    return alt.Scale(domain=[*known], range=[*known.values()])


def _family(point: Point) -> str:
    return comparison.family(point.name or CHARTED[point.label][0])


def _cited(point: Point) -> dict[str, Any]:
    return {
        "network": comparison.full_title(point),
        "label": ("≈ " if point.approximate else "") + point.label,
        "family": _family(point),
        "top1": float(point.top1),
        "printed": f"{point.top1}%",
        "approximate": point.approximate,
        "protocol": point.figure.note,
        "source": point.figure.source.citation,
    }


def _row(point: Point, axis: Axis) -> dict[str, Any]:
    costs = {key: other.value(point.name) for key, other in comparison.axes().items()}
    known = {f"exact_{key}": _shown(key, cost) for key, cost in costs.items() if cost is not None}
    own = {"x": _value(axis, point), "parameters": _value(AXES["parameters"], point)}
    return _cited(point) | known | own


def _tooltip(alt: Any, *, costs: bool = True) -> list[Any]:
    exact = [
        alt.Tooltip(f"exact_{key}:Q", title=_exact_title(key, axis), format=_format(key))
        for key, axis in comparison.axes().items()
    ]
    return [
        alt.Tooltip("network:N", title="Network"),
        alt.Tooltip("printed:N", title="Top-1 accuracy"),
        *(exact if costs else []),
        alt.Tooltip("protocol:N", title="Protocol"),
        alt.Tooltip("source:N", title="Source"),
    ]


def _shown(key: str, cost: float) -> float:
    # a count to its last digit, a time in milliseconds
    return cost / MEGA if key == "time" else cost


def _format(key: str) -> str:
    return ",.2f" if key == "time" else ","


def _exact_title(key: str, axis: Axis) -> str:
    unit = " (ms)" if key == "time" else ""
    return axis.choice[0].upper() + axis.choice[1:] + unit


def _value(axis: Axis, point: Point) -> float:
    value = axis.value(point.name)
    assert value is not None
    return value / axis.unit


def _areas(alt: Any) -> Any:
    # linear from zero parameters on, but a bubble stays large enough to be pointed at
    largest = 150
    low, high = (
        scatter.either(alt, size["narrow"], size["wide"])
        for size in (SMALLEST, {key: largest * area for key, area in AREA.items()})
    )
    return alt.Scale(domain=[0, largest], range=[low, high], zero=True)


def _area(size: str, parameters: float) -> float:
    return SMALLEST[size] + (150 * AREA[size] - SMALLEST[size]) * parameters / 150


def _domain(values: list[float], scale: str) -> tuple[float, float]:
    if scale == "log":
        # room on the right for the names of the dearest, on a phone too
        return round(min(values) / 1.6, 3), round(max(values) * 2.6, 3)
    return 0.0, round(max(values) * 1.25, 3)


def _accuracies() -> tuple[int, int]:
    # one range for all protocols, so that a bubble that moves has really moved
    shown = [float(point.top1) for key in PROTOCOLS for point in comparison.points(key)]
    return floor(min(shown)) - 2, ceil(max(shown)) + 3


def _ticks(domain: tuple[float, float], scale: str) -> list[float]:
    if scale == "log":
        return scatter.log_ticks(domain)
    low, high = domain
    step = _step(high)
    ticks = (n * step for n in range(int(high / step) + 1))
    return [tick for tick in ticks if low <= tick <= high]


def _step(high: float) -> float:
    power = 10.0 ** floor(log10(high / 4))
    return next(n * power for n in (1, 2, 5, 10) if high / (n * power) <= 8)


def _add_places(values: list[dict[str, Any]], domain: tuple[float, float], scale: str) -> None:
    low, high = _accuracies()

    def bubble(size: str, width: int, value: Mapping[str, Any]) -> Bubble:
        return Bubble(
            width * scatter.fraction(value["x"], domain, scale),
            HEIGHT * (high - value["top1"]) / (high - low),
            (_area(size, value["parameters"]) / 3.14159) ** 0.5,
            value["label"],
        )

    scatter.label(values, bubble, INNER, HEIGHT, FONT)


def described(protocol: str, axis: str, scale: str) -> str:
    """The bubbles in words: how many, and which is leftmost, rightmost and highest."""
    x = comparison.axes()[axis]
    known = [point for point in comparison.points(protocol) if x.value(point.name) is not None]
    shown = sorted(known, key=lambda point: _value(x, point))
    best = max(shown, key=lambda point: float(point.top1))

    def cost(point: Point) -> str:
        return f"{point.label} ({rounded(x.value(point.name) or 0, x.unit, x.digits)})"

    return (
        f"A bubble for each of {len(shown)} networks; area is parameters. {x.title}, on a "
        f"{SCALES[scale]} axis: from {cost(shown[0])} to {cost(shown[-1])}. Highest accuracy: "
        f"{best.label}, {best.top1} percent. The table beside the chart has every value."
    )


def ranked(protocol: str) -> str:
    """The bars in words: from the least to the most accurate."""
    shown = sorted(comparison.points(protocol, rebuilt=False), key=lambda p: float(p.top1))
    listed = ", ".join(f"{point.label} {point.top1}" for point in shown)
    return f"Horizontal bars from the least to the most accurate, in percent: {listed}."


Costs = tuple[int | None, ...]


def memory_alive() -> LayerChart:
    """The feature maps that are alive while each row of three networks runs."""
    alt: Any = bars.altair()
    values = [
        {
            "network": title,
            "layer": layer.name,
            "way": 100 * place / len(book),
            "mb": alive / MIB,
            "exact": alive,
        }
        for title, book in ((title, lookup(key)) for title, key in ALIVE.items())
        for place, (layer, alive) in enumerate(zip(book, book.live_activation_bytes(), strict=True))
    ]
    titles = list(ALIVE)
    base = alt.Chart(alt.Data(values=values)).encode(
        x=alt.X("way:Q", title="Layers done (%)", axis=alt.Axis(**bars.FEW_TICKS)),
        y=alt.Y("mb:Q", title="Maps alive (MB)"),
        color=alt.Color(
            "network:N", scale=alt.Scale(domain=titles), legend=alt.Legend(**bars.NARROW)
        ),
        tooltip=[
            alt.Tooltip("network:N", title="Network"),
            alt.Tooltip("layer:N", title="Layer"),
            alt.Tooltip("mb:Q", title="MB", format=",.2f"),
            alt.Tooltip("exact:Q", title="Bytes", format=","),
        ],
    )
    lines = base.mark_line(interpolate="step-after", strokeWidth=1.5)
    chart: LayerChart = (lines + base.mark_point(filled=True, size=10)).properties(height=220)
    return chart


def charts() -> Iterator[tuple[str, dict[str, Any]]]:
    """The key and the specification of every view."""
    yield "memory-alive", bars.to_spec(memory_alive())
    for protocol in PROTOCOLS:
        yield f"accuracy-{protocol}", bars.to_spec(accuracy_bars(protocol))
    costs = tuple(
        axis.value(name)
        for names in CHARTED.values()
        for name in names
        for axis in comparison.axes().values()
    )
    for answers in bubble_views():
        yield "-".join(("bubbles", *answers)), _bubbles(answers, costs)


@cache
def _bubbles(answers: tuple[str, str, str], costs: Costs) -> dict[str, Any]:
    # many views of the same few numbers: drawn again only when a number has changed
    assert costs
    return bars.to_spec(bubbles(*answers))


def choices() -> Iterator[tuple[str, dict[str, Any]]]:
    """The key of each chart with choices, its questions and its views, the first one first."""
    which = _question("protocol", "Accuracy from", {k: p.title for k, p in PROTOCOLS.items()})
    costs = {key: axis.choice for key, axis in comparison.axes().items()}
    along = _question("axis", "Along the axis", costs)
    scale = _question("scale", "Scale", SCALES)
    bubbles = [
        _view("bubbles", answers, _note(*answers), described(*answers))
        for answers in bubble_views()
    ]
    accuracy = [
        _view("accuracy", (key,), protocol.text, ranked(key)) for key, protocol in PROTOCOLS.items()
    ]
    yield "bubbles", {"questions": [which, along, scale], "views": bubbles}
    yield "accuracy", {"questions": [which], "views": accuracy}


def _note(protocol: str, axis: str, _: str) -> str:
    """How the accuracies were measured, and on what the times."""
    machine = reference()
    text = PROTOCOLS[protocol].text
    if axis != "time" or machine is None:
        return text
    return f"{text} Times: float32, one image at once, on {machine.machine}, {machine.date}."


def _question(key: str, legend: str, options: Any) -> dict[str, Any]:
    return {"key": key, "legend": legend, "options": [[k, text] for k, text in options.items()]}


def _view(key: str, answers: tuple[str, ...], note: str, description: str) -> dict[str, Any]:
    return {
        "answers": list(answers),
        "chart": "-".join((key, *answers)),
        "note": note,
        "description": description,
    }
