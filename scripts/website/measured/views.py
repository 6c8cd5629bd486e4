"""The views of the measured charts: their specifications, and the choices between them.

A chart with choices is described as those in docs/generated/charts are: questions, and for each
combination of answers the chart that shows it, a note and its text form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from cnnref.counting.units import significant
from cnnref.drawing.bars import to_spec
from website.measured import charts, layer_charts
from website.measured.predict import Measured, measured, prediction
from website.measured.shown import LABELS, Shown, Way, labelled, ways

__all__ = ["Choice", "View", "choices"]


class View(NamedTuple):
    """One answer to each question, and the chart that it shows."""

    answers: tuple[str, ...]
    chart: Callable[[], Any]
    note: str
    description: str


class Choice(NamedTuple):
    """One chart of a page: its questions (key, legend, options), and its views, the first first."""

    key: str
    questions: tuple[tuple[str, str, dict[str, str]], ...]
    views: tuple[View, ...]

    def described(self) -> dict[str, Any]:
        """As the file KEY.choices.json holds it."""
        return {
            "questions": [
                {"key": key, "legend": legend, "options": [list(one) for one in options.items()]}
                for key, legend, options in self.questions
            ],
            "views": [
                {
                    "answers": list(view.answers),
                    "chart": self.name(view),
                    "note": view.note,
                    "description": view.description,
                }
                for view in self.views
            ],
        }

    def name(self, view: View) -> str:
        """What the file of a view is called."""
        return "-".join((self.key, *view.answers))

    def specs(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The name and the specification of each view."""
        for view in self.views:
            yield self.name(view), to_spec(view.chart())


def choices(machines: Sequence[Shown], followed: Sequence[str]) -> Iterator[Choice]:
    """Every chart that the machines have measurements for.

    followed: the networks whose throughput was followed over batch sizes.
    """
    builders = (_time, lambda of: _throughput(of, followed), _memory, _shares, _roofs)
    for build in builders:
        choice = build(machines)
        if choice.views:
            yield choice


def _time(machines: Sequence[Shown]) -> Choice:
    found = list(ways(machines))
    axes = {key: axis.choice for key, axis in charts.AXES.items()}
    which = ("way", "Measured", {way.key: way.title for way in found})
    views = [_time_view(way, axis) for way in found for axis in axes]
    return Choice("measured-time", (which, ("axis", "Along the axis", axes)), tuple(views))


def _time_view(way: Way, axis: str) -> View:
    found = prediction(axis, way.points)
    ordered = sorted(way.points, key=lambda one: one.seconds)
    ends = [f"{one.name} ({significant(1e3 * one.seconds, 3):,g} ms)" for one in ordered]
    return View(
        (way.key, axis),
        lambda: charts.time_points(way, axis),
        f"{way.shown.line}. {way.points[0].measurement.setting}.",
        f"A point for each of {len(ordered)} networks: milliseconds for one image against "
        f"{charts.AXES[axis].choice}, both logarithmic, from {ends[0]} to {ends[-1]}. Rank "
        f"correlation {found.ranks:.2f}. The table beside the chart has every value.",
    )


def _throughput(machines: Sequence[Shown], followed: Sequence[str]) -> Choice:
    known = {
        shown: [name for name in followed if len(charts.throughputs(shown, name)) > 2]
        for shown in machines
    }
    able = [shown for shown in machines if known[shown]]
    views = [_throughput_view(shown, known[shown]) for shown in able]
    return Choice("measured-throughput", (_machine(able),), tuple(views))


def _throughput_view(shown: Shown, followed: Sequence[str]) -> View:
    def ends(name: str) -> str:
        found = charts.throughputs(shown, name)
        first, last = (significant(one.images_per_second, 3) for one in (found[0], found[-1]))
        return f"{name} from {first:,g} to {last:,g}"

    return View(
        (shown.key,),
        lambda: charts.throughput_lines(shown, followed),
        f"{shown.line}. Inference in float32.",
        "Images a second against the images of a batch, a line for each network, from the "
        f"smallest batch to the largest: {', '.join(map(ends, followed))}.",
    )


