"""What the lecture says in sentences of AlexNet, of VGG and of VGG-16 beside GoogLeNet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise

from cnnref.counting.conventions import conventions
from cnnref.counting.units import MEGA, MIB, ratio, rounded
from website.errata.judges.formulas import POINTS, Cost
from website.errata.judges.readings import Ruling
from website.facts import fact, lookup, rows

__all__ = ["JUDGES"]

# what the lecture's words are taken to mean
MOST, NEARLY_ALL = 50, 90


def _percent(part: int, whole: int) -> int:
    return int(ratio(100 * part, whole, 0).replace(",", ""))


def _share(key: str, selection: str, quantity: str) -> int:
    return _percent(fact(f"{key}/{selection}/{quantity}"), fact(f"{key}/total/{quantity}"))


def _early_memory(stated: str) -> Ruling:
    key = "alexnet@227"
    outputs = _share(key, "conv1+conv2", "stored_bytes:lecture")
    weights = _share(key, "op:conv", "parameters")
    computed = f"conv1 and conv2: {outputs}% of the outputs"
    if outputs <= MOST:
        return Ruling(computed, "wrong", "The first two convolutions keep less than half.")
    maps = fact(f"{key}/total/stored_bytes:lecture")
    sizes = [rounded(size, MIB, 1) for size in (4 * fact(f"{key}/total/parameters"), maps)]
    cause = (
        f"True of the layers' outputs, which is what the lecture calls memory. The parameters of "
        f"the network take {sizes[0]} MB beside {sizes[1]} MB of outputs for one image, and "
        f"of those the convolutions hold {weights}%."
    )
    return Ruling(computed, "agrees" if weights > MOST else "convention", cause)


def _linear_parameters(key: str, least: int) -> Callable[[str], Ruling]:
    def judge(stated: str) -> Ruling:
        share = _share(key, "op:linear", "parameters")
        computed = f"{share}% of the parameters"
        if share > least:
            return Ruling(computed, "agrees")
        return Ruling(computed, "wrong", f"That is not more than {least}%.")

    return judge


def _conv_operations(stated: str) -> Ruling:
    book = lookup("alexnet@227")
    convs = rows(book, "op:conv")
    shares = [_percent(convs.operations(name), book.operations(name)) for name in conventions()]
    span = _span(shares)
    computed = f"{span}% of the operations"
    if min(shares) > MOST:
        return Ruling(computed, "agrees", "So by each of the conventions on this site.")
    if max(shares) > MOST:
        return Ruling(computed, "convention", "So by some of the conventions on this site only.")
    return Ruling(computed, "wrong", "By no convention on this site.")


def _pool_channels(stated: str) -> Ruling:
    pools = rows(lookup("alexnet@227"), "op:max_pool")
    kept = all(layer.in_shape.channels == layer.out_shape.channels for layer in pools)
    computed = f"{len(pools)} of {len(pools)} poolings keep their channels, with no weights"
    if not kept or any(layer.parameters for layer in pools):
        return Ruling("a pooling with weights of its own", "wrong")
    cause = (
        "A pooling has no filters. It works on each channel by itself, so it has as many outputs "
        "as inputs; the number that the lecture gives is right."
    )
    return Ruling(computed, "wording", cause)


def _stack_of_two(stated: str) -> Ruling:
    small, large = Cost(3, 2, 1, 1), Cost(5, 1, 1, 1)
    cheaper = all(
        small.counts(what, *point) < large.counts(what, *point)
        for what in ("parameters", "macs")
        for point in POINTS
    )
    computed = f"fewer of both at all {len(POINTS)} sizes tried"
    if not cheaper:
        return Ruling("not at all sizes tried", "wrong")
    first = lookup("vgg16")["conv1_1"]
    colours, filters = first.in_shape.channels, first.out_shape.channels
    one = 25 * colours * filters
    two = 9 * colours * filters + 9 * filters * filters
    cause = (
        "For layers that keep their number of channels, as the lecture sets it. From the "
        f"{colours} colours of an image to {filters} channels one 5x5 has {one:,} weights and "
        f"two 3x3 have {two:,}."
    )
    return Ruling(computed, "agrees", cause if two > one else "")


def _channels_double(stated: str) -> Ruling:
    layers = [layer for layer in lookup("vgg16") if layer.op in ("conv", "max_pool")]
    after = [
        (pool, conv)
        for pool, conv in pairwise(layers)
        if pool.op == "max_pool" and conv.op == "conv"
    ]
    true = [conv for pool, conv in after if conv.out_shape[0] == 2 * pool.out_shape[0]]
    computed = f"after {len(true)} of {len(after)} poolings that a convolution follows"
    if len(true) == len(after):
        return Ruling(computed, "agrees")
    broken = ", ".join(
        f"{pool.name} ({pool.out_shape[0]} channels stay {conv.out_shape[0]})"
        for pool, conv in after
        if conv not in true
    )
    cause = f"It is a rule of VGG's design, and VGG follows it except after {broken}."
    return Ruling(computed, "wrong", cause, partly=bool(true))


def _equal_work(stated: str) -> Ruling:
    book = lookup("vgg16")
    stages = {
        name: rows(part, "op:conv").macs
        for name, part in book.group("stage").items()
        if any(layer.op == "conv" for layer in part)
    }
    single = [layer.macs for layer in book if layer.op == "conv"]
    computed = f"{_millions(stages.values())} M MACs by stage, {_millions(single)} M by layer"
    if len(set(single)) == 1:
        return Ruling(computed, "agrees")
    usual = max(set(single), key=single.count)
    same = [layer.name for layer in book if layer.op == "conv" and layer.macs == usual]
    cause = (
        f"It holds for {len(same)} of {len(single)} layers, {', '.join(same)}, which do "
        f"{rounded(usual, MEGA)} M each. The first convolution of a stage has half the channels "
        "to read, and the last stage halves its maps without doubling its channels."
    )
    return Ruling(computed, "wrong", cause, partly=len(same) > 1)


def _compute_at_start(stated: str) -> Ruling:
    stages = _shares("vgg16", ("conv1", "conv2", "conv3"))
    wide, narrow = stages[2], stages[1]
    computed = f"{wide}% down to 28 x 28, {narrow}% down to 56 x 56"
    if narrow > MOST:
        return Ruling(computed, "agrees")
    if wide > MOST:
        convs = list(rows(lookup("vgg16"), "op:conv"))
        inside = [layer for layer in convs if layer.stage in ("conv1", "conv2", "conv3")]
        cause = (
            "It agrees where the start is all that comes before maps of 28 x 28, as in the "
            f"lecture's comparison of stems: {len(inside)} of {len(convs)} convolutions."
        )
        return Ruling(computed, "convention", cause)
    return Ruling(computed, "wrong", "Less than half of it.")


def _shares(key: str, stages: Iterable[str]) -> list[int]:
    """Percentages of the work of a network up to and including each of its first stages."""
    names = list(stages)
    upto = ["+".join(f"stage:{name}" for name in names[: n + 1]) for n in range(len(names))]
    return [_share(key, selection, "operations:lecture") for selection in upto]


def _span(values: Iterable[int]) -> str:
    found = sorted(set(values))
    return str(found[0]) if len(found) == 1 else f"{found[0]} to {found[-1]}"


def _millions(values: Iterable[int]) -> str:
    found = sorted(values)
    return f"{rounded(found[0], MEGA)} to {rounded(found[-1], MEGA)}"


JUDGES: Mapping[str, Callable[[str], Ruling]] = {
    "Most of the memory usage is in the early convolution layers": _early_memory,
    "Nearly all parameters are in the fully-connected layers": _linear_parameters(
        "alexnet@227", NEARLY_ALL
    ),
    "Most floating-point operations occur in the convolution layers": _conv_operations,
    "Pooling: output channel number = number of filters": _pool_channels,
    "Two 3x3 convolutions have the receptive field of one 5x5 with fewer parameters and less "
    "computation": _stack_of_two,
    "After a pool the number of channels doubles": _channels_double,
    "Conv layers at each spatial resolution take the same amount of computation": _equal_work,
    "VGG-16: most of the compute was at the start": _compute_at_start,
    "VGG-16: most parameters were in the FC layers": _linear_parameters("vgg16", MOST),
}
