"""What the lecture says of residual networks, tested on the five of the paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cnnref.counting.layer import Layer
from cnnref.tables.table import Table
from website.errata.judges.readings import Ruling
from website.facts import lookup, rows

__all__ = ["JUDGES", "RESNETS"]

RESNETS = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
WINDOWS = ("conv", "max_pool", "avg_pool")


def _first_blocks(stated: str) -> Ruling:
    """Each stage of the residual networks: does its first block halve and double."""
    found = {name: [_step(part) for part in _stages(name)] for name in RESNETS}
    halving = [step[0] == 2 for steps in found.values() for step in steps]
    doubling = [step[1] == 2 for steps in found.values() for step in steps]
    total = len(halving)
    computed = f"{sum(halving)} of {total} stages halve, {sum(doubling)} of {total} double"
    if all(halving) and all(doubling):
        return Ruling(computed, "agrees")
    firsts = {steps[0] for steps in found.values()}
    widths = " or ".join(f"by {width}" for width in sorted({step[1] for step in firsts}))
    cause = (
        "Not the first stage: the pooling before it has already halved the resolution, and its "
        f"channels are multiplied {widths}. It holds for all later stages, in {', '.join(RESNETS)}."
    )
    later = all(step == (2, 2) for steps in found.values() for step in steps[1:])
    return Ruling(computed, "wrong", cause if later else "", partly=later)


def _stages(name: str) -> list[Table]:
    parts = lookup(name).group("stage").values()
    return [part for part in parts if any(layer.block for layer in part)]


def _step(stage: Table) -> tuple[int, int]:
    """By how much the first block of a stage divides the size and multiplies the channels."""
    first = next(part for block, part in stage.group("block").items() if block)
    before, after = first[0].in_shape, first[-1].out_shape
    return before.size[0] // after.size[0], after.channels // before.channels


def _same_stem(stated: str) -> Ruling:
    resnet, googlenet = (_before_blocks(name) for name in ("resnet50", "googlenet"))
    by = [_shrink(layers) for layers in (resnet, googlenet)]
    same = [a.name for a, b in zip(resnet, googlenet, strict=False) if _alike(a, b)]
    computed = f"{len(same)} of {len(googlenet)} layers the same, {by[0]}x against {by[1]}x"
    if len(same) == len(googlenet) == len(resnet) and by[0] == 4:
        return Ruling(computed, "agrees")
    more = ", ".join(layer.name for layer in googlenet[len(resnet) :])
    cause = (
        f"The {by[0]}x is {'right' if by[0] == 4 else 'wrong'}, and the first {len(same)} layers "
        f"are GoogLeNet's. Its stem goes on with {more} and reaches {by[1]}x. After each "
        "convolution the residual network has a batch normalisation in place of a bias."
    )
    return Ruling(computed, "wrong", cause, partly=bool(same))


def _before_blocks(name: str) -> list[Layer]:
    stem: list[Layer] = []
    for layer in lookup(name):
        if layer.block or layer.stage.startswith("inception"):
            break
        if layer.op in WINDOWS:
            stem.append(layer)
    return stem


def _shrink(layers: list[Layer]) -> int:
    return layers[0].in_shape.size[0] // layers[-1].out_shape.size[0]


def _alike(a: Layer, b: Layer) -> bool:
    assert a.window is not None
    assert b.window is not None
    return (a.op, a.out_shape, a.window[:2]) == (b.op, b.out_shape, b.window[:2])


def _pooled_head(stated: str) -> Ruling:
    heads = {name: len(rows(lookup(name), "op:linear")) for name in RESNETS}
    pooled = all(_pools_all(lookup(name)) for name in RESNETS)
    computed = f"{max(heads.values())} fully-connected layer in each of {len(RESNETS)} networks"
    if set(heads.values()) != {1} or not pooled:
        return Ruling(computed, "wrong", "There is more than one, or no pooling of whole maps.")
    cause = (
        "The single linear layer is a fully-connected layer. What is missing is a hidden one, as "
        "AlexNet and VGG have."
    )
    return Ruling(computed, "wording", cause)


def _pools_all(book: Table) -> bool:
    return any(
        layer.op == "adaptive_avg_pool" and set(layer.out_shape.size) == {1} for layer in book
    )


JUDGES: Mapping[str, Callable[[str], Ruling]] = {
    "The first block of each stage halves the resolution and doubles the number of "
    "channels": _first_blocks,
    "Same aggressive stem as GoogLeNet; it downsamples the input 4x": _same_stem,
    "Global average pooling and a single linear layer at the end (no fully-connected "
    "layer)": _pooled_head,
}
