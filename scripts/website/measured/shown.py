"""The machines that the pages show, and what of each record a chart or a table may take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from cnnref.counting.shapes import Shape
from cnnref.measuring.record import Measurement
from cnnref.networks.catalog import table
from cnnref.tables.analysis import element_bytes
from cnnref.tables.table import Table
from studies.machines.record import Record
from website.data import CHARTED
from website.measured.predict import Measured, measured

__all__ = ["LABELS", "Shown", "Way", "analytic_peak", "labelled", "ways"]

# the networks of the lecture's chart by their main variant
LABELS = {names[0]: label for label, names in CHARTED.items() if names}


# what people call processors whose name says only a family and a model, by Intel's numbers of both
CALLED = {
    "Processor (family 6, model 85)": "(Skylake or Cascade Lake)",
    "Processor (family 6, model 106)": "(Ice Lake)",
    "Processor (family 6, model 143)": "(Sapphire Rapids)",
    "Processor (family 6, model 167)": "(Rocket Lake)",
    "Processor (family 6, model 207)": "(Emerald Rapids)",
}


def called(machine: str) -> str:
    """A machine's words with the name that a person would say.

    >>> called("Intel Xeon Processor (family 6, model 167), 2 threads")
    'Intel Xeon (Rocket Lake), 2 threads'
    """
    for numbers, name in CALLED.items():
        machine = machine.replace(numbers, name)
    return machine


class Shown(NamedTuple):
    """A machine: its record, and whether it is the one that built the site."""

    record: Record
    here: bool

    @property
    def key(self) -> str:
        """What charts and anchors of this machine are called."""
        return f"{self.record.key}{'-here' if self.here else ''}"

    @property
    def title(self) -> str:
        """What a reader chooses it by."""
        name = called(self.record.title)
        return f"this build's machine ({name})" if self.here else name

    @property
    def line(self) -> str:
        """The machine in one line, with the day."""
        return f"{called(str(self.record.machine))}; measured on {self.record.date}"


class Way(NamedTuple):
    """One machine and one setting in which many networks were measured."""

    shown: Shown
    mode: str
    batch_size: int
    dtype: str
    tf32: bool
    points: tuple[Measured, ...]

    @property
    def key(self) -> str:
        """A part of a chart's name."""
        kind = "tf32" if self.tf32 else self.dtype
        return f"{self.shown.key}-{self.mode}-{self.batch_size}-{kind}"

    @property
    def title(self) -> str:
        """What a reader chooses it by."""
        return f"{self.shown.title}: {self.setting}"

    @property
    def setting(self) -> str:
        """The same without the machine."""
        words = [self.mode, f"batch {self.batch_size}"]
        kind = "TF32" if self.tf32 else self.dtype
        words += [kind] * (kind != "float32")
        return ", ".join(words)


def ways(machines: Iterable[Shown], fewest: int = 10) -> Iterator[Way]:
    """Every setting of every machine in which enough networks were measured, plain layouts only."""
    for shown in machines:
        settings = dict.fromkeys(
            (one.mode, one.batch_size, one.dtype, one.tf32)
            for one in shown.record.measurements
            if not (one.channels_last or one.compiled)
        )
        for mode, batch, dtype, tf32 in sorted(settings, key=_plain_first):
            points = measured(shown.record, mode=mode, batch_size=batch, dtype=dtype, tf32=tf32)
            if len(points) >= fewest:
                yield Way(shown, mode, batch, dtype, tf32, tuple(points))


def _plain_first(setting: tuple[str, int, str, bool]) -> tuple[Any, ...]:
    mode, batch, dtype, tf32 = setting
    return dtype != "float32", tf32, dtype, mode, batch


def labelled(shown: Shown, **setting: object) -> list[tuple[str, Measurement]]:
    """The networks of the lecture's chart, each with its measurement in one way."""
    found = {one.name: one.measurement for one in measured(shown.record, **setting)}
    return [(label, found[name]) for name, label in LABELS.items() if name in found]


def analytic_peak(one: Measurement) -> int:
    """Bytes above weights and input that a step takes by the rows of the table alone.

    At inference the maps that are alive at once; in training all maps and the gradients of the
    weights. The gradients of the maps, and what a library works with, come on top.
    """
    book = table(one.network, input_size=(one.input_shape[1], one.input_shape[2]))
    size = element_bytes("analytic_peak", one.dtype)
    if one.mode == "training":
        maps = book.training_activation_bytes(size)
        return size * book.parameters + one.batch_size * maps
    # the caller holds the input, so it takes nothing here
    bare = Table(book, name=book.name, input_shape=Shape((0,)))
    return one.batch_size * bare.peak_activation_bytes(size)
