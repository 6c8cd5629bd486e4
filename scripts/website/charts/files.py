"""The charts of many networks as files: a spec for each view, and which views a reader can choose.

A chart with choices has a file KEY.choices.json beside the specs of its views: the questions
that a reader answers, and for each combination of answers the chart that shows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from cnnref.drawing.bars import MEASURES, to_spec
from website.chapters import comparison
from website.chapters.comparison import AXES, CHARTED, PROTOCOLS
from website.charts import chapters as chapter_charts
from website.charts import overview as overview_charts
from website.measured.reference import reference

__all__ = ["choices", "overview"]


Costs = tuple[int | None, ...]


def overview() -> Iterator[tuple[str, dict[str, Any]]]:
    """The key and the specification of every view."""
    for key, chart in _charts():
        yield key, to_spec(chart)
    costs = tuple(
        axis.value(name)
        for names in CHARTED.values()
        for name in names
        for axis in comparison.axes().values()
    )
    for answers in overview_charts.bubble_views():
        yield "-".join(("bubbles", *answers)), _bubbles(answers, costs)


def _charts() -> Iterator[tuple[str, Any]]:
    yield "imagenet-by-year", chapter_charts.imagenet_by_year()
    for key, measure in MEASURES.items():
        yield f"starts-{measure.name}", chapter_charts.starts(key)
    for axis in AXES:
        yield f"resnets-{axis}", chapter_charts.resnet_bars(axis)
    yield "resnets-errors", chapter_charts.resnet_errors()
    for protocol in PROTOCOLS:
        yield f"accuracy-{protocol}", overview_charts.accuracy_bars(protocol)


@cache
def _bubbles(answers: tuple[str, str, str], costs: Costs) -> dict[str, Any]:
    # many views of the same few numbers: drawn again only when a number has changed
    assert costs
    return to_spec(overview_charts.bubbles(*answers))


def choices() -> Iterator[tuple[str, dict[str, Any]]]:
    """The key of each chart with choices, its questions and its views, the first one first."""
    which = _question("protocol", "Accuracy from", {k: p.title for k, p in PROTOCOLS.items()})
    costs = {key: axis.choice for key, axis in comparison.axes().items()}
    along = _question("axis", "Along the axis", costs)
    scale = _question("scale", "Scale", overview_charts.SCALES)
    bubbles = [
        _view("bubbles", answers, _note(*answers), overview_charts.described(*answers))
        for answers in overview_charts.bubble_views()
    ]
    accuracy = [
        _view("accuracy", (key,), protocol.text, overview_charts.ranked(key))
        for key, protocol in PROTOCOLS.items()
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
