"""Table: the rows of one network, their totals, and their groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

from cnnref.counting.layer import Layer, Shape
from cnnref.errors import UnknownNameError
from cnnref.tables.analysed import Analysed
from cnnref.tables.printable import LecturePrinted

if TYPE_CHECKING:
    from cnnref.counting.conventions import Convention
    from cnnref.tables.formats import Grid
    from cnnref.tables.groups import Groups
    from cnnref.tables.repeats import Collapsed

__all__ = ["Table"]


class Table(LecturePrinted, Analysed):
    """Immutable rows in order of execution; counts are for one image.

    >>> import cnnref
    >>> table = cnnref.table("alexnet", input_size=227)
    >>> table["conv1"].macs
    72855552
    """

    __slots__ = ("_layers", "_origin", "input_shape", "name", "unused")

    def __init__(
        self,
        layers: Iterable[Layer],
        *,
        name: str,
        input_shape: Shape,
        unused: tuple[tuple[str, int], ...] = (),
    ) -> None:
        """The rows of a network.

        unused: parameters that the module has and no row uses, by name, with their sizes.
        """
        self.unused = unused
        self._layers = tuple(layers)
        self._origin: tuple[Table, Sequence[int]] | None = None
        self.name = name
        self.input_shape = input_shape

    def __len__(self) -> int:
        return len(self._layers)

    def __iter__(self) -> Iterator[Layer]:
        return iter(self._layers)

    @overload
    def __getitem__(self, key: int | str) -> Layer: ...
    @overload
    def __getitem__(self, key: slice) -> Table: ...

    def __getitem__(self, key: int | str | slice) -> Layer | Table:
        """A row by number or by name, or a run of rows as a table.

        Raises:
            UnknownNameError: no row has that name.
            IndexError: there is no row of that number.
        """
        if isinstance(key, slice):
            return self.part(range(len(self))[key])
        if isinstance(key, int):
            return self._layers[key]
        for layer in self._layers:
            if layer.name == key:
                return layer
        raise UnknownNameError(f"layer of {self.name}", key, (layer.name for layer in self))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Table):
            return NotImplemented
        return (self._layers, self.input_shape) == (other._layers, other.input_shape)

    def __hash__(self) -> int:
        return hash((self._layers, self.input_shape))

    def __repr__(self) -> str:
        lacking = f", {len(self.uncounted)} of them uncounted" if self.uncounted else ""
        return f"<Table {self.name}: {len(self)} rows{lacking}, input {self.input_shape}>"

    @property
    def whole(self) -> Table:
        """The table of which these rows were taken; the table itself where it is no part."""
        return self._origin[0] if self._origin else self

    @property
    def numbers(self) -> Sequence[int]:
        """The number of each row in the whole table."""
        return self._origin[1] if self._origin else range(len(self))

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all rows, for one image."""
        return sum(layer.macs for layer in self._layers)

    @property
    def parameters(self) -> int:
        """Learned numbers of all rows."""
        return sum(layer.parameters for layer in self._layers)

    @property
    def activations(self) -> int:
        """Elements of the outputs of convolutions and linear layers, for one image.

        Source of the definition: Radosavovic et al., "Designing Network Design
        Spaces", 2020, section 3.1, extended to linear layers. See
        `activation_bytes` for the memory of a convention's rows.
        """
        return sum(layer.activations for layer in self._layers if layer.macs)

    @property
    def uncounted(self) -> tuple[Layer, ...]:
        """The rows whose operator has no rule: totals of operations are then the least."""
        return tuple(layer for layer in self._layers if not layer.counted)

    def flops(self, convention: Convention | str = "macs") -> int:
        """Operations of all rows for one image, under a named convention.

        Raises:
            UnknownNameError: no convention has that name.
        """
        price = _convention(convention).flops
        return sum(price(layer) for layer in self._layers)

    def activation_bytes(self, convention: Convention | str = "lecture") -> int:
        """Bytes of the outputs that a convention counts, each kept once, for one image.

        Raises:
            UnknownNameError: no convention has that name.
        """
        price = _convention(convention).activation_bytes
        return sum(price(layer) for layer in self._layers)

    def group(self, by: str | None = None, *, depth: int | None = None) -> Groups:
        """Rows by "stage", "block" or "op", or by their module's path, in order of appearance.

        depth: how many names of the path count: layer1.0.conv1 is in layer1 at depth 1, and
            in layer1.0 at depth 2. In a spec, stages are at depth 1 and blocks at depth 2.

        Raises:
            UnknownNameError: rows have no such grouping.
            CnnrefError: neither or both are given, or depth is not a positive whole number.

        >>> import cnnref
        >>> cnnref.table("resnet50").group("stage")["conv2"].macs
        667942912
        """
        from cnnref.tables.groups import group

        return group(self, by, depth)

    def sorted(self, by: str = "macs", convention: Convention | str = "macs") -> Table:
        """The rows with the most first, or by a text column in order; ties as they run.

        by: a key of `cnnref.tables.columns.COLUMNS`. Rows that are not counted come last.

        Raises:
            UnknownNameError: no column or no convention has that name.
        """
        from cnnref.tables.groups import order

        return self.part(order(self, by, _convention(convention)))

    def top(self, n: int = 10, by: str = "macs", convention: Convention | str = "macs") -> Table:
        """The n rows with the most.

        Raises:
            UnknownNameError: no column or no convention has that name.
            CnnrefError: n is not a positive whole number.

        >>> import cnnref
        >>> [row.name for row in cnnref.table("alexnet").top(3, "parameters")]
        ['fc6', 'fc7', 'fc8']
        """
        from cnnref.counting.arguments import whole

        return self.sorted(by, convention)[: whole("top", "n", n, least=1)]

    def collapse(self) -> Collapsed:
        """The rows with runs of equal blocks shown once, each with how often it stands there.

        Blocks are equal where their rows do the same to the same shapes with the same counts
        and read rows at the same distances; only neighbours in one module are put together.

        >>> import cnnref
        >>> [(run.name, run.times) for run in cnnref.table("resnet101").collapse() if run.times > 9]
        [('conv4_2-23', 22)]
        """
        from cnnref.tables.repeats import collapse

        return collapse(self)

    def without_free(self) -> Table:
        """The rows that work or learn: without views, copies, and what is made of nothing.

        >>> import cnnref
        >>> book = cnnref.table("vgg16")
        >>> [row.op for row in book if row not in list(book.without_free())]
        ['flatten']
        """
        from cnnref.counting.operators import FREE

        free = frozenset(FREE)
        return self.part(
            i for i, layer in enumerate(self) if layer.op not in free or layer.parameters
        )

    def listed(self, convention: Convention | str) -> Table:
        """The rows that a convention's own table would list."""
        lists = _convention(convention).lists
        return self.part(i for i, layer in enumerate(self) if lists(layer))

    def grid(
        self,
        convention: Convention | str,
        columns: Sequence[str] | str | None = None,
        *,
        dtype: Any = "float32",
        batch_size: int = 1,
        terse: bool = False,
    ) -> Grid:
        """The rows that a convention lists, as cells; see `Printed`."""
        from cnnref.tables.listing import table_grid

        how = {"dtype": dtype, "batch_size": batch_size, "terse": terse}
        return table_grid(self, convention, columns, **how)

    def to_json(
        self,
        convention: Convention | str = "macs",
        columns: Sequence[str] | str | None = None,
        *,
        dtype: Any = "float32",
        batch_size: int = 1,
    ) -> str:
        """Rows with all raw counts, and totals, as JSON; columns are added to them."""
        from cnnref.tables.listing import to_json

        return to_json(self, convention, columns, dtype=dtype, batch_size=batch_size)

    def part(self, places: Iterable[int]) -> Table:
        """Some rows, by their places in this table; they still know the network they are of."""
        chosen = tuple(places)
        layers = (self._layers[place] for place in chosen)
        part = Table(layers, name=self.name, input_shape=self.input_shape, unused=self.unused)
        part._origin = self.whole, tuple(self.numbers[i] for i in chosen)
        return part


def _convention(convention: Convention | str) -> Convention:
    from cnnref.counting.conventions import convention as look_up

    return look_up(convention)
