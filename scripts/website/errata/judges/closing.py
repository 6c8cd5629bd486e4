"""The lecture's closing sentences, tested on the networks of the chart that they comment on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import NamedTuple

from cnnref.counting.layer import Layer
from cnnref.counting.units import GIGA, MEGA, MIB, ratio, rounded
from cnnref.networks import catalog
from cnnref.networks.published import figures
from cnnref.tables.table import Table
from website.errata.judges.readings import Ruling
from website.facts import lookup

__all__ = ["JUDGES", "chart"]

CHART = "canziani2016_chart"


class Network(NamedTuple):
    """A network of the chart: its accuracy as read off there, in percent, and its table."""

    name: str
    title: str
    accuracy: float
    book: Table


@cache
def _cited() -> tuple[tuple[str, str, float], ...]:
    known = catalog.names()
    return tuple(
        (figure.name, figure.title, figure.value.number)
        for figure in figures()
        if figure.source.key == CHART and figure.quantity == "top1_acc" and figure.name in known
    )


def chart() -> dict[str, Network]:
    """The networks of Canziani et al.'s chart that are in the catalogue."""
    return {entry[0]: Network(*entry, lookup(entry[0])) for entry in _cited()}


def _inception_v4(stated: str) -> Ruling:
    joins = {name: _joins(lookup(name)) for name in ("inception_v4", "inception_resnet_v2")}
    computed = f"{joins['inception_v4']} residual additions in Inception-v4"
    if joins["inception_v4"]:
        return Ruling(computed, "agrees")
    cause = (
        "Inception-v4 has inception modules and no shortcuts. The same paper's "
        f"Inception-ResNet-v2 joins the two ideas: it has {joins['inception_resnet_v2']} "
        "residual additions."
    )
    return Ruling(computed, "wrong", cause)


def _joins(book: Table) -> int:
    return sum(layer.op == "add" for layer in book)


# what "memory" may mean, in bytes of float32
MEMORY: Mapping[str, Callable[[Table], int]] = {
    "parameters": lambda book: 4 * book.parameters,
    "the most that is alive at once": lambda book: book.peak_activation_bytes(),
    "all outputs": lambda book: book.stored_bytes("lecture"),
}


def _vgg_memory(stated: str) -> Ruling:
    networks = chart().values()
    busiest = max(networks, key=lambda network: network.book.macs)
    largest = {meaning: _largest(networks, size) for meaning, size in MEMORY.items()}
    true = [meaning for meaning, network in largest.items() if _is_vgg(network)]
    false = [meaning for meaning in largest if meaning not in true]
    computed = (
        f"most MACs: {busiest.title}; highest memory: VGG by {len(true)} of {len(largest)} meanings"
    )
    if not _is_vgg(busiest) or not true:
        return Ruling(computed, "wrong")
    if not false:
        return Ruling(computed, "agrees")
    cause = (
        f"The operations are right. The memory agrees where it means {' or '.join(true)}. Where "
        f"it means {_of(false)}, as in the lecture's own tables, it is not VGG but "
        + ", ".join(
            f"{largest[name].title} with {rounded(MEMORY[name](largest[name].book), MIB)} MB, "
            f"against {rounded(MEMORY[name](lookup('vgg19')), MIB)} MB of VGG-19"
            for name in false
        )
        + "."
    )
    return Ruling(computed, "convention", cause)


def _largest(networks: Iterable[Network], size: Callable[[Table], int]) -> Network:
    return max(networks, key=lambda network: size(network.book))


def _of(names: list[str]) -> str:
    return " or ".join(names)


def _is_vgg(network: Network) -> bool:
    return network.name.startswith("vgg")


def _googlenet_efficient(stated: str) -> Ruling:
    networks = chart()
    own = networks["googlenet"]
    better = [
        other
        for other in networks.values()
        if other.accuracy >= own.accuracy and other.name != own.name
    ]
    beaten = {
        "MACs": [other for other in better if other.book.macs <= own.book.macs],
        "parameters": [other for other in better if other.book.parameters <= own.book.parameters],
    }
    vgg = networks["vgg16"]
    computed = (
        f"{ratio(vgg.book.macs, own.book.macs)}x fewer MACs and "
        f"{ratio(vgg.book.parameters, own.book.parameters)}x fewer parameters than VGG-16"
    )
    if all(beaten.values()):
        return Ruling(computed, "wrong", "Others are as accurate for less of both.")
    if any(beaten.values()):
        return Ruling(computed, "convention", "By one of MACs and parameters only.")
    cause = (
        f"At {own.accuracy:g}% top-1 against {vgg.accuracy:g}% (read off the chart, so "
        f"approximate). Of the {len(networks)} networks none that is as accurate has as few "
        "MACs, and none as few parameters."
    )
    return Ruling(computed, "agrees", cause)


