"""Table: the rows of one network, their totals, and their groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, overload

from cnnref.errors import UnknownNameError
from cnnref.layer import Layer, Shape

if TYPE_CHECKING:
    import pandas as pd

    from cnnref.analysis import ReceptiveField
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

    def receptive_fields(self) -> tuple[ReceptiveField, ...]:
        """The receptive field and the jump of each row's output, in pixels of the network's input.

        The field is the extent from the first to the last pixel that one output can depend
        on, gaps and padding included: it may be larger than the image. The jump is the
        distance between two outputs. A window turns field f and jump j into f + D(K - 1)j
        and Sj. A join sees all that its inputs see: the largest field, and more where windows
        do not share a centre; its jump is the largest of its full-sized inputs. A vector sees
        the whole map that it is made of. Adaptive pooling counts as its largest window, a
        strided view as the smallest step that leaves its size, spatial padding as even; a
        vector as the network's input is one pixel. Source: Araujo et al., Computing
        Receptive Fields of Convolutional Neural Networks, Distill 2019.

        Raises:
            CnnrefError: the table is not whole or the beginning of one, or no rule says what
                the operator of a row sees.

        >>> import cnnref
        >>> cnnref.table("vgg16").receptive_fields()[30]  # pool5
        ReceptiveField(field=(212, 212), jump=(32, 32))
        """
        from cnnref.analysis import receptive_fields

        return receptive_fields(self)

    def peak_activation_bytes(self, bytes_per_element: int = 4) -> int:
        """The most bytes of feature maps alive at once, at inference of one image, row by row.

        An output is alive from the row that makes it to its last reader, or to the end where
        no row reads it: it is then an output of the network. The network's input counts while
        it is still to be read. Views, dropout (the identity at inference) and ReLU (in place,
        unless its input is wanted later) share their input's storage. Parameters and the
        scratch space of kernels do not count.

        Raises:
            CnnrefError: the table is not whole or the beginning of one, or bytes_per_element
                is not a positive whole number.

        >>> import cnnref
        >>> cnnref.table("vgg16").peak_activation_bytes()  # conv1_2: two maps of 64 x 224 x 224
        25690112
        """
        from cnnref.analysis import peak_activation_bytes

        return peak_activation_bytes(self, bytes_per_element)

    def training_activation_bytes(self, bytes_per_element: int = 4) -> int:
        """Bytes of the outputs of all rows for one image, each kept for the backward pass.

        Views, and ReLU in place, count with their input; dropout makes an output of its own.
        The network's input, masks, saved statistics and gradients do not count.

        Raises:
            CnnrefError: as for `peak_activation_bytes`.

        >>> import cnnref
        >>> cnnref.table("vgg16").training_activation_bytes()
        60481440
        """
        from cnnref.analysis import training_activation_bytes

        return training_activation_bytes(self, bytes_per_element)

    def arithmetic_intensities(self, bytes_per_element: int = 4) -> tuple[float, ...]:
        """FLOPs (two for a MAC) per byte of each row, for one image; 0.0 where there is no MAC.

        The bytes are those of weights, biases, inputs and output, each moved once: the least
        that memory must carry. Weights count at the first row that uses them.
        Source: Williams et al., Roofline, Communications of the ACM 52(4), 2009.

        Raises:
            CnnrefError: bytes_per_element is not a positive whole number.

        >>> import cnnref
        >>> [round(row, 2) for row in cnnref.table("vgg16").arithmetic_intensities()[:3]]
        [12.89, 0.0, 143.18]
        """
        from cnnref.analysis import arithmetic_intensity

        return tuple(arithmetic_intensity(layer, bytes_per_element) for layer in self)

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
