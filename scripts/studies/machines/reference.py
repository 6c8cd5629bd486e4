"""The committed records of a checkout; an installed package has none."""

from __future__ import annotations

from functools import cache

from studies.machines.record import Record, read
from website.places import DOCS

__all__ = ["FOLDER", "nanoseconds", "records", "reference"]

FOLDER = DOCS / "measured"


@cache
def records() -> tuple[Record, ...]:
    """The records of the reference machines, cards before processors, then by their files."""
    found = [read(path) for path in sorted(FOLDER.glob("*.json"))]
    return tuple(sorted(found, key=lambda one: one.machine.device == "cpu"))


def reference() -> Record | None:
    """The machine whose times stand beside costs on paper; None in an installed package."""
    return records()[0] if records() else None


@cache
def _times() -> dict[str, int]:
    record = reference()
    found = record.measured() if record else ()
    return {one.network: round(1e9 * one.time.median / one.batch_size) for one in found}


def nanoseconds(name: str) -> int | None:
    """The time for one image in float32 on the reference machine, where it was measured."""
    return _times().get(name)
