"""An ONNX file as a table: its operators in their order, each by its rule."""

from __future__ import annotations

import warnings
from collections import ChainMap
from collections.abc import Iterable, Mapping
from math import prod
from pathlib import Path

from cnnref.counting.arguments import whole
from cnnref.counting.layer import Layer
from cnnref.counting.operators import ACTIVATIONS, MATRIX, NORMS, POOLS, RESAMPLING
from cnnref.counting.shapes import Counts, Shape
from cnnref.errors import CnnrefError, ShapeError, UncountedWarning, UnknownNameError, outside
from cnnref.tables.onnx import moves, plain, products, windows
from cnnref.tables.onnx.calls import Call, Found, Rule, Sizes, UnknownError, Value
from cnnref.tables.onnx.constants import computed
from cnnref.tables.onnx.model import Model, Node, Tensor, read
from cnnref.tables.onnx.model import plain as printing
from cnnref.tables.rows import places
from cnnref.tables.table import Table

__all__ = ["from_onnx"]

RULES: dict[str, Rule] = {**windows.RULES, **products.RULES, **plain.RULES, **moves.RULES}
# the domain of ONNX's own operators, by both of its names
OWN = ("", "ai.onnx")
SIZING = ("Shape", "Size")
# a row of these is called as the module that it is of
LEAVES = frozenset((*MATRIX, *POOLS, *NORMS, *ACTIVATIONS, *RESAMPLING))
# numbers that are none to learn: int64, text, truth values
COUNTERS = (7, 8, 9)
# what arguments of no sense, in a file that is damaged or made to harm, raise in a rule
SENSELESS = (ArithmeticError, LookupError, TypeError, ValueError)


def from_onnx(
    path: str | Path,
    input_shape: Iterable[int] | Mapping[str, Iterable[int]] | None = None,
    *,
    strict: bool = False,
) -> Table:
    """The rows of the network at the path of an ONNX file, as they run, without torch and onnx.

    Only sizes are read, so that weights may stand in a file of their own that is not there. A free
    first axis is a batch of one; the rows are those of one image, as of `trace`, and a batch that
    the file fixes counts as many images. What the exporter has fused or folded is gone: the rows
    are those of the file. A file does not say what is learned: what layers take as weights counts,
    running statistics apart, and so does any other floating-point initializer of more than one
    number that a row reads. What is computed of constants alone has no row.

    input_shape: of one image, where the file leaves axes free or has others; of several inputs a
        mapping by name.
    strict: refuse operators without a rule instead of warning; such rows are marked uncounted.

    Raises:
        CnnrefError: the file cannot be read, is damaged, larger than 2 GiB or none of ONNX; or
            it leaves an axis free that input_shape does not say; or strict, and no rule counts
            an operator.
        ShapeError: an operator does not fit its inputs.
        UnknownNameError: no input has a name of input_shape.

    >>> import cnnref
    >>> table = cnnref.from_onnx("docs/examples/small.onnx")
    >>> [(row.name, row.op, row.macs) for row in table[:3]]
    [('stem', 'conv', 194400), ('act', 'relu', 0), ('pool', 'adaptive_avg_pool', 0)]
    """
    model = read(path)
    name = printing(Path(path).stem)
    try:
        walk = _Walk(model, _fed(model, input_shape))
        for node in model.nodes:
            walk.step(node)
    except CnnrefError as error:
        raise type(error)(f"{name}: {error}") if type(error) is ShapeError else error from None
    returned = walk.rows(model.outputs)
    table = Table(walk.layers, name=name, input_shape=walk.input_shape, returned=returned)
    if table.uncounted:
        message = f"{name}: no rule counts {places(table.uncounted)}; these rows are marked."
        if strict:
            raise CnnrefError(message)
        warnings.warn(message, UncountedWarning, stacklevel=outside())
    return table


