"""A chart for each network: how its costs add up from the image to the scores.

Memory is spent early, parameters late; the shape of the three lines shows it for any network.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any, NamedTuple

from cnnref.counting.units import grouped, ratio
from cnnref.drawing import bars as charts
from cnnref.drawing.bars import NARROW
from cnnref.tables.table import Table
from website.networks.costs import MEASURES

__all__ = ["Step", "adding_up", "described", "steps"]

# a network of more rows than this is followed block by block, one of more blocks by stages
MOST_ROWS, MOST_BLOCKS = 60, 100
HALF = 50
HEIGHT = 240


class Step(NamedTuple):
    """Some rows that follow each other: a row alone, or a block; costs by MEASURES' titles."""

    name: str
    costs: dict[str, int]


def steps(table: Table) -> list[Step]:
    """A network from first to last: row by row, or by blocks or stages where it is long."""
    if len(table) <= MOST_ROWS:
        alone = [Step(layer.name, _costs(_part(table, [n]))) for n, layer in enumerate(table)]
        return [step for step in alone if any(step.costs.values())]
    blocks = _runs(table, [layer.block or layer.stage or layer.name for layer in table])
    if len(blocks) <= MOST_BLOCKS:
        return blocks
    return _runs(table, [layer.stage or layer.name for layer in table])


def _runs(table: Table, names: list[str]) -> list[Step]:
    rows: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        rows.setdefault(name, []).append(number)
    return [Step(name, _costs(_part(table, part))) for name, part in rows.items()]


def _part(table: Table, rows: list[int]) -> Table:
    return Table([table[row] for row in rows], name=table.name, input_shape=table.input_shape)


def _costs(part: Table) -> dict[str, int]:
    return {measure.title: measure.value(part) for measure in MEASURES}


def adding_up(table: Table) -> Any:
    """Three lines, one for each cost: which share of it is spent up to and with each step."""
    alt: Any = charts.altair()
    path = steps(table)
    values = [
        {
            "place": place,
            "step": step.name,
            "cost": measure.title,
            "own": measure.text(step.costs[measure.title]),
            "share": share,
        }
        for measure in MEASURES
        for place, (step, share) in enumerate(
            zip(path, _shares(path, measure.title), strict=True), 1
        )
    ]
    base = alt.Chart(alt.Data(values=values)).encode(
        x=alt.X(
            "place:Q",
            title=f"from the first to the last of {len(path)} steps",
            axis=alt.Axis(grid=False, labels=False, ticks=False),
            scale=alt.Scale(domain=[1, max(2, len(path))]),
        ),
        y=alt.Y(
            "share:Q",
            title="share so far (%)",
            axis=alt.Axis(grid=True, tickCount=5),
            scale=alt.Scale(domain=[0, 100]),
        ),
        color=alt.Color(
            "cost:N",
            scale=alt.Scale(domain=[measure.title for measure in MEASURES]),
            legend=alt.Legend(**NARROW | {"columns": 3}),
        ),
    )
    points = base.mark_point(filled=True, size=28, opacity=1).encode(
        tooltip=[
            alt.Tooltip("step:N", title="Step"),
            alt.Tooltip("cost:N", title="Cost"),
            alt.Tooltip("own:N", title="Its own"),
            alt.Tooltip("share:Q", title="Share so far (%)", format=".1f"),
        ]
    )
    return alt.layer(base.mark_line(), points).properties(height=HEIGHT)


def _shares(path: list[Step], cost: str) -> list[float]:
    total = sum(step.costs[cost] for step in path)
    if not total:
        return [0.0 for _ in path]
    return [round(100 * sum_ / total, 2) for sum_ in accumulate(step.costs[cost] for step in path)]


def described(table: Table) -> str:
    """The lines in words: where half of each cost is reached, and what costs most alone."""
    path = steps(table)
    told = "; ".join(_told(path, measure.title) for measure in MEASURES)
    return f"Three lines over {grouped(len(path))} steps, each from its first share to all. {told}."


def _told(path: list[Step], cost: str) -> str:
    shares = _shares(path, cost)
    half = next((step.name for step, share in zip(path, shares, strict=True) if share >= HALF), "")
    most, total = max(path, key=lambda step: step.costs[cost]), sum(s.costs[cost] for s in path)
    share = ratio(100 * most.costs[cost], total, 0) if total else "0"
    return f"{cost}: half by {half}, most in {most.name} with {share}%"
