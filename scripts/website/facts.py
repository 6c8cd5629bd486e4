"""One number by its path: how a computed value gets into a sentence.

A path is "table/rows/quantity". The table is a network's name, with "@SIZE" for an
input other than its own, or with a block after a colon ("googlenet:3a", and
"googlenet:3a-naive" for the module without its reductions); the rows are "total", a row's
name, "stage:NAME" or "op:NAME", several of them joined by "+"; the quantity is a key
of MEASURES or SHAPES, and "operations" and "stored_bytes" name their convention behind it
("operations:lecture"). "block:NAME" and "part:KIND:SIZE..." in place of a network are
lessons: see website.lessons.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from cnnref.counting.layer import Layer
from cnnref.counting.shapes import Window
from cnnref.errors import CnnrefError, UnknownNameError
from cnnref.networks.catalog import table
from cnnref.tables.printable import View
from cnnref.tables.quantities import QUANTITIES
from cnnref.tables.table import Table
from website.lessons import block_table, lesson

__all__ = ["fact", "lookup", "of", "rows"]

# the quantities that a path may ask for
MEASURES = (
    "macs", "parameters", "weights", "biases", "activations", "operations", "stored_bytes",
)  # fmt: skip
# what depends on a convention, and names it
PRICED = ("operations", "stored_bytes")
SHAPES: dict[str, Callable[[Table], int]] = {
    "rows": len,
    "in_channels": lambda part: _only(part).in_shape.channels,
    "in_size": lambda part: _only(part).in_shape.size[0],
    "out_channels": lambda part: _only(part).out_shape.channels,
    "out_size": lambda part: _only(part).out_shape.size[0],
    "elements": lambda part: _only(part).out_shape.elements,
    "elements_in": lambda part: _only(part).in_shape.elements,
    "kernel": lambda part: _window(part).kernel[0],
    "stride": lambda part: _window(part).stride[0],
    "padding": lambda part: _window(part).padding[0],
    "groups": lambda part: _window(part).groups,
    "taps": lambda part: _only(part).counts.macs // _only(part).out_shape.elements,
}


def fact(path: str) -> int:
    """The exact value at a path, a whole number.

    Raises:
        CnnrefError: the path has fewer than three parts, or asks one row's shape of several.
        UnknownNameError: no such network, row, group or quantity.

    >>> fact("alexnet@227/conv1/macs")
    72855552
    >>> fact("vgg16/op:linear/parameters")
    123642856
    """
    name, _, rest = path.partition("/")
    # the name of a stage or a row may have a slash of its own
    selection, slash, quantity = rest.rpartition("/")
    if not slash:
        raise CnnrefError(f"{path!r} is not a path of the form table/rows/quantity.")
    return of(rows(lookup(name), selection), quantity)


def of(part: Table, quantity: str) -> int:
    """The exact value of some rows.

    Raises:
        CnnrefError: it is the shape of one row, and there are several.
        UnknownNameError: no such quantity.
    """
    return SHAPES[quantity](part) if quantity in SHAPES else _measured(part, quantity)


def _measured(part: Table, quantity: str) -> int:
    key, _, convention = quantity.partition(":")
    if key not in MEASURES:
        raise UnknownNameError("quantity", key, (*MEASURES, *SHAPES))
    if (key in PRICED) != bool(convention):
        form = f"{key}:lecture" if key in PRICED else key
        raise CnnrefError(f"{quantity!r} is no quantity of a path; write {form}.")
    return int(QUANTITIES[key].of(part, View.of(convention or "macs")))


@cache
def lookup(key: str) -> Table:
    """The table of a key such as "vgg16", "alexnet@227", "block:separable" or "googlenet:3a".

    Raises:
        UnknownNameError: no network has that name.
        CnnrefError: the size is not a whole number.
    """
    if (found := lesson(key)) is not None:
        return found
    network, colon, part = key.partition(":")
    if colon:
        return block_table(lookup(network), part)
    name, _, size = key.partition("@")
    if size and not size.isdecimal():
        raise CnnrefError(f"{key!r} names the input size {size!r}; write a whole number.")
    return table(name, input_size=int(size) if size else None)


def rows(book: Table, selection: str) -> Table:
    """The rows that a selection names, each once, in order of execution.

    Raises:
        UnknownNameError: a row or a group is not there.
    """
    if selection == "total":
        return book
    # parts hold the rows themselves, and to compare each with all would take long
    chosen = {id(layer) for part in _parts(book, selection) for layer in _part(book, part)}
    layers = [layer for layer in book if id(layer) in chosen]
    return Table(layers, name=book.name, input_shape=book.input_shape)


def _parts(book: Table, selection: str) -> list[str]:
    by, _, key = selection.partition(":")
    # a stage may have any name
    return [selection] if by == "stage" and key in book.group(by) else selection.split("+")


def _part(book: Table, part: str) -> list[Layer]:
    by, colon, key = part.partition(":")
    if not colon:
        return [book[part]]
    groups = book.group(by)
    if key not in groups:
        raise UnknownNameError(f"{by} of {book.name}", key, groups)
    return list(groups[key])


def _only(part: Table) -> Layer:
    if len(part) != 1:
        raise CnnrefError(f"{part.name}: a shape belongs to one row, but {len(part)} were named.")
    return part[0]


def _window(part: Table) -> Window:
    layer = _only(part)
    if layer.window is None:
        raise CnnrefError(f"{part.name}: {layer.name} has no window.")
    return layer.window
