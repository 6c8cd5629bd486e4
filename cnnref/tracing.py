"""Any nn.Module to a Table: its functions are watched as they run on the meta device.

No kernel runs and no memory is taken: each tensor that a function is given stands for its
shape. A function that has a rule makes one row; what has none is watched at the level of
PyTorch's operators, where views are free and anything unknown is a row marked uncounted,
with a warning.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from cnnref.errors import CnnrefError
from cnnref.layer import Shape
from cnnref.rules import tensors
from cnnref.table import Table
from cnnref.watching.isolation import restored
from cnnref.watching.ledger import Ledger, shape
from cnnref.watching.recorder import Recorder

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
    """The rows of any module, in order of execution: the whole work of one call.

    A shape is shown without its leading axis where that is one, the batch: the rows of a call
    on one image are those of one image, also where forward folds windows or frames into the
    batch, which are then shown.

    input_shape: the shape of one image; a batch of one is made of it.
    inputs: example inputs instead, a tuple of positional or a mapping of keyword
        arguments; they are not changed. A batch of four counts as four images.
    strict: refuse operators without a rule instead of warning.

    The module runs in inference mode on the meta device and is left as it was:
    training flags, parameters, buffers, hooks and all other attributes.

    Raises:
        CnnrefError: not a module, or strict and an operator has no rule.
    """
    if not isinstance(module, nn.Module):
        raise CnnrefError(f"trace needs a torch.nn.Module, but got {module!r}.")
    args, kwargs = _arguments(module, input_shape, inputs)
    ledger = Ledger(module)
    with restored(module):
        watch = _Watch(ledger, module)
        ledger.feed(tensors((args, kwargs)))
        args, kwargs = ledger.twin((args, kwargs))
        try:
            with Recorder(ledger):
                module(*args, **kwargs)
        except Exception as error:
            where = watch.failed if watch.error is error else ""
            error.add_note(f"cnnref.trace was in {where or 'the module itself'}.")
            raise
    table = Table(
        ledger.layers, name=type(module).__name__, input_shape=_input_shape((args, kwargs))
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
    leaves = tensors((inputs,))
    return next((shape(leaf) for leaf in leaves), Shape(()))


def _report(table: Table, strict: bool) -> None:
    if not table.uncounted:
        return
    where = ", ".join(dict.fromkeys(f"{row.op} in {row.name}" for row in table.uncounted))
    message = f"{table.name}: no rule counts {where}; these rows are marked uncounted."
    if strict:
        raise CnnrefError(message)
    warnings.warn(message, UncountedWarning, stacklevel=3)


class _Watch:
    """Puts every part into inference mode and follows which one runs."""

    def __init__(self, ledger: Ledger, module: nn.Module) -> None:
        self.error: BaseException | None = None
        self.failed = ""
        self._stack = ledger.stack
        for path, part in module.named_modules():
            own = vars(part)
            own["training"] = False
            own["forward"] = partial(self._run, path, part.forward)
            if not own["_modules"]:
                ledger.leaves.add(path)

    def _run(self, path: str, forward: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._stack.append(path)
        try:
            return forward(*args, **kwargs)
        except BaseException as error:
            if error is not self.error:
                self.error, self.failed = error, path
            raise
        finally:
            self._stack.pop()
