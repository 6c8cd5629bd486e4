"""Every measure of a table and of its rows, stated once: its key, its title, its unit, its value.

Columns, sweeps, budgets, charts and pages read it here. One key means one thing wherever it can
be written, and a key of earlier versions says what it is called now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cnnref.counting.layer import Layer
from cnnref.errors import RenamedWarning, outside
from cnnref.tables.printable import View

if TYPE_CHECKING:
    from cnnref.tables.analysis import ReceptiveField
    from cnnref.tables.rows import Rows

__all__ = [
    "QUANTITIES",
    "RENAMED",
    "Quantity",
    "Row",
    "Total",
    "Value",
    "Whole",
    "added",
    "current",
    "highest",
    "together",
]

Value = Callable[["Row"], Any]
Total = Callable[[Sequence["Row"], Value], Any]


class Whole:
    """What may be asked of a whole network; what takes time is computed when first asked."""

    def __init__(self, table: Rows, view: View) -> None:
        self.table = table
        self.view = view
        self.convention = view.convention
        self.sums: dict[str, int] = {}

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Every row, by its number."""
        return tuple(Row(number, layer, self) for number, layer in enumerate(self.table))

    def listed(self, part: Rows) -> list[Row]:
        """The rows of a part of it that the convention lists."""
        rows = (self.rows[number] for number in part.numbers)
        return [row for row in rows if self.convention.lists(row.layer)]

    @cached_property
    def element(self) -> int:
        """Bytes of one element, as of a parameter."""
        from cnnref.tables.analysis import element_bytes

        return element_bytes("table", self.view.dtype)

    @cached_property
    def size(self) -> int:
        """Bytes of one element, of a whole batch."""
        from cnnref.counting.arguments import whole

        return whole("table", "batch_size", self.view.batch_size, least=1) * self.element

    @cached_property
    def fields(self) -> tuple[ReceptiveField | None, ...]:
        """The receptive field of each row, None where no rule knows it."""
        from cnnref.tables.analysis import known_fields

        return known_fields(self.table)

    @cached_property
    def live(self) -> tuple[int, ...]:
        """The elements that are alive while each row runs."""
        from cnnref.tables.analysis import live_activation_bytes

        return live_activation_bytes(self.table, 1)

    @cached_property
    def kept(self) -> tuple[int, ...]:
        """The elements of each row's output that are kept for the backward pass."""
        from cnnref.tables.analysis import kept_for_training

        return kept_for_training(self.table)

    def share(self, key: str, row: Row) -> float:
        """What a row has of the network's total of a quantity, in percent."""
        quantity = QUANTITIES[key]
        if key not in self.sums:
            known = [one for one in self.rows if not quantity.lacks(one)]
            self.sums[key] = quantity.total(known, quantity.value)
        value: int = quantity.value(row)
        return 100 * value / self.sums[key] if self.sums[key] else 0.0

    def intensity(self, layers: Iterable[Layer]) -> float:
        """FLOPs per byte of some rows together."""
        from cnnref.tables.analysis import intensity

        return intensity(layers, self.view.dtype, self.view.batch_size)

    def moved(self, layer: Layer) -> int:
        """Bytes of a row's weights, inputs and outputs, each moved once."""
        from cnnref.tables.analysis import moved_bytes

        return moved_bytes(layer, self.view.dtype, self.view.batch_size)


# no named tuples: to make such a class takes longer than all else here, at every start
class Row:
    """A layer, its number in the network, what it stands in, and how many rows it stands for."""

    __slots__ = ("label", "layer", "number", "times", "whole")

    def __init__(
        self, number: int, layer: Layer, whole: Whole, times: int = 1, label: str = ""
    ) -> None:
        self.number = number
        self.layer = layer
        self.whole = whole
        self.times = times
        self.label = label


def added(rows: Sequence[Row], value: Value) -> Any:
    """The total of what adds up."""
    return sum(value(row) for row in rows)


def highest(rows: Sequence[Row], value: Value) -> Any:
    """The total of what is not there at once: the most of it."""
    return max(map(value, rows), default=0)


def together(rows: Sequence[Row], _: Value) -> float:
    """The intensity of rows, which is none of a sum."""
    return rows[0].whole.intensity([row.layer for row in rows]) if rows else 0.0


