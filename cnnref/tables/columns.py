"""The columns that a table of layers can have, each by its key."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from cnnref.counting.layer import Layer
from cnnref.counting.shapes import Shape
from cnnref.counting.units import KIB, KILO, MEGA, grouped, rounded
from cnnref.errors import CnnrefError, UnknownNameError
from cnnref.tables.quantities import QUANTITIES, Row, Total, Value, added, current, together

__all__ = [
    "COLUMNS",
    "LEAST",
    "OF_MAPS",
    "UNKNOWN",
    "Column",
    "channels",
    "chosen",
    "column",
    "compact",
    "filters",
    "joined",
    "size",
    "split",
    "square",
    "times",
    "window",
]


UNKNOWN = "?"
# in front of a total of rows of which some are not counted
LEAST = ">= "


class Column:
    """A header, an alignment, a row's exact value, and how it is printed.

    unit: 0 for what is no measure; else how much of a measure is printed as one.
    digits: the decimals that are printed of a float.
    total: of the rows and of what gives the value; None where a total says nothing.
    show: prints the value, where that is no plain number or text.
    known: whether rows that no rule counts have it too: what is learned, and sizes.
    """

    # no named tuple, which takes longer to make, at every start
    __slots__ = ("align", "digits", "header", "known", "show", "total", "unit", "value")

    def __init__(
        self,
        header: str,
        align: str,
        value: Value,
        unit: int = 0,
        digits: int = 0,
        total: Total | None = None,
        show: Callable[[Any], str] | None = None,
        known: bool = False,
    ) -> None:
        self.header = header
        self.align = align
        self.value = value
        self.unit = unit
        self.digits = digits
        self.total = total
        self.show = show
        self.known = known

    def lacks(self, row: Row) -> bool:
        """Whether the value of a row is not known, because no rule counts it."""
        return bool(self.unit) and not self.known and not row.layer.counted

    @property
    def kind(self) -> str:
        """What the exact values are: "text", "whole" or "float"."""
        return "text" if self.align == "l" else "float" if self.digits or self.unit > 1 else "whole"

    def exact(self, row: Row) -> int | float | str | None:
        """The value in the header's unit, unrounded; None where there is none or it is unknown."""
        value: int | float | str | None = None if self.lacks(row) else self.value(row)
        return value / self.unit if self.unit > 1 and isinstance(value, int) else value

    def printed(self, row: Row) -> str:
        """The value as tables print it, measures in whole units."""
        return UNKNOWN if self.lacks(row) else self._text(self.value(row))

    def sum(self, rows: list[Row]) -> str:
        """The total of some rows, rounded once; nothing for columns that have none.

        With rows that are not counted it is the least that it can be, and says so.
        """
        if not self.total:
            return ""
        lacking = sum(map(self.lacks, rows))
        if lacking and (lacking == len(rows) or self.total is together):
            return UNKNOWN
        total = self._text(self._total(rows))
        return LEAST * bool(lacking and not self.digits and total) + total

    def exact_sum(self, rows: list[Row]) -> int | float | None:
        """The total of some rows in the header's unit, unrounded; None where none is known."""
        if rows and all(map(self.lacks, rows)):
            return None
        total: int | float | None = self._total(rows)
        return total / self.unit if self.unit > 1 and total is not None else total

    def _total(self, rows: list[Row]) -> Any:
        assert self.total is not None
        return self.total([row for row in rows if not self.lacks(row)], self.value)

    def _text(self, value: Any) -> str:
        if self.show is not None:
            return self.show(value)
        if isinstance(value, float) or (self.digits and value is not None):
            return f"{value:,.{self.digits}f}"
        if isinstance(value, int) and self.unit:
            return rounded(value, self.unit)
        return "" if value is None else str(value)


def times(value: int) -> str:
    """How often a row stands there, nothing for once."""
    return f"x {value}" if value > 1 else ""


def joined(sizes: Sequence[int]) -> str:
    """Sizes as one word.

    >>> joined((3, 5))
    '3x5'
    """
    return "x".join(map(str, sizes))


def square(sizes: Sequence[int]) -> int | str | None:
    """A square as one number, a rectangle as both, nothing for a vector."""
    return (sizes[0] if len(set(sizes)) == 1 else joined(sizes)) if sizes else None


