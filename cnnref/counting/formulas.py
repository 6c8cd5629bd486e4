"""The formula of each count, stated once: symbols for the sizes of a row, in sums of products.

A page shows its letters, `explain` its numbers, and both come from here. K stands for a window,
W for an input and W' for an output along an axis, G for groups.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from cnnref.counting.arithmetic import adaptive_taps
from cnnref.counting.shapes import Formula

if TYPE_CHECKING:
    from cnnref.counting.layer import Layer

__all__ = ["RULES", "SIZE", "Symbol", "letters", "numbers"]

# K is all that the window reaches over, gaps included
SIZE = "{rounding}(({W} - {K} + 2 {times} {P}) / {S}) + 1"


class Symbol(NamedTuple):
    """One or several sizes of a row.

    tex: a letter for each, as a two-dimensional layer has them.
    of: the sizes; of a row that lacks them, as of another rank, nothing.
    """

    tex: tuple[str, ...]
    of: Callable[[Layer], tuple[int, ...]]


# a sum of products of groups; a group of several sizes stands in brackets
Rule = tuple[tuple[tuple[Symbol, ...], ...], ...]


def _kernel(layer: Layer) -> tuple[int, ...]:
    return layer.window.kernel if layer.window else ()


def _channel_axis(shape: tuple[int, ...], layer: Layer) -> int:
    """The channels of a map under a window, also where axes stand in front of them."""
    place = len(shape) - len(_kernel(layer)) - 1
    return shape[place] if place >= 0 else 0


def _of_group(shape: Callable[[Layer], tuple[int, ...]]) -> Callable[[Layer], tuple[int, ...]]:
    def channels(layer: Layer) -> tuple[int, ...]:
        groups = layer.window.groups if layer.window else 1
        return (_channel_axis(shape(layer), layer) // groups,)

    return channels


def _in_shape(layer: Layer) -> tuple[int, ...]:
    return layer.in_shapes[0] if layer.in_shapes else ()


def _out_shape(layer: Layer) -> tuple[int, ...]:
    return layer.out_shape


def _each(whole: int, part: int) -> tuple[int, ...]:
    return (whole // part,) if part else ()


def _adaptive(layer: Layer) -> tuple[int, ...]:
    rank = max(len(layer.out_shape) - 1, 0)
    before, after = layer.in_shape[-rank:], layer.out_shape[-rank:]
    if not rank or len(before) != rank:
        return ()
    return (layer.out_shape[0], *map(adaptive_taps, before, after))


def _attended(operand: int, axis: int) -> Callable[[Layer], tuple[int, ...]]:
    def size(layer: Layer) -> tuple[int, ...]:
        shapes = layer.in_shapes
        enough = len(shapes) > 2 and len(shapes[1]) > 1 and shapes[0] and shapes[2]
        return (shapes[operand][axis],) if enough else ()

    return size


FILTERS_OUT = Symbol(("C_{out}", "H'", "W'"), _out_shape)
MAP_OUT = Symbol(("C", "H'", "W'"), _out_shape)
MAP_IN = Symbol(("C", "H", "W"), _in_shape)
WINDOW = Symbol(("K", "K"), _kernel)
DEPTH = Symbol(("C_{in} / G",), _of_group(_in_shape))
SPREAD = Symbol(("C_{out} / G",), _of_group(_out_shape))
FILTERS = Symbol(("C_{out}",), lambda layer: (_channel_axis(layer.out_shape, layer),))
CHANNELS = Symbol(("C",), lambda layer: tuple(layer.out_shape[:1]))
POSITIONS = Symbol((), lambda layer: _in_shape(layer)[:-1])
WIDTH = Symbol(("C_{in}",), lambda layer: _in_shape(layer)[-1:])
FEATURES = Symbol(("C_{out}",), lambda layer: layer.out_shape[-1:])
FEATURES_OUT = Symbol(("C_{out}",), _out_shape)
INNER = Symbol(("K",), lambda layer: _each(layer.macs, layer.counts.elements_out))
COVERED = Symbol(("C", "h", "w"), _adaptive)
ENTRIES = Symbol(("N",), lambda row: _each(row.counts.weights, prod(row.out_shape[-1:])))
# each tap of a transposed pool
TAPS = Symbol(
    ("D",),
    lambda row: _each(row.counts.window_taps, row.counts.elements_out * prod(_kernel(row))),
)
QUERIES = Symbol((), lambda layer: _in_shape(layer)[:-1])
KEYS, KEY, VALUE = (
    Symbol((letter,), _attended(*place))
    for letter, place in (("N", (1, -2)), ("D", (0, -1)), ("D", (2, -1)))
)

_CONV = {"macs": (((FILTERS_OUT,), (DEPTH, WINDOW)),), "weights": (((FILTERS, DEPTH, WINDOW),),)}
_LEARNED: Rule = (((CHANNELS,),),)
# by operator and count; of any operator that has none of its own, by count
RULES: dict[tuple[str, str], Rule] = {
    ("", "bias_adds"): (((MAP_OUT,),),),
    ("", "elements_out"): (((MAP_OUT,),),),
    ("", "window_taps"): (((MAP_OUT,), (WINDOW,)),),
    ("flatten", "elements_out"): (((MAP_IN,),),),
    **{(op, count): rule for op in ("conv", "deform_conv") for count, rule in _CONV.items()},
    **{("conv", count): (((FILTERS_OUT,),),) for count in ("bias_adds", "elements_out")},
    ("conv", "biases"): (((FILTERS,),),),
    ("conv_transpose", "macs"): (((MAP_IN,), (SPREAD, WINDOW)),),
    ("conv_transpose", "window_taps"): (((MAP_OUT,), (TAPS, WINDOW)),),
    ("conv_transpose", "biases"): (((FILTERS,),),),
    **{("linear", count): (((FEATURES_OUT,),),) for count in ("bias_adds", "elements_out")},
    ("linear", "macs"): (((POSITIONS,), (WIDTH,), (FEATURES,)),),
    ("linear", "weights"): (((WIDTH,), (FEATURES,)),),
    ("linear", "biases"): (((FEATURES,),),),
    ("matmul", "macs"): (((MAP_OUT,), (INNER,)),),
    ("cdist", "macs"): (((MAP_OUT,), (INNER,)),),
    ("attention", "macs"): (((QUERIES,), (KEYS,), (KEY,)), ((QUERIES,), (KEYS,), (VALUE,))),
    ("embedding", "weights"): (((ENTRIES,), (FEATURES,)),),
    ("embedding_bag", "weights"): (((ENTRIES,), (FEATURES,)),),
    ("adaptive_avg_pool", "window_taps"): (((COVERED,),),),
    ("adaptive_max_pool", "window_taps"): (((COVERED,),),),
    **{(op, "weights"): _LEARNED for op in ("batch_norm", "prelu", "group_norm")},
    **{(op, "biases"): _LEARNED for op in ("batch_norm", "prelu")},
}


def _rule(op: str, count: str) -> Rule:
    return RULES.get((op, count)) or RULES.get(("", count), ())


def numbers(layer: Layer, count: str) -> Formula:
    """A count of a row as its rule says, with the row's sizes; nothing where no rule fits it."""
    if count == "elements_in":
        return tuple((tuple(shape),) if shape else (1,) for shape in layer.in_shapes)
    return tuple(
        tuple(tuple(size for symbol in group for size in symbol.of(layer)) for group in product)
        for product in _rule(layer.op, count)
    )


def letters(op: str, count: str) -> tuple[tuple[tuple[str, ...], ...], ...]:
    """A count as its rule says, with letters, in the form of `numbers`.

    >>> letters("linear", "weights")
    ((('C_{in}',), ('C_{out}',)),)
    """
    return tuple(
        tuple(tuple(letter for symbol in group for letter in symbol.tex) for group in product)
        for product in _rule(op, count)
    )
