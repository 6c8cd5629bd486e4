"""Networks beside one another: their computed costs, and accuracies cited under one protocol.

What a cited accuracy is worth depends on how it was measured: crops, weights, images. A
protocol therefore says which figures may stand in one picture, and no picture mixes two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

from cnnref.counting.units import GIGA, MEGA
from cnnref.errors import UnknownNameError
from cnnref.networks.catalog import architecture, names
from cnnref.networks.published import Published, figures
from cnnref.tables.printable import View
from cnnref.tables.quantities import QUANTITIES
from cnnref.tables.table import Table
from studies.machines.reference import nanoseconds, reference
from website.data import CHARTED
from website.facts import lookup

__all__ = [
    "AXES",
    "PROTOCOLS",
    "Axis",
    "Point",
    "Protocol",
    "axes",
    "counted",
    "families",
    "family",
    "points",
    "protocol",
]


class Protocol(NamedTuple):
    """Figures that were measured in one way.

    title: a short name; text: how the accuracy was measured, one sentence.
    picks: (source, quantity, a part of the note); the first that has a network's figure wins.
    """

    key: str
    title: str
    text: str
    picks: tuple[tuple[str, str, str], ...]


class Axis(NamedTuple):
    """A cost that networks can be laid out by.

    choice, short, title: its name among the choices, in a table's head, and at the axis.
    value: the cost of a network of the catalogue, exact, or None where it is not known.
    unit, digits: how it is shown: value / unit with so many decimals.
    """

    key: str
    choice: str
    short: str
    title: str
    unit: int
    digits: int
    value: Callable[[str], int | None]

    def of(self, rows: Table) -> int:
        """What rows of a network have of a cost that is counted."""
        return int(QUANTITIES[self.key].of(rows, View.of("macs")))


def counted(key: str, short: str, title: str, unit: int, digits: int) -> Axis:
    """A quantity of tables as a cost, for one image in float32."""
    quantity = QUANTITIES[key]
    axis = Axis(key, quantity.noun, short, title, unit, digits, lambda name: axis.of(lookup(name)))
    return axis


class Point(NamedTuple):
    """One network under one protocol.

    name: of the catalogue; "" for a network that is not rebuilt.
    label: what the chart of Canziani et al. calls it, or the variant that was measured.
    """

    name: str
    label: str
    figure: Published

    @property
    def top1(self) -> str:
        """The top-1 accuracy in percent, with the digits that the source prints."""
        text = self.figure.value.text
        return text if self.figure.quantity == "top1_acc" else _complement(text)

    @property
    def error(self) -> str:
        """The top-1 error in percent, with the digits that the source prints."""
        text = self.figure.value.text
        return text if self.figure.quantity == "top1_err" else _complement(text)

    @property
    def approximate(self) -> bool:
        """Whether the figure was read off a drawing."""
        return self.figure.certainty == "approximate-chart-reading"


OTHERS = "others"
# a network under another name than the one that is meant in the chart
VARIANTS = {"alexnet": "AlexNet (one tower)"}

PROTOCOLS: Mapping[str, Protocol] = {
    entry.key: entry
    for entry in (
        Protocol(
            "canziani",
            "Canziani et al.",
            "Top-1 accuracy on the validation images of ILSVRC-2012, one central crop. Exact where "
            "the list behind the chart of Canziani et al. has the network; else read off their "
            "chart, to about one point, and marked with a wave (≈).",
            (
                ("szagoruyko_val", "top1_acc", "central crop"),
                ("canziani2016_chart", "top1_acc", "single central crop"),
            ),
        ),
        Protocol(
            "torchvision",
            "torchvision",
            "Top-1 accuracy on the validation images of ILSVRC-2012, one central crop, with the "
            "first weights that torchvision published for each network.",
            (("torchvision", "top1_acc", "IMAGENET1K_V1"),),
        ),
        Protocol(
            "ten_crops",
            "ResNet paper, ten crops",
            "Top-1 accuracy on the validation images of ILSVRC-2012, predictions averaged over "
            "ten crops, as Table 3 of the ResNet paper prints it.",
            (("resnet2015", "top1_err", "10-crop"),),
        ),
        Protocol(
            "inception",
            "Inception papers",
            "Top-1 accuracy on the validation images of ILSVRC-2012, one crop, as the papers of "
            "Inception-v3 and Inception-v4 print it; for the later networks without the images "
            "whose label the authors distrust.",
            (
                ("inceptionv3_2015", "top1_err", "single crop"),
                ("inceptionv4_2016", "top1_err", "single crop"),
            ),
        ),
    )
}

AXES: Mapping[str, Axis] = {
    axis.key: axis
    for axis in (
        counted("macs", "GMACs", "GMACs for one image", GIGA, 2),
        counted("parameters", "parameters (M)", "Parameters (M)", MEGA, 1),
        counted("activations", "activations (M)", "Activations for one image (M)", MEGA, 1),
    )
}


def axes() -> Mapping[str, Axis]:
    """The costs on paper, and the time where a machine's record is at hand."""
    machine = reference()
    if machine is None:
        return AXES
    time = Axis(
        "time",
        "measured time",
        f"ms ({machine.title})",
        "Milliseconds for one image",
        MEGA,
        1,
        nanoseconds,
    )
    return {**AXES, "time": time}


def protocol(key: str) -> Protocol:
    """A protocol by its key.

    Raises:
        UnknownNameError: no protocol has that key.
    """
    if key not in PROTOCOLS:
        raise UnknownNameError("protocol", key, PROTOCOLS)
    return PROTOCOLS[key]


@cache
def points(key: str, *, rebuilt: bool = True) -> tuple[Point, ...]:
    """The networks of the chart that have a figure under a protocol, in the chart's order.

    rebuilt: only those whose costs can be computed.

    Raises:
        UnknownNameError: no protocol has that key.
    """
    picks = protocol(key).picks
    found = []
    for label, candidates in CHARTED.items():
        figure = next(filter(None, (_figure(pick, label, candidates) for pick in picks)), None)
        if figure is not None:
            name = figure.name if figure.name in names() else ""
            found.append(Point(name, VARIANTS.get(name, label), figure))
    return tuple(point for point in found if point.name or not rebuilt)


@cache
def families() -> tuple[str, ...]:
    """What charts have colours for: the families of several networks of the chart, and the rest."""
    shown = Counter(architecture(found[0]).family for found in CHARTED.values() if found)
    order = dict.fromkeys(architecture(name).family for name in names())
    return (*(family for family in order if shown[family] > 1), OTHERS)


def family(name: str) -> str:
    """Which of `families` a network of the catalogue belongs to.

    >>> family("vgg16"), family("googlenet"), family("enet")
    ('VGG', 'Inception', 'others')
    """
    own = architecture(name).family
    return own if own in families() else OTHERS


def full_title(point: Point) -> str:
    """The catalogue's title of a point's network, or the chart's where it is not rebuilt."""
    return architecture(point.name).title if point.name else point.label


def _figure(
    pick: tuple[str, str, str], label: str, candidates: tuple[str, ...]
) -> Published | None:
    source, quantity, note = pick
    wanted = candidates or (label,)
    matches = [
        figure
        for figure in figures()
        if (figure.source.key, figure.quantity) == (source, quantity)
        and figure.name in wanted
        and note in figure.note
    ]
    return matches[0] if matches else None


def _complement(percent: str) -> str:
    # decimal: 100 - 28.07 in binary is 71.93000000000001
    from decimal import Decimal

    return str(100 - Decimal(percent))
