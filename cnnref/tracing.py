"""Any nn.Module to a Table: its functions are watched as they run on the meta device.

No kernel runs and no memory is taken: each tensor that a function is given is replaced
by a meta twin of its shape. A function that has a rule makes one row; what has none is
watched at the level of PyTorch's operators, where views are free and anything else is
a row marked uncounted, with a warning.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

from cnnref.errors import CnnrefError
from cnnref.layer import Layer, Shape
from cnnref.rules import FREE, RULES, Found
from cnnref.shapes import Shapes
from cnnref.table import Table

__all__ = ["UncountedWarning", "trace"]

Inputs = Tensor | tuple[Any, ...] | Mapping[str, Any]


class UncountedWarning(UserWarning):
    """An operator without a rule ran; its row says nothing of its cost."""


def trace(
    module: nn.Module,
    input_shape: tuple[int, ...] = (3, 224, 224),
    *,
    inputs: Inputs | None = None,
    strict: bool = False,
) -> Table:
    """The rows of any module, for one image, in order of execution.

    input_shape: the shape of one image; a batch of one is made of it.
    inputs: example inputs instead, a tuple of positional or a mapping of keyword
        arguments, each with a leading batch axis of 1; they are not read, only their shapes.
    strict: refuse operators without a rule instead of warning.

    The module runs in inference mode on the meta device and is left as it was:
    training flags, parameters, buffers and hooks.

    Raises:
        CnnrefError: not a module, or strict and an operator has no rule.
    """
    if not isinstance(module, nn.Module):
        raise CnnrefError(f"trace needs a torch.nn.Module, but got {module!r}.")
    args, kwargs = _arguments(module, input_shape, inputs)
    recorder = _Recorder(module)
    with torch.no_grad(), torch.random.fork_rng(()), _inference(module), recorder.watching():
        recorder.feed((args, kwargs))
        args, kwargs = tree_map(recorder.twin, (args, kwargs))
        try:
            with recorder:
                module(*args, **kwargs)
        except Exception as error:
            error.add_note(f"cnnref.trace was in {recorder.failed or 'the module itself'}.")
            raise
    table = Table(
        recorder.layers, name=type(module).__name__, input_shape=_input_shape((args, kwargs))
    )
    _report(table, strict)
    return table


def _arguments(
    module: nn.Module, input_shape: tuple[int, ...], inputs: Inputs | None
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if inputs is None:
        whole = isinstance(input_shape, tuple | list) and all(
            type(axis) is int and axis > 0 for axis in input_shape
        )
        if not whole:
            raise CnnrefError(
                "trace: input_shape must be positive whole numbers without the batch, "
                f"but is {input_shape!r}."
            )
        # a module in half precision takes images in half precision
        dtypes = (weight.dtype for weight in module.parameters() if weight.is_floating_point())
        dtype = next(dtypes, torch.get_default_dtype())
        return (torch.empty((1, *input_shape), dtype=dtype, device="meta"),), {}
    if isinstance(inputs, Mapping):
        return (), dict(inputs)
    return (inputs,) if isinstance(inputs, Tensor) else tuple(inputs), {}


def _input_shape(inputs: object) -> Shape:
    leaves = [leaf for leaf in tree_flatten(inputs)[0] if isinstance(leaf, Tensor)]
    return Shape(leaves[0].shape[1:]) if leaves else Shape(())


def _report(table: Table, strict: bool) -> None:
    if not table.uncounted:
        return
    where = ", ".join(dict.fromkeys(f"{row.op} in {row.name}" for row in table.uncounted))
    message = f"{table.name}: no rule counts {where}; these rows are marked uncounted."
    if strict:
        raise CnnrefError(message)
    warnings.warn(message, UncountedWarning, stacklevel=3)


@contextmanager
def _inference(module: nn.Module) -> Iterator[None]:
    before = [(part, part.training, dict(vars(part)["_buffers"])) for part in module.modules()]
    for part, *_ in before:
        part.training = False
    try:
        yield
    finally:
        for part, flag, buffers in before:
            part.training = flag
            vars(part)["_buffers"].update(buffers)


class _Recorder(TorchFunctionMode):
    """Sees every torch function that the module calls, and keeps the rows."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.layers: list[Layer] = []
        self.shapes = Shapes()
        self._paths = {id(part): path for path, part in module.named_modules()}
        self._stack: list[str] = []
        self.failed = ""
        self._names: dict[str, int] = {}
        self._producers: dict[int, int] = {}
        self._twins: dict[int, Tensor] = {}
        self._kept: list[object] = []
        self._counted: set[int] = set()
        self._operators = _Operators(self)

    @property
    def place(self) -> str:
        """The path of the module that runs now."""
        return self._stack[-1] if self._stack else ""

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Follow which module runs, by global hooks: the module's own stay as they are."""
        enter = register_module_forward_pre_hook(self._enter)
        leave = register_module_forward_hook(self._leave, always_call=True)
        try:
            yield
        finally:
            enter.remove()
            leave.remove()

    def feed(self, inputs: object) -> None:
        """Mark the tensors of the network's input."""
        for leaf in tree_flatten(inputs)[0]:
            if isinstance(leaf, Tensor):
                self._producers[id(self.twin(leaf))] = -1

    def twin(self, value: Any) -> Any:
        """A meta tensor of the same shape; anything that is not a tensor as it is."""
        if not isinstance(value, Tensor) or value.device.type == "meta":
            return value
        known = self._twins.get(id(value))
        if known is None:
            known = torch.empty_strided(
                value.shape, value.stride(), dtype=value.dtype, device="meta"
            )
            self._twins[id(value)] = known
            self._kept.append(value)
        return known

    def _twins_of(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return self.twin(value)
        return tree_map(self.twin, value) if isinstance(value, list | tuple | dict) else value

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__name__", "") in ("__get__", "__set__"):
            return self._property(func(*args, **kwargs), args[0])
        args = tuple(self._twins_of(value) for value in args)
        kwargs = {name: self._twins_of(value) for name, value in kwargs.items()}
        rule = RULES.get(func)
        if rule is None:
            with self._operators:
                return func(*args, **kwargs)
        result = self.shapes.run(func, args, kwargs)
        self.record(rule(result, *args, **kwargs), result)
        return result

    def record(self, found: Found, result: Any) -> None:
        """Add one row and remember whose output it is."""
        # what is learned or made in forward comes from no row
        sources = (self._producers.get(id(tensor)) for tensor in found.inputs)
        inputs = tuple(source for source in sources if source is not None)
        shapes = tuple(Shape(tensor.shape[1:]) for tensor in found.inputs)
        out = Shape(found.output.shape[1:])
        path = self.place
        stage, _, _ = path.partition(".")
        self.layers.append(
            Layer(
                self._unique(path if found.leaf and path else _joined(path, found.op)),
                found.op,
                stage,
                path.rpartition(".")[0],
                inputs,
                shapes,
                out,
                found.geometry,
                found.counts._replace(
                    elements_in=sum(shape.elements for shape in shapes),
                    elements_out=out.elements,
                    weights=self._learned(found.weight),
                    biases=self._learned(found.bias),
                ),
                found.counted,
                found.constants,
            )
        )
        leaves = [result] if isinstance(result, Tensor) else tree_flatten(result)[0]
        for leaf in leaves:
            if isinstance(leaf, Tensor):
                self._producers[id(leaf)] = len(self.layers) - 1
                self._kept.append(leaf)

    def _property(self, value: Any, owner: Any) -> Any:
        # x.T, x.mT and x.data are views of x
        if isinstance(value, Tensor) and id(owner) in self._producers:
            self._producers[id(value)] = self._producers[id(owner)]
            self._kept.append(value)
        return value

    def _learned(self, tensor: Tensor | None) -> int:
        """How many numbers a weight brings: none where an earlier row has brought them."""
        if tensor is None or id(tensor) in self._counted:
            return 0
        self._counted.add(id(tensor))
        self._kept.append(tensor)
        return tensor.numel()

    def _unique(self, name: str) -> str:
        number = self._names[name] = self._names.get(name, 0) + 1
        return name if number == 1 else f"{name}#{number}"

    def _enter(self, part: nn.Module, _: object) -> None:
        self._stack.append(self._paths.get(id(part), self.place))
        self.failed = ""

    def _leave(self, _part: nn.Module, _args: object, result: Any) -> None:
        # a part that raises is left without a result, the innermost first
        if result is None and not self.failed:
            self.failed = self.place
        self._stack.pop()


class _Operators(TorchDispatchMode):
    """Sees the operators of a function that has no rule."""

    def __init__(self, recorder: _Recorder) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._recorder = recorder

    def __torch_dispatch__(
        self,
        func: Any,
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        leaves = [leaf for leaf in tree_flatten(result)[0] if isinstance(leaf, Tensor)]
        if leaves:
            name = func.overloadpacket.__name__
            tensors = [leaf for leaf in tree_flatten((args, kwargs))[0] if isinstance(leaf, Tensor)]
            free = name in FREE
            found = Found(name, tuple(tensors), leaves[0], counted=free, leaf=False)
            self._recorder.record(found, result)
        return result


def _joined(path: str, op: str) -> str:
    return f"{path}.{op}" if path else op
