"""What a network's own page says of its measurements: every setting, and its layers to unfold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cnnref.counting.units import GIGA, KIB, MIB
from cnnref.measuring.record import Measurement
from cnnref.measuring.roofline import Allowed, Roofline
from website.markup import Html, element, folded, joined, line, table
from website.measured.predict import measured
from website.measured.shown import Shown
from website.measured.tables import NONE, RATE, millions, number, quartiles

__all__ = ["layers_table", "network_part"]

# of a deep network, in the table of its layers
MOST_LAYERS = 50


def layers_table(whole: Roofline) -> Html:
    """The layers of one network: what each took, and what the roofline allows it.

    Of many layers those that took most, in order of execution, and the others as one line.
    """
    moving = [row for row in whole if row.moved_bytes]
    most = sorted(moving, key=lambda row: row.seconds or 0.0, reverse=True)[:MOST_LAYERS]
    shown = moving if len(moving) <= MOST_LAYERS + 1 else [row for row in moving if row in most]
    body = [line(row.name, _layer(row, whole)) for row in shown]
    others = [row for row in moving if row not in shown]
    foot = [line(f"the other {len(others)} layers", _others(others, whole))] if others else []
    head = (
        "layer",
        "operator",
        "MACs (M)",
        "KiB moved",
        "ms",
        "share (%)",
        "ms allowed",
        "bound by",
    )
    return table(head, body, foot)


def _layer(row: Allowed, whole: Roofline) -> list[str]:
    return [row.op.replace("_", " "), *_costs([row], whole), row.bound]


def _others(rows: Sequence[Allowed], whole: Roofline) -> list[str]:
    return [NONE, *_costs(rows, whole), NONE]


def _costs(rows: Sequence[Allowed], whole: Roofline) -> list[str]:
    moved = sum(row.moved_bytes for row in rows)
    seconds = sum(row.seconds or 0.0 for row in rows)
    return [
        millions(sum(row.macs for row in rows), 2),
        number(moved / KIB, title=f"{moved:,} bytes"),
        number(1e3 * seconds),
        number(100 * seconds / (whole.measured or 1.0)),
        number(1e3 * sum(row.allowed for row in rows)),
    ]


def network_part(machines: Iterable[Shown], name: str) -> str:
    """What each machine has to say of one network: its settings, and its layers to unfold."""
    found = [(shown, _of(shown, name)) for shown in machines]
    parts = [
        part
        for shown, own in found
        if own
        for part in (
            element("h3", shown.title),
            element("p", shown.line),
            _settings(own),
            _unfolded(shown, name),
        )
    ]
    none = "This network was not measured on any machine shown here."
    return joined(parts or [element("p", none)])


def _of(shown: Shown, name: str) -> list[Measurement]:
    return [one for one in shown.record.measurements if one.network == name]


def _settings(found: Iterable[Measurement]) -> Html:
    lines = [
        line(
            one.setting,
            [
                number(1e3 * one.time.median, title=f"{one.time.runs} runs"),
                quartiles(one),
                number(one.images_per_second),
                number(one.flops_per_second / GIGA) if one.mode == "inference" else NONE,
                number(None if one.peak_bytes is None else one.peak_bytes / MIB),
            ],
        )
        for one in found
    ]
    head = ("setting", "ms a batch", "quartiles", "images/s", RATE, "MiB at the peak")
    return table(head, lines)


def _unfolded(shown: Shown, name: str) -> str:
    own = measured(shown.record, network=name)
    if not own or own[0].roof is None or not own[0].measurement.layers:
        return ""
    roof = own[0].roof
    said = (
        f"Layer by layer, {own[0].measurement.setting}: {100 * roof.share('memory'):.0f}% of the "
        "allowed time is bound by memory"
    )
    return folded(said, layers_table(roof), class_="machine")
