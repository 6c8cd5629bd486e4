"""What stands in an ONNX file: operators, weights by their shapes, inputs; no weight is read.

Source: onnx.proto of ONNX, IR version 10, whose numbers of fields stand here by their names.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from math import prod
from pathlib import Path
from typing import NamedTuple, TypeVar

from cnnref.errors import CnnrefError
from cnnref.tables.onnx.wire import DamagedError, Field, Span, Wire, unpacked

__all__ = ["Attribute", "Model", "Node", "Sizes", "Tensor", "plain", "read"]

# what a protocol buffer can hold at most
LARGEST_FILE = 1 << 31
MOST_NODES = 100_000
# subgraphs in one another: a protocol buffer nests at most 100 messages, and each takes three
DEEPEST = 32
# values are read of tensors that can say a shape, and of no weight
MOST_VALUES = 1024
MOST_AXES = 64
LONGEST_NAME = 120
# of tensors: the number of a dtype, and how struct calls it
FORMS = {1: "f", 2: "B", 3: "b", 5: "h", 6: "i", 7: "q", 9: "?", 10: "e", 11: "d", 12: "I", 13: "Q"}
HALF = 10
FLOATS = frozenset((1, HALF, 11, 16, 17, 18, 19, 20, 23))
# fields of a tensor that hold values by themselves: floats, int32s, int64s, doubles, uint64s
VALUES = {4: "f", 10: "d"}
WHOLES = (5, 7, 11)

# of an axis that the file leaves free, None
Sizes = tuple[int | None, ...]
Made = TypeVar("Made")


class Tensor(NamedTuple):
    """A tensor of the file: its sizes, its dtype, and its values where they are few.

    named: whether it is an initializer, as weights are, and no constant among the operators.
    """

    name: str
    sizes: tuple[int, ...]
    dtype: int
    values: tuple[float, ...] | None
    named: bool = True

    @property
    def elements(self) -> int:
        """How many numbers it has."""
        return prod(self.sizes)

    @property
    def floating(self) -> bool:
        """Whether its numbers are floating-point ones."""
        return self.dtype in FLOATS


Attribute = int | float | str | tuple[float, ...] | Tensor | None


class Node(NamedTuple):
    """An operator of the file.

    inputs: also the tensors around it that its subgraphs read.
    scopes: the modules that it stands in, from the outermost, where the exporter says them.
    bodies: its subgraphs, such as the branches of an If, by the names of their attributes.
    """

    op: str
    domain: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Attribute]
    scopes: tuple[str, ...]
    bodies: dict[str, Model]


class Model(NamedTuple):
    """The graph of a file, or one in it.

    inputs: the sizes of each, None where the file says nothing of them.
    shapes: what it says of tensors between operators.
    """

    nodes: list[Node]
    tensors: dict[str, Tensor]
    inputs: dict[str, Sizes | None]
    outputs: list[str]
    shapes: dict[str, Sizes]


def read(path: str | Path) -> Model:
    """The graph of an ONNX file.

    Raises:
        CnnrefError: there is no such file, or it is damaged, too large or none of ONNX.
    """
    place = Path(path)
    try:
        size = place.stat().st_size
        with place.open("rb") as file:
            if size > LARGEST_FILE:
                raise DamagedError(
                    f"it has {size:,} bytes, more than the 2 GiB that the format allows"
                )
            return _model(Wire(file, size))
    except OSError as error:
        why = error.strerror or "no such name"
        raise CnnrefError(f"{plain(place.name)} cannot be read: {why}.") from None
    except DamagedError as error:
        raise CnnrefError(
            f"{plain(place.name)} is no ONNX file that can be read: {error}; export it anew."
        ) from None


def plain(name: str) -> str:
    """A name of the file as it may stand in a table: signs that print, and not too many.

    >>> plain("conv" + chr(27) + "[2J"), len(plain("x" * 999))
    ('conv?[2J', 120)
    """
    short = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
    return "".join(sign if sign.isprintable() else "?" for sign in short)


def _model(wire: Wire) -> Model:
    graphs = [field.span for field in wire.fields(Span(0, wire.size)) if field.number == 7]
    if len(graphs) != 1:
        raise DamagedError("it holds no graph")
    model = _graph(wire, graphs[0], 0)
    if not model.nodes:
        raise DamagedError("its graph has no operator")
    return model


def _graph(wire: Wire, span: Span, depth: int) -> Model:
    if depth > DEEPEST:
        raise DamagedError(f"it has subgraphs more than {DEEPEST} deep")
    model = Model([], {}, {}, [], {})
    for field in wire.fields(span):
        _add(wire, model, field, depth)
    for name in model.tensors:  # older files list their weights as inputs too
        model.inputs.pop(name, None)
    return model


def _add(wire: Wire, model: Model, field: Field, depth: int) -> None:
    """One field of a graph."""
    if field.number == 1:
        if len(model.nodes) == MOST_NODES:
            raise DamagedError(f"it has more than {MOST_NODES:,} operators")
        model.nodes.append(_node(wire, field.span, depth))
    elif field.number == 5:
        tensor = _tensor(wire, field.span)
        model.tensors[tensor.name] = tensor
    elif field.number in (11, 12, 13):
        name, sizes = _value(wire, field.span)
        if field.number == 11:
            model.inputs[name] = sizes
        elif field.number == 12:
            model.outputs.append(name)
        if sizes is not None:
            model.shapes[name] = sizes


def _each(wire: Wire, span: Span, makers: dict[int, Callable[[Field], Made]]) -> Iterator[Made]:
    for field in wire.fields(span):
        if maker := makers.get(field.number):
            yield maker(field)


def _node(wire: Wire, span: Span, depth: int) -> Node:
    texts: dict[int, list[str]] = {number: [] for number in (1, 2, 3, 4, 7)}
    attributes: dict[str, Attribute] = {}
    bodies: dict[str, Model] = {}
    scopes: tuple[str, ...] = ()
    for field in wire.fields(span):
        if field.number in texts:
            texts[field.number].append(wire.text(field))
        elif field.number == 5:
            name, value = _attribute(wire, field.span)
            attributes[name] = value
            for part in _subgraphs(wire, field.span):
                label = f"{name}#{len(bodies)}" if name in bodies else name
                bodies[label] = _graph(wire, part, depth + 1)
        elif field.number == 9:
            scopes = _scopes(wire, field.span) or scopes
    name, op, domain = ("".join(texts[number][-1:]) for number in (3, 4, 7))
    captured = dict.fromkeys(outer for body in bodies.values() for outer in _captured(body))
    inputs = (*texts[1], *(outer for outer in captured if outer not in texts[1]))
    return Node(op, domain, name, inputs, tuple(texts[2]), attributes, scopes, bodies)


def _subgraphs(wire: Wire, attribute: Span) -> list[Span]:
    return [field.span for field in wire.fields(attribute) if field.number in (6, 11)]


def _captured(body: Model) -> Iterator[str]:
    """The tensors that a subgraph reads and does not make."""
    made = {"", *body.inputs, *body.tensors}
    for node in body.nodes:
        yield from (name for name in node.inputs if name not in made)
        made.update(node.outputs)
    yield from (name for name in body.outputs if name not in made)


def _scopes(wire: Wire, span: Span) -> tuple[str, ...]:
    """The modules that an operator stands in, as PyTorch's exporter lists them; else nothing."""
    from ast import literal_eval

    fields = {field.number: field for field in wire.fields(span)}
    if not {1, 2} <= set(fields) or wire.text(fields[1]) != "pkg.torch.onnx.name_scopes":
        return ()
    try:
        found = literal_eval(wire.text(fields[2])[: 64 * LONGEST_NAME])
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ()
    return tuple(map(str, found)) if isinstance(found, list) else ()


