"""What the pages print of measurements as tables and in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import floor, log10

from cnnref.counting.units import GIB, GIGA, MEGA, MIB, rounded, significant
from cnnref.measuring.record import Machine, Measurement
from cnnref.networks.catalog import architecture
from website.markup import data, element, exact, line, table
from website.measured.predict import PREDICTORS, Measured, Prediction, measured, prediction
from website.measured.shown import LABELS, Shown, analytic_peak, called, labelled, ways

__all__ = [
    "ceilings_table",
    "left_out_table",
    "machines_table",
    "memory_table",
    "networks_table",
    "predictions_table",
    "ways_table",
]

NONE = "–"
# the head of every column of rates
RATE = "GFLOP/s, two FLOPs for a MAC"
# ways to run a network beside plain float32: what a column is called, and the setting
WAYS: tuple[tuple[str, dict[str, object]], ...] = (
    ("channels last", {"channels_last": True}),
    ("TF32", {"tf32": True}),
    ("bfloat16", {"dtype": "bfloat16"}),
    ("bfloat16, channels last", {"dtype": "bfloat16", "channels_last": True}),
    ("compiled", {"compiled": True}),
)


def number(value: float | None, digits: int = 3, title: str = "") -> str:
    """A measured number with the digits that it is worth, to sort by."""
    if value is None:
        return NONE
    shown = significant(value, digits)
    return data(f"{shown:g}", worth(shown, digits), title)


def worth(value: float, digits: int) -> str:
    """A number with so many significant digits, zeros at its end too.

    >>> worth(22, 3), worth(1.5, 3), worth(0.712, 3), worth(12345, 3)
    ('22.0', '1.50', '0.712', '12,345')
    """
    power = floor(log10(value)) if value else 0
    return f"{value:,.{max(0, digits - 1 - power)}f}"


def millions(value: int, digits: int) -> str:
    """A count in millions, exact where it is pointed at."""
    return exact(value, rounded(value, MEGA, digits))


def machines_table(machines: Sequence[Shown]) -> str:
    """What ran: a column for each machine."""
    places = [(shown.record.machine, shown.record.date) for shown in machines]
    lines = {
        "card": [where.name if where.device != "cpu" else NONE for where, _ in places],
        "processor": [called(where.processor) for where, _ in places],
        "threads used": [f"{where.threads} of {where.cores}" for where, _ in places],
        "memory": [_memory(where) for where, _ in places],
        "driver": [where.driver or NONE for where, _ in places],
        "torch": [f"{where.torch} ({where.build})" for where, _ in places],
        "system": [f"{where.system}, Python {where.python}" for where, _ in places],
        "measured on": [date for _, date in places],
    }
    shown_lines = {name: cells for name, cells in lines.items() if set(cells) != {NONE}}
    body = [line(name, cells) for name, cells in shown_lines.items()]
    return table(("machine", *(shown.title for shown in machines)), body, kind="prose")


def _memory(where: Machine) -> str:
    return f"{where.memory_bytes / GIB:.0f} GiB" if where.memory_bytes else NONE


def ceilings_table(machines: Iterable[Shown]) -> str:
    """The ceilings of each machine, and where they meet."""
    lines = [
        line(
            shown.title,
            [
                "TF32" if one.tf32 else one.dtype,
                number(one.flops_per_second / GIGA),
                number(one.bytes_per_second / GIGA),
                number(one.ridge),
            ],
        )
        for shown in machines
        for one in shown.record.ceilings
    ]
    return table(("machine", "factors in", RATE, "GB/s", "FLOPs per byte"), lines)


def networks_table(shown: Shown) -> str:
    """Every network that was measured for one image in float32, and how far from its roof."""
    body = [line(architecture(one.name).title, _network(one)) for one in measured(shown.record)]
    head = (
        "network", "MACs (M)", "ms", "quartiles", "images/s", RATE, "ms allowed", "times",
        "bound by memory (%)",
    )  # fmt: skip
    return table(head, body)


def _network(one: Measured) -> list[str]:
    cells = [
        millions(one.book.macs, 1),
        number(1e3 * one.seconds, title=f"{one.measurement.time.runs} runs"),
        quartiles(one.measurement),
        number(1 / one.seconds),
        number(2 * one.book.macs / one.seconds / GIGA),
    ]
    if one.roof is None:
        return [*cells, NONE, NONE, NONE]
    return [
        *cells,
        number(1e3 * one.roof.allowed),
        number(one.seconds / one.roof.allowed),
        f"{100 * one.roof.share('memory'):.0f}",
    ]


def quartiles(one: Measurement) -> str:
    """The quartiles of a batch's time, in milliseconds."""
    low, high = (significant(1e3 * time, 3) for time in (one.time.lower, one.time.upper))
    return f"{worth(low, 3)} to {worth(high, 3)}"