def _fed(
    model: Model, given: Iterable[int] | Mapping[str, Iterable[int]] | None
) -> dict[str, Sizes]:
    """The sizes of each input, a batch of one where its first axis is free."""
    if not model.inputs:
        raise CnnrefError("The network of the file has no input.")
    said: dict[str, Iterable[int]] = {}
    if isinstance(given, Mapping):
        said = dict(given)
    elif given is not None:
        said = {next(iter(model.inputs)): given}
    for name in said:
        if name not in model.inputs:
            raise UnknownNameError("input of the file", name, map(printing, model.inputs))
    fed = {}
    for name, sizes in model.inputs.items():
        if name in said:
            image = tuple(whole("input", "input_shape", size, least=1) for size in said[name])
            fed[name] = image if len(image) == len(sizes or ()) else (1, *image)
            continue
        if sizes is None:
            raise CnnrefError(
                f"The file does not say the sizes of its input {printing(name)!r}: give those of "
                "one image as input_shape or --input, such as 3,224,224."
            )
        full = tuple(1 if size is None and not axis else size for axis, size in enumerate(sizes))
        known = tuple(size for size in full if size is not None)
        if len(known) < len(full):
            raise CnnrefError(
                f"The input {printing(name)!r} is {_written(sizes)}: give the sizes of one image "
                "as input_shape or --input, such as 3,224,224."
            )
        fed[name] = known
    return fed


def _written(sizes: Iterable[int | None]) -> str:
    return " x ".join("free" if size is None else str(size) for size in sizes)


