"""Table: the rows of one network, and all that can be asked of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from cnnref.errors import CnnrefError, briefly
from cnnref.tables.printable import Printed
from cnnref.tables.rows import Rows

if TYPE_CHECKING:
    from altair import Chart

    from cnnref.counting.conventions import Convention
    from cnnref.drawing import Drawing
    from cnnref.tables.analysis import ReceptiveField
    from cnnref.tables.by_convention import ByConvention
    from cnnref.tables.formats import Grid
    from cnnref.tables.groups import Groups
    from cnnref.tables.printable import View
    from cnnref.tables.repeats import Repeats

__all__ = ["Table"]


@briefly
class Table(Printed, Rows):
    """Immutable rows in order of execution; counts are for one image.

    bytes_per_element, in every method: a whole number, a dtype by its name ("float16") or
    torch's own (torch.float16).

    >>> import cnnref
    >>> table = cnnref.table("alexnet", input_size=227)
    >>> table["conv1"].macs
    72855552
    """

    __slots__ = ()

    @classmethod
    def from_json(cls, text: str) -> Table:
        """The table that `to_json` has written, whole and equal to what it was.

        Raises:
            CnnrefError: the text is no JSON, or not that of a whole table.

        >>> import cnnref
        >>> table = cnnref.table("vgg16")
        >>> cnnref.Table.from_json(table.to_json()) == table
        True
        """
        import json

        from cnnref.tables.listing import restored

        try:
            rows, rest = restored(json.loads(text))
        except (ValueError, RecursionError) as error:
            raise CnnrefError(f"Table.from_json: {str(error).rstrip('.')}.") from None
        return cls(rows, **rest)

    def receptive_fields(self) -> tuple[ReceptiveField, ...]:
        """The receptive field and the jump of each row's output, in pixels of the network's input.

        The field is the extent from the first to the last pixel that one output can depend
        on, gaps and padding included: it may be larger than the image. The jump is the
        distance between two outputs. A window turns field f and jump j into f + D(K - 1)j
        and Sj. A join sees all that its inputs see: the largest field, and more where windows
        do not share a centre; its jump is the largest of its full-sized inputs. A vector sees
        the whole map that it is made of, and so does what normalises by statistics of the map:
        group and instance norm, and batch norm by those of the batch, as in training. Adaptive
        pooling counts as its largest window, a strided view as the smallest step that leaves its
        size; a vector as the network's input is one pixel. What is made of weights alone, or
        with no value of its input, sees no pixel; where forward has asked for values, which may
        come back unseen, that is not known. Rows of a part see what they see in the whole
        table. Source: Araujo et al., Computing Receptive Fields of Convolutional Neural
        Networks, Distill 2019.

        Raises:
            CnnrefError: a row reads one that comes after it, or no rule says what the operator
                of a row sees.

        >>> import cnnref
        >>> cnnref.table("vgg16").receptive_fields()[30]  # pool5
        ReceptiveField(field=(212, 212), jump=(32, 32))
        """
        from cnnref.tables.analysis import receptive_fields

        return receptive_fields(self)

    def peak_activation_bytes(self, bytes_per_element: Any = 4) -> int:
        """The most bytes of feature maps alive at once, at inference of one image, row by row.

        An output is alive from the row that makes it to its last reader, or to the end where
        it is an output of the network: no row reads it, or it is `returned`, too. The network's
        input counts while it is still to be read. Views, dropout (the identity at inference) and
        ReLU (in place, unless its input is wanted later) share their input's storage. Parameters
        and the scratch space of kernels do not count.

        A run can do with less where forward writes other results over an input, as `x += y`
        does; a library that frees a map later, copies one or holds scratch space takes more.
        Of several inputs the first alone counts. `measure` says what PyTorch took.

        Raises:
            CnnrefError: the table is not whole or the beginning of one, or bytes_per_element
                is neither a positive whole number nor a dtype.

        >>> import cnnref
        >>> cnnref.table("vgg16").peak_activation_bytes()  # conv1_2: two maps of 64 x 224 x 224
        25690112
        >>> cnnref.table("vgg16").peak_activation_bytes("float16")
        12845056
        """
        from cnnref.tables.analysis import peak_activation_bytes

        return peak_activation_bytes(self, bytes_per_element)

    def live_activation_bytes(self, bytes_per_element: Any = 4) -> tuple[int, ...]:
        """The bytes of feature maps alive while each row runs, at inference of one image.

        The largest is the peak; see `peak_activation_bytes` for what is alive when.

        Raises:
            CnnrefError: as for `peak_activation_bytes`.
        """
        from cnnref.tables.analysis import live_activation_bytes

        return live_activation_bytes(self, bytes_per_element)

    def training_activation_bytes(self, bytes_per_element: Any = 4) -> int:
        """Bytes of the outputs of all rows for one image, each kept for the backward pass.

        Views, and ReLU in place, count with their input; dropout makes an output of its own.
        The network's input, masks, saved statistics and gradients do not count.

        Raises:
            CnnrefError: as for `peak_activation_bytes`.

        >>> import cnnref
        >>> cnnref.table("vgg16").training_activation_bytes()
        60481440
        """
        from cnnref.tables.analysis import training_activation_bytes

        return training_activation_bytes(self, bytes_per_element)

    def training_bytes(
        self, optimizer: str = "momentum", *, batch_size: int = 1, bytes_per_element: Any = 4
    ) -> int:
        """Bytes that a step of training holds: for each parameter, and the outputs of a batch.

        A frozen parameter, as of a traced backbone, counts alone, whatever the optimizer.
        optimizer: "none" counts the parameters alone, "sgd" their gradients too, "momentum"
            also the one number that SGD with momentum remembers for each, "adam" its two.
        batch_size: images at once; the outputs of each are kept (`training_activation_bytes`).

        The gradients of maps, buffers and the scratch space of kernels do not count.

        Raises:
            UnknownNameError: no optimizer has that name.
            CnnrefError: as for `peak_activation_bytes`, or batch_size is not a positive whole
                number.

        >>> import cnnref
        >>> book = cnnref.table("vgg16")
        >>> maps = book.training_activation_bytes()
        >>> book.training_bytes("adam") == 4 * 4 * book.parameters + maps
        True
        """
        from cnnref.tables.analysis import training_bytes

        return training_bytes(self, optimizer, batch_size, bytes_per_element)

    def arithmetic_intensities(
        self, bytes_per_element: Any = 4, batch_size: int = 1
    ) -> tuple[float, ...]:
        """FLOPs (two for a MAC) per byte of each row; 0.0 where there is no MAC.

        The bytes are those of weights, biases, inputs and output, each moved once: the least
        that memory must carry. A larger batch uses the weights for more images. Weights count
        at the first row that uses them.
        Source: Williams et al., Roofline, Communications of the ACM 52(4), 2009.

        Raises:
            CnnrefError: bytes_per_element is neither a positive whole number nor a dtype, or
                batch_size is not a positive whole number.

        >>> import cnnref
        >>> [round(row, 2) for row in cnnref.table("vgg16").arithmetic_intensities()[:3]]
        [12.89, 0.0, 143.18]
        """
        from cnnref.tables.analysis import arithmetic_intensity

        return tuple(arithmetic_intensity(row, bytes_per_element, batch_size) for row in self)

    def arithmetic_intensity(self, bytes_per_element: Any = 4, batch_size: int = 1) -> float:
        """FLOPs per byte of all rows that have MACs together; see `arithmetic_intensities`.

        batch_size: images at once, which use the weights together.

        Raises:
            CnnrefError: as for `arithmetic_intensities`.
        """
        from cnnref.tables.analysis import intensity

        return intensity(self, bytes_per_element, batch_size)

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

    def by_convention(self, names: Iterable[Convention | str] | str | None = None) -> ByConvention:
        """What each of several conventions counts of each kind of layer, and what differs.

        names: of conventions, in a list or in a text with commas between them; all unless given.

        Raises:
            UnknownNameError: no convention has one of the names.
            CnnrefError: no name is given.

        >>> import cnnref
        >>> found = cnnref.table("alexnet").by_convention("torchinfo,macs")
        >>> found.totals
        {'torchinfo': 714682664, 'macs': 714188480}
        >>> found[0].difference
        'torchinfo counts MACs + bias adds; macs counts MACs'
        """
        from cnnref.tables.by_convention import by_convention

        return by_convention(self, names)

    def sorted(self, by: str = "macs", convention: Convention | str = "macs") -> Table:
        """The rows with the most first, or by a text column in order; ties as they run.

        by: a key of `cnnref.tables.columns.COLUMNS`. Rows that are not counted come last.

        Raises:
            UnknownNameError: no column or no convention has that name.
        """
        from cnnref.tables.groups import order

        return self.part(order(self, by, _convention(convention)))

    def top(self, n: int = 10, by: str = "macs", convention: Convention | str = "macs") -> Table:
        """The n rows with the most; by and convention are those of `sorted`.

        Raises:
            UnknownNameError: no column or no convention has that name.
            CnnrefError: n is not a positive whole number.

        >>> import cnnref
        >>> [row.name for row in cnnref.table("alexnet").top(3, "parameters")]
        ['fc6', 'fc7', 'fc8']
        """
        from cnnref.counting.arguments import whole

        return self.sorted(by, convention)[: whole("top", "n", n, least=1)]

    def collapse(self) -> Repeats:
        """The rows with runs of equal blocks shown once, each with how often it stands there.

        Blocks are equal where their rows do the same to the same shapes with the same counts
        and read rows at the same distances; only neighbours in one module are put together.

        >>> import cnnref
        >>> [(run.name, run.times) for run in cnnref.table("resnet101").collapse() if run.times > 9]
        [('conv4_2-23', 22)]
        """
        from cnnref.tables.repeats import collapse

        return collapse(self)

    def draw(self, block: str | None = None, *, fields: bool = False, fold: bool = True) -> Drawing:
        """A picture that a notebook shows, as scalable text and lines: `save` writes an SVG file.

        Of the whole network its stages and their poolings, each box as high as its map, to scale,
        and wider with the logarithm of its channels. Stages are those of the spec, and in a trace
        or an ONNX file runs of modules whose maps have one size.

        block: draw the rows of this block, stage or module alone, by its name or its path, as a
            graph with branches and joins.
        fields: draw what one output of each stage sees of the image, to scale.
        fold: in a graph, normalisations, activations and views stand in the box before them.

        Raises:
            UnknownNameError: nothing has that name.
            CnnrefError: a block and fields are asked for; the table is a part of another; or
                fields cannot be drawn because the input is no image or one is not known.

        >>> import cnnref
        >>> cnnref.table("resnet50").draw("conv3_1").title
        'Bottleneck conv3_1 of resnet50'
        """
        from cnnref import drawing

        if block is not None and fields:
            raise CnnrefError("draw: a block has no picture of fields; give one of the two.")
        if self.whole is not self:
            raise CnnrefError(f"{self.name}: draw the whole table, and name a block of it.")
        if block is not None:
            return drawing.block(self, block, fold=fold)
        return drawing.fields(self) if fields else drawing.strip(self)

    def chart(
        self,
        quantity: str = "macs",
        by: str = "layer",
        convention: Convention | str = "macs",
        *,
        dtype: Any = "float32",
        batch_size: int = 1,
    ) -> Chart:
        """A bar for each layer, stage or block that has some of a quantity, by Altair.

        quantity: a key of `cnnref.tables.quantities.QUANTITIES`, such as "parameters", "peak"
            or "operations"; the last is under the convention.
        by: "layer", "stage" or "block"; in a trace, stages are those of `draw`.
        dtype, batch_size: as for columns of bytes.

        Raises:
            UnknownNameError: no quantity, grouping, convention or dtype has that name.
            MissingExtraError: altair is not installed.

        >>> import cnnref
        >>> chart = cnnref.table("vgg16").chart("parameters", "stage")
        >>> [row["name"] for row in chart.data.values if row["exact"] > 10**8]
        ['fc6']
        """
        from cnnref.drawing.bars import bars
        from cnnref.tables.printable import View

        return bars(self, quantity, by, View.of(convention, (), dtype, batch_size))

    def to_dot(self, block: str | None = None, *, fold: bool = True) -> str:
        r"""The rows and what each reads as a graph in the language of Graphviz.

        block: the rows of this block, stage or module alone.
        fold: normalisations, activations and views stand in the box of the row before them.

        Raises:
            UnknownNameError: nothing has that name.
            CnnrefError: the table is a part of another, or empty.

        >>> import cnnref
        >>> print(cnnref.table("vgg16").to_dot().splitlines()[3])
          n1 [label="conv1_1\n3×3 conv, 64, ReLU\n64 × 224 × 224"];
        """
        from cnnref.drawing.graph import to_dot
        from cnnref.drawing.stages import block_rows

        rows = range(len(self)) if block is None else block_rows(self, block)
        return to_dot(self, rows, fold=fold)

    def to_mermaid(self, block: str | None = None, *, fold: bool = True) -> str:
        """The rows and what each reads as a flowchart of Mermaid, which Markdown can hold.

        Mermaid has a limit of its own for edges: of a network with very many, name a block.

        block: the rows of this block, stage or module alone.
        fold: normalisations, activations and views stand in the box of the row before them.

        Raises:
            UnknownNameError: nothing has that name.
            CnnrefError: the table is a part of another, or empty.

        >>> import cnnref
        >>> print(cnnref.table("vgg16").to_mermaid().splitlines()[2])
          n1["conv1_1<br>3×3 conv, 64, ReLU<br>64 × 224 × 224"]
        """
        from cnnref.drawing.graph import to_mermaid
        from cnnref.drawing.stages import block_rows

        rows = range(len(self)) if block is None else block_rows(self, block)
        return to_mermaid(self, rows, fold=fold)

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

    def _seen(self, view: View) -> Grid:
        from cnnref.tables.listing import table_grid

        return table_grid(self, view)

    def _document(self, view: View) -> dict[str, Any]:
        from cnnref.tables.listing import document

        return document(self, view)


def _convention(convention: Convention | str) -> Convention:
    from cnnref.counting.conventions import convention as look_up

    return look_up(convention)
