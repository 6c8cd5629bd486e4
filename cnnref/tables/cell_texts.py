"""What columns show of a row's window and shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cnnref.counting.layer import Layer, Shape

__all__ = ["channels", "compact", "filters", "joined", "size", "square", "times", "window"]


def times(value: int) -> str:
    """How often a row stands there, nothing for once."""
    return f"x {value}" if value > 1 else ""


def joined(sizes: Sequence[int]) -> str:
    """Sizes as one word.

    >>> joined((3, 5))
    '3x5'
    """
    return "x".join(map(str, sizes))


def square(sizes: Sequence[int]) -> int | str | None:
    """A square as one number, a rectangle as both, nothing for a vector."""
    return (sizes[0] if len(set(sizes)) == 1 else joined(sizes)) if sizes else None


def window(field: int, text: Callable[..., Any]) -> Callable[[Layer], Any]:
    """One field of a row's window; nothing where it has none."""
    return lambda layer: text(layer.geometry[field]) if layer.geometry else None


def compact(layer: Layer) -> str | None:
    """The whole window in one cell; a stride of 1 and what is off are left out."""
    if layer.geometry is None:
        return None
    kernel, stride, padding, dilation, groups, ceil_mode = layer.geometry
    text = joined(kernel) + f"/{square(stride)}" * (set(stride) != {1})
    text += f" p{square(padding)}" * any(padding) + f" d{square(dilation)}" * (max(dilation) > 1)
    return text + f" g{groups}" * (groups > 1) + " ceil" * ceil_mode


def filters(layer: Layer) -> int | None:
    """The outputs of a layer that has weights for each."""
    if layer.op == "linear":
        return layer.out_shape[-1]
    return channels(layer, [layer.out_shape]) if layer.op == "conv" else None


def channels(layer: Layer, shapes: Sequence[Shape]) -> int | None:
    """The channels of the first shape; nothing for a scalar, or where no row is the input."""
    if not shapes or not shapes[0]:
        return None
    return shapes[0][max(len(shapes[0]) - _spatial(layer, shapes[0]) - 1, 0)]


def size(layer: Layer, shapes: Sequence[Shape]) -> int | str | None:
    """Height and width of the first shape."""
    if not shapes:
        return None
    axes = _spatial(layer, shapes[0])
    return square(shapes[0][len(shapes[0]) - axes :]) if axes else None


def _spatial(layer: Layer, shape: Shape) -> int:
    """How many of the last axes are height, width and the like."""
    rank = len(shape) - 1
    moves = layer.geometry is not None and layer.op != "lrn"
    return min(rank, len(layer.geometry.kernel)) if moves and layer.geometry else rank