def window(field: int, text: Callable[..., Any]) -> Callable[[Layer], Any]:
    """One field of a row's window; nothing where it has none."""
    return lambda layer: text(layer.window[field]) if layer.window else None


def compact(layer: Layer) -> str | None:
    """The whole window in one cell; a stride of 1 and what is off are left out."""
    if layer.window is None:
        return None
    kernel, stride, padding, dilation, groups, ceil_mode = layer.window
    text = joined(kernel) + f"/{square(stride)}" * (set(stride) != {1})
    text += f" p{square(padding)}" * any(padding) + f" d{square(dilation)}" * (max(dilation) > 1)
    return text + f" g{groups}" * (groups > 1) + " ceil" * ceil_mode


def filters(layer: Layer) -> int | None:
    """The outputs of a layer that has weights for each."""
    if layer.op == "linear":
        return layer.out_shape[-1]
    return channels(layer, [layer.out_shape]) if layer.op == "conv" else None


def channels(layer: Layer, shapes: Sequence[Shape]) -> int | None:
    """The channels of the first shape; nothing for a scalar, or where no row is the input."""
    if not shapes or not shapes[0]:
        return None
    return shapes[0][max(len(shapes[0]) - _spatial(layer, shapes[0]) - 1, 0)]


def size(layer: Layer, shapes: Sequence[Shape]) -> int | str | None:
    """Height and width of the first shape."""
    if not shapes:
        return None
    axes = _spatial(layer, shapes[0])
    return square(shapes[0][len(shapes[0]) - axes :]) if axes else None


def _spatial(layer: Layer, shape: Shape) -> int:
    """How many of the last axes are height, width and the like."""
    rank = len(shape) - 1
    moves = layer.window is not None and layer.op != "lrn"
    return min(rank, len(layer.window.kernel)) if moves and layer.window else rank


def _of(value: Callable[[Layer], Any]) -> Value:
    return lambda row: value(row.layer)


def _field(part: int) -> Value:
    def text(row: Row) -> int | str | None:
        found = row.whole.fields[row.number]
        return None if found is None else square(found[part])

    return text


def _share(key: str) -> Value:
    return lambda row: row.whole.share(key, row)


def _measure(key: str, header: str = "", unit: int = 1) -> Column:
    """A quantity; its own header unless another is given, in its own unit unless in a larger."""
    one = QUANTITIES[key]
    known = not one.counted
    return Column(header or one.header, "r", one.value, unit, one.digits, one.total, known=known)


def _percent(key: str) -> Column:
    one = QUANTITIES[key]
    return Column(f"{one.title} %", "r", _share(key), 1, 1, added, known=not one.counted)


# mostly products of maps with one another
OF_MAPS = ("matmul", "attention")


def multiplies_weights(layer: Layer) -> bool:
    """Whether the MACs of a row are by weights, as far as is known."""
    if layer.op not in OF_MAPS:
        return layer.macs > 0
    return layer.macs > 0 and bool(layer.counts.weights or layer.count("unread"))


def _sparsity(row: Row) -> float | None:
    """The share of zeros among the weights that a row reads, in percent, where a trace looked."""
    read = row.layer.count("weights_read")
    return 100 * row.layer.count("zeros") / read if read else None


def _nonzero(row: Row) -> int | None:
    """The MACs by weights that are not zero; None where there are weights and nobody looked.

    Each weight of a convolution or of a linear layer is multiplied as often as any other.
    """
    layer, read = row.layer, row.layer.count("weights_read")
    if not layer.counted:
        return None
    if not read:
        return None if multiplies_weights(layer) else layer.macs
    return layer.macs - layer.macs * layer.count("zeros") // read


def _grouped(value: int | None) -> str:
    return "" if value is None else grouped(value)


def _sparse_share(rows: Sequence[Row], _: Value) -> float | None:
    """Of rows together, by how many weights each reads."""
    read, zeros = (
        sum(row.layer.count(count) for row in rows) for count in ("weights_read", "zeros")
    )
    return 100 * zeros / read if read else None


def _all_nonzero(rows: Sequence[Row], value: Value) -> int | None:
    found = [value(row) for row in rows]
    return None if None in found else added(rows, value)