class Quantity:
    """A measure of a row, and of rows together.

    key: its word on the command line, in columns, sweeps, budgets, charts and facts.
    title: its name; "{unit}" stands for the convention's.
    unit: what is counted.
    value: of a row; bytes and intensities are of the view's dtype, for its whole batch.
    total: of rows, by their values.
    counted: whether rows that no rule counts lack it: all but what is learned, and sizes.
    images: whether the value is for one image, so that a batch has so many times as much.
    digits: the decimals that are printed of it, where it is no whole number.
    """

    __slots__ = ("counted", "digits", "images", "key", "title", "total", "unit", "value")

    def __init__(
        self,
        key: str,
        title: str,
        unit: str,
        value: Value,
        total: Total = added,
        counted: bool = True,
        images: bool = False,
        digits: int = 0,
    ) -> None:
        self.key = key
        self.title = title
        self.unit = unit
        self.value = value
        self.total = total
        self.counted = counted
        self.images = images
        self.digits = digits

    @property
    def noun(self) -> str:
        """What it is called where no convention is at hand."""
        return self.key if "{unit}" in self.title else self.title

    @property
    def header(self) -> str:
        """The title with the unit, unless it says it."""
        return self.title if self.unit in self.title else f"{self.title} ({self.unit})"

    def lacks(self, row: Row) -> bool:
        """Whether the value of a row is not known, because no rule counts it."""
        return self.counted and not row.layer.counted

    def of(self, table: Rows, view: View) -> Any:
        """What a table has of it, for the whole batch; the least, where rows lack it."""
        return self.times(view) * self.total(Whole(table, view).rows, self.value)

    def times(self, view: View) -> int:
        """How many times the value of a row a batch has."""
        return view.batch_size if self.images else 1


def _learned(key: str, value: Callable[[Layer], int]) -> Quantity:
    return Quantity(key, key, key, lambda row: value(row.layer), counted=False)


def _backward(row: Row) -> int:
    first = row.whole.table.ran.backward
    return row.layer.macs if first is not None and row.number >= first else 0


def _step(optimizer: str) -> Quantity:
    """What a step of training holds: so many numbers for each parameter, and the outputs."""

    def value(row: Row) -> int:
        from cnnref.tables.analysis import OPTIMIZERS

        held = OPTIMIZERS[optimizer] * row.layer.trainable + row.layer.frozen
        return row.whole.element * held + row.whole.size * row.whole.kept[row.number]

    return _bytes(f"training_{optimizer}", f"training bytes with {optimizer}", value)


def _bytes(key: str, title: str, value: Value, total: Total = added) -> Quantity:
    return Quantity(key, title, "bytes", value, total, counted=False)


QUANTITIES: Mapping[str, Quantity] = MappingProxyType(
    {
        quantity.key: quantity
        for quantity in (
            _learned("parameters", lambda layer: layer.parameters),
            _learned("trainable", lambda layer: layer.trainable),
            _learned("frozen", lambda layer: layer.frozen),
            _learned("weights", lambda layer: layer.counts.weights),
            _learned("biases", lambda layer: layer.counts.biases),
            Quantity(
                "operations",
                "{unit}s",
                "{unit}s",
                lambda row: row.whole.convention.operations(row.layer),
                images=True,
            ),
            Quantity("macs", "MACs", "MACs", lambda row: row.layer.macs, images=True),
            Quantity("backward_macs", "backward MACs", "MACs", _backward, images=True),
            Quantity(
                "activations",
                "activations",
                "activations",
                lambda row: row.layer.activations if row.layer.macs else 0,
                images=True,
            ),
            # what a convention keeps of a row, in its own bytes for an element
            Quantity(
                "stored_bytes",
                "memory",
                "bytes",
                lambda row: row.whole.convention.stored_bytes(row.layer),
                images=True,
            ),
            _bytes("bytes", "bytes", lambda row: row.whole.size * row.layer.out_shape.elements),
            _bytes(
                "peak",
                "peak bytes",
                lambda row: row.whole.size * row.whole.live[row.number],
                highest,
            ),
            _bytes(
                "training",
                "training bytes",
                lambda row: row.whole.size * row.whole.kept[row.number],
            ),
            _bytes(
                "parameter_bytes",
                "bytes of parameters",
                lambda row: row.whole.element * row.layer.parameters,
            ),
            # as Table.training_bytes: the parameters, their gradients, what is remembered of each
            *map(_step, ("sgd", "momentum", "adam")),
            Quantity("moved_bytes", "bytes moved", "bytes", lambda row: row.whole.moved(row.layer)),
            Quantity(
                "intensity",
                "FLOP/byte",
                "FLOP/byte",
                lambda row: row.whole.intensity([row.layer]),
                together,
                digits=1,
            ),
        )
    }
)

# keys of earlier versions, and what they are called now
RENAMED: Mapping[str, str] = MappingProxyType(
    {
        "flops": "operations",
        "flop_m": "operations_m",
        "live_bytes": "peak",
        "memory": "stored_bytes",
        "memory_kb": "stored_bytes_kb",
        "pad_size": "padding_size",
        "params": "parameters",
        "params_k": "parameters_k",
        "peak_bytes": "peak",
        "training_bytes": "training",
    }
)


def current(key: str, tell: Callable[[str], object] | None = None, start: str = "") -> str:
    """What a key is called now; where that is something else, it is said.

    tell: is given the sentence; a `RenamedWarning` at the caller's line unless given.
    start: what stands in front of the key where it was written, such as "--max-".

    >>> current("macs")
    'macs'
    """
    if key not in RENAMED:
        return key
    (tell or _warn)(f"{start + key!r} is now called {start + RENAMED[key]!r}.")
    return RENAMED[key]


def _warn(message: str) -> None:
    import warnings

    warnings.warn(message, RenamedWarning, stacklevel=outside())
