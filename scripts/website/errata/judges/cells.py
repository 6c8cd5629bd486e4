"""The cells of the lecture's tables, each against the row of the network that it describes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import product
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from cnnref.counting.arithmetic import output_size
from cnnref.counting.layer import Layer
from cnnref.counting.shapes import Window
from cnnref.counting.units import KIB, KILO, MEGA, grouped, rounded
from cnnref.errors import UnknownNameError
from cnnref.networks.catalog import architecture
from website.errata.judges.readings import Reading, Ruling, decide, printed
from website.facts import lookup

if TYPE_CHECKING:
    from website.errata.claims import Claim

__all__ = ["TABLES", "judge"]


class Place(NamedTuple):
    """A table of the lecture: the network that it shows, and its names for that one's rows."""

    key: str
    rows: Mapping[str, str]


def _same(*names: str) -> dict[str, str]:
    return dict(zip(names, names, strict=True))


# fmt: off
TABLES: Mapping[tuple[str, str], Place] = {
    ("AlexNet", "full table"): Place("alexnet@227", _same(
        "conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5", "flatten",
        "fc6", "fc7", "fc8",
    )),
    ("GoogLeNet", "stem table"): Place("googlenet", {
        "conv (7x7)": "conv1", "max-pool (1)": "pool1", "conv (1x1)": "conv2_reduce",
        "conv (3x3)": "conv2", "max-pool (2)": "pool2",
    }),
    ("GoogLeNet", "tail table"): Place("googlenet", {"avg-pool": "avgpool", "fc": "linear"}),
    ("GoogLeNet", "VGG-16 tail table"): Place("vgg16", _same("flatten", "fc6", "fc7", "fc8")),
}
# fmt: on


def judge(claim: Claim) -> Ruling:
    """The verdict on one cell."""
    place = TABLES[claim.chapter, claim.place]
    layer = lookup(place.key)[place.rows[claim.row]]
    if claim.quantity not in QUANTITIES:
        raise UnknownNameError("quantity", claim.quantity, QUANTITIES)
    readings = list(QUANTITIES[claim.quantity](place, layer))
    ruling = decide(claim.stated, readings, _slips(claim, place, layer))
    if ruling.verdict == "wrong" and claim.quantity == "flop (M)" and layer.op == "conv":
        return ruling._replace(cause=ruling.cause + _needed(layer, claim.stated))
    return ruling


def _plain(value: Callable[[Layer], int]) -> Callable[[Place, Layer], Iterator[Reading]]:
    def readings(place: Place, layer: Layer) -> Iterator[Reading]:
        yield Reading(value(layer), "agrees")

    return readings


def _window(layer: Layer) -> Window:
    assert layer.window is not None
    return layer.window


def _input_size(place: Place, layer: Layer) -> Iterator[Reading]:
    name, _, chosen = place.key.partition("@")
    if not chosen or layer.inputs != (-1,):
        yield Reading(layer.in_shape.size[0], "agrees")
        return
    own = lookup(name)[layer.name]
    yield Reading(own.in_shape.size[0], "agrees")
    old = architecture("alexnet_2012").input_size
    yield Reading(
        layer.in_shape.size[0],
        "convention",
        f"The lecture's own input. The network with these filters is stated for "
        f"{own.in_shape.size[0]}, where {layer.name} gives {own.out_shape.size[0]} x "
        f"{own.out_shape.size[0]} maps; {old} belongs to the network of 2012, which does not "
        f"pad. The lecture has {layer.in_shape.size[0]} and pads, and the cells below follow "
        "from that.",
    )


