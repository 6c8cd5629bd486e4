"""A chart for each experiment, with words for it that are made of the same numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from statistics import fmean
from typing import Any

from cnnref.drawing import bars
from cnnref.drawing.bars import FEW_TICKS, NARROW, ROW_HEIGHT
from website.charts import draw
from website.experiments.records import condition, conditions, number, record, runs, shown

__all__ = ["MACROS", "experiment_chart", "named"]

ERROR = "Error on new images (%)"
Values = list[dict[str, Any]]


def experiment_chart(name: str, title: str) -> str:
    """The chart of one experiment; its description is computed."""
    spec, words = CHARTS[name](name)
    return draw.made(f"experiment-{name}", bars.to_spec(spec), title, words)


def named(chosen: Mapping[str, Any]) -> str:
    """A condition in words.

    >>> named({"norm": False, "rate": 0.1}), named({"unit": "5x5"})
    ('without norm, rate 0.1', '5x5')
    """
    return ", ".join(_named(key, value) for key, value in chosen.items())


def _named(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return f"{'with' if value else 'without'} {key}"
    return value if isinstance(value, str) else f"{key} {value}"


def by_condition(name: str) -> tuple[Any, str]:
    """A row for each condition: a point for each seed and a stroke at their mean."""
    alt: Any = bars.altair()
    values = [
        {
            "condition": named(condition(run)),
            "seed": run["seed"],
            "value": number(name, run, "error"),
        }
        for run in record(name)["runs"]
    ]
    rows = [named(chosen) for chosen in conditions(name)]
    x = alt.X("value:Q", title=ERROR, scale=alt.Scale(zero=True), axis=alt.Axis(**FEW_TICKS))
    y = alt.Y("condition:N", sort=rows, title=None, axis=alt.Axis(labelLimit=220))
    base = alt.Chart(alt.Data(values=values)).encode(y=y)
    points = base.mark_point(filled=True, size=45, opacity=0.8).encode(
        x=x, tooltip=_tooltip(alt, "condition", ERROR)
    )
    means = base.mark_tick(thickness=3, color="var(--chart-2)").encode(
        x=alt.X("mean(value):Q", title=ERROR)
    )
    chart = alt.layer(points, means).properties(height={"step": ROW_HEIGHT * 1.4})
    means_of = {row: _mean(values, "condition", row) for row in rows}
    said = ", ".join(
        f"{row} {shown(means_of[row], 'error')}"
        for row in sorted(rows, key=lambda row: means_of[row])
    )
    return (
        chart,
        f"A row for each kind of network and a point for each seed. Means, from the least: {said}.",
    )


def _mean(values: Values, key: str, row: object) -> float:
    return fmean(value["value"] for value in values if value[key] == row)


def _tooltip(alt: Any, key: str, title: str) -> list[Any]:
    return [
        alt.Tooltip(f"{key}:N", title="Network"),
        alt.Tooltip("seed:Q", title="Seed"),
        alt.Tooltip("value:Q", title=title, format=".3f"),
    ]


def _lines(values: Values, x: Any, title: str, log: bool = False) -> Any:
    """Lines through the means, a point for each run; a colour for each kind of network."""
    alt: Any = bars.altair()
    kinds = list(dict.fromkeys(value["kind"] for value in values))
    colour = alt.Color("kind:N", scale=alt.Scale(domain=kinds), legend=alt.Legend(**NARROW))
    base = alt.Chart(alt.Data(values=values)).encode(x=x, color=colour)
    scale = alt.Scale(type="log") if log else alt.Scale(zero=True)
    axis = alt.Axis(grid=True, **FEW_TICKS)
    lines = base.mark_line().encode(y=alt.Y("mean(value):Q", title=title, scale=scale))
    points = base.mark_point(filled=True, size=40, opacity=0.8).encode(
        y=alt.Y("value:Q", title=title, scale=scale, axis=axis),
        tooltip=_tooltip(alt, "kind", title),
    )
    return alt.layer(lines, points).properties(height=260)


def by_number(key: str, title: str) -> Callable[[str], tuple[Any, str]]:
    """Errors over what was varied in numbers, on a logarithmic axis."""

    def chart(name: str) -> tuple[Any, str]:
        alt: Any = bars.altair()
        values = [
            {
                "kind": named({k: v for k, v in condition(run).items() if k != key}),
                "x": run[key],
                "seed": run["seed"],
                "value": number(name, run, "error"),
            }
            for run in record(name)["runs"]
        ]
        ticks = sorted({value["x"] for value in values})
        axis = alt.Axis(values=ticks, grid=False, format="~g")
        # a nice domain would end at powers of ten
        scale = alt.Scale(type="log", padding=12, nice=False)
        x = alt.X("x:Q", title=title, axis=axis, scale=scale)
        return _lines(values, x, ERROR), _ends(values, "error")

    return chart


def _ends(values: Values, what: str) -> str:
    """Each kind's mean at both ends of the axis, and where it is least."""
    said = []
    for kind in dict.fromkeys(value["kind"] for value in values):
        own = [value for value in values if value["kind"] == kind]
        means = {x: _mean(own, "x", x) for x in sorted({value["x"] for value in own})}
        first, last, best = min(means), max(means), min(means, key=lambda x: means[x])
        texts = [f"{shown(means[x], what)} at {x:g}" for x in dict.fromkeys((first, best, last))]
        said.append(f"{kind}: {', '.join(texts)}")
    return f"Lines through the means, with a point for each seed. {'; '.join(said)}."


