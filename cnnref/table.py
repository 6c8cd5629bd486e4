"""Table: the rows of one network, their totals, and their groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, overload

from cnnref.errors import UnknownNameError
from cnnref.layer import Layer, Shape

if TYPE_CHECKING:
    import pandas as pd

    from cnnref.conventions import Convention

__all__ = ["Table"]

GROUPS = ("stage", "block", "op")


class Table(Sequence[Layer]):
    """Immutable rows in order of execution; counts are for one image.

    >>> import cnnref
    >>> table = cnnref.table("alexnet", input_size=227)
    >>> table["conv1"].macs
    72855552
    """

    __slots__ = ("_layers", "input_shape", "name")

    def __init__(self, layers: Iterable[Layer], *, name: str, input_shape: Shape) -> None:
        self._layers = tuple(layers)
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
            return self._part(self._layers[key])
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
        return f"<Table {self.name}: {len(self)} rows, input {self.input_shape}>"

    def __str__(self) -> str:
        from cnnref.render import to_text

        return to_text(self, "macs")

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
        """The rows whose operator has no rule; their counts are zero and not true."""
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

    def group(self, by: str) -> dict[str, Table]:
        """Rows by "stage", "block" or "op", in order of first appearance.

        Raises:
            UnknownNameError: rows have no such grouping.
        """
        if by not in GROUPS:
            raise UnknownNameError("grouping", by, GROUPS)
        groups: dict[str, list[Layer]] = {}
        for layer in self._layers:
            groups.setdefault(getattr(layer, by), []).append(layer)
        return {key: self._part(layers) for key, layers in groups.items()}

    def listed(self, convention: Convention | str) -> Table:
        """The rows that a convention's own table would list."""
        lists = _convention(convention).lists
        return self._part(layer for layer in self._layers if lists(layer))

    def to_frame(self, convention: Convention | str = "lecture") -> pd.DataFrame:
        """The rows that a convention lists, with its columns, as a pandas DataFrame.

        Raises:
            UnknownNameError: no convention has that name.
            MissingExtraError: pandas is not installed.
        """
        from cnnref.render import to_frame

        return to_frame(self, convention)

    def to_text(self, convention: Convention | str = "macs") -> str:
        """The table for a terminal."""
        from cnnref.render import to_text

        return to_text(self, convention)

    def to_markdown(self, convention: Convention | str = "lecture") -> str:
        """The table in Markdown, with a totals row."""
        from cnnref.render import to_markdown

        return to_markdown(self, convention)

    def to_csv(self, convention: Convention | str = "macs") -> str:
        """The rows as comma-separated values, unrounded, without a totals row."""
        from cnnref.render import to_csv

        return to_csv(self, convention)

    def to_json(self, convention: Convention | str = "macs") -> str:
        """Rows with all raw counts, and totals, as JSON."""
        from cnnref.render import to_json

        return to_json(self, convention)

    def to_latex(self, convention: Convention | str = "lecture") -> str:
        """The table in LaTeX, for the booktabs package."""
        from cnnref.render import to_latex

        return to_latex(self, convention)

    def to_html(self, convention: Convention | str = "lecture") -> str:
        """The table as an HTML element."""
        from cnnref.render import to_html

        return to_html(self, convention)

    def _part(self, layers: Iterable[Layer]) -> Table:
        return Table(layers, name=self.name, input_shape=self.input_shape)


def _convention(convention: Convention | str) -> Convention:
    from cnnref.conventions import convention as look_up

    return look_up(convention)
