"""The committed records of scripts/study: what small trained networks came to, run by run.

A run holds the names and values of its condition, then its seed, then what it came to. The figures
are measured, not computed: another machine or another version of torch gives others.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cache
from statistics import fmean
from typing import Any

from cnnref.counting.units import grouped, rounded
from cnnref.errors import CnnrefError, UnknownNameError
from cnnref.files import json_of
from website.places import DOCS

__all__ = [
    "FOLDER",
    "condition",
    "conditions",
    "has",
    "names",
    "numbers",
    "record",
    "runs",
    "shown",
]

FOLDER = DOCS / "experiments"
Run = Mapping[str, Any]
# what a share of the test images is counted as
COUNTED = {"error": "wrong", "error by the batch": "wrong_by_the_batch",
           "shifted": "changed_by_a_shift"}  # fmt: skip


def names() -> tuple[str, ...]:
    """The experiments that have a record."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


@cache
def record(name: str) -> Mapping[str, Any]:
    """A record as `scripts/study` wrote it.

    Raises:
        UnknownNameError: there is none of this name.
    """
    if name not in names():
        raise UnknownNameError("experiment", name, names())
    loaded: Mapping[str, Any] = json_of(FOLDER / f"{name}.json")
    return loaded


def condition(run: Run) -> dict[str, Any]:
    """What of a run was varied: all that stands before its seed."""
    keys = list(run)
    return {key: run[key] for key in keys[: keys.index("seed")]}


def conditions(name: str) -> list[dict[str, Any]]:
    """Every condition of a record, in its order."""
    found: list[dict[str, Any]] = []
    for run in record(name)["runs"]:
        if condition(run) not in found:
            found.append(condition(run))
    return found


def runs(name: str, chosen: Mapping[str, Any]) -> list[Run]:
    """The runs under conditions that have these values.

    Raises:
        CnnrefError: there are none.
    """
    found = [run for run in record(name)["runs"] if chosen.items() <= condition(run).items()]
    if not found:
        raise CnnrefError(f"the record of {name} has no run with {dict(chosen)}.")
    return found


def number(name: str, run: Run, what: str) -> float:
    """One measure of a run; the loss of a run that diverged is infinite.

    what: "error", its percentage; "error@16", that on images of another size; or what the run
        holds under this name, of a list its first number.
    """
    tested: int = record(name)["settings"]["test_images"]
    if what.startswith("error@"):
        return 100 * int(_of(name, run, "wrong_at")[what.removeprefix("error@")]) / tested
    if what in COUNTED:
        return 100 * int(_of(name, run, COUNTED[what])) / tested
    value = _of(name, run, what)
    if isinstance(value, list):
        value = value[0]
    return math.inf if value is None else float(value)


def _of(name: str, run: Run, key: str) -> Any:
    if key not in run:
        raise UnknownNameError(f"measure of {name}", key, run)
    return run[key]


def has(run: Run, what: str) -> bool:
    """Whether a run has a measure."""
    return what.startswith("error@") or COUNTED.get(what, what) in run


def numbers(name: str, chosen: Mapping[str, Any], what: str) -> list[float]:
    """One measure of all runs under a condition, by their seeds."""
    return [number(name, run, what) for run in runs(name, chosen)]


def shown(value: float, what: str) -> str:
    """A measure as a page shows it, with its unit.

    >>> shown(12.345, "error"), shown(0.98765, "loss"), shown(1234567, "macs")
    ('12.3%', '0.99', '1,234,567')
    """
    if math.isinf(value):
        return "diverged"
    if what.startswith("error") or what in COUNTED:
        return rounded(round(value * 1000), 1000, 1) + "%"
    if what in ("macs", "parameters"):
        return grouped(round(value))
    if what == "loss":
        return rounded(round(value * 10_000), 10_000, 2)
    return f"{100 * value:.0f}%" if what in SHARES else f"{value:.2g}"


SHARES = ("folded", "changed_of_both_signs", "changed_of_no_sign")


def spread(name: str, chosen: Mapping[str, Any], what: str) -> str:
    """The mean over the seeds, and in brackets the least and the most."""
    found = numbers(name, chosen, what)
    if math.isinf(max(found)):
        count = sum(map(math.isinf, found))
        return f"{count} of {len(found)} diverged"
    least, most = (shown(value, what) for value in (min(found), max(found)))
    mean = shown(fmean(found), what)
    return mean if least == most else f"{mean} ({least} to {most})"


def pairs(
    name: str, left: Mapping[str, Any], right: Mapping[str, Any]
) -> Iterator[tuple[Run, Run]]:
    """Each run of one condition with those of another that have its seed and its other values."""
    named = left.keys() | right.keys()
    for one in runs(name, left):
        for other in runs(name, right):
            same = {key: value for key, value in condition(one).items() if key not in named}
            if one["seed"] == other["seed"] and same.items() <= condition(other).items():
                yield one, other