def _memory(machines: Sequence[Shown]) -> Choice:
    views = []
    for shown in machines:
        trained = {one.batch_size for one in shown.record.measurements if one.mode == "training"}
        both = [
            batch
            for batch in sorted(trained)
            if labelled(shown, batch_size=batch)
            and any(one.peak_bytes for _, one in labelled(shown, batch_size=batch))
        ]
        views += [_memory_view(shown, batch) for batch in both[-1:]]
    able = [shown for shown in machines if any(view.answers == (shown.key,) for view in views)]
    return Choice("measured-memory", (_machine(able),), tuple(views))


def _memory_view(shown: Shown, batch: int) -> View:
    return View(
        (shown.key,),
        lambda: charts.memory_points(shown, batch),
        f"{shown.line}. Batch {batch} in float32. Dots: the most that the allocator gave out above "
        "weights and input. Ticks: what the maps come to by the rows of the table, in training "
        "with the gradients of the weights.",
        f"A dot for each network at inference and one in training, at batch {batch}; the table "
        "below has the values.",
    )


def _shares(machines: Sequence[Shown]) -> Choice:
    return _per_network("measured-shares", machines, _shares_view)


def _shares_view(shown: Shown, one: Measured) -> View:
    word, found = layer_charts.parts(one)
    slow = max(found, key=lambda part: part.seconds)
    heavy = max(found, key=lambda part: part.macs)
    time = sum(part.seconds for part in found)
    macs = sum(part.macs for part in found)
    return View(
        (shown.key, one.name),
        lambda: layer_charts.shares(one),
        f"{shown.line}. {one.name}, {one.measurement.setting}; each bar is a {word} with what "
        "follows it and has no MACs."
        if word == "layer"
        else f"{shown.line}. {one.name}, {one.measurement.setting}; each bar is a {word}.",
        f"Shares of the MACs and of the time of {one.name}, {word} by {word}. Most time: "
        f"{slow.name}, {100 * slow.seconds / time:.0f} percent. Most MACs: {heavy.name}, "
        f"{100 * heavy.macs / macs:.0f} percent.",
    )


def _roofs(machines: Sequence[Shown]) -> Choice:
    return _per_network("measured-roof", machines, _roof_view)


def _roof_view(shown: Shown, one: Measured) -> View:
    assert one.roof is not None
    bound = [row for row in one.roof if row.macs]
    memory = sum(row.bound == "memory" for row in bound)
    return View(
        (shown.key, one.name),
        lambda: layer_charts.roof(one),
        f"{shown.line}. {one.name}, {one.measurement.setting}. Each point is a layer with MACs, "
        "its area the time that it took; above the roof lies what was still in a cache.",
        f"GFLOP/s against FLOPs per byte for the {len(bound)} layers of {one.name} with MACs, "
        f"under the machine's ceilings; {memory} of them are bound by memory. The table of its "
        "layers, on the network's own page, has every value.",
    )


def _per_network(
    key: str, machines: Sequence[Shown], view: Callable[[Shown, Measured], View]
) -> Choice:
    """A chart with a choice of machine and of network, for the networks whose layers were timed."""
    timed = {
        (shown.key, one.name): (shown, one) for shown in machines for one in with_layers(shown)
    }
    able = [shown for shown in machines if any(key == shown.key for key, _ in timed)]
    names = [name for name in LABELS if any(name == other for _, other in timed)]
    views = [
        view(*timed[shown.key, name])
        for shown in able
        for name in names
        if (shown.key, name) in timed
    ]
    which = ("network", "Network", {name: LABELS[name] for name in names})
    return Choice(key, (_machine(able), which), tuple(views))


def with_layers(shown: Shown) -> list[Measured]:
    """The networks of the lecture's chart whose layers were timed, for one image in float32."""
    found = measured(shown.record)
    return [one for one in found if one.name in LABELS and one.measurement.layers and one.roof]


def _machine(machines: Sequence[Shown]) -> tuple[str, str, dict[str, str]]:
    return "machine", "Machine", {shown.key: shown.title for shown in machines}
