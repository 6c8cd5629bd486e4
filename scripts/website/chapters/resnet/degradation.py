"""The committed run of `scripts/study degradation`: what it found, as numbers, a table and charts.

The figures are measured, not computed: another machine or another version of torch gives others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from cnnref.counting.units import grouped, rounded
from cnnref.drawing import bars
from cnnref.drawing.bars import FEW_TICKS, NARROW
from cnnref.errors import CnnrefError, UnknownNameError
from cnnref.files import json_of
from website.data import FOLDER
from website.markup import data, escaped, line, table

__all__ = [
    "CHECKS",
    "MACROS",
    "Run",
    "charts",
    "copied",
    "degradation_checks",
    "degradation_machine",
    "degradation_table",
    "record",
    "runs",
    "setting",
    "trained",
]

KINDS = ("plain", "residual")
# further records, of the two ends of the range: file -> what is different
CHECKS: Mapping[str, str] = {
    "degradation_slower": "a smaller learning rate",
}
LOSS_DIGITS = 10_000


class Run(NamedTuple):
    """One network trained once. Losses are cross entropies; wrong counts test images."""

    depth: int
    kind: str
    seed: int
    parameters: int
    loss: float
    wrong: int
    curve: tuple[float, ...]


PROTOCOL = (
    "Protocol: loss over the last steps of training; error on new images, drawn as those of "
    "training are. Mean of the seeds, in brackets the best and the worst."
)
OUTCOMES = (
    "Protocol: as above; each cell has the loss, then the error on new images, means of the seeds."
)


@cache
def record(name: str = "degradation") -> Mapping[str, Any]:
    """A record as `scripts/study` wrote it: the whole one, or one of CHECKS."""
    loaded: Mapping[str, Any] = json_of(FOLDER / f"{name}.json")
    return loaded


@cache
def runs(name: str = "degradation") -> tuple[Run, ...]:
    """Every run of a record, shallow before deep and plain before residual."""
    return tuple(
        Run(
            **{name: run[name] for name in Run._fields if name != "curve"},
            curve=tuple(run["curve"]),
        )
        for run in record(name)["runs"]
    )


def chosen(kind: str, depth: int, name: str = "degradation") -> tuple[Run, ...]:
    """The runs of one network, one for each seed.

    Raises:
        CnnrefError: there are none.
    """
    found = tuple(run for run in runs(name) if (run.kind, run.depth) == (kind, depth))
    if not found:
        raise CnnrefError(f"the record has no {kind} network of {depth} layers.")
    return found


def trained(kind: str, depth: int, what: str = "error") -> str:
    """The mean over the seeds of what one network reached: "loss" or "error"; all in its title."""
    if what not in ("loss", "error"):
        raise UnknownNameError("outcome", what, ("loss", "error"))
    texts = [_shown(run, what) for run in chosen(kind, depth)]
    title = f"{kind}-{depth}, {what} by seed: {', '.join(texts)}"
    mean = _mean(chosen(kind, depth), what)
    return data(mean, mean, title)


def copied() -> str:
    """What the deepest plain network errs when it holds the shallowest one and identities."""
    texts = []
    for seed in record()["settings"]["seeds"]:
        (run,) = (run for run in record()["runs"] if _is_shallowest(run, seed))
        texts.append((run["wrong"], run["wrong_copied_into_deepest"]))
    title = ", ".join(f"seed {n}: {a} and {b} wrong" for n, (a, b) in enumerate(texts))
    error = _percent(sum(copy for _, copy in texts), len(texts) * _tested())
    return data(error, error, title)


def setting(name: str, place: int | None = None) -> str:
    """One setting of the runs, or one place of a setting that has several values.

    Raises:
        UnknownNameError: there is no such setting.
    """
    settings = record()["settings"]
    if name not in settings:
        raise UnknownNameError("setting", name, settings)
    value = settings[name] if place is None else settings[name][place]
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return data(text, text, f"setting {name}")


def degradation_table() -> str:
    """Losses and errors by depth: the mean over the seeds, and from where to where they go."""
    body = []
    for depth in record()["settings"]["depths"]:
        cells = [grouped(chosen("plain", depth)[0].parameters)]
        for what in ("loss", "error"):
            for kind in KINDS:
                found = chosen(kind, depth)
                texts = sorted((_shown(run, what) for run in found), key=_number)
                cells.append(f"{_mean(found, what)} ({texts[0]} to {texts[-1]})")
        body.append(line(str(depth), cells))
    kinds = (f"{what}, {kind}" for what in ("loss", "error") for kind in KINDS)
    return table(("depth", "parameters", *kinds), body, caption=PROTOCOL)


def degradation_checks() -> str:
    """The ends of the range of depth under another setting."""
    body = []
    for name in ("degradation", *CHECKS):
        settings = record(name)["settings"]
        ends = settings["depths"][0], settings["depths"][-1]
        cells = [str(settings["rate"]), grouped(settings["steps"])]
        for kind in KINDS:
            cells += [_outcome(name, kind, depth) for depth in ends]
        body.append(line(CHECKS.get(name, "as above"), cells))
    ends_of = (f"{kind}-{depth}" for kind in KINDS for depth in ends)
    return table(("setting", "learning rate", "steps", *ends_of), body, caption=OUTCOMES)


def _outcome(name: str, kind: str, depth: int) -> str:
    """Loss and error of one network, the means over its seeds."""
    found = chosen(kind, depth, name)
    return f"{_mean(found, 'loss')}, {_mean(found, 'error')}"


def degradation_machine() -> str:
    """On what, when and in how long the record was made."""
    machine = record()["machine"]
    minutes = rounded(round(sum(run["cpu_seconds"] for run in record()["runs"])), 60)
    text = (
        f"{machine['processor']}, {machine['system']}, Python {machine['python']}, "
        f"torch {machine['torch']}, one thread for each run; {record()['date']}; "
        f"{len(runs())} runs, {minutes} minutes of processor time in all"
    )
    return escaped(text)


def charts() -> Iterator[tuple[str, Any]]:
    """Every chart of the record with its key."""
    yield "degradation-loss", _by_depth("loss", "Training loss")
    yield "degradation-error", _by_depth("error", "Error on new images (%)")
    yield "degradation-curves", _curves()


def _by_depth(what: str, title: str) -> Any:
    alt: Any = bars.altair()
    values = [
        {"kind": run.kind, "depth": run.depth, "seed": run.seed, "value": _value(run, what)}
        for run in runs()
    ]
    base = alt.Chart(alt.Data(values=values)).encode(
        x=alt.X(
            "depth:Q",
            title="Layers",
            axis=alt.Axis(values=record()["settings"]["depths"], grid=False),
            scale=alt.Scale(zero=False, padding=12),
        ),
        color=_kinds(alt, KINDS),
    )
    y = alt.Y("value:Q", title=title, axis=alt.Axis(grid=True, **FEW_TICKS))
    lines = base.mark_line().encode(y=alt.Y("mean(value):Q", title=title))
    points = base.mark_point(filled=True, size=45, opacity=0.8).encode(
        y=y,
        tooltip=[
            alt.Tooltip("kind:N", title="Network"),
            alt.Tooltip("depth:Q", title="Layers"),
            alt.Tooltip("seed:Q", title="Seed"),
            alt.Tooltip("value:Q", title=title, format=".3f"),
        ],
    )
    return alt.layer(lines, points).properties(height=260)


def _curves() -> Any:
    """The training loss on the way: the shallowest and the deepest network of both kinds."""
    alt: Any = bars.altair()
    settings = record()["settings"]
    ends = (settings["depths"][0], settings["depths"][-1])
    names = [f"{kind}-{depth}" for kind in KINDS for depth in ends]
    values = [
        {"network": f"{kind}-{depth}", "step": (number + 1) * settings["every"], "loss": loss}
        for kind in KINDS
        for depth in ends
        for number, loss in enumerate(_mean_curve(chosen(kind, depth)))
    ]
    return (
        alt.Chart(alt.Data(values=values))
        # the points are what the arrow keys lead to, and what a finger can hit
        .mark_line(point={"size": 18, "filled": True})
        .encode(
            x=alt.X("step:Q", title="Training steps", axis=alt.Axis(grid=False, **FEW_TICKS)),
            y=alt.Y("loss:Q", title="Training loss", axis=alt.Axis(grid=True, **FEW_TICKS)),
            color=alt.Color(
                "network:N", scale=alt.Scale(domain=names), legend=alt.Legend(**NARROW)
            ),
            tooltip=[
                alt.Tooltip("network:N", title="Network"),
                alt.Tooltip("step:Q", title="Step"),
                alt.Tooltip("loss:Q", title="Training loss", format=".3f"),
            ],
        )
        .properties(height=260)
    )


def _mean_curve(found: tuple[Run, ...]) -> list[float]:
    points = zip(*(run.curve for run in found), strict=True)
    return [round(sum(point) / len(point), 4) for point in points]


def _kinds(alt: Any, names: tuple[str, ...]) -> Any:
    # the plain networks in the second ink: the charts of both kinds agree
    colours = ["var(--chart-2)", "var(--chart-1)"]
    return alt.Color(
        "kind:N",
        scale=alt.Scale(domain=list(names), range=colours),
        legend=alt.Legend(**NARROW),
    )


def _is_shallowest(run: Mapping[str, Any], seed: int) -> bool:
    shallow = record()["settings"]["depths"][0]
    return (run["depth"], run["kind"], run["seed"]) == (shallow, "plain", seed)


def _mean(found: tuple[Run, ...], what: str) -> str:
    if what == "error":
        return _percent(sum(run.wrong for run in found), len(found) * _tested())
    return rounded(sum(_whole(run.loss) for run in found), len(found) * LOSS_DIGITS, 2)


def _shown(run: Run, what: str) -> str:
    if what == "error":
        return _percent(run.wrong, _tested())
    return rounded(_whole(run.loss), LOSS_DIGITS, 2)


def _value(run: Run, what: str) -> float:
    return run.loss if what == "loss" else 100 * run.wrong / _tested()


def _whole(loss: float) -> int:
    """A loss of four decimals as a whole number of its last place."""
    return round(loss * LOSS_DIGITS)


def _percent(part: int, whole: int) -> str:
    return rounded(100 * part, whole, 1) + "%"


def _number(text: str) -> float:
    return float(text.removesuffix("%"))


def _tested() -> int:
    tested: int = record()["settings"]["test_images"]
    return tested


MACROS: Mapping[str, Callable[..., object]] = {
    "copied": copied,
    "degradation_checks": degradation_checks,
    "degradation_machine": degradation_machine,
    "degradation_table": degradation_table,
    "setting": setting,
    "trained": trained,
}
