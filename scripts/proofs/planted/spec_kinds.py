"""Which faults are planted at a call of a spec: every number of it, its joins, the call itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cnnref.net import FeatureMap
from proofs.planted.change import Variant, variants
from proofs.planted.spec import SIGNATURES, Bench, Call, Fault, Plot

__all__ = ["faults"]


def faults(plot: Plot) -> Iterator[Fault]:
    """Every fault of a spec, in the order of its calls."""
    for number, call in enumerate(plot.calls):
        for name, variant in numbers(call):
            yield Fault(number, f"{name} {variant.words}", _changing(name, variant.value))
        if len(call.maps) > 1:
            yield from _joins(number, call)
        else:
            yield Fault(number, "dropped", lambda _, call: call.maps[0], in_place=False)
            if call.maps[0].producer >= 0:
                yield Fault(number, "reads the map before its input", _reads_before)
        yield Fault(number, "twice", _twice)


def numbers(call: Call) -> Iterator[tuple[str, Variant]]:
    """The options of a call that are numbers, with what is put in their places."""
    for name, value in call.options.items():
        if name in ("name", "in_features"):
            # in_features is no number of the network but a check: a wrong one is refused
            continue
        whole = call.options["kernel"] if value is None else value
        sized = "Size" in str(SIGNATURES[call.method].parameters[name].annotation)
        yield from ((name, variant) for variant in variants(whole, sizes=sized))


def _changing(name: str, value: Any) -> Any:
    return lambda net, call: call.lay_out(net, **{name: value})


def _reads_before(net: Bench, call: Call) -> FeatureMap:
    before = call.maps[0].producer - 1
    return call.lay_out(net, net.input if before < 0 else net.map(before))


def _twice(net: Bench, call: Call) -> FeatureMap:
    first = call.lay_out(net, name=None)
    return call.lay_out(net, first, *call.maps[1:])


def _joins(number: int, call: Call) -> Iterator[Fault]:
    for place in range(len(call.maps)):
        what = f"dropped, only map {place} is left"
        yield Fault(number, what, lambda _, call, at=place: call.maps[at], in_place=False)
    yield Fault(number, "first two maps exchanged", _joining(1, 0))
    yield Fault(number, "first map read twice", _joining(0, 0))
    if len(call.maps) > 2:
        yield Fault(
            number, "last map left out", lambda net, call: call.lay_out(net, *call.maps[:-1])
        )


def _joining(one: int, two: int) -> Any:
    return lambda net, call: call.lay_out(net, call.maps[one], call.maps[two], *call.maps[2:])