def _attribute(wire: Wire, span: Span) -> tuple[str, Attribute]:
    name = ""
    value: Attribute = None
    many: list[float] = []
    for field in wire.fields(span):
        if field.number == 1:
            name = wire.text(field)
        elif field.number in (2, 7):
            many += wire.unpacked(field, "f")
            value = many[0] if field.number == 2 else tuple(many)
        elif field.number == 3:
            value = field.whole
        elif field.number == 4:
            value = wire.text(field)
        elif field.number == 5:
            value = _tensor(wire, field.span)._replace(named=False)
        elif field.number == 8:
            many += wire.wholes(field)
            value = tuple(many)
    return name, value


def _tensor(wire: Wire, span: Span) -> Tensor:
    name, sizes, dtype = "", [], 0
    held: list[Field] = []
    for field in wire.fields(span):
        if field.number == 1:
            sizes += wire.wholes(field)
        elif field.number == 2:
            dtype = field.whole
        elif field.number == 8:
            name = wire.text(field)
        elif field.number in (*VALUES, *WHOLES, 9):
            held.append(field)
    if len(sizes) > MOST_AXES or any(size < 0 for size in sizes):
        raise DamagedError(f"the sizes of {plain(name)!r} are none that a tensor can have")
    few = prod(sizes) <= MOST_VALUES
    return Tensor(name, tuple(sizes), dtype, _values(wire, held, dtype, prod(sizes), few))


def _values(
    wire: Wire, held: list[Field], dtype: int, elements: int, few: bool
) -> tuple[float, ...] | None:
    """The values of a tensor; None where they are many, of another kind or in another file."""
    if not few:
        return None
    found: list[float] = []
    for field in held:
        if field.number == 9:
            raw = wire.bytes(field.span)
            found += unpacked(raw, FORMS[dtype]) if dtype in FORMS else ()
        elif form := VALUES.get(field.number):
            found += wire.unpacked(field, form)
        elif dtype == HALF:  # the bits of each as a whole number
            bits = [whole & 0xFFFF for whole in wire.wholes(field)]
            found += unpacked(struct.pack(f"<{len(bits)}H", *bits), FORMS[HALF])
        elif dtype not in FLOATS:
            found += wire.wholes(field)
    return tuple(found) if len(found) == elements else None


def _value(wire: Wire, span: Span) -> tuple[str, Sizes | None]:
    """The name of an input, an output or what is between, and its sizes where they are said."""
    name, sizes = "", None
    for field in wire.fields(span):
        if field.number == 1:
            name = wire.text(field)
        elif field.number == 2:
            for kind in wire.fields(field.span):
                if kind.number == 1:  # a tensor
                    sizes = _sizes(wire, kind.span)
    return name, sizes


def _sizes(wire: Wire, span: Span) -> Sizes | None:
    for field in wire.fields(span):
        if field.number == 2:
            axes = [axis.span for axis in wire.fields(field.span) if axis.number == 1]
            if len(axes) > MOST_AXES:
                raise DamagedError(f"a tensor has {len(axes)} axes")
            return tuple(_size(wire, axis) for axis in axes)
    return None


def _size(wire: Wire, span: Span) -> int | None:
    """One axis: a number, or None where it is free."""
    found = [field.whole for field in wire.fields(span) if field.number == 1]
    return found[-1] if found and found[-1] > 0 else None