def by_size(name: str) -> tuple[Any, str]:
    """Errors of each head on images of other sizes than that of training."""
    alt: Any = bars.altair()
    size = record(name)["settings"]["size"]
    values = [
        {"kind": run["head"], "x": at, "seed": run["seed"], "value": number(name, run, what)}
        for run in record(name)["runs"]
        for at, what in [(size, "error"), *((int(n), f"error@{n}") for n in run["wrong_at"])]
    ]
    ticks = sorted({value["x"] for value in values})
    x = alt.X(
        "x:Q",
        title=f"Edge of images (trained at {size})",
        axis=alt.Axis(values=ticks, grid=False),
        scale=alt.Scale(zero=False, padding=12),
    )
    return _lines(values, x, ERROR), _ends(values, "error")


def gradients(name: str) -> tuple[Any, str]:
    """The gradient's length at each convolution of the deepest networks, the mean of the seeds."""
    alt: Any = bars.altair()
    depth = record(name)["settings"]["depths"][-1]
    values, said = [], []
    for kind in dict.fromkeys(run["kind"] for run in record(name)["runs"]):
        columns = zip(
            *(run["gradients"] for run in runs(name, {"kind": kind, "depth": depth})), strict=True
        )
        # on a logarithmic axis the mean of the logarithms lies in the middle
        means = [math.exp(fmean(map(math.log, column))) for column in columns]
        values += [{"kind": kind, "x": n, "value": mean} for n, mean in enumerate(means, 1)]
        said.append(f"{kind}: {means[0]:.2g} at the first, {means[-1]:.2g} at the last")
    kinds = list(dict.fromkeys(value["kind"] for value in values))
    title = "Length of the gradient"
    # two of these names do not stand side by side on a phone
    legend = alt.Legend(**NARROW | {"columns": 1})
    base = alt.Chart(alt.Data(values=values)).encode(
        x=alt.X(
            "x:Q",
            title="Convolution, from the image on",
            axis=alt.Axis(grid=False, **FEW_TICKS),
        ),
        y=alt.Y(
            "value:Q",
            title=title,
            scale=alt.Scale(type="log"),
            axis=alt.Axis(grid=True, format=".0e", **FEW_TICKS),
        ),
        color=alt.Color("kind:N", scale=alt.Scale(domain=kinds), legend=legend),
    )
    points = base.mark_point(filled=True, size=12).encode(
        tooltip=[
            alt.Tooltip("kind:N", title="Network"),
            alt.Tooltip("x:Q", title="Convolution"),
            alt.Tooltip("value:Q", title=title, format=".2e"),
        ]
    )
    chart = alt.layer(base.mark_line(), points).properties(height=260)
    return chart, f"Lines over the convolutions of networks of {depth} layers. {'; '.join(said)}."


CHARTS: Mapping[str, Callable[[str], tuple[Any, str]]] = {
    "auxiliary": by_condition,
    "batch_norm": by_number("rate", "Learning rate at the start"),
    "batch_sizes": by_number("batch", "Images in a batch"),
    "depthwise": by_condition,
    "first_layer": by_condition,
    "heads": by_size,
    "inception": by_condition,
    "nonlinearities": by_number("rate", "Learning rate at the start"),
    "preactivation": by_condition,
    "start": gradients,
    "windows": by_condition,
}

MACROS: Mapping[str, Callable[..., object]] = {"experiment_chart": experiment_chart}
