"""Charts of what was measured: time against what paper says, throughput, memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from cnnref.counting.units import GIGA, MIB, significant
from cnnref.drawing import bars as charts
from cnnref.measuring.record import MODES
from website.charts import scatter
from website.charts.bubbles import Bubble
from website.charts.comparison import AXES as COSTS
from website.charts.comparison import Axis, families, family
from website.measured.predict import Measured, fit
from website.measured.shown import LABELS, Shown, Way, analytic_peak, labelled

if TYPE_CHECKING:
    from altair import Chart, LayerChart

__all__ = ["AXES", "memory_points", "throughput_lines", "time_points"]

HEIGHT = 400
INNER = scatter.inner({"wide": 70, "narrow": 65})
FONT = {"wide": 11, "narrow": 9}
RADIUS = 5


class Along(NamedTuple):
    """What networks are laid out by: its name among the choices, at the axis, and its value."""

    choice: str
    title: str
    value: Callable[[Measured], float]


def _allowed(one: Measured) -> float:
    assert one.roof is not None
    return 1e3 * one.roof.allowed / one.measurement.batch_size


def _counted(cost: Axis) -> Along:
    return Along(cost.choice, cost.title, lambda one: cost.of(one.book) / cost.unit)


AXES: Mapping[str, Along] = {
    **{key: _counted(COSTS[key]) for key in ("macs", "activations", "parameters")},
    "roofline": Along("the roofline", "Milliseconds by the roofline", _allowed),
}


def time_points(way: Way, axis: str) -> LayerChart:
    """Milliseconds for one image against a number on paper, both logarithmic.

    The line is where the time is proportional to it, at the rate of the network in the middle.
    """
    alt: Any = charts.altair()
    along = AXES[axis]
    rows = [_row(one, along) for one in way.points]
    domains = {key: _domain([row[key] for row in rows]) for key in ("x", "y")}
    named = [row for row in rows if row["label"]]
    _place(named, domains)
    encoding = {
        key: _log(alt, key, title, domains[key])
        for key, title in (("x", along.title), ("y", "Milliseconds for one image"))
    }
    base = alt.Chart(alt.Data(values=rows)).encode(**encoding)
    line = (
        alt.Chart(alt.Data(values=_line(rows, domains["x"], domains["y"])))
        .mark_line(strokeDash=[4, 4], strokeWidth=1, color="currentColor", opacity=0.6)
        .encode(**encoding)
    )
    marks = base.mark_point(filled=True, size=60, opacity=0.85).encode(
        color=alt.Color(
            "family:N",
            scale=alt.Scale(domain=list(families())),
            legend=alt.Legend(title=None, columns=3, symbolType="circle"),
        ),
        tooltip=_tooltip(alt),
    )
    names = (
        alt.Chart(alt.Data(values=named))
        .mark_text(
            fontSize=scatter.either(alt, FONT["narrow"], FONT["wide"]),
            dx=scatter.either(alt, "datum.narrow[0]", "datum.wide[0]"),
            dy=scatter.either(alt, "datum.narrow[1]", "datum.wide[1]"),
        )
        .encode(text="label:N", **encoding)
    )
    chart: LayerChart = alt.layer(line, marks, names).properties(height=HEIGHT)
    return chart


def _row(one: Measured, along: Along) -> dict[str, Any]:
    label = LABELS.get(one.name, "")
    quartiles = (1e3 * time / one.measurement.batch_size for time in one.measurement.time[:3])
    low, middle, high = (significant(time, 4) for time in quartiles)
    return {
        "network": one.name,
        "label": label,
        "family": family(one.name),
        "x": significant(along.value(one), 6),
        "y": middle,
        "quartiles": f"{low:,g} to {high:,g} ms",
        "macs": one.book.macs,
        "rate": significant(2 * one.book.macs / one.seconds / GIGA, 3),
        "setting": one.measurement.setting,
    }


def _tooltip(alt: Any) -> list[Any]:
    return [
        alt.Tooltip("network:N", title="Network"),
        alt.Tooltip("y:Q", title="Milliseconds for one image", format=",.4~r"),
        alt.Tooltip("quartiles:N", title="Quartiles"),
        alt.Tooltip("macs:Q", title="MACs", format=","),
        alt.Tooltip("rate:Q", title="GFLOP/s achieved, two FLOPs for a MAC", format=",.3~r"),
        alt.Tooltip("setting:N", title="Setting"),
    ]


def _line(
    rows: Sequence[Mapping[str, Any]], across: tuple[float, float], up: tuple[float, float]
) -> list[dict[str, float]]:
    """The two ends of the line of proportion, inside the drawing."""
    price = fit([(row["x"],) for row in rows], [row["y"] for row in rows]).prices[0]
    low, high = max(across[0], up[0] / price), min(across[1], up[1] / price)
    return [{"x": x, "y": price * x} for x in (low, high)]


def _domain(values: Sequence[float]) -> tuple[float, float]:
    return significant(min(values) / 1.5, 3), significant(max(values) * 1.5, 3)


def _log(alt: Any, key: str, title: str, domain: tuple[float, float]) -> Any:
    low, high = domain
    return getattr(alt, key.upper())(
        f"{key}:Q",
        title=f"{title}, logarithmic",
        scale=alt.Scale(type="log", domain=[low, high], nice=False),
        axis=alt.Axis(
            values=scatter.log_ticks(domain),
            format=",.3~r",
            labelOverlap=True,
            grid=True,
        ),
    )


def _place(rows: Sequence[dict[str, Any]], domains: Mapping[str, tuple[float, float]]) -> None:
    def bubble(_: str, width: int, row: Mapping[str, Any]) -> Bubble:
        return Bubble(
            width * scatter.fraction(row["x"], domains["x"]),
            HEIGHT * (1 - scatter.fraction(row["y"], domains["y"])),
            RADIUS,
            row["label"],
        )

    scatter.label(rows, bubble, INNER, HEIGHT, FONT)


def throughput_lines(shown: Shown, networks: Sequence[str]) -> Chart:
    """Images a second against the images of a batch, both logarithmic, a line for each network."""
    alt: Any = charts.altair()
    rows = [
        {
            "network": name,
            "x": one.batch_size,
            "y": significant(one.images_per_second, 4),
            "ms": significant(1e3 * one.time.median, 4),
        }
        for name in networks
        for one in throughputs(shown, name)
    ]
    batches = sorted({row["x"] for row in rows})
    chart: Chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_line(point={"filled": True, "size": 40})
        .encode(
            x=alt.X(
                "x:Q",
                title="Images in a batch, logarithmic",
                scale=alt.Scale(type="log", base=2, domain=[batches[0], batches[-1]], nice=False),
                axis=alt.Axis(values=batches, format="d", labelOverlap=True),
            ),
            y=_log(alt, "y", "Images a second", _domain([row["y"] for row in rows])),
            color=alt.Color(
                "network:N",
                scale=alt.Scale(domain=list(networks)),
                legend=alt.Legend(title=None, columns=3, symbolType="circle"),
            ),
            tooltip=[
                alt.Tooltip("network:N", title="Network"),
                alt.Tooltip("x:Q", title="Images in a batch"),
                alt.Tooltip("y:Q", title="Images a second", format=",.4~r"),
                alt.Tooltip("ms:Q", title="Milliseconds for a batch", format=",.4~r"),
            ],
        )
        .properties(height=300)
    )
    return chart


def throughputs(shown: Shown, network: str) -> list[Any]:
    """The plain inferences of a network, by the size of their batch."""
    found = [
        one
        for one in shown.record.measurements
        if (one.network, one.mode, one.dtype, one.tf32) == (network, "inference", "float32", False)
        and not (one.channels_last or one.compiled)
    ]
    return sorted(found, key=lambda one: one.batch_size)


def memory_points(shown: Shown, batch_size: int) -> LayerChart:
    """The allocator's peak at inference and in training, and what the rows of the table come to."""
    alt: Any = charts.altair()
    rows: list[dict[str, Any]] = [
        {
            "network": label,
            "mode": mode,
            "mib": significant(one.peak_bytes / MIB, 4),
            "exact": one.peak_bytes,
            "paper": significant(analytic_peak(one) / MIB, 4),
        }
        for mode in MODES
        for label, one in labelled(shown, mode=mode, batch_size=batch_size)
        if one.peak_bytes
    ]
    low, high = _domain([row[key] for row in rows for key in ("mib", "paper")])
    across = _log(alt, "x", f"MiB, batch {batch_size}", (low, high))
    base = alt.Chart(alt.Data(values=rows)).encode(
        # a reader's font may be wider than the one that the drawing is measured with
        y=alt.Y("network:N", sort=None, title=None, axis=alt.Axis(minExtent=125)),
        yOffset=alt.YOffset("mode:N", sort=list(MODES)),
        color=alt.Color("mode:N", scale=alt.Scale(domain=list(MODES)), legend=_legend(alt)),
        tooltip=[
            alt.Tooltip("network:N", title="Network"),
            alt.Tooltip("mode:N", title="Mode"),
            alt.Tooltip("exact:Q", title="Bytes at the peak", format=","),
            alt.Tooltip("paper:Q", title="MiB by the rows of the table", format=",.4~r"),
        ],
    )
    measured, paper = across.copy(), across.copy()
    measured.shorthand, paper.shorthand = "mib:Q", "paper:Q"
    chart: LayerChart = alt.layer(
        base.mark_rule(strokeWidth=1.5).encode(x=paper, x2="mib:Q"),
        base.mark_tick(thickness=2).encode(x=paper),
        base.mark_point(filled=True, size=45, opacity=1).encode(x=measured),
    ).properties(height={"step": 11})
    return chart


def _legend(alt: Any) -> Any:
    return alt.Legend(title=None, symbolType="circle")
