"""What the lecture's notes say besides the claims of claims.csv, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise

from cnnref.counting.layer import Layer
from cnnref.counting.units import ratio
from cnnref.files import json_of
from cnnref.networks import catalog
from cnnref.networks.published import Published, figures
from website.data import FOLDER
from website.errata.judges.readings import Ruling
from website.facts import fact, lookup, rows

__all__ = ["JUDGES"]

VGGS = ("vgg11", "vgg13", "vgg16_c", "vgg16", "vgg19")
# what the lecture compares networks by
COSTS = {
    "parameters": "parameters",
    "memory": "stored_bytes:lecture",
    "operations": "operations:lecture",
}
MUCH = 2


def _alexnet_layers(stated: str) -> Ruling:
    book = lookup("alexnet@227")
    counts = {op: len(rows(book, f"op:{op}")) for op in ("conv", "linear", "max_pool", "relu")}
    computed = (
        f"{counts['conv']} convolutions, {counts['linear']} fully-connected layers, "
        f"{counts['max_pool']} max poolings, {counts['relu']} ReLU"
    )
    right = (counts["conv"], counts["linear"]) == (5, 3) and counts["max_pool"] and counts["relu"]
    return Ruling(computed, "agrees" if right else "wrong")


def _normalisation(stated: str) -> Ruling:
    using = [name for name in catalog.names() if any(row.op == "lrn" for row in lookup(name))]
    years = {name: catalog.architecture(name).year for name in using}
    latest = max(years.values())
    later = [name for name in catalog.names() if catalog.architecture(name).year > latest]
    computed = f"in {len(using)} of {len(catalog.names())} networks, none of them after {latest}"
    if not later:
        return Ruling(computed, "wrong", "The newest networks of the catalogue use it.")
    shown = "has none" if "alexnet" not in using else "has it"
    titles = ", ".join(catalog.architecture(name).title for name in using)
    cause = (
        f"{titles} have it. The network of the lecture's own table, in one tower, {shown}, and "
        f"VGG's authors tried it without gain (Section 4.1)."
    )
    return Ruling(computed, "agrees", cause)


def _zfnet_conv1(stated: str) -> Ruling:
    windows = [_window(lookup(name)["conv1"]) for name in ("zfnet", "alexnet_2012")]
    computed = f"{windows[0]} instead of {windows[1]}"
    changed = [
        row.name
        for row, other in zip(_convs("zfnet"), _convs("alexnet_2012"), strict=True)
        if _window(row) != _window(other)
    ]
    if windows != ["7x7 with stride 2", "11x11 with stride 4"]:
        return Ruling(computed, "wrong")
    more = [name for name in changed if name != "conv1"]
    if not more:
        return Ruling(computed, "agrees")
    row, other = (lookup(name)[more[0]] for name in ("zfnet", "alexnet_2012"))
    cause = (
        f"It is not the only change of this kind: {more[0]} is {_window(row)} instead of "
        f"{_window(other)}, without which its maps would not come down to those of AlexNet."
    )
    return Ruling(computed, "wrong", cause, partly=True)


def _convs(name: str) -> list[Layer]:
    return list(rows(lookup(name), "op:conv"))


def _window(layer: Layer) -> str:
    assert layer.window is not None
    kernel, stride = layer.window.kernel, layer.window.stride
    return f"{kernel[0]}x{kernel[1]} with stride {stride[0]}"


def _zfnet_filters(stated: str) -> Ruling:
    widths = {name: _filters(name) for name in ("zfnet", "zfnet_b", "alexnet_2012")}
    computed = (
        f"{_listed(widths['zfnet'])} in Figure 3, {_listed(widths['zfnet_b'])} in variant (b)"
    )
    if widths["zfnet_b"] != (512, 1024, 512) or widths["alexnet_2012"] != (384, 384, 256):
        return Ruling(computed, "wrong")
    if widths["zfnet"] == widths["zfnet_b"]:
        return Ruling(computed, "agrees")
    cause = (
        "It agrees for variant (b) of the paper's Table 2. The network that its Figure 3 draws, "
        "which is usually meant by the name, keeps AlexNet's widths."
    )
    return Ruling(computed, "convention", cause)


def _filters(name: str) -> tuple[int, ...]:
    return tuple(lookup(name)[row].out_shape[0] for row in ("conv3", "conv4", "conv5"))


def _listed(values: Iterable[object]) -> str:
    *first, last = map(str, values)
    return f"{', '.join(first)} and {last}"


def _all_windows(op: str, window: str, padding: int) -> Callable[[str], Ruling]:
    def judge(stated: str) -> Ruling:
        found = {name: list(rows(lookup(name), f"op:{op}")) for name in VGGS}
        other = {
            name: [row for row in layers if not _is(row, window, padding)]
            for name, layers in found.items()
        }
        total, wrong = (sum(map(len, of.values())) for of in (found, other))
        computed = f"{total - wrong} of {total} in the configurations A to E"
        if not wrong:
            return Ruling(computed, "agrees")
        exceptions = [name for name, layers in other.items() if layers]
        names = _listed([row.name for row in other[exceptions[0]]])
        window_there = _window(other[exceptions[0]][0])
        cause = f"In {_titles(exceptions)} {names} are {window_there}. It holds for all others."
        return Ruling(computed, "wrong", cause, partly=True)

    return judge


def _is(layer: Layer, window: str, padding: int) -> bool:
    assert layer.window is not None
    return _window(layer) == window and set(layer.window.padding) == {padding}


def _titles(names: Iterable[str]) -> str:
    return " and ".join(catalog.architecture(name).title for name in names)


def _bigger(stated: str) -> Ruling:
    times = {what: _times("vgg16", "alexnet@227", key) for what, key in COSTS.items()}
    computed = ", ".join(f"{value}x the {what}" for what, value in times.items())
    right = all(float(value) > MUCH for value in times.values())
    return Ruling(computed, "agrees" if right else "wrong")


def _times(one: str, other: str, quantity: str) -> str:
    return ratio(fact(f"{one}/total/{quantity}"), fact(f"{other}/total/{quantity}"))


def _reduces(stated: str) -> Ruling:
    saved = {
        other: [what for what, key in COSTS.items() if float(_times("googlenet", other, key)) < 1]
        for other in ("vgg16", "alexnet@227")
    }
    computed = (
        f"{len(saved['vgg16'])} of {len(COSTS)} against VGG-16, {len(saved['alexnet@227'])} of "
        f"{len(COSTS)} against AlexNet"
    )
    if any(len(less) < len(COSTS) for less in saved.values()):
        more = [what for what in COSTS if what not in saved["alexnet@227"]]
        times = _listed(
            f"{_times('googlenet', 'alexnet@227', COSTS[what])}x the {what}" for what in more
        )
        agrees = len(saved["vgg16"]) == len(COSTS)
        cause = f"It is true compared with VGG-16. Compared with AlexNet it takes {times}."
        return Ruling(computed, "convention" if agrees else "wrong", cause)
    return Ruling(computed, "agrees")


def _reductions(stated: str) -> Ruling:
    book = lookup("googlenet")
    pairs = [
        (row, after)
        for row, after in pairwise(layer for layer in book if layer.op == "conv")
        if row.name.endswith("_reduce") and row.block
    ]
    narrower = [
        row
        for row, after in pairs
        if row.out_shape[0] < row.in_shape[0] and after.in_shape[0] == row.out_shape[0]
    ]
    computed = f"{len(narrower)} of {len(pairs)} in the modules are narrower than their input"
    return Ruling(computed, "agrees" if narrower and len(narrower) == len(pairs) else "wrong")


def _one_linear(stated: str) -> Ruling:
    layers = list(rows(lookup("googlenet"), "op:linear"))
    share = ratio(100 * sum(row.parameters for row in layers), lookup("googlenet").parameters, 0)
    computed = f"{len(layers)} fully-connected layer, {share}% of the parameters"
    return Ruling(computed, "agrees" if len(layers) == 1 else "wrong")


def _emulates(stated: str) -> Ruling:
    runs = json_of(FOLDER / "degradation.json")["runs"]
    copies = [run for run in runs if "wrong_copied_into_deepest" in run]
    same = [run for run in copies if run["wrong_copied_into_deepest"] == run["wrong"]]
    computed = f"{len(same)} of {len(copies)} copies err exactly as the network they are made of"
    if not copies or len(same) < len(copies):
        return Ruling(computed, "wrong")
    cause = (
        "Tried with trained plain networks: the copy in the deepest one gives the same answers. It "
        "works since what comes out of a ReLU passes another one unchanged."
    )
    return Ruling(computed, "agrees", cause)


def _optimisation(stated: str) -> Ruling:
    names = ("plain18", "plain34", "resnet110_cifar", "resnet1202_cifar")
    shallow, deep, cifar, deeper = map(_top1, names)
    computed = f"plain-18 {shallow.value}%, plain-34 {deep.value}% top-1 error"
    if deep.value.number <= shallow.value.number:
        return Ruling(computed, "wrong", "The deeper one is better.")
    cause = (
        "An expectation and a hypothesis, put as such. The plain networks bear it out: the "
        "deeper one errs more in training, too. Where a deeper network errs no more in training, "
        f"something else is wrong: ResNet-1202 on CIFAR-10 errs more than ResNet-110, "
        f"{deeper.value}% against {cifar.value}%, with as low a training error, which its authors "
        "call overfitting (Section 4.2)."
    )
    return Ruling(computed, "agrees", cause)


def _top1(name: str) -> Published:
    return next(
        f
        for f in figures()
        if (f.name, f.quantity, f.source.key) == (name, "top1_err", "resnet2015")
    )


JUDGES: Mapping[str, Callable[[str], Ruling]] = {
    "5 convolutional and 3 fully-connected layers, with ReLU and max pooling": _alexnet_layers,
    "Local response normalisation is not used any more": _normalisation,
    "AlexNet but conv1 is 7x7 with stride 2 instead of 11x11 with stride 4": _zfnet_conv1,
    "AlexNet but conv3, conv4 and conv5 have 512, 1024 and 512 filters instead of 384, 384 and "
    "256": _zfnet_filters,
    "All convolutions are 3x3 with stride 1 and pad 1": _all_windows(
        "conv", "3x3 with stride 1", 1
    ),
    "All max poolings are 2x2 with stride 2": _all_windows("max_pool", "2x2 with stride 2", 0),
    "VGG-16 is a much bigger network than AlexNet": _bigger,
    "GoogLeNet reduces the number of parameters, the memory and the computation": _reduces,
    "1x1 layers reduce the channels before expensive convolutions": _reductions,
    "There are no large fully-connected layers at the end": _one_linear,
    "A deeper model can emulate a shallower one: copy its layers and set the others to "
    "identity": _emulates,
    "So deeper models should do at least as well as shallow ones; the hypothesis is that where "
    "they do not it is a problem of optimisation": _optimisation,
}