def _padding(place: Place, layer: Layer) -> Iterator[Reading]:
    window = _window(layer)
    yield Reading(window.padding[0], "agrees")
    size, out = layer.in_shape.size[0], layer.out_shape.size[0]
    for padding in range(window.kernel[0] // 2 + 1) if window.ceil_mode else ():
        if output_size(size, window.kernel[0], window.stride[0], padding) == out:
            yield Reading(
                padding,
                "convention",
                f"Figure 3 of the paper marks this pooling (S), same: {out} x {out} maps. Padding "
                f"{window.padding[0]} and rounding up gives them, and so does padding {padding} on "
                "each side and rounding down, with the same count.",
            )


def _memory(place: Place, layer: Layer) -> Iterator[Reading]:
    own = Fraction(4 * layer.activations, KIB)
    if layer.op == "flatten":
        yield Reading(0, "agrees")
        yield Reading(
            own,
            "convention",
            "It agrees if flatten is taken to copy its input. But it is a view of the same "
            "bytes and takes none of its own.",
        )
    yield Reading(own, "agrees")
    step, fitting = printed(Fraction(4 * layer.activations, KIB * KIB), "0"), printed(own, "0")
    reason = (
        f"The layer keeps {rounded(4 * layer.activations, KIB, 1)} KB, which rounds to {fitting}."
    )
    yield Reading(int(step), "wrong", f"{reason} It is {step} only when rounded to whole MB.")


def _parameters(place: Place, layer: Layer) -> Iterator[Reading]:
    yield Reading(Fraction(layer.parameters, KILO), "agrees")
    yield Reading(
        Fraction(layer.counts.weights, KILO),
        "convention",
        "It agrees where biases are left out: these are the "
        f"{grouped(layer.counts.weights)} weights. With {grouped(layer.counts.biases)} biases, "
        "which the lecture's own formula adds and its other rows count, it is "
        f"{grouped(layer.parameters)}.",
    )


def _operations(place: Place, layer: Layer) -> Iterator[Reading]:
    yield Reading(Fraction(layer.operations("lecture"), MEGA), "agrees")
    reason = "It agrees where a multiply and an add are two operations."
    yield Reading(Fraction(2 * layer.macs, MEGA), "convention", reason)


QUANTITIES: Mapping[str, Callable[[Place, Layer], Iterator[Reading]]] = {
    "in C": _plain(lambda layer: layer.in_shape.channels),
    "in H/W": _input_size,
    "filters": _plain(lambda layer: layer.out_shape.channels),
    "kernel": _plain(lambda layer: _window(layer).kernel[0]),
    "stride": _plain(lambda layer: _window(layer).stride[0]),
    "pad": _padding,
    "out C": _plain(lambda layer: layer.out_shape.channels),
    "out H/W": _plain(lambda layer: layer.out_shape.size[0]),
    "memory (KB)": _memory,
    "params (k)": _parameters,
    "flop (M)": _operations,
}


def _slips(claim: Claim, place: Place, layer: Layer) -> Iterator[Reading]:
    yield from _other_rows(claim, place, layer)
    if claim.quantity == "flop (M)" and layer.op == "conv":
        yield from _other_units(layer)
        yield from _other_factors(place, layer)


def _other_rows(claim: Claim, place: Place, layer: Layer) -> Iterator[Reading]:
    for title, name in place.rows.items():
        other = lookup(place.key)[name]
        if other is not layer and claim.quantity.endswith((")", " C")):
            reading = next(QUANTITIES[claim.quantity](place, other))
            yield Reading(reading.value, "wrong", f"This is the value of another row, {title}.")


def _other_units(layer: Layer) -> Iterator[Reading]:
    for unit in (KILO * KIB, KIB * KIB):
        reason = f"The count was divided by {grouped(unit)} in place of a million."
        yield Reading(Fraction(layer.macs, unit), "wrong", reason)


def _other_factors(place: Place, layer: Layer) -> Iterator[Reading]:
    """The count with one or two factors replaced by numbers that stand elsewhere in the table."""
    convs = [row for row in lookup(place.key) if row.op == "conv"]
    right = _factors(layer)
    columns = zip(*(_factors(row) for row in convs), strict=True)
    for tried in product(*(sorted(set(column)) for column in columns)):
        if 1 <= sum(a != b for a, b in zip(right, tried, strict=True)) <= 2:
            filters, size, depth, kernel = tried
            text = f"{filters} x {size} x {size} x {depth} x {kernel} x {kernel}"
            macs = prod((filters, size, size, depth, kernel, kernel))
            yield Reading(Fraction(macs, MEGA), "wrong", f"It is the count of {text}.")


def _factors(layer: Layer) -> tuple[int, int, int, int]:
    """Filters, size of the output, channels that one filter sees, kernel."""
    window = _window(layer)
    depth = layer.in_shape.channels // window.groups
    return layer.out_shape.channels, layer.out_shape.size[0], depth, window.kernel[0]


def _needed(layer: Layer, stated: str) -> str:
    """What a convolution with this count would look like if one of its four sizes were another."""
    right = _factors(layer)
    found = []
    for place, name in enumerate(("filters", "for the output's size", "input channels", "for K")):
        power = 2 if place % 2 else 1
        rest = layer.macs // right[place] ** power
        fits = [
            str(size)
            for size in range(1, 2 * right[place])
            if printed(Fraction(rest * size**power, MEGA), stated) == stated
        ]
        if fits:
            found.append(f"{' or '.join(fits)} {name} instead of {right[place]}")
    return f" To get it, the layer would need {', or '.join(found)}." if found else ""
