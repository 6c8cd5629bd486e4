"""Charts of what single chapters explain: networks by block, a module with and without reductions.

altair is imported when a chart is made; size and colours are the page's, as in charts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cnnref.drawing import bars as charts
from cnnref.drawing.bars import FEW_TICKS, MEASURES, NARROW, ROW_HEIGHT
from cnnref.tables.table import Table
from website.chapter_tables import MODULES
from website.facts import lookup

__all__ = ["block_bars", "lesson_charts", "reduction_bars"]

ZFNETS = (("AlexNet (2012)", "alexnet_2012"), ("ZFNet", "zfnet"), ("ZFNet (b)", "zfnet_b"))
# GoogLeNet's rows that are in no module
PARTS = {"conv1": "conv1", "conv2": "conv2", "classifier": "head"}


def lesson_charts() -> Iterator[tuple[str, Any]]:
    """Every chart of this module with its key."""
    zfnets = [(title, lookup(key)) for title, key in ZFNETS]
    for key, measure in MEASURES.items():
        yield f"zfnet-{measure.name}", charts.stage_bars(zfnets, key)
        yield f"googlenet-{measure.name}", block_bars(lookup("googlenet"), key)
        yield f"inception-reductions-{measure.name}", reduction_bars(key)


def block_bars(book: Table, measure: str) -> Any:
    """A bar for each block, and for each stage's rows that are in none.

    measure: a key of MEASURES.
    """
    scale = charts.measure_of(measure)
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
    return _bars(values, scale, [])


def reduction_bars(measure: str) -> Any:
    """Each inception module of GoogLeNet with its 1x1 reductions and without.

    measure: a key of MEASURES.
    """
    scale = charts.measure_of(measure)
    real = lookup("googlenet").group("block")
    kinds = ["reduced", "plain"]
    values = [
        _value(module, kind, rows, scale)
        for module in MODULES
        for kind, rows in zip(
            kinds, (real[f"inception_{module}"], lookup(f"googlenet:{module}-naive")), strict=True
        )
    ]
    return _bars(values, scale, kinds)


def _value(part: str, kind: str, rows: Table, scale: charts.Measure) -> dict[str, Any]:
    exact = scale.total(rows)
    return {"part": part, "kind": kind, "value": exact / scale.large_unit, "exact": exact}


def _bars(values: list[dict[str, Any]], scale: charts.Measure, kinds: Sequence[str]) -> Any:
    alt: Any = charts.altair()
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
