"""What a table is asked beyond its sums: receptive fields, memory while it runs, intensity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cnnref.counting.layer import Layer, Shape

if TYPE_CHECKING:
    from cnnref.tables.analysis import ReceptiveField

__all__ = ["Analysed"]


class Analysed(Sequence[Layer]):
    """Rows in order of execution, on which `cnnref.tables.analysis` can work.

    bytes_per_element, in every method: a whole number, a dtype by its name ("float16") or
    torch's own (torch.float16).
    """

    __slots__ = ()
    input_shape: Shape

    @property
    def whole(self) -> Analysed:
        """The rows of the whole network."""
        raise NotImplementedError

    @property
    def numbers(self) -> Sequence[int]:
        """The number of each row in the whole network."""
        raise NotImplementedError

    def receptive_fields(self) -> tuple[ReceptiveField, ...]:
        """The receptive field and the jump of each row's output, in pixels of the network's input.

        The field is the extent from the first to the last pixel that one output can depend
        on, gaps and padding included: it may be larger than the image. The jump is the
        distance between two outputs. A window turns field f and jump j into f + D(K - 1)j
        and Sj. A join sees all that its inputs see: the largest field, and more where windows
        do not share a centre; its jump is the largest of its full-sized inputs. A vector sees
        the whole map that it is made of. Adaptive pooling counts as its largest window, a
        strided view as the smallest step that leaves its size, spatial padding as even; a
        vector as the network's input is one pixel. Rows of a part see what they see in the
        whole table. Source: Araujo et al., Computing Receptive Fields of Convolutional Neural
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
        no row reads it: it is then an output of the network. The network's input counts while
        it is still to be read. Views, dropout (the identity at inference) and ReLU (in place,
        unless its input is wanted later) share their input's storage. Parameters and the
        scratch space of kernels do not count.

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
        """FLOPs per byte of all rows that have MACs together; see `arithmetic_intensities`."""
        from cnnref.tables.analysis import intensity

        return intensity(self, bytes_per_element, batch_size)