def _alexnet(stated: str) -> Ruling:
    networks = chart()
    own, count = networks["alexnet_2012"], len(networks)
    low = _place(own, [network.book.macs for network in networks.values()], own.book.macs)
    weights = [-network.book.parameters for network in networks.values()]
    high = _place(own, weights, -own.book.parameters)
    computed = f"of {count}: place {low} from below in MACs, place {high} from above in parameters"
    if low > count / 3 or high > count / 3:
        return Ruling(computed, "wrong", "It is not in the outer third of both.")
    cheaper = [n for n in networks.values() if n.book.macs < own.book.macs]
    larger = [n for n in networks.values() if n.book.parameters > own.book.parameters]
    return Ruling(computed, "agrees", _before_alexnet(own, cheaper, larger))


def _before_alexnet(own: Network, cheaper: list[Network], larger: list[Network]) -> str:
    kin = [network.name == "bn_alexnet" for network in cheaper]
    if not all(kin) or not all(_is_vgg(n) or n.name == "bn_alexnet" for n in larger):
        return ""
    return (
        f"{rounded(own.book.macs, MEGA)} M MACs and {rounded(own.book.parameters, MEGA)} M "
        "parameters in the network of 2012. Only VGG and another AlexNet, the one with batch "
        "normalisation, have more parameters, and only the latter has fewer MACs."
    )


def _place(own: Network, values: list[int], value: int) -> int:
    return 1 + sum(other < value for other in values)


def _resnet(stated: str) -> Ruling:
    networks = chart()
    family = [network for name, network in networks.items() if name.startswith("resnet")]
    best = max(family, key=lambda network: network.accuracy)
    median = sorted(n.accuracy for n in networks.values())[len(networks) // 2]
    accurate = sum(n.accuracy >= median for n in family)
    kinds = {name: _kinds(networks[name].book) for name in ("resnet152", "inception_v4")}
    rates = [_rate(networks[name]) for name in ("vgg16", "resnet50", "googlenet")]
    moderate = rates[0] < rates[1] < rates[2]
    computed = (
        f"{kinds['resnet152']} kinds of block, {accurate} of {len(family)} above the middle of the "
        f"chart, {rates[0]:.0f} < {rates[1]:.0f} < {rates[2]:.0f} points per GMAC"
    )
    if not moderate or kinds["resnet152"] >= kinds["inception_v4"] or 2 * accurate <= len(family):
        return Ruling(computed, "wrong", "One of the three does not hold.")
    cause = (
        "Simple is taken as few kinds of block: by operators and windows, ResNet-152 has "
        f"{kinds['resnet152']} and Inception-v4 {kinds['inception_v4']}. Efficiency is taken as "
        "top-1 accuracy over MACs, here VGG-16, ResNet-50 and GoogLeNet; the accuracies are read "
        f"off the chart, where {best.title} has {best.accuracy:g}%."
    )
    return Ruling(computed, "agrees", cause)


def _rate(network: Network) -> float:
    return network.accuracy / (network.book.macs / GIGA)


def _kinds(book: Table) -> int:
    """Different sequences of operators and windows among the blocks of a network."""
    return len({_signature(part) for block, part in book.group("block").items() if block})


def _signature(part: Table) -> tuple[object, ...]:
    return tuple((layer.op, _window(layer)) for layer in part)


def _window(layer: Layer) -> object:
    return layer.window and layer.window[:2]


JUDGES: Mapping[str, Callable[[str], Ruling]] = {
    "Inception-v4: ResNet + Inception": _inception_v4,
    "VGG: highest memory, most operations": _vgg_memory,
    "GoogLeNet: very efficient": _googlenet_efficient,
    "AlexNet: low compute, lots of parameters": _alexnet,
    "ResNet: simple design, moderate efficiency, high accuracy": _resnet,
}
