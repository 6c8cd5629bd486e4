"""The layers of a roofline as a grid: what each took, what the ceilings allow it, and its bound."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from cnnref.errors import UnknownNameError
from cnnref.tables.formats import Grid
from cnnref.units import GIGA, grouped, significant

if TYPE_CHECKING:
    from cnnref.measuring.roofline import Allowed, Roofline

__all__ = ["COLUMNS", "grid"]


class _Column(NamedTuple):
    """header, kind: as a `Grid` takes them; value: of one layer, None where it has none."""

    header: str
    kind: str
    value: Callable[[Allowed, Roofline], Any]


def _share(row: Allowed, whole: Roofline) -> float | None:
    if row.seconds is None or not whole.measured:
        return None
    return 100 * row.seconds / whole.measured


def _rate(row: Allowed, _: Roofline) -> float | None:
    return 2 * row.macs / row.seconds / GIGA if row.seconds and row.macs else None


def _factor(row: Allowed, _: Roofline) -> float | None:
    return row.seconds / row.allowed if row.seconds and row.allowed else None


def _milliseconds(row: Allowed, _: Roofline) -> float | None:
    return None if row.seconds is None else 1e3 * row.seconds


COLUMNS: Mapping[str, _Column] = {
    "layer": _Column("Layer", "text", lambda row, _: row.name),
    "op": _Column("operator", "text", lambda row, _: row.op),
    "macs": _Column("MACs", "whole", lambda row, _: row.macs),
    "moved_bytes": _Column("bytes moved", "whole", lambda row, _: row.moved_bytes),
    "measured_ms": _Column("ms", "float", _milliseconds),
    "share": _Column("share %", "float", _share),
    "gflops": _Column("GFLOP/s", "float", _rate),
    "allowed_ms": _Column("ms allowed", "float", lambda row, _: 1e3 * row.allowed),
    "factor": _Column("times", "float", _factor),
    "bound": _Column("bound by", "text", lambda row, _: row.bound),
}
# what is shown unless columns are chosen: of a measurement, and of a table alone
MEASURED = (
    "layer", "macs", "measured_ms", "share", "gflops", "allowed_ms", "factor", "bound",
)  # fmt: skip
ALLOWED = ("layer", "op", "macs", "moved_bytes", "allowed_ms", "bound")


def grid(whole: Roofline, columns: Sequence[str] | str | None = None) -> Grid:
    """A row for each layer that moves anything.

    columns: keys of COLUMNS; a key with a "+" in front is added to the usual ones.

    Raises:
        UnknownNameError: no column has that key.
    """
    keys = _chosen(columns, whole.measured is not None)
    shown = [COLUMNS[key] for key in keys]
    rows = [row for row in whole if row.moved_bytes]
    exact = [[column.value(row, whole) for column in shown] for row in rows]
    return Grid(
        heads=[column.header for column in shown],
        aligns="".join("l" if column.kind == "text" else "r" for column in shown),
        kinds=[column.kind for column in shown],
        cells=[list(map(_printed, values)) for values in exact],
        exact=exact,
        totals=[list(map(_printed, _totals(keys, whole)))],
        notes=_notes(whole),
        marks=[""] * len(rows),
        folds=[(0, 12)] if keys[:1] == ["layer"] else [],
    )


def _chosen(columns: Sequence[str] | str | None, measured: bool) -> list[str]:
    keys = columns.split(",") if isinstance(columns, str) else list(columns or ())
    named = [key.removeprefix("+") for key in keys]
    for key in named:
        if key not in COLUMNS:
            raise UnknownNameError("column of layer times", key, COLUMNS)
    usual = MEASURED if measured else ALLOWED
    added = all(key.startswith("+") for key in keys)
    return list(dict.fromkeys([*(usual if added else ()), *named]))


def _totals(keys: Sequence[str], whole: Roofline) -> list[Any]:
    measured = whole.measured
    found = {
        "layer": "total",
        "macs": sum(row.macs for row in whole),
        "moved_bytes": sum(row.moved_bytes for row in whole),
        "measured_ms": measured and 1e3 * measured,
        "share": measured and 100.0,
        "allowed_ms": 1e3 * whole.allowed,
        "factor": measured and measured / whole.allowed,
    }
    return [found.get(key, "") for key in keys]


def _notes(whole: Roofline) -> list[str]:
    best = whole.ceilings
    kind = "TF32" if best.tf32 else best.dtype
    return [
        f"{whole.name}, batch {whole.batch_size}; ceilings {best.flops_per_second / GIGA:,.0f} "
        f"GFLOP/s in {kind} and {best.bytes_per_second / GIGA:,.1f} GB/s",
        f"Allowed: the longer of arithmetic and memory; {100 * whole.share('arithmetic'):.0f} % of "
        "it is bound by arithmetic",
    ]


def _printed(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return grouped(value) if isinstance(value, int) else f"{significant(value, 3):,g}"
