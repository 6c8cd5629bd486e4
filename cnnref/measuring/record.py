"""What a measurement says: times, memory and counts of one network on one machine, torch-free."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from cnnref.counting.units import GIB, GIGA, MEGA, MIB, significant

__all__ = ["MODES", "LayerTime", "Machine", "Measurement", "Quartiles"]

MODES = ("inference", "training")


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

    def __str__(self) -> str:
        """The machine in one line."""
        used = f"{self.threads} of {self.cores} cores"
        where = self.name if self.device != "cpu" else f"{self.name}, {used}"
        memory = f", {self.memory_bytes / GIB:.0f} GiB" if self.memory_bytes else ""
        driver = f", driver {self.driver}" if self.driver else ""
        return f"{where}{memory}{driver}, torch {self.torch} ({self.build})"


class Quartiles(NamedTuple):
    """The middle half of repeated times, in seconds.

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

    name, op: as in the table; macs: its multiply-accumulates.
    moved_bytes: of its weights, inputs and outputs, each once; see `Roofline`.
    seconds: the median.

    >>> import cnnref
    >>> cnnref.measure("resnet20_cifar", device="cpu", seconds=0.1).layers[0].name
    'conv1'
    """

    name: str
    op: str
    macs: int
    moved_bytes: int
    seconds: float


class Measurement(NamedTuple):
    """One network, timed on one machine in one way.

    input_shape: of one image.
    mode: "inference" is one forward pass in evaluation mode; "training" is a forward pass in
        training mode and the backward pass from the mean of the outputs, without an optimiser.
    time: seconds for one batch.
    parameters: learned numbers that an inference uses; macs: what it does for one image, by
        torch's own counter; output_bytes: of the outputs of all layers for one image, None where
        the layers are not known because their path depends on values. These three are exact.
    held_bytes: weights, buffers and inputs; peak_bytes: the most that the allocator gave out
        above them while a batch ran; None where the device does not say.
    layers: in order of execution, of an inference that is not compiled; their times are taken
        with a clock between the layers and need not add up to the time of the batch.
    compile_seconds: how long torch.compile took; 0 where it was not asked for.

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
        """Throughput at the median time."""
        return self.batch_size / self.time.median

    @property
    def flops_per_second(self) -> float:
        """FLOPs each second, two for a MAC of the forward pass.

        In training the backward pass is work that this does not count.
        """
        return 2 * self.macs * self.images_per_second

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
        """A measurement as `to_dict` wrote it."""
        return Measurement(
            **{
                **plain,
                "machine": machine,
                "input_shape": tuple(plain["input_shape"]),
                "time": Quartiles(**plain["time"]),
                "layers": tuple(LayerTime(*layer) for layer in plain["layers"]),
            }
        )

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
        """What was measured, in a few lines."""
        shape = " x ".join(map(str, self.input_shape))
        low, high = (1e3 * quartile for quartile in (self.time.lower, self.time.upper))
        lines = [
            f"{self.network}, input {shape}, {self.setting}",
            f"  on          {self.machine}",
            f"  time        {1e3 * self.time.median:,.2f} ms a batch "
            f"(quartiles {low:,.2f} and {high:,.2f}, {self.time.runs} runs)",
            f"  throughput  {self.images_per_second:,.1f} images/s",
            f"  achieved    {self.flops_per_second / GIGA:,.1f} GFLOP/s (2 for a MAC) "
            f"on {self.macs / MEGA:,.1f} M MACs an image"
            f"{', the backward pass not counted' if self.mode == 'training' else ''}",
            f"  held        {self.held_bytes / MIB:,.1f} MiB of weights and inputs",
        ]
        if self.peak_bytes is not None:
            lines.append(f"  peak        {self.peak_bytes / MIB:,.1f} MiB above them")
        if self.compiled:
            lines.append(f"  compiled    in {self.compile_seconds:,.1f} s")
        return "\n".join(lines)
