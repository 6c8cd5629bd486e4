"""The networks by name: their records, their tables and their models."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from cnnref.counting.shapes import Size
from cnnref.errors import CnnrefError, MissingExtraError, ShapeError, UnknownNameError
from cnnref.net import Net
from cnnref.networks.architecture import Architecture
from cnnref.networks.records import ARCHITECTURES
from cnnref.tables.table import Table

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Architecture", "architecture", "model", "names", "table"]

# an error message looks no further for a size that works
LARGEST = 1024


_BY_NAME = {record.name: record for record in ARCHITECTURES}
# where a name is near none of them
_OTHERWISE = (
    f"none of the {len(_BY_NAME)} in the catalogue is near, which cnnref.names() has and 'cnnref "
    "list' shows; any other is traced, as in cnnref trace timm:NAME."
)


def names() -> tuple[str, ...]:
    """The names of all networks, in the order of the catalogue.

    >>> import cnnref
    >>> [name for name in cnnref.names() if name.startswith("vgg11")]
    ['vgg11', 'vgg11_bn']
    """
    return tuple(_BY_NAME)


def architecture(name: str) -> Architecture:
    """The record of a network.

    Raises:
        UnknownNameError: no network has that name; the message names close matches.
        CnnrefError: it is no name but a module, which `cnnref.trace` counts.

    >>> import cnnref
    >>> cnnref.architecture("zfnet").title
    'ZFNet'
    """
    try:
        return _BY_NAME[name]
    except (KeyError, TypeError):
        if hasattr(name, "forward"):
            raise CnnrefError(
                f"{type(name).__name__} is a module, and here belongs the name of a network of the "
                "catalogue: a module of your own is counted by cnnref.trace(module, shape)."
            ) from None
        raise UnknownNameError("network", name, _BY_NAME, _OTHERWISE) from None


def table(name: str, *, input_size: Size | None = None, num_classes: int | None = None) -> Table:
    """The rows of a network by its spec, torch-free.

    input_size: height and width in pixels, N or (height, width); the record's unless given.
    num_classes: outputs of the last layer; the record's unless given (1000 for ImageNet).

    Raises:
        UnknownNameError: no network has that name.
        CnnrefError: a size or the number of classes is not a positive whole number.
        ShapeError: the input does not fit; the message names the layer and what would fit.

    >>> table("vgg16").parameters
    138357544
    """
    record = architecture(name)
    size = record.input_size if input_size is None else input_size
    try:
        return _lay_out(record, size, _classes(record, num_classes))
    except ShapeError as error:
        raise ShapeError(f"{name} at {_text(size)}: {error} {_advice(record)}") from None


def model(name: str, *, num_classes: int | None = None) -> nn.Module:
    """The PyTorch model of a network, with fresh weights.

    num_classes: outputs of the last layer; the record's unless given (1000 for ImageNet).

    Raises:
        UnknownNameError: no network has that name.
        CnnrefError: the number of classes is not a positive whole number.
        MissingExtraError: torch is not installed.

    >>> import cnnref
    >>> sum(weight.numel() for weight in cnnref.model("squeezenet1_0").parameters())
    1248424
    """
    record = architecture(name)
    classes = _classes(record, num_classes)
    try:
        build = _function(f"cnnref.models.{record.model}")
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingExtraError(f"model({name!r})", "torch", "torch") from None
    network: nn.Module = build(classes)
    return network


def _lay_out(record: Architecture, size: Size, num_classes: int) -> Table:
    height, width = size if isinstance(size, tuple) and len(size) == 2 else (size, size)
    for axis in (height, width):
        if type(axis) is not int or axis < 1:
            raise CnnrefError(
                f"{record.name}: input_size must be a positive whole number or a (height, width) "
                f"pair of them, but is {size!r}."
            )
    net = Net((3, height, width), name=record.name)
    _function(f"cnnref.specs.{record.spec}")(net, num_classes)
    return net.table()


def _classes(record: Architecture, num_classes: int | None) -> int:
    if num_classes is None:
        return record.num_classes
    if type(num_classes) is not int or num_classes < 1:
        raise CnnrefError(
            f"{record.name}: num_classes must be a positive whole number, but is {num_classes!r}."
        )
    return num_classes


def _function(path: str) -> Any:
    module, _, function = path.partition(":")
    return getattr(import_module(module), function)


def _text(size: Size) -> str:
    height, width = size if isinstance(size, tuple) else (size, size)
    return f"{height} x {width}"


@cache
def _advice(record: Architecture) -> str:
    smallest = next((size for size in range(1, LARGEST + 1) if _fits(record, size)), None)
    if smallest is None:
        return f"No square input up to {_text(LARGEST)} fits, so the spec is at fault."
    if _fits(record, LARGEST):
        return f"The smallest square input that fits is {smallest} x {smallest}."
    largest = next(size for size in range(smallest, LARGEST) if not _fits(record, size + 1))
    return f"Square inputs from {smallest} to {largest} fit."


def _fits(record: Architecture, size: int) -> bool:
    try:
        _lay_out(record, size, num_classes=1)
    except ShapeError:
        return False
    return True
