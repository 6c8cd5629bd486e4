"""The rows of a trace as they come in: who made which tensor, and what is learned."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from math import prod
from operator import is_
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from cnnref.counting.layer import Layer
from cnnref.counting.shapes import Call, Counts, Shape
from cnnref.tracing.constants import NeedsDataError
from cnnref.tracing.rows import Row, shape
from cnnref.tracing.rules import Operation, tensors
from cnnref.tracing.rules.operation import PLAIN
from cnnref.tracing.rules.sparse import LAYOUTS, stand_in
from cnnref.tracing.shadow import Shadow
from cnnref.tracing.signature import reach

__all__ = ["Ledger", "changed"]

CPU = torch.device("cpu")
# of a function that is called by no module without parts
NO_MODULE = Call()


class Ledger:
    """The rows, and what has to be known of tensors to write them.

    stack: the paths of the modules that run now, the innermost last.
    leaves: the paths of the modules without parts.
    differentiates: whether a backward pass will come, whose rows are named after those of forward.
    device: that of the inputs, or else of the first weight; the processor where these have none.
    shadow: of the module and its inputs.
    computes: whether calls compute values, so that what states its output runs, too.
    elsewhere: what has run in another thread, where nothing is seen of it; the first of such.
    """

    computes = False

    def __init__(self, parts: Sequence[tuple[str, nn.Module]], shadow: Shadow) -> None:
        self.layers: list[Layer] = []
        self.differentiates = False
        self.elsewhere = ""
        self.stack: list[str] = [""]
        self.leaves: set[str] = set()
        self._silent = 0
        self._names: dict[str, int] = {}
        self._producers: dict[int, int] = {}
        # what a view is of, and what has views; by whose memory it is, the rows that write to it
        # by one of several names, and where
        self._view_of: dict[int, Tensor] = {}
        self._viewed: set[int] = set()
        self._writes: dict[int, list[tuple[int, int, int]]] = {}
        # what is learned, by the tensors that hold it: parameters, their views and copies
        self._roots: dict[int, tuple[Tensor, ...]] = {}
        self._owners: dict[int, str] = {}
        self._brought: set[int] = set()
        self.shadow = shadow
        self._twins: dict[int, Tensor] = {}
        # an id belongs to its tensor for as long as that is kept
        self._kept: list[object] = []
        for path, part in parts:
            for weight in part._parameters.values():  # noqa: SLF001
                if weight is not None and id(weight) not in self._roots:
                    self._roots[id(weight)] = (weight,)
                    self._owners[id(weight)] = path
        self._parts = parts
        self._by_path = dict(reversed(parts))
        self._unregistered = 0
        self._modules: dict[str, tuple[Call, int, int]] = {}
        self._calls: dict[type, Call] = {}
        self.device = self._device(
            tensor
            for _, part in parts
            for tensor in (*part._parameters.values(), *part._buffers.values())  # noqa: SLF001
        )

    def unused(self) -> tuple[tuple[str, int], ...]:
        """The parameters that no row has brought, by name, and how many numbers each is."""
        found: dict[int, tuple[str, int]] = {}
        brought = self._brought
        for path, part in self._parts:
            for name, weight in part._parameters.items():  # noqa: SLF001
                if weight is not None and id(weight) not in brought and not is_lazy(weight):
                    place = f"{path}.{name}" if path else name
                    found.setdefault(id(weight), (place, weight.numel()))
        return tuple(found.values())

    def feed(self, inputs: Iterable[Tensor]) -> None:
        """Mark the tensors of the network's input."""
        leaves = list(inputs)
        self.device = self._device(leaves, self.device)
        for leaf in leaves:
            self._producers[id(leaf)] = -1
            self._kept.append(leaf)

    def twin(self, value: Any) -> Any:
        """The value with meta tensors for its tensors, each of the same shape."""
        return changed(value, self._twin)

    def _device(self, found: Iterable[Tensor | None], other: torch.device = CPU) -> torch.device:
        """Where the first of what some tensors stand for is that is anywhere."""
        originals = (self.shadow.original(x) for x in found if x is not None)
        return next((x.device for x in originals if x is not None and not x.is_meta), other)

    def _twin(self, value: Tensor) -> Tensor:
        value = self.shadow.mine(value)
        sparse = value.layout in LAYOUTS
        if value.is_meta and not sparse:
            return value
        known = self._twins.get(id(value))
        if known is None:
            if self.differentiates and value.grad_fn is not None and torch.is_grad_enabled():
                raise NeedsDataError.of("the gradient of what comes of values")
            known = stand_in(value) if sparse else _bare(value)
            self._twins[id(value)] = known
            self.same(value, known)
        return known

    def stand_ins(self, given: Iterable[Tensor]) -> list[Tensor]:
        """Some tensors, with their twins where they have one."""
        return [self._twins.get(id(tensor), tensor) for tensor in given]

    def same(self, old: Tensor, new: Tensor) -> None:
        """A tensor that is another one under a new name, as x.T is x."""
        self._kept += (old, new)
        if (source := self._producers.get(id(old))) is not None:
            self._producers[id(new)] = source
        if root := self._root(old):
            self._roots[id(new)] = root
        self._views((new,), (old,))

    def _views(self, views: Sequence[Tensor], owners: Sequence[Tensor]) -> None:
        """Some tensors are views of others, one of each or all of the first."""
        of_each = owners if len(views) == len(owners) else [*owners[:1]] * len(views)
        # what a rule of one's own calls a view may be one of nothing that it reads
        for view, owner in zip(views, of_each, strict=False):
            if view is not owner:
                self._view_of[id(view)] = owner
                self._viewed.add(id(owner))
                self._kept += (view, owner)

    def _whole(self, tensor: Tensor) -> Tensor:
        """The tensor whose memory another one is in."""
        while (owner := self._view_of.get(id(tensor))) is not None:
            tensor = owner
        return tensor

    def _span(self, tensor: Tensor) -> tuple[int, int]:
        """From which byte to which of that memory a tensor has its elements."""
        held, first, last = reach(tensor)
        owner = self._view_of.get(id(tensor))
        if owner is None:
            return first, last
        start, end = self._span(owner)
        whole, begin, _ = reach(owner)
        if held != whole:  # it was remembered, since it reaches as far as its owner
            return start, end
        return start + first - begin, start + last - begin

    def _sources(self, tensor: Tensor) -> list[int]:
        """The row that has made a tensor, and those that have since written to views of it."""
        source = self._producers.get(id(tensor))
        found = [] if source is None else [source]
        if not self._writes or not (writes := self._writes.get(id(self._whole(tensor)))):
            return found
        since = max(found, default=-1)
        first, last = self._span(tensor)
        return found + [
            row for row, start, end in writes if row > since and start <= last and first <= end
        ]

    @contextmanager
    def silent(self) -> Iterator[None]:
        """What runs meanwhile has no rows: they are part of one."""
        self._silent += 1
        try:
            yield
        finally:
            self._silent -= 1

    def is_learned(self, tensor: Tensor) -> bool:
        """Whether a tensor holds weights as they are, or a view or a copy of some."""
        return bool(self._root(tensor)) and id(tensor) not in self._producers

    def made(self, outputs: Iterable[Tensor]) -> Iterator[int]:
        """The rows that have made some tensors."""
        for tensor in self.stand_ins(map(self.shadow.mine, outputs)):
            yield from (row for row in self._sources(tensor) if row >= 0)

    def is_made(self, tensor: Tensor) -> bool:
        """Whether a tensor is an input, or a row has made it."""
        return id(tensor) in self._producers

    def knows(self, tensor: Tensor) -> bool:
        """Whether a tensor is a feature map or holds weights."""
        return tensor.is_meta or id(tensor) in self._producers or bool(self._root(tensor))

    def fill(self, owner: Tensor, value: Tensor) -> None:
        """A tensor is given the memory of another one, as x.data = y does."""

    def forget(self, written: Iterable[Tensor]) -> None:
        """Some tensors have been written to."""

    def write(self, row: Row, given: list[Tensor], result: Any) -> None:
        """Add one row and remember whose output it is."""
        if self._silent:
            return
        inputs = self._inputs(row, given)
        if row.view:
            self._views([*tensors((result,))], [given[i] for i in row.inputs])
        if row.free and not inputs:
            self._pass_roots(row, given, result)
            return
        in_shapes = row.in_shapes
        for i in row.learned:
            if self._writes or id(given[i]) in self._producers:
                inputs, in_shapes = self._with_made_weights(row, given, inputs)
                break
        path = self.stack[-1]
        if row.weights and path not in self.leaves:
            path = self._place(path, given[row.weights[0]])
        named = row.leaf and path in self.leaves
        name = path if named and path else _joined(path, row.op)
        number = self._names[name] = self._names.get(name, 0) + 1
        counts, frozen = self._counts(row, given, in_shapes)
        call = self._call(row, path, counts, frozen) if named else None
        if call is None:
            call = Call("", row.further, frozen) if frozen or row.further else NO_MODULE
        if self._unregistered:
            call, self._unregistered = call._replace(unregistered=self._unregistered), 0
        self.layers.append(
            Layer._make(
                (
                    name if number == 1 else f"{name}#{number}",
                    row.op,
                    *_home(path),
                    inputs,
                    in_shapes,
                    row.out_shape,
                    row.window,
                    counts,
                    row.counted,
                    row.constants,
                    row.formulas,
                    call,
                )
            )
        )
        self._produced(row, given, given[0] if result is None else result)
        if self.differentiates:
            self._mark(result, path)

    def _mark(self, result: Any, path: str) -> None:
        """The gradient of what a row gives is in the layer of that row."""
        for leaf in tensors((result,)):
            if leaf.grad_fn is not None:
                leaf.grad_fn.register_prehook(partial(self._enter, path))

    def _enter(self, path: str, _: Any) -> None:
        self.stack[-1] = path

    def _call(self, row: Row, path: str, counts: Counts, frozen: int) -> Call | None:
        """Which module without parts a row is the call of, and what of it counts once more."""
        if path != self.stack[-1]:
            return None
        known = self._modules.get(path)
        if known is None:
            known = self._modules[path] = self._watched(self._by_path[path])
        call, once, twice = known
        again = -counts.weights - counts.biases
        if once and row.output:
            again += once * row.output[0]
        if twice and row.output:
            again += twice * prod(row.output[:2])
        if not again and not frozen and not row.further:
            return call
        further = (*row.further, ("again", again)) if again else row.further
        return Call(call.module, further, frozen)

    def _watched(self, part: nn.Module) -> tuple[Call, int, int]:
        """The call of a module, and its learned numbers by what they are called.

        Those called weight and bias, and those of recurrent layers, whose names go on.
        """
        kind = type(part)
        if (call := self._calls.get(kind)) is None:
            home = "torch.nn" if getattr(nn, kind.__name__, None) is kind else kind.__module__
            call = self._calls[kind] = Call(f"{home}.{kind.__qualname__}")
        # to go through the parts of a module takes long, and most have none
        named = part.named_parameters() if part._modules else part._parameters.items()  # noqa: SLF001
        plain = recurrent = 0
        for name, weight in named:
            if weight is None or is_lazy(weight):
                continue
            if name in ("weight", "bias"):
                plain += weight.numel()
            elif "weight" in name or "bias" in name:
                recurrent += weight.numel()
        return call, plain, recurrent

    def leave(self, op: str, tensor: Tensor) -> None:
        """Add a row for what is done with a tensor where nobody sees it."""
        found = Operation(op, (tensor,), tensor, counted=False, leaf=False)
        self.write(Row(found, [tensor], tensor), [tensor], tensor)

    def stop(self, path: str, given: Iterable[Tensor]) -> None:
        """Add a row for all that would have come: of it nothing is known, and it is not counted."""
        path = path or self.stack[-1]
        shapes = tuple(shape(tensor) for tensor in given)
        name = _joined(path, "stopped")
        row = Layer(
            name, "stopped", *_home(path), (), shapes, Shape(()), None, Counts(), counted=False
        )
        self.layers.append(row)

    def _counts(
        self, row: Row, given: list[Tensor], in_shapes: tuple[Shape, ...]
    ) -> tuple[Counts, int]:
        """What a row counts, and how much of what it brings takes no gradient."""
        counts = row.counts
        if in_shapes is not row.in_shapes:
            counts = counts._replace(elements_in=sum(shape.elements for shape in in_shapes))
        weights, frozen = self._brings(row.read, given)
        if not row.biases:
            return (Counts(*counts[:-2], weights, 0), frozen) if weights else (counts, 0)
        biases, more = self._brings(row.biases, given)
        if not weights and not biases:
            return counts, 0
        return Counts(*counts[:-2], weights, biases), frozen + more

    def _produced(self, row: Row, given: list[Tensor], result: Any) -> None:
        number = len(self.layers) - 1
        leaves = (result,) if isinstance(result, Tensor) else tensors((result,))
        for leaf in leaves:
            self._producers[id(leaf)] = number
            self._kept.append(leaf)
        for i in row.written:
            name = id(given[i])
            if name in self._viewed or name in self._view_of:
                writes = self._writes.setdefault(id(self._whole(given[i])), [])
                writes.append((number, *self._span(given[i])))

    def _inputs(self, row: Row, given: list[Tensor]) -> tuple[int, ...]:
        """The rows that feed one."""
        if self._writes:
            return tuple([source for i in row.inputs for source in self._sources(given[i])])
        known = self._producers
        return tuple(
            [source for i in row.inputs if (source := known.get(id(given[i]))) is not None]
        )

    def _place(self, path: str, weight: Tensor) -> str:
        """The module that runs, or that below it which the first weight belongs to."""
        for root in self._roots.get(id(weight), ()):
            owner = self._owners.get(id(root), "")
            if not path or owner.startswith(path + "."):
                return owner
        return path

    def _with_made_weights(
        self, row: Row, given: list[Tensor], sources: tuple[int, ...]
    ) -> tuple[tuple[int, ...], tuple[Shape, ...]]:
        """The inputs and their shapes, and among them the weights that an earlier row made."""
        in_shapes = row.in_shapes
        for i in row.learned:
            if found := self._sources(given[i]):
                sources = (*sources, *found)
                in_shapes = (*in_shapes, shape(given[i]))
        return sources, in_shapes

    def _root(self, tensor: Tensor) -> tuple[Tensor, ...]:
        known = self._roots.get(id(tensor))
        if known is not None:
            return known
        # most are plain, and to ask whether one is a parameter takes long
        if type(tensor) is Tensor or not isinstance(tensor, nn.Parameter):
            return ()
        mine = self.shadow.mine(tensor)
        return self._roots.get(id(mine), (mine,))

    def _brings(self, numbers: tuple[int, ...], given: list[Tensor]) -> tuple[int, int]:
        """How many of the module's numbers some tensors bring, none of an earlier row.

        And how many of them take no gradient.
        """
        count = frozen = 0
        for i in numbers:
            tensor = given[i]
            roots = self._roots.get(id(tensor))
            if roots is None and type(tensor) is Tensor:  # as most are
                continue
            for root in roots or self._root(tensor):
                if id(root) not in self._brought:
                    self._brought.add(id(root))
                    self._kept.append(root)
                    if id(root) not in self._owners:  # in a plain list, or made in forward
                        self._unregistered += root.numel()
                        continue
                    count += root.numel()
                    frozen += 0 if root.requires_grad else root.numel()
        return count, frozen

    def _pass_roots(self, row: Row, given: list[Tensor], result: Any) -> None:
        """A view or a copy of weights holds what they hold."""
        roots = tuple(dict.fromkeys(root for i in row.inputs for root in self._root(given[i])))
        if roots:
            for leaf in tensors((result,)):
                self._roots[id(leaf)] = roots
                self._kept.append(leaf)


@lru_cache(maxsize=1 << 12)
def _home(path: str) -> tuple[str, str]:
    """The stage and the block of what stands at a path."""
    return path.partition(".")[0], path.rpartition(".")[0]


def changed(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """Arguments with other tensors; those in which none changes stay."""
    if type(value) in PLAIN:
        return value
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, list | tuple):
        parts = [changed(part, change) for part in value]
        if all(map(is_, value, parts)):
            return value
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if isinstance(value, dict):
        return {name: changed(part, change) for name, part in value.items()}
    return value


def _bare(value: Tensor) -> Tensor:
    """A tensor on meta, which takes a gradient if the other does."""
    options: dict[str, Any] = {"dtype": value.dtype, "requires_grad": value.requires_grad}
    return torch.empty_strided(value.shape, value.stride(), device="meta", **options)


def _joined(path: str, op: str) -> str:
    return f"{path}.{op}" if path else op
