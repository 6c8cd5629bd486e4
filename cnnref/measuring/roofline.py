"""What a machine's ceilings allow: the roofline of each layer, torch-free.

A layer can be no faster than its arithmetic at the machine's best rate of multiplying matrices,
nor than its bytes at the rate of a large copy. Source: S. Williams, A. Waterman, D. Patterson,
Roofline: An Insightful Visual Performance Model, Communications of the ACM 52(4), 2009.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from cnnref.counting.arguments import number, whole
from cnnref.counting.layer import Layer
from cnnref.counting.units import GIGA, grouped
from cnnref.errors import CnnrefError, briefly
from cnnref.tables.analysis import element_bytes, moved_bytes
from cnnref.tables.columns import chosen
from cnnref.tables.formats import Grid
from cnnref.tables.printable import Printed, View
from cnnref.tables.quantities import QUANTITIES
from cnnref.tables.table import Table

if TYPE_CHECKING:
    from cnnref.measuring.record import Measurement

__all__ = [
    "COLUMNS",
    "Allowed",
    "Ceilings",
    "Roofline",
    "grid",
    "moved_bytes",
    "roofline",
]


class Ceilings(NamedTuple):
    """The best that a machine was seen to do.

    dtype: of the elements that were multiplied.
    flops_per_second: of a large product of matrices, two FLOPs for a MAC.
    bytes_per_second: of a large copy, bytes read and bytes written together.
    tf32: whether float32 products were rounded to TF32 on their way in.

    >>> import cnnref
    >>> card = cnnref.Ceilings("float16", flops_per_second=312e12, bytes_per_second=1.56e12)
    >>> card.ridge
    200.0
    """

    dtype: str
    flops_per_second: float
    bytes_per_second: float
    tf32: bool = False

    @property
    def ridge(self) -> float:
        """FLOPs per byte from which on arithmetic is the limit, and below which memory is."""
        return self.flops_per_second / self.bytes_per_second


class Allowed(NamedTuple):
    """One layer under the ceilings, for a whole batch.

    macs: its multiply-accumulates.
    moved_bytes: of its weights, inputs and outputs, each once.
    arithmetic, memory: the seconds that either ceiling allows it.
    seconds: that it took where it was measured, else None.

    >>> import cnnref
    >>> roof = cnnref.roofline(cnnref.table("vgg16"), cnnref.Ceilings("float32", 1e12, 1e11))
    >>> roof[0].name, roof[0].bound
    ('conv1_1', 'arithmetic')
    """

    name: str
    op: str
    macs: int
    moved_bytes: int
    arithmetic: float
    memory: float
    seconds: float | None = None

    @property
    def allowed(self) -> float:
        """The least seconds that both ceilings allow: the longer of the two."""
        return max(self.arithmetic, self.memory)

    @property
    def bound(self) -> str:
        """What limits it: "arithmetic", "memory", or "free" where nothing moves."""
        if not self.moved_bytes:
            return "free"
        return "arithmetic" if self.arithmetic >= self.memory else "memory"


@briefly
class Roofline(Printed, Sequence[Allowed]):
    """The layers of one network under one machine's ceilings, in order of execution.

    >>> import cnnref
    >>> roof = cnnref.roofline(cnnref.table("alexnet"), cnnref.Ceilings("float32", 1e12, 1e11))
    >>> len(roof)
    22
    """

    def __init__(
        self, name: str, ceilings: Ceilings, batch_size: int, layers: Iterable[Allowed]
    ) -> None:
        self.name = name
        self.ceilings = ceilings
        self.batch_size = batch_size
        self._layers = tuple(layers)

    def __len__(self) -> int:
        return len(self._layers)

    @overload
    def __getitem__(self, key: int) -> Allowed: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[Allowed, ...]: ...

    def __getitem__(self, key: int | slice) -> Allowed | tuple[Allowed, ...]:
        return self._layers[key]

    def __repr__(self) -> str:
        return f"<Roofline {self.name}: {len(self)} layers, {1e3 * self.allowed:.3g} ms allowed>"

    @property
    def allowed(self) -> float:
        """Seconds for a batch: the layers one after another, each as fast as it may be."""
        return sum(layer.allowed for layer in self)

    @property
    def measured(self) -> float | None:
        """Seconds that the layers took together; None where they were not measured."""
        times = [layer.seconds for layer in self if layer.seconds is not None]
        return sum(times) if times else None

    def share(self, bound: str) -> float:
        """The part of the allowed time that layers of one bound take."""
        return sum(one.allowed for one in self if one.bound == bound) / (self.allowed or 1)

    def _seen(self, view: View) -> Grid:
        """A row for each layer that moves anything."""
        return grid(self, view.columns)

    def _document(self, view: View) -> dict[str, Any]:
        """The ceilings, and every layer under them; columns do not choose."""
        return {
            "name": self.name,
            "batch_size": self.batch_size,
            "ceilings": self.ceilings._asdict(),
            "allowed": self.allowed,
            "measured": self.measured,
            "layers": [
                {**row._asdict(), "allowed": row.allowed, "bound": row.bound} for row in self
            ],
        }


def roofline(
    what: Table | Measurement, ceilings: Ceilings, *, batch_size: int | None = None
) -> Roofline:
    """The time that a machine's ceilings allow each layer.

    what: a table, or a measurement whose own times then stand beside the allowed ones.
    ceilings: as `cnnref.ceilings` measures them, or stated by hand.
    batch_size: images at once, for a table; a measurement has its own.

    Raises:
        CnnrefError: a ceiling is not positive, the batch size is no positive whole number or
            not the measurement's own, or the measurement has no layers.

    >>> import cnnref
    >>> found = roofline(cnnref.table("alexnet"), Ceilings("float32", 1e12, 1e11))
    >>> found[0].bound, next(row.bound for row in found if row.name == "fc6")
    ('arithmetic', 'memory')
    """
    if not isinstance(ceilings, Ceilings):
        raise CnnrefError(
            "roofline needs the Ceilings of a machine, as cnnref.ceilings() measures them, but got "
            f"{ceilings!r}."
        )
    rates = ("flops_per_second", "bytes_per_second")
    if min(number("roofline", name, getattr(ceilings, name)) for name in rates) <= 0:
        raise CnnrefError(
            "roofline: the ceilings must be positive rates, but are "
            f"{ceilings.flops_per_second} FLOP/s and {ceilings.bytes_per_second} byte/s."
        )
    if isinstance(what, Table):
        batch = whole("roofline", "batch_size", 1 if batch_size is None else batch_size, least=1)
        size = element_bytes("roofline", ceilings.dtype)
        rows = [_row(layer, batch, size) for layer in what]
        return Roofline(what.name, ceilings, batch, (_under(ceilings, *row) for row in rows))
    if not hasattr(what, "layers"):
        raise CnnrefError(f"roofline needs a table or a measurement, but got {what!r}.")
    if not what.layers:
        raise CnnrefError(
            f"roofline: the measurement of {what.network} has no layers. They are timed in an "
            "inference that is not compiled, with layers=True, where forward calls what its trace "
            "shows."
        )
    if (what.dtype, what.tf32) != (ceilings.dtype, ceilings.tf32):
        wanted = f"dtype={what.dtype!r}" + ", tf32=True" * what.tf32
        raise CnnrefError(
            f"roofline: {what.network} was measured in {what.dtype}, the ceilings in "
            f"{ceilings.dtype}; take those of cnnref.ceilings({wanted})."
        )
    if batch_size not in (None, what.batch_size):
        raise CnnrefError(
            f"roofline: {what.network} was measured at batch {what.batch_size}, not {batch_size}."
        )
    found = (_under(ceilings, *layer) for layer in what.layers)
    return Roofline(what.network, ceilings, what.batch_size, found)


def _row(layer: Layer, batch: int, size: int) -> tuple[str, str, int, int]:
    return layer.name, layer.op, batch * layer.macs, moved_bytes(layer, size, batch)


def _under(
    ceilings: Ceilings, name: str, op: str, macs: int, moved: int, seconds: float | None = None
) -> Allowed:
    arithmetic = 2 * macs / ceilings.flops_per_second
    return Allowed(name, op, macs, moved, arithmetic, moved / ceilings.bytes_per_second, seconds)


class _Column(NamedTuple):
    """header, kind: as a `Grid` takes them; value: of one layer, None where it has none.

    digits: the decimals that are printed, the same in each row.
    """

    header: str
    kind: str
    value: Callable[[Allowed, Roofline], Any]
    digits: int = 0


def _share(row: Allowed, whole: Roofline) -> float | None:
    if row.seconds is None or not whole.measured:
        return None
    return 100 * row.seconds / whole.measured


def _rate(row: Allowed, _: Roofline) -> float | None:
    return 2 * row.macs / row.seconds / GIGA if row.seconds and row.macs else None


def _factor(row: Allowed, _: Roofline) -> float | None:
    return row.seconds / row.allowed if row.seconds else None


def _milliseconds(row: Allowed, _: Roofline) -> float | None:
    return None if row.seconds is None else 1e3 * row.seconds


def _counted(key: str) -> _Column:
    """A quantity that a row of a table has too, here as a measurement keeps it."""
    return _Column(QUANTITIES[key].header, "whole", lambda row, _: getattr(row, key))


COLUMNS: Mapping[str, _Column] = {
    "layer": _Column("Layer", "text", lambda row, _: row.name),
    "op": _Column("op", "text", lambda row, _: row.op),
    "macs": _counted("macs"),
    "moved_bytes": _counted("moved_bytes"),
    "measured_ms": _Column("ms", "float", _milliseconds, 3),
    "share": _Column("share %", "float", _share, 1),
    "gflops": _Column("GFLOP/s", "float", _rate, 1),
    "allowed_ms": _Column("ms allowed", "float", lambda row, _: 1e3 * row.allowed, 3),
    "factor": _Column("times", "float", _factor, 1),
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
    usual = ALLOWED if whole.measured is None else MEASURED
    keys = chosen(columns, usual, COLUMNS, "column of layer times")
    shown = [COLUMNS[key] for key in keys]
    digits = [column.digits for column in shown]
    rows = [row for row in whole if row.moved_bytes]
    exact = [[column.value(row, whole) for column in shown] for row in rows]
    return Grid(
        heads=[column.header for column in shown],
        aligns="".join("l" if column.kind == "text" else "r" for column in shown),
        kinds=[column.kind for column in shown],
        cells=[list(map(_printed, values, digits)) for values in exact],
        exact=exact,
        totals=[list(map(_printed, _totals(keys, whole), digits))],
        notes=_notes(whole),
        marks=[""] * len(rows),
        folds=[(0, 12)] if keys[:1] == ["layer"] else [],
        keys=keys,
    )


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
        f"GFLOP/s (2 for a MAC) in {kind} and {best.bytes_per_second / GIGA:,.1f} GB/s",
        f"Allowed: the longer of arithmetic and memory; {100 * whole.share('arithmetic'):.0f} % of "
        "it is bound by arithmetic",
        *_cached(whole),
    ]


def _cached(whole: Roofline) -> list[str]:
    """How many layers were faster than memory is, in a sentence without its point."""
    fast = sum(one.seconds < one.memory for one in whole if one.seconds is not None)
    if not fast:
        return []
    verb = "layers were" if fast > 1 else "layer was"
    return [f"{fast} {verb} faster than a large copy: what moves there is in a cache already"]


def _printed(value: Any, digits: int) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return grouped(value) if isinstance(value, int) else f"{value:,.{digits}f}"
