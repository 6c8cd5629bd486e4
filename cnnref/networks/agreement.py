"""Whether the two books of a network agree, row by row, at several input sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnnref.counting.shapes import Size
from cnnref.errors import MissingExtraError
from cnnref.networks.catalog import architecture, model, table
from cnnref.tables.comparison import Difference, compare, rows_differing

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Agreement", "check", "check_with"]


class Agreement(NamedTuple):
    """The outcome of comparing a spec with a traced PyTorch model.

    rows: rows of the spec at the default input size.
    rows_differing: rows that differ, over all sizes.
    sizes: the input sizes compared, N or (height, width).
    differences: every difference, with the size at which it was found.

    >>> import cnnref
    >>> cnnref.check("resnet20_cifar").differences
    ()
    """

    name: str
    rows: int
    rows_differing: int
    sizes: tuple[Size, ...]
    differences: tuple[tuple[Size, Difference], ...]


def check(name: str) -> Agreement:
    """Compare the spec and the PyTorch model of one network at all its sizes.

    Raises:
        UnknownNameError: no network has that name.
        MissingExtraError: torch is not installed.

    >>> import cnnref
    >>> found = cnnref.check("resnet20_cifar")
    >>> found.rows_differing, found.sizes
    (0, (8, 17, 27, 31, 32, 33, 48, (20, 45)))
    """
    architecture(name)
    try:
        module = _on_meta(name)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingExtraError(f"check({name!r})", "torch", "torch") from None
    return check_with(name, module)


def check_with(name: str, module: nn.Module) -> Agreement:
    """Compare the spec of one network with any module, at the network's sizes."""
    from cnnref.tracing.trace import trace

    record = architecture(name)
    found: list[tuple[Size, Difference]] = []
    differing = 0
    for size in record.sizes:
        book = table(name, input_size=size)
        differences = compare(book, trace(module, tuple(book.input_shape)))
        differing += rows_differing(differences)
        found += [(size, difference) for difference in differences]
    return Agreement(name, len(table(name)), differing, record.sizes, tuple(found))


def _on_meta(name: str) -> nn.Module:
    from cnnref.tracing.isolation.process import on_meta

    with on_meta():
        return model(name)
