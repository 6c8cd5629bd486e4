"""Arguments of a layer, checked: whole numbers, pairs of them, windows, truth values."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from math import isfinite
from operator import index
from typing import Any, NoReturn

from cnnref.counting.shapes import Shape, Size, Window
from cnnref.errors import CnnrefError, ShapeError, quoted

# what a tensor may have along an axis; all that is counted of such sizes can be printed
LARGEST = 2**63 - 1

__all__ = ["as_window", "number", "pair", "ranked", "refuse", "truth", "whole"]


def as_window(
    label: str,
    kernel: Size,
    stride: Size,
    padding: Size,
    dilation: Size,
    groups: int,
    ceil_mode: bool = False,
) -> Window:
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
    return Window(
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
) -> Window | None:
    # most windows are squares that were asked for before; None leaves the complaint to `pair`
    sizes = (kernel, stride, padding, dilation, groups)
    if padding < 0 or min(kernel, stride, dilation, groups) < 1 or max(sizes) > LARGEST:
        return None
    return Window(
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
    if type(value) is int and least <= value <= LARGEST:
        return value, value
    if isinstance(value, tuple) and len(value) != 2:
        raise CnnrefError(f"{label}: {what} must be N or (height, width), but is {quoted(value)}.")
    height, width = value if isinstance(value, tuple) else (value, value)
    return whole(label, what, height, least=least), whole(label, what, width, least=least)


def whole(label: str, what: str, value: object, *, least: int) -> int:
    """The value as an int, if it is a whole number of at least `least` that a tensor can have.

    Raises:
        CnnrefError: it is not; names the layer and the value.
    """
    if type(value) is int and least <= value <= LARGEST:
        return value
    # what counts as a whole number elsewhere, as one of NumPy's; True is none
    if hasattr(value, "__index__") and "bool" not in type(value).__name__:
        # a class of whole numbers has what its numbers have, and is none
        size = -1 if isinstance(value, type) else index(value)
        if size > LARGEST:
            raise CnnrefError(f"{label}: {what} must be less than 2**63, but is {quoted(value)}.")
        if size >= least:
            return size
    kind = "positive whole number" if least else "whole number, zero or more"
    raise CnnrefError(f"{label}: {what} must be a {kind}, but is {quoted(value)}.")


def number(label: str, what: str, value: Any) -> float:
    """The value itself, if it is a finite number.

    Raises:
        CnnrefError: it is not; names the layer and the value.
    """
    real = type(value) in (int, float) or _is_real(value)
    with suppress(OverflowError):  # a whole number that no float comes near
        if real and isfinite(value):
            return index(value) if hasattr(value, "__index__") else float(value)
    raise CnnrefError(f"{label}: {what} must be a finite number, but is {quoted(value)}.")


def _is_real(value: Any) -> bool:
    from numbers import Real  # most are of Python's own classes

    return isinstance(value, Real) and not isinstance(value, bool)


def truth(label: str, what: str, value: object) -> bool:
    """The value itself, if it is True or False; numbers would be counted with.

    Raises:
        CnnrefError: it is neither; names the layer and the value.
    """
    if value is True or value is False:
        return value
    raise CnnrefError(f"{label}: {what} must be True or False, but is {quoted(value)}.")


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
