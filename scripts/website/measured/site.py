"""What the site shows of measurements: committed records, and this build's machine."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from cnnref import CnnrefError, files
from studies.machines.plan import FOLLOWED, SPREAD
from studies.machines.record import read
from studies.machines.reference import records
from website.charts import choices as site_choices
from website.kept import reach
from website.kept.reach import SKIPPED, THIS
from website.kept.shelf import Shelf
from website.markup import element, folded, joined
from website.measured import network_tables, tables
from website.measured.predict import prediction
from website.measured.shown import Shown, Way, called, ways
from website.measured.views import Choice, choices
from website.places import SCRATCH

CHARTS = SCRATCH / "measured" / "charts"
KEPT = Shelf("charts of measurements")


@cache
def machines() -> tuple[Shown, ...]:
    """The machines of the committed records, cards first, and the one of this build last."""
    shown = [Shown(one, here=False) for one in records()]
    if THIS.exists() and SKIPPED not in os.environ:
        # what was cut short is as good as not measured; the next build measures
        with suppress(CnnrefError):
            shown.append(Shown(read(THIS), here=True))
    return tuple(shown)


def charts(generated: Path) -> Path:
    """A folder with the charts of docs/generated and beside them those of what was measured."""
    shutil.rmtree(CHARTS, ignore_errors=True)
    shutil.copytree(generated, CHARTS)
    for name, text in own_charts().items():
        files.write(CHARTS / name, text, synced=False)
    return CHARTS


def own_charts() -> dict[str, str]:
    """The charts of what was measured, by the names of their files."""
    made: dict[str, str] = KEPT.get(reach.modules(__name__), _drawn)
    return made


def _drawn() -> dict[str, str]:
    found: dict[str, str] = {}
    for choice in chosen(machines()):
        found |= {f"{name}.vl.json": json.dumps(spec) for name, spec in choice.specs()}
        found[f"{choice.key}.choices.json"] = json.dumps(choice.described())
    return found


@cache
def chosen(shown: tuple[Shown, ...]) -> tuple[Choice, ...]:
    """The charts of some machines whose view the reader chooses."""
    return tuple(choices(shown, FOLLOWED))


def choice(key: str, title: str) -> str:
    """A figure whose view the reader chooses, where any machine was measured for it."""
    if not any(one.key == key for one in chosen(machines())):
        return element("p", f"No machine on record was measured for this figure ({title}).")
    return site_choices.placeholder(key, title)


def here() -> str:
    """What this build has to say of its own machine."""
    found = [shown for shown in machines() if shown.here]
    if not found:
        return (
            "This build did not measure the machine that made it; `scripts/site` does so unless "
            "it is told not to."
        )
    shown = found[0]
    networks, left = len(shown.record.measurements), len(shown.record.left_out)
    return (
        f"The machine that built this site is among them ({shown.line}), with {networks} of "
        f"{networks + left} networks, which is what fits into a minute."
    )


def cards() -> str:
    """That no card is on record, where none is."""
    if any(shown.record.machine.device != "cpu" for shown in machines()):
        return ""
    return (
        "No graphics card has been recorded yet. On a machine with one, `scripts/measure` adds it "
        "to this page: every network, in both modes, at three sizes of batch, in each dtype."
    )


def of_network(name: str) -> str:
    """What the page of one network says of it."""
    return network_tables.network_part(machines(), name)


def of_each(table: Callable[[Shown], str], *, unfolded: bool = True) -> Callable[[], str]:
    """A table for each machine.

    unfolded: the first one is open; a row for each network is long, and a chart shows the same.
    """

    def printed() -> str:
        parts = [(shown, table(shown)) for shown in machines()]
        filled = [one for one in parts if one[1]]
        return joined(
            folded(
                shown.title,
                element("p", shown.line),
                text,
                class_="machine",
                open=unfolded and not number,
            )
            for number, (shown, text) in enumerate(filled)
        )

    return printed


def reference() -> Way:
    """The setting that sentences speak of: one image in float32 on the first machine."""
    return next(iter(ways(machines())))


def fact(what: str, key: str = "macs") -> str:
    """A number for a sentence; see FACTS."""
    if what not in FACTS:
        raise CnnrefError(f"measured: no fact {what!r}; known are {', '.join(FACTS)}.")
    return FACTS[what](key)


def steady(shown: Shown) -> str:
    """How many measurements of a record ended because their quartiles were close."""
    every = shown.record.measurements
    return f"{sum(one.time.spread <= SPREAD for one in every)} of {len(every)}"


FACTS: dict[str, Callable[[str], str]] = {
    "machine": lambda _: called(str(reference().shown.record.machine)),
    "networks": lambda _: str(len(reference().points)),
    "steady": lambda _: steady(reference().shown),
    "ranks": lambda key: f"{prediction(key, reference().points).ranks:.2f}",
    "factor": lambda key: f"{prediction(key, reference().points).factor:.2f}",
    "worst": lambda key: f"{prediction(key, reference().points).worst:.1f}",
    "worst_name": lambda key: prediction(key, reference().points).worst_name,
}

MACROS: Mapping[str, Callable[..., object]] = {
    "measured": fact,
    "measured_cards": cards,
    "measured_choice": choice,
    "measured_ceilings": lambda: tables.ceilings_table(machines()),
    "measured_here": here,
    "measured_left_out": of_each(tables.left_out_table),
    "measured_machines": lambda: tables.machines_table(machines()),
    "measured_memory": of_each(tables.memory_table, unfolded=False),
    "measured_networks": of_each(tables.networks_table, unfolded=False),
    "measured_predictions": of_each(tables.predictions_table),
    "measured_ways": of_each(tables.ways_table),
}