class _Walk:
    """The rows so far, and every tensor by its name."""

    def __init__(self, model: Model, fed: dict[str, Sizes]) -> None:
        self.layers: list[Layer] = []
        self.input_shape = _one(next(iter(fed.values())))
        # what the file says of sizes is of the inputs that it states
        self._as_stated = all(_agrees(sizes, model.inputs[name]) for name, sizes in fed.items())
        self._shapes = ChainMap(model.shapes)
        inputs = {name: Value(sizes, None, -1) for name, sizes in fed.items()}
        self._values = ChainMap(_held(model) | inputs)
        # by identity: subgraphs may call different tensors the same
        self._brought: dict[int, Tensor] = {}
        self._names: dict[str, int] = {}
        paths = {_place(node) for node in model.nodes}
        self._inner = {path[:end] for path in paths for end, sign in enumerate(path) if sign == "."}

    def step(self, node: Node) -> None:
        """One operator: a row, or nothing where all that it reads is constant."""
        values = [self._value(node, name) for name in node.inputs]
        call = Call(node, values, self._stated(*node.outputs[:1]))
        if (branch := _branch(call)) is not None:
            self._enter(node, branch)
            return
        found = self._found(call)
        if _is_constant(call, found) or (node.op in SIZING and found is not None):
            self._keep(call, found, None)
            return
        self._write(call, found)
        self._keep(call, found, len(self.layers) - 1)

    def rows(self, names: Iterable[str]) -> set[int]:
        """The rows that have made some tensors."""
        made = (self._values[name].producer for name in names if name in self._values)
        return {row for row in made if row is not None and row >= 0}

    def _enter(self, node: Node, body: Model) -> None:
        """The operators of a subgraph, whose tensors are not seen outside."""
        self._shapes = self._shapes.new_child(body.shapes)
        self._values = self._values.new_child(_held(body))
        for inner in body.nodes:
            self.step(inner)
        made = [self._value(node, name) for name in body.outputs]
        self._shapes, self._values = self._shapes.parents, self._values.parents
        for name, value in zip(node.outputs, made, strict=False):
            if value is not None:
                sizes = self._said(name) if value.sizes is None else value.sizes
                self._values[name] = value._replace(sizes=sizes)

    def _value(self, node: Node, name: str) -> Value | None:
        if name and name not in self._values:
            raise CnnrefError(
                f"{printing(node.name or node.op)} reads {printing(name)!r}, which nothing before "
                "it makes; export the file anew."
            )
        return self._values[name] if name else None

    def _found(self, call: Call) -> Found | None:
        """What the rule of an operator says; None where there is none, or sizes are not known."""
        rule = RULES.get(call.node.op) if call.node.domain in OWN else None
        try:
            found = rule(call) if rule else None
            if found is not None:
                found = found._replace(data=computed(call, found))
        except UnknownError:
            return None
        except SENSELESS as error:
            given = [v.sizes for v in call.values if v is not None and v.sizes is not None]
            shapes = ", ".join(_written(sizes) for sizes in given)
            why = f": {error}" if isinstance(error, ShapeError) else " does not fit its inputs"
            where = printing(call.node.name or _place(call.node) or call.node.op)
            raise ShapeError(f"{where} ({printing(call.node.op)}){why} (input {shapes}).") from None
        return found

    def _keep(self, call: Call, found: Found | None, row: int | None) -> None:
        """Remember what an operator has made."""
        held = () if row is not None else self._passed(call, found)
        for number, name in enumerate(call.node.outputs):
            outs = found.outs if found else ()
            sizes = outs[number] if number < len(outs) else self._said(name)
            data = found.data if found and not number and row is None else None
            self._values[name] = Value(sizes, data, row, held)

    def _stated(self, name: str = "") -> tuple[int | None, ...] | None:
        """What the file says of a tensor's sizes, None of an axis that it leaves free."""
        return self._shapes.get(name) if self._as_stated else None

    def _said(self, name: str) -> Sizes | None:
        """The same, where it says all."""
        sizes = self._stated(name)
        if sizes is None:
            return None
        known = tuple(size for size in sizes if size is not None)
        return known if len(known) == len(sizes) else None

    def _passed(self, call: Call, found: Found | None) -> tuple[Tensor, ...]:
        """The tensors of the file that a constant holds."""
        own = call.node.attributes.get("value")
        if isinstance(own, Tensor):
            return (own._replace(name=f"{call.node.outputs[0]} of a constant"),)
        read = range(len(call.values)) if found is None or found.maps is None else found.maps
        return tuple(
            tensor for place in read if (value := call.values[place]) for tensor in value.tensors
        )

    def _write(self, call: Call, found: Found | None) -> None:
        values = call.values
        if found is None:
            self._write_unknown(call)
            return
        maps = range(len(values)) if found.maps is None else found.maps
        learned = [place for place in (*found.weights, *found.biases) if call.has(place)]
        made = [place for place in learned if call.value(place).producer is not None]
        read = [place for place in (*maps, *made) if call.has(place)]
        in_shapes = tuple(_one(call.sizes(place)) for place in read)
        weights = self._brings(call, found.op, found.weights, maps)
        counts = found.counts._replace(
            elements_in=sum(shape.elements for shape in in_shapes),
            elements_out=sum(map(prod, found.outs[: len(call.node.outputs)])),
            weights=weights,
            biases=self._brings(call, found.op, found.biases, ()),
        )
        self._append(
            call, found.op, read, in_shapes, _one(found.outs[0]),
            window=found.window, counts=counts, constants=found.constants, formulas=found.formulas,
        )  # fmt: skip

    def _write_unknown(self, call: Call) -> None:
        """A row that no rule counts: what it reads and makes, as far as that is known."""
        made = [self._said(name) for name in call.node.outputs] or [None]
        read = [place for place, value in enumerate(call.values) if value]
        known = [place for place in read if call.value(place).sizes is not None]
        in_shapes = tuple(_one(call.sizes(place)) for place in known)
        counts = Counts(
            elements_in=sum(shape.elements for shape in in_shapes),
            elements_out=sum(prod(sizes) for sizes in made if sizes is not None),
            weights=self._brings(call, "", (), read),
        )
        op, out = printing(call.node.op) or "unnamed", _one(made[0] or ())
        self._append(call, op, read, in_shapes, out, counts=counts, counted=False)

    def _append(
        self,
        call: Call,
        op: str,
        read: Iterable[int],
        in_shapes: tuple[Shape, ...],
        out: Shape,
        **rest: object,
    ) -> None:
        makers = (call.value(place).producer for place in read)
        inputs = tuple(maker for maker in makers if maker is not None)
        path = self._path(call)
        name = path or ("" if call.node.scopes else printing(call.node.name))
        if path and not (op in LEAVES and path not in self._inner):
            name = f"{path}.{op}"
        name = name or op
        number = self._names[name] = self._names.get(name, 0) + 1
        label = name if number == 1 else f"{name}#{number}"
        home = (path.partition(".")[0], path.rpartition(".")[0])
        fields = {"window": None, **rest}
        self.layers.append(
            Layer(label, op, *home, inputs, in_shapes, out, **fields)  # type: ignore[arg-type]
        )

    def _path(self, call: Call) -> str:
        """The module that an operator is of: that which its weights are named after, if any."""
        for value in () if call.node.bodies else call.values[1:]:
            for tensor in value.tensors if value and value.producer is None else ():
                owner, _, last = tensor.name.rpartition(".")
                if owner and last in ("weight", "bias"):
                    return printing(owner)
        return _place(call.node)

    def _brings(self, call: Call, op: str, named: tuple[int, ...], read: Iterable[int]) -> int:
        """How many numbers to learn some inputs bring, of those that no row has brought."""
        count = 0
        for place in (*named, *(place for place in read if place not in named)):
            value = call.values[place] if place < len(call.values) else None
            for tensor in value.tensors if value and value.producer is None else ():
                if id(tensor) not in self._brought and _learned(tensor, op, place in named):
                    self._brought[id(tensor)] = tensor
                    count += tensor.elements
        return count