def memory_table(shown: Shown) -> str:
    """The allocator's peaks of the chart's networks, and what the rows of the table come to."""
    lines = []
    for mode, batch in _batches(shown):
        for label, one in labelled(shown, mode=mode, batch_size=batch):
            peak = one.peak_bytes
            if peak is not None:
                paper = analytic_peak(one)
                cells = [mode, str(batch), number(peak / MIB, title=f"{peak:,} bytes")]
                cells += [number(paper / MIB, title=f"{paper:,} bytes"), number(peak / paper)]
                cells += [number(one.held_bytes / MIB)]
                lines.append(line(label, cells))
    head = (
        "network", "mode", "batch", "MiB at the peak", "MiB by the table", "times",
        "MiB held before",
    )  # fmt: skip
    return table(head, lines)


def _batches(shown: Shown) -> list[tuple[str, int]]:
    """The modes and batches with memory to compare: the largest that both modes have."""
    found = {
        mode: {one.batch_size for one in shown.record.measurements if one.mode == mode}
        for mode in ("inference", "training")
    }
    both = sorted(found["inference"] & found["training"])
    return [("inference", both[-1]), ("training", both[-1])] if both else [("inference", 1)]


def ways_table(shown: Shown) -> str:
    """How many times as fast as plain float32 the chart's networks run in other ways."""
    plain = {one.name: one.seconds for one in measured(shown.record)}
    columns = {
        title: {one.name: one.seconds for one in measured(shown.record, **setting)}
        for title, setting in WAYS
    }
    columns = {title: times for title, times in columns.items() if times}
    lines = [
        line(
            LABELS[name],
            [number(plain[name] / times[name]) if name in times else NONE
             for times in columns.values()],
        )
        for name in LABELS
        if name in plain and any(name in times for times in columns.values())
    ]  # fmt: skip
    return table(("network", *columns), lines) if columns else ""


def predictions_table(shown: Shown) -> str:
    """How well numbers on paper predict times: a line for each setting and predictor."""
    lines = [
        line(way.setting, [*_predicted(found)])
        for way in ways([shown])
        for found in predictions(way.points)
    ]
    head = (
        "measured", "predicted by", "networks", "rank correlation", "median factor",
        "largest factor", "of",
    )  # fmt: skip
    return table(head, lines) if lines else ""


def predictions(points: Sequence[Measured]) -> list[Prediction]:
    """Every predictor that these measurements allow."""
    roofed = all(one.roof is not None for one in points)
    keys = [key for key in PREDICTORS if roofed or "roofline" not in key]
    return [prediction(key, points) for key in keys]


def _predicted(found: Prediction) -> list[str]:
    return [
        found.title,
        str(found.networks),
        f"{found.ranks:.2f}",
        f"{found.factor:.2f}",
        number(found.worst),
        found.worst_name,
    ]


def left_out_table(shown: Shown) -> str:
    """The cases that were not measured, each reason once, with how many there are."""
    reasons: dict[str, list[str]] = {}
    for case in shown.record.left_out:
        words = f"{case.network}, {case.mode}, batch {case.batch_size}"
        reasons.setdefault(case.reason, []).append(words)
    if not reasons:
        return element("p", "None.")
    lines = [line(cases[0], [str(len(cases) - 1), reason]) for reason, cases in reasons.items()]
    return table(("case", "more like it", "reason"), lines, kind="prose")
