"""Arguments of a layer, checked: whole numbers, pairs of them, windows, truth values."""

from __future__ import annotations

from functools import lru_cache
from math import inf
from numbers import Real
from operator import index
from typing import Any, NoReturn

from cnnref.counting.shapes import Geometry, Shape, Size
from cnnref.errors import CnnrefError, ShapeError

__all__ = ["number", "pair", "ranked", "refuse", "truth", "whole", "window"]


def window(
    label: str,
    kernel: Size,
    stride: Size,
    padding: Size,
    dilation: Size,
    groups: int,
    ceil_mode: bool = False,
) -> Geometry:
    """The window of a layer, each argument checked.

    Raises:
        CnnrefError: an argument is not a whole number or a pair of them, or is too small, or
            ceil_mode is no truth value.
    """
    truth(label, "ceil_mode", ceil_mode)
    if type(kernel) is type(stride) is type(padding) is type(dilation) is type(groups) is int:
        known = _plain(kernel, stride, padding, dilation, groups, ceil_mode)
        if known is not None:
            return known
    return Geometry(
        pair(label, "kernel", kernel, least=1),
        pair(label, "stride", stride, least=1),
        pair(label, "padding", padding, least=0),
        pair(label, "dilation", dilation, least=1),
        whole(label, "groups", groups, least=1),
        ceil_mode,
    )


@lru_cache(maxsize=1024)
def _plain(
    kernel: int, stride: int, padding: int, dilation: int, groups: int, ceil_mode: bool
) -> Geometry | None:
    # most windows are squares that were asked for before; None leaves the complaint to `pair`
    if kernel < 1 or stride < 1 or padding < 0 or dilation < 1 or groups < 1:
        return None
    return Geometry(
        (kernel, kernel),
        (stride, stride),
        (padding, padding),
        (dilation, dilation),
        groups,
        ceil_mode,
    )


def pair(label: str, what: str, value: Size, *, least: int) -> tuple[int, int]:
    """A (height, width) pair from N or a pair.

    Raises:
        CnnrefError: not whole numbers, or smaller than `least`; names the layer and the value.
    """
    if type(value) is int and value >= least:
        return value, value
    if isinstance(value, tuple) and len(value) != 2:
        raise CnnrefError(f"{label}: {what} must be N or (height, width), but is {value!r}.")
    height, width = value if isinstance(value, tuple) else (value, value)
    return whole(label, what, height, least=least), whole(label, what, width, least=least)


def whole(label: str, what: str, value: object, *, least: int) -> int:
    """The value as an int, if it is a whole number of at least `least`.

    Raises:
        CnnrefError: it is not; names the layer and the value.
    """
    if type(value) is int and value >= least:
        return value
    # what counts as a whole number elsewhere, as one of NumPy's; True is none
    if hasattr(value, "__index__") and "bool" not in type(value).__name__:
        size = index(value)
        if size >= least:
            return size
    kind = "positive whole number" if least else "whole number, zero or more"
    raise CnnrefError(f"{label}: {what} must be a {kind}, but is {value!r}.")


def number(label: str, what: str, value: Any) -> float:
    """The value itself, if it is a finite number.

    Raises:
        CnnrefError: it is not; names the layer and the value.
    """
    real = isinstance(value, Real) and value is not True and value is not False
    if real and -inf < value < inf:
        return value if type(value) is int else float(value)
    raise CnnrefError(f"{label}: {what} must be a finite number, but is {value!r}.")


def truth(label: str, what: str, value: object) -> bool:
    """The value itself, if it is True or False; numbers would be counted with.

    Raises:
        CnnrefError: it is neither; names the layer and the value.
    """
    if value is True or value is False:
        return value
    raise CnnrefError(f"{label}: {what} must be True or False, but is {value!r}.")


def ranked(label: str, shape: Shape, rank: int) -> None:
    """Nothing, if a layer's input has the rank it needs; 0 is any.

    Raises:
        ShapeError: it has not; names the layer and the shape.
    """
    if rank and len(shape) != rank:
        raise ShapeError(f"{label}: it needs an input of C x H x W, but its input is {shape}.")


def refuse(label: str, error: ShapeError, *shapes: Shape) -> NoReturn:
    """What a rule says of shapes that do not fit, with the layer and its inputs.

    Raises:
        ShapeError: always.
    """
    given = ", ".join(map(str, shapes))
    raise ShapeError(f"{label}: {error} (input {given}).") from None