def _agrees(sizes: Sizes, stated: tuple[int | None, ...] | None) -> bool:
    """Whether sizes are those that the file states, where it does."""
    if stated is None:
        return True
    every = zip(sizes, stated, strict=False)
    return len(sizes) == len(stated) and all(said in (None, size) for size, said in every)


def _held(model: Model) -> dict[str, Value]:
    """The tensors that a graph holds by themselves."""
    return {
        name: Value(tensor.sizes, tensor.values, None, (tensor,))
        for name, tensor in model.tensors.items()
    }


def _branch(call: Call) -> Model | None:
    """The branch that an If takes, where its condition is known."""
    if call.node.op != "If" or call.node.domain not in OWN or not call.has(0):
        return None
    known = call.value(0).data
    if known is None or len(known) != 1:
        return None
    return call.node.bodies.get("then_branch" if known[0] else "else_branch")


def _is_constant(call: Call, found: Found | None) -> bool:
    """Whether what an operator makes does not depend on what the network is given."""
    places: Iterable[int] = range(len(call.values))
    if found is not None and found.maps is not None:
        places = {*found.maps, *found.weights, *found.biases}
    return not any(call.has(place) and call.value(place).producer is not None for place in places)


def _learned(tensor: Tensor, op: str, is_named: bool) -> bool:
    if is_named:
        return tensor.dtype not in COUNTERS and (tensor.named or op in MATRIX)
    return tensor.named and tensor.floating and tensor.elements > 1


def _one(sizes: Sizes) -> Shape:
    """The shape for one image: a leading axis of one is the batch."""
    return Shape(sizes[1:] if sizes and sizes[0] == 1 else sizes)


def _place(node: Node) -> str:
    """The module that an operator stands in, as its exporter says: by scopes or in its name."""
    if len(node.scopes) > 1:
        return printing(node.scopes[-2])
    if "/" not in node.name:
        return ""
    parts = [part for part in node.name.split("/") if part]
    if parts and parts[-1].lower().startswith(node.op.lower()):
        parts = parts[:-1]
    path: list[str] = []
    for part in parts:  # layer1 and layer1.0 are layer1.0
        if path and part.startswith(f"{path[-1]}."):
            path.pop()
        path.append(part)
    return printing(".".join(path))