# the quantities of which a row has a share
SHARED = ("parameters", "operations", "macs", "activations")
COLUMNS: dict[str, Column] = {
    "layer": Column("Layer", "l", lambda row: row.label or row.layer.name),
    "times": Column("times", "r", lambda row: row.times, show=times),
    "op": Column("op", "l", lambda row: row.layer.op),
    "stage": Column("stage", "l", lambda row: row.layer.stage),
    "block": Column("block", "l", lambda row: row.layer.block),
    "input": Column("input", "l", lambda row: " + ".join(map(str, row.layer.in_shapes))),
    "output": Column("output", "l", lambda row: str(row.layer.out_shape)),
    "window": Column("window", "l", _of(compact)),
    "kernel": Column("kernel", "r", _of(window(0, joined))),
    "stride": Column("stride", "r", _of(window(1, joined))),
    "padding": Column("padding", "r", _of(window(2, joined))),
    "dilation": Column("dilation", "r", _of(window(3, joined))),
    "groups": Column("groups", "r", _of(window(4, int))),
    **{key: _measure(key) for key in QUANTITIES},
    # of a row: what is alive while it runs
    "peak": _measure("peak", "live bytes, at least"),
    **{f"{key}_share": _percent(key) for key in SHARED},
    "sparsity": Column("zeros %", "r", _sparsity, digits=1, total=_sparse_share),
    "nonzero_macs": Column("nonzero MACs", "r", _nonzero, total=_all_nonzero, show=_grouped),
    "field": Column("field", "r", _field(0)),
    "jump": Column("jump", "r", _field(1)),
    "in_channels": Column("C", "r", lambda row: channels(row.layer, row.layer.in_shapes)),
    "in_size": Column("H/W", "r", lambda row: size(row.layer, row.layer.in_shapes)),
    "filters": Column("filters", "r", _of(filters)),
    "kernel_size": Column("kernel", "r", _of(window(0, square))),
    "stride_size": Column("stride", "r", _of(window(1, square))),
    "padding_size": Column("pad", "r", _of(window(2, square))),
    "out_channels": Column("out C", "r", lambda row: channels(row.layer, [row.layer.out_shape])),
    "out_size": Column("out H/W", "r", lambda row: size(row.layer, [row.layer.out_shape])),
    # the headers of the lecture's own tables
    "stored_bytes_kb": _measure("stored_bytes", "memory (KB)", KIB),
    "parameters_k": _measure("parameters", "params (k)", KILO),
    "operations_m": _measure("operations", "{unit} (M)", MEGA),
}


def split(
    columns: Sequence[str] | str | None, tell: Callable[[str], object] | None = None
) -> list[tuple[str, str]]:
    """The keys in a list, or in a text with commas between them, each by what it is called now.

    In front of each stands its "+", or nothing; tell: as for `current`.

    Raises:
        CnnrefError: it is neither, or something in the list is no text.

    >>> split("layer,+macs")
    [('', 'layer'), ('+', 'macs')]
    """
    keys: Any = columns.split(",") if isinstance(columns, str) else columns or ()
    if not isinstance(keys, Iterable) or not all(isinstance(key, str) for key in keys):
        raise CnnrefError(f"columns must be keys such as 'macs', but are {columns!r}.")
    return [("+" * key.startswith("+"), current(key.removeprefix("+"), tell)) for key in keys]


def chosen(
    columns: Sequence[str] | str | None,
    usual: Iterable[str],
    known: Collection[str] = (),
    kind: str = "column",
) -> list[str]:
    """The keys of the columns to show: the usual ones, with those after "+", or those named.

    columns: as `split` takes them.
    known: the keys that there are, those of COLUMNS unless given; kind: what they are keys of.

    Raises:
        UnknownNameError: no column has that key; the message names close matches.
    """
    keys = split(columns)
    more = [key for plus, key in keys if plus]
    named = [key for plus, key in keys if not plus]
    for key in (*named, *more):
        if key not in (known or COLUMNS):
            raise UnknownNameError(kind, key, known or COLUMNS)
    return list(dict.fromkeys([*(named or map(current, usual)), *more]))


def column(key: str) -> Column:
    """A column by its key.

    Raises:
        UnknownNameError: no column has that key; the message names close matches.
    """
    (found,) = chosen([key], ())
    return COLUMNS[found]
