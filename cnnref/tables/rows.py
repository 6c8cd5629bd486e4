"""The rows of one network, immutable, with their sums and their parts."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Self, overload

from cnnref.counting.layer import Layer
from cnnref.counting.shapes import Shape
from cnnref.errors import UnknownNameError, briefly

if TYPE_CHECKING:
    from cnnref.counting.conventions import Convention

__all__ = ["BY_SHAPES", "Ran", "Rows", "places"]


class Ran(NamedTuple):
    """How the rows of a module were found; as text, in a sentence without its point.

    by: "shapes" where no value was computed, "inputs" where the module ran once on those that
        were given, "made-up inputs" where it ran on numbers drawn for it.
    asked: what forward asked first that shapes do not tell; nothing where it asked nothing.
    row: the number of the first row behind that.
    backward: the number of the first row of the backward pass; None where there is none.

    >>> print(Ran("made-up inputs", "item in head (Head)", 3))
    run once on made-up inputs, as forward asks for values (item in head (Head))
    """

    by: str = "shapes"
    asked: str = ""
    row: int = 0
    backward: int | None = None

    def __str__(self) -> str:
        if self.by == "shapes":
            return "traced by shapes alone"
        why = f", as forward asks for values ({self.asked})" if self.asked else ""
        where = "made-up inputs" if self.by != "inputs" else "the inputs that were given"
        return f"run once on {where}{why}"

    @property
    def depends(self) -> bool:
        """Whether rows depend on numbers that nobody gave."""
        return self.by == "made-up inputs" and bool(self.asked)


BY_SHAPES = Ran()


@briefly
class Rows(Sequence[Layer]):
    """Immutable rows in order of execution, with their sums; counts are for one image."""

    __slots__ = ("_input_shape", "_layers", "_name", "_origin", "_ran", "_returned", "_unused")

    def __init__(
        self,
        layers: Iterable[Layer],
        *,
        name: str,
        input_shape: Shape,
        unused: tuple[tuple[str, int], ...] = (),
        ran: Ran = BY_SHAPES,
        returned: Iterable[int] = (),
    ) -> None:
        """The rows of a network; see the properties of these names.

        returned: rows whose outputs the caller gets, by number.
        """
        self._unused = unused
        self._ran = ran
        self._layers = tuple(layers)
        self._origin: tuple[Self, Sequence[int]] | None = None
        self._name = name
        self._input_shape = input_shape
        handed_out = {*returned}
        if handed_out:
            handed_out &= {source for layer in self._layers for source in layer.inputs}
        self._returned = tuple(sorted(handed_out))

    @property
    def name(self) -> str:
        """What the network is called."""
        return self._name

    @property
    def unused(self) -> tuple[tuple[str, int], ...]:
        """Parameters that the module has and no row uses, by name, with their sizes."""
        return self._unused

    @property
    def ran(self) -> Ran:
        """How a trace found them: by shapes alone, or by a run with values."""
        return self._ran

    @property
    def returned(self) -> tuple[int, ...]:
        """The rows of the whole, by number, that others read and the caller gets, too.

        What no row reads is an output of the network anyway.
        """
        return self.whole._returned  # noqa: SLF001

    @property
    def forward(self) -> Self:
        """The rows of the forward pass: all, but in a trace of training."""
        return self.part(place for place, back in self._passes() if not back)

    @property
    def backward(self) -> Self:
        """The rows of the backward pass, of a trace of training.

        A gradient has the name of the layer whose it is.
        """
        return self.part(place for place, back in self._passes() if back)

    def _passes(self) -> Iterator[tuple[int, bool]]:
        """Each row's place, and whether it is of the backward pass."""
        first = self.ran.backward
        for place, number in enumerate(self.numbers):
            yield place, first is not None and number >= first

    @property
    def doubt(self) -> str:
        """Why rows may differ for other inputs, in a sentence without its point; or nothing."""
        if not self.ran.depends:
            return ""
        rows = self.whole
        here = rows[self.ran.row].name if self.ran.row < len(rows) else "that"
        return f"{self.name} was {self.ran}: rows from {here} on may depend on them"

    @property
    def input_shape(self) -> Shape:
        """The shape of one image."""
        return self._input_shape

    def __len__(self) -> int:
        return len(self._layers)

    def __iter__(self) -> Iterator[Layer]:
        return iter(self._layers)

    @overload
    def __getitem__(self, key: int | str) -> Layer: ...
    @overload
    def __getitem__(self, key: slice) -> Self: ...

    def __getitem__(self, key: int | str | slice) -> Layer | Self:
        """A row by number or by name, or a run of rows as a table.

        Raises:
            UnknownNameError: no row has that name.
            IndexError: there is no row of that number.
        """
        if isinstance(key, slice):
            return self.part(range(len(self))[key])
        if isinstance(key, int):
            try:
                return self._layers[key]
            except IndexError:
                raise IndexError(f"{self.name} has {len(self)} rows, so no row {key}.") from None
        for layer in self._layers:
            if layer.name == key:
                return layer
        raise UnknownNameError(f"layer of {self.name}", key, (layer.name for layer in self))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Rows):
            return NotImplemented
        return (self._layers, self.input_shape) == (other._layers, other.input_shape)

    def __hash__(self) -> int:
        return hash((self._layers, self.input_shape))

    def __repr__(self) -> str:
        lacking = f", {len(self.uncounted)} of them uncounted" if self.uncounted else ""
        rows = f"{len(self)} rows{lacking}, input {self.input_shape}"
        return f"<{type(self).__name__} {self.name}: {rows}>"

    @property
    def whole(self) -> Self:
        """The table of which these rows were taken; the table itself where it is no part."""
        return self._origin[0] if self._origin else self

    @property
    def numbers(self) -> Sequence[int]:
        """The number of each row in the whole table, as `Layer.inputs` names rows.

        >>> import cnnref
        >>> head = cnnref.table("alexnet")[-2:]
        >>> list(head.numbers), head[1].inputs, head.whole[head[1].inputs[0]].name
        ([20, 21], (20,), 'relu7')
        """
        return self._origin[1] if self._origin else range(len(self))

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all rows, for one image."""
        return sum(layer.macs for layer in self._layers)

    @property
    def padding_macs(self) -> int:
        """Of these, those of convolutions whose input is padding; see `Layer.padding_macs`."""
        return sum(layer.padding_macs for layer in self._layers)

    @property
    def parameters(self) -> int:
        """Learned numbers of all rows."""
        return sum(layer.parameters for layer in self._layers)

    @property
    def trainable_parameters(self) -> int:
        """Of these, those that take a gradient: all, unless a trace has seen others."""
        return self.parameters - self.frozen_parameters

    @property
    def frozen_parameters(self) -> int:
        """Of these, those that take no gradient, as of a frozen backbone."""
        return sum(layer.frozen for layer in self._layers)

    @property
    def unregistered_parameters(self) -> int:
        """Learned numbers besides, that are none of the module's parameters().

        A plain list holds them, or forward makes them: no optimizer and no file of weights has
        them.
        """
        return sum(layer.unregistered for layer in self._layers)

    @property
    def mac_activations(self) -> int:
        """Elements of the outputs of the rows that have MACs, for one image.

        Source of the definition: Radosavovic et al., "Designing Network Design
        Spaces", 2020, section 3.1, which has convolutions alone; columns, sweeps and budgets
        call it "activations". See `stored_bytes` for the rows that a convention keeps.
        """
        return sum(layer.activations for layer in self._layers if layer.macs)

    @property
    def uncounted(self) -> tuple[Layer, ...]:
        """The rows whose operator has no rule: totals of operations are then the least."""
        return tuple(layer for layer in self._layers if not layer.counted)

    @property
    def estimated(self) -> tuple[Layer, ...]:
        """The rows of which a textbook has an estimate alone, as of a decomposition.

        It is none of their MACs; the convention `estimates` counts it.
        """
        return tuple(layer for layer in self._layers if layer.count("estimate"))

    def operations(self, convention: "Convention | str") -> int:
        """Operations of all rows for one image, under a named convention.

        Raises:
            UnknownNameError: no convention has that name.
        """
        price = _convention(convention).operations
        return sum(price(layer) for layer in self._layers)

    def stored_bytes(self, convention: "Convention | str") -> int:
        """Bytes of the outputs that a convention stores, each kept once, for one image.

        Raises:
            UnknownNameError: no convention has that name.
        """
        price = _convention(convention).stored_bytes
        return sum(price(layer) for layer in self._layers)

    def part(self, places: Iterable[int]) -> Self:
        """Some rows, by their places in this table; they still know the network they are of.

        >>> import cnnref
        >>> table = cnnref.table("alexnet")
        >>> table.part(n for n, row in enumerate(table) if row.op == "conv").macs
        655566528
        """
        chosen = tuple(places)
        layers = (self._layers[place] for place in chosen)
        part = type(self)(
            layers,
            name=self.name,
            input_shape=self.input_shape,
            unused=self.unused,
            ran=self.ran,
        )
        part._origin = self.whole, tuple(self.numbers[i] for i in chosen)  # noqa: SLF001
        return part


def places(rows: Iterable[Layer]) -> str:
    """Which operators some rows are of, and where these stand."""
    return ", ".join(dict.fromkeys(f"{row.op} in {row.name}" for row in rows))


def _convention(convention: "Convention | str") -> "Convention":
    from cnnref.counting.conventions import convention as look_up

    return look_up(convention)
