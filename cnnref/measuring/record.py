"""What a measurement says: times, memory and counts of one network on one machine, torch-free."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from cnnref.counting.units import GIB, GIGA, MEGA, MIB, significant
from cnnref.errors import briefly

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MODES", "LayerTime", "Machine", "Measurement", "Quartiles"]

MODES = ("inference", "training")
# quartiles farther apart than this part of the median, or fewer runs, are worth a word
NOISY, FEW = 0.1, 5


class Machine(NamedTuple):
    """What ran: the device, what drives it, and the torch that ran on it.

    device: "cpu", "cuda" or "mps".
    name: of the processor, or of the card.
    processor: of the machine that the card is in; the same as name on a CPU.
    cores, threads: logical processors, and how many of them torch used.
    memory_bytes: of the device; 0 where the system does not say.
    driver: of the card; "" on a CPU.
    torch, build: the version, and what it was built for (CUDA 13.0, or the CPU's instructions).

    >>> import cnnref
    >>> cnnref.measure("resnet20_cifar", device="cpu", layers=False, seconds=0.1).machine.device
    'cpu'
    """

    device: str
    name: str
    processor: str
    cores: int
    threads: int
    memory_bytes: int
    driver: str
    torch: str
    build: str
    python: str
    system: str

    @property
    def short(self) -> str:
        """What ran, its threads where it is a processor, and the version of torch."""
        word = "thread" if self.threads == 1 else "threads"
        used = f", {self.threads} {word}" if self.device == "cpu" else ""
        return f"{self.name}{used}, torch {self.torch}"

    def __str__(self) -> str:
        """The machine in one line."""
        used = f"{self.threads} of {self.cores} cores"
        where = self.name if self.device != "cpu" else f"{self.name}, {used}"
        memory = f", {self.memory_bytes / GIB:.0f} GiB" if self.memory_bytes else ""
        driver = f", driver {self.driver}" if self.driver else ""
        return f"{where}{memory}{driver}, torch {self.torch} ({self.build})"


class Quartiles(NamedTuple):
    """The middle half of repeated times.

    lower, median, upper: in seconds.
    runs: how many times were taken; each may be the mean of several calls.

    >>> import cnnref
    >>> from cnnref.typing import Quartiles
    >>> Quartiles(lower=0.75, median=1.0, upper=1.25, runs=7).spread
    0.5
    """

    lower: float
    median: float
    upper: float
    runs: int

    @property
    def spread(self) -> float:
        """The distance of the quartiles as a part of the median."""
        return (self.upper - self.lower) / self.median if self.median else 0.0


class LayerTime(NamedTuple):
    """One layer as it ran on a whole batch.

    name, op: as in the table.
    macs: its multiply-accumulates.
    moved_bytes: of its weights, inputs and outputs, each once; see `Roofline`.
    seconds: of one call, the median.

    >>> import cnnref
    >>> cnnref.measure("resnet20_cifar", device="cpu", seconds=0.1).layers[0].name
    'conv1'
    """

    name: str
    op: str
    macs: int
    moved_bytes: int
    seconds: float


@briefly
class Measurement(NamedTuple):
    """One network, timed on one machine in one way.

    input_shape: of one image.
    batch_size: images in a call.
    mode: "inference" is one forward pass in evaluation mode; "training" is a forward pass in
        training mode and the backward pass from the mean of the outputs, without an optimiser.
    time: seconds for one batch.
    parameters: learned numbers that an inference uses, exactly.
    macs: multiply-accumulates for one image by torch's own counter, exactly.
    output_bytes: of the outputs of all layers for one image, exactly; None where the layers are
        not known because their path depends on values.
    held_bytes: of weights, buffers and inputs.
    peak_bytes: the most that the allocator gave out above them while a batch ran; None where the
        device does not say.
    layers: in order of execution, of an inference that is not compiled; their times are taken
        with a clock between the layers and need not add up to the time of the batch.
    compile_seconds: that torch.compile took; 0 where it was not asked for.

    >>> import cnnref
    >>> found = cnnref.measure("resnet20_cifar", device="cpu", layers=False, seconds=0.1)
    >>> found.batch_size, found.input_shape, found.parameters
    (1, (3, 32, 32), 269722)
    """

    network: str
    machine: Machine
    date: str
    input_shape: tuple[int, ...]
    batch_size: int
    dtype: str
    mode: str
    channels_last: bool
    tf32: bool
    compiled: bool
    time: Quartiles
    parameters: int
    macs: int
    output_bytes: int | None
    held_bytes: int
    peak_bytes: int | None
    layers: tuple[LayerTime, ...] = ()
    compile_seconds: float = 0.0

    @property
    def images_per_second(self) -> float:
        """Throughput at the median time, in images a second."""
        return self.batch_size / self.time.median

    @property
    def flops_per_second(self) -> float:
        """FLOPs each second, two for a MAC of the forward pass.

        In training the backward pass is work that this does not count.
        """
        return 2 * self.macs * self.images_per_second

    @property
    def doubt(self) -> str:
        """Why the time is not to be relied on, in a sentence without its point; or nothing.

        The quartiles are more than a tenth of the median apart, or there are fewer than five runs.
        """
        if self.time.runs < FEW:
            many = f"{self.time.runs} run{'s' * (self.time.runs != 1)}"
            return f"only {many} fitted into the time: give more seconds"
        if self.time.spread > NOISY:
            apart = f"{self.time.spread:.0%} of the median"
            return f"the quartiles are {apart} apart: measure again on an idle machine"
        return ""

    @property
    def setting(self) -> str:
        """How it ran, in a few words."""
        words = [self.mode, f"batch {self.batch_size}", "TF32" if self.tf32 else self.dtype]
        words += ["channels last"] if self.channels_last else []
        words += ["compiled"] if self.compiled else []
        return ", ".join(words)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the machine, as JSON holds it; `from_dict` is the way back."""
        plain = self._asdict()
        del plain["machine"]
        plain["input_shape"] = list(self.input_shape)
        plain["time"] = {
            name: value if name == "runs" else significant(value, 6)
            for name, value in self.time._asdict().items()
        }
        plain["layers"] = [[*layer[:-1], significant(layer.seconds, 4)] for layer in self.layers]
        plain["compile_seconds"] = round(self.compile_seconds, 1)
        return plain

    @staticmethod
    def from_dict(plain: Mapping[str, Any], machine: Machine) -> Measurement:
        """A measurement from the plain mapping that `to_dict` wrote, and the machine it was on."""
        return Measurement(
            **{
                **plain,
                "machine": machine,
                "input_shape": tuple(plain["input_shape"]),
                "time": Quartiles(**plain["time"]),
                "layers": tuple(LayerTime(*layer) for layer in plain["layers"]),
            }
        )

    def to_json(self) -> str:
        """All of it, with the machine, as JSON."""
        from cnnref.tables.formats import json_text

        return json_text({"machine": self.machine._asdict(), **self.to_dict()})

    def to_frame(self) -> pd.DataFrame:
        """The layers as a pandas DataFrame, a row each, by the names of `LayerTime`.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        from cnnref.tables.formats import Grid, to_frame

        kinds = ["text", "text", "whole", "whole", "float"]
        heads, rows = list(LayerTime._fields), [list(layer) for layer in self.layers]
        return to_frame(Grid(heads, "llrrr", kinds, [], rows, [], []), "Measurement.to_frame")

    def __repr__(self) -> str:
        """One line; `print` shows more, `to_dict` all."""
        took = f"{1e3 * self.time.median:,.2f} ms a batch"
        return f"<Measurement {self.network}: {self.setting}, {took}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the lines of `print`, and the layers to unfold."""
        from cnnref.counting.markup import Line, element, joined, table_lines

        rows = (
            Line((one.name, one.op, f"{1e3 * one.seconds:,.3f}", f"{one.macs:,}"), headed=False)
            for one in self.layers
        )
        table = joined(table_lines(("layer", "op", "ms", "MACs"), rows))
        layers = element("details", element("summary", f"{len(self.layers)} layers"), table)
        return joined([element("pre", str(self)), *([layers] if self.layers else [])], "\n")

    def __str__(self) -> str:
        """What was measured, in a few lines of at most 80 characters."""
        from textwrap import fill

        shape = " x ".join(map(str, self.input_shape))
        head = f"{self.network}, input {shape}, {self.setting}"
        told = [f"  {word:<12}{what}" for word, what in self._told().items() if what]
        margin = " " * 14
        return "\n".join([head, *(fill(one, 80, subsequent_indent=margin) for one in told)])

    def _told(self) -> dict[str, str]:
        """What `print` says below the first line, by its first word; nothing where it is not so."""
        low, high = (1e3 * quartile for quartile in (self.time.lower, self.time.upper))
        peak, backward = self.peak_bytes, ", the backward pass not counted"
        return {
            "on": self.machine.short,
            "time": f"{1e3 * self.time.median:,.2f} ms a batch "
            f"(quartiles {low:,.2f} and {high:,.2f}, {self.time.runs} runs)",
            "throughput": f"{self.images_per_second:,.1f} images/s",
            "achieved": f"{self.flops_per_second / GIGA:,.1f} GFLOP/s (2 for a MAC) "
            f"on {self.macs / MEGA:,.1f} M MACs an image"
            f"{backward if self.mode == 'training' else ''}",
            "held": f"{self.held_bytes / MIB:,.1f} MiB of weights and inputs",
            "peak": "" if peak is None else f"{peak / MIB:,.1f} MiB above them",
            "but": self.doubt,
            "compiled": f"in {self.compile_seconds:,.1f} s" if self.compiled else "",
        }
