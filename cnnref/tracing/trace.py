"""Any nn.Module to a Table: its functions are watched as they run on the meta device.

No kernel runs and no memory is taken: each tensor that a function is given stands for its
shape. Where forward asks for values, it runs once for real. A function that has a rule makes
one row; what has none is watched at the level of PyTorch's operators, where views are free
and anything unknown is a row marked uncounted, with a warning.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from math import prod
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from cnnref.counting.shapes import Shape
from cnnref.errors import (
    CnnrefError,
    DataWarning,
    ForwardError,
    UncountedWarning,
    UnknownNameError,
    outside,
    quoted,
)
from cnnref.tables.rows import BY_SHAPES, Ran, places
from cnnref.tables.table import Table
from cnnref.tracing.autograd import held_tensors
from cnnref.tracing.elsewhere import elsewhere, handing
from cnnref.tracing.isolation.process import eager, roomy, typed, unfused
from cnnref.tracing.isolation.states import settings
from cnnref.tracing.isolation.thread import apart
from cnnref.tracing.ledger import Ledger
from cnnref.tracing.modules import Watch, paths, unwrapped
from cnnref.tracing.recorder import Recorder
from cnnref.tracing.rows import shape
from cnnref.tracing.rules import tensors
from cnnref.tracing.shadow import Shadow
from cnnref.tracing.twins import Way, as_map, differentiable, on_meta

if TYPE_CHECKING:
    from cnnref.tracing.rules.own import OwnRules

__all__ = ["SHAPES", "VALUES", "arguments", "image", "recorded", "trace"]

# of one input, of several by position, or of several by name
Shapes = tuple[Any, ...] | list[Any] | Mapping[str, Any]
Inputs = Tensor | tuple[Any, ...] | Mapping[str, Any]
Around = Callable[[], AbstractContextManager[Any]]
COMPILER = "torch._dynamo"
NO_GRADIENT = "does not require grad"
# what is held while a trace runs
AROUND = (roomy, settings, typed, eager, unfused, handing)
VALUES = ("auto", "never", "always")
MODES = ("inference", "training")
# the way of a trace by shapes
SHAPES = Way(on_meta, as_map, Ledger, Recorder)


def trace(
    module: nn.Module,
    input_shape: Shapes = (3, 224, 224),
    *,
    inputs: Inputs | None = None,
    strict: bool = False,
    rules: Mapping[Any, Any] | None = None,
    values: str = "auto",
    mode: str = "inference",
    sparsity: bool = False,
) -> Table:
    """The rows of any module, in order of execution: the whole work of one call.

    A shape is shown without its leading axis where that is one, the batch: the rows of a call
    on one image are those of one image, also where forward folds windows or frames into the
    batch, which are then shown.

    input_shape: the shape of one image; a batch of one is made of it. Of several inputs a list of
        shapes by position, or a mapping by name; a dtype may stand last in a shape, as in
        [(3, 32, 32), (12, "int64")].
    inputs: example inputs instead, a tuple of positional or a mapping of keyword
        arguments; they are not changed. A batch of four counts as four images.
    strict: refuse operators without a rule, or with an estimate alone, instead of warning.
    rules: rules of your own, which go before the built-in ones. A key is a function of torch, an
        operator of torch.ops, a torch.autograd.Function or a class of modules, of which one row
        is made. A rule takes what the call gave, then its arguments (of a module, itself first),
        and answers with the MACs: a whole number, or a tuple of its factors, which `explain`
        shows; with `Counts`; or with an `Operation`, which says everything of the row. An
        `OpaqueRule` is for what cannot run on the meta device.

    values: "auto" runs the module once for real where forward asks for values: on the inputs, on
        numbers drawn for those without values, and on the module's device; "never" refuses such a
        module; "always" runs any. `Table.ran` says which it was. The rows are those of a trace by
        shapes; where inputs are made up, rows behind the first question depend on them, which is
        a `DataWarning`, and strict refuses unless values are "always".

    mode: "training" runs the module as after train(), and then the backward pass, from a gradient
        of each output to what takes one: `Table.forward` and `Table.backward` are its rows.

    sparsity: count the zeros of the weights too, for the columns "sparsity" and "nonzero_macs". A
        weight that forward computes or changes, as one with a mask of torch.nn.utils.prune, has
        values where the module runs (values="always").

    The module is only read: its shadow runs, in inference mode unless asked otherwise, on the meta
    device or with copies of what it may write to, in a thread of its own. A rule for a class of
    modules is given the shadow's parts. Wrappers (torch.compile, DataParallel) are looked through.

    Raises:
        CnnrefError: not a module, or a quantised one; or strict and an operator has no rule; or
            forward asks for the values of a feature map and must not run; or a rule is none.
            Or nothing takes a gradient, in training.
        UnknownNameError: values are none of the three, or mode is none of the two.
        ForwardError: PyTorch refuses what forward does; also a RuntimeError.

    Whatever forward raises, the rows until then are the error's `table`: its last row, which is
    not counted, stands for all that would have come.

    >>> import cnnref
    >>> from torch import nn
    >>> table = cnnref.trace(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()), (3, 32, 32))
    >>> [(row.name, row.op, row.macs) for row in table]
    [('0', 'conv', 194400), ('1', 'relu', 0)]
    """
    if type(module).__module__ == "torch.export.exported_program":
        module = module.module()  # type: ignore[operator]
    if not isinstance(module, nn.Module):
        raise CnnrefError(f"trace needs a torch.nn.Module, but got {_got(module)}.")
    own = _own(rules) if rules else None
    with _nested(module):
        given = arguments(module, input_shape, inputs)
    for kind, name, known in (("values", values, VALUES), ("mode", mode, MODES)):
        if name not in known:
            raise UnknownNameError(kind, name, known)
    once = partial(recorded, rules=own, training=mode == "training", zeros=sparsity)
    table = _by(values, once, module, *given)
    _report(table, strict)
    _report_run(table, strict and values != "always")
    return table


def _by(
    values: str,
    once: Callable[..., Table],
    module: nn.Module,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Table:
    """The rows of one call, by shapes or by a run with values."""
    ran = BY_SHAPES
    try:
        table = once(module, args, kwargs)
        if values != "always":
            return table
    except Exception as error:
        said = getattr(error, "asked", "")
        if values == "never" or (values == "auto" and not said):
            raise
        ran = Ran(asked=said, row=len(getattr(error, "table", " ")) - 1)
    from cnnref.tracing.real.run import run

    module = unwrapped(module)
    return run(partial(once, module), module, args, kwargs, ran)


def recorded(
    module: nn.Module,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    way: Way = SHAPES,
    rules: OwnRules | None = None,
    ran: Ran = BY_SHAPES,
    around: tuple[Around, ...] = (),
    training: bool = False,
    zeros: bool = False,
) -> Table:
    """The rows of one call, as a recorder writes them down; nothing is said of uncounted ones."""
    around = (*AROUND, *around)
    if zeros:
        from cnnref.tracing.real.zeros import with_zeros

        way = with_zeros(way)
    if rules is not None and rules.graphs:
        from cnnref.tracing.autograd import announced

        around = (*around, partial(announced, rules))
    work = partial(_recorded, unwrapped(module), args, kwargs, way, rules, ran, training)
    try:
        return _eagerly(partial(apart, work, *around, keep=way is SHAPES))
    except ForwardError as error:
        if NO_GRADIENT not in str(error):
            raise
        # forward differentiates, and leaves it to its caller that it may
        return apart(partial(work, grad=True), *around)


def _eagerly(call: Callable[[], Table]) -> Table:
    """A call whose forward has PyTorch load its compiler is done again, which then stands aside."""
    if COMPILER in sys.modules:
        return call()
    try:
        found = call()
    except Exception:
        if COMPILER not in sys.modules:
            raise
    else:
        if COMPILER not in sys.modules:
            return found
    return call()


def _recorded(
    module: nn.Module,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    way: Way,
    rules: OwnRules | None,
    ran: Ran,
    training: bool,
    grad: bool = False,
) -> Table:
    shadow = Shadow()
    with _nested(module):
        of_module, of_inputs = way.module, way.inputs
        if training or grad:
            of_module, of_inputs = differentiable(of_module), differentiable(of_inputs)
        stand_in = shadow.of(module, of_module)
        args, kwargs = shadow.of((args, kwargs), of_inputs)
        parts = list(paths(stand_in))
    ledger = way.ledger(parts, shadow)
    ledger.feed(held_tensors((args, kwargs)))
    made = way.recorder(ledger) if rules is None else way.recorder(ledger, rules)
    watch = Watch(ledger, parts, made, rules, training)
    ledger.differentiates = training
    try:
        if rules is not None and rules.graphs:
            from cnnref.tracing.autograd import heard

            heard(rules, made)
        with torch.set_grad_enabled(training or grad), made, elsewhere(ledger):
            outputs = stand_in(*args, **kwargs)
            if training:
                from cnnref.tracing.autograd import backward

                first = backward(ledger, stand_in, outputs)
                ran = ran._replace(backward=first)
    except Exception as error:
        from cnnref.tracing.failures import stopped

        path, _, got = watch.failed if watch.failed and watch.error is error else ("", None, ())
        ledger.stop(path, tensors(got))
        failed = stopped(watch, error, _table(module, ledger, (args, kwargs), ran))
        if failed is error:
            raise
        raise failed from error
    table = _table(
        module, ledger, (args, kwargs), ran, ledger.unused(), ledger.made(held_tensors(outputs))
    )
    watch.end()
    return table


@contextmanager
def _nested(module: nn.Module) -> Iterator[None]:
    """What goes through all that a module holds."""
    try:
        yield
    except RecursionError:
        raise CnnrefError(
            f"trace: what {type(module).__name__} holds is nested too deeply for "
            f"{sys.getrecursionlimit()} calls inside each other; sys.setrecursionlimit allows more."
        ) from None


def _table(
    module: nn.Module,
    ledger: Ledger,
    inputs: object,
    ran: Ran,
    unused: tuple[tuple[str, int], ...] = (),
    returned: Iterable[int] = (),
) -> Table:
    return Table(
        ledger.layers,
        name=type(module).__name__,
        input_shape=_input_shape(inputs),
        unused=unused,
        ran=ran,
        returned=returned,
    )


def _got(module: object) -> str:
    if isinstance(module, type) and issubclass(module, nn.Module):
        return f"the class {module.__name__}, which has to be called first"
    if isinstance(module, FunctionType | MethodType):
        return (
            f"the function {module.__name__}: make a class of it that holds the modules that it "
            "calls and has it as its forward"
        )
    return repr(module)


def _own(rules: Mapping[Any, Any]) -> OwnRules:
    from cnnref.tracing.rules.own import OwnRules

    return OwnRules(rules)


def arguments(
    module: nn.Module, input_shape: Shapes, inputs: Inputs | None
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What a module is called with: examples, or one image of a shape, or of each of several.

    Raises:
        CnnrefError: it is neither, or a shape has a batch.
    """
    if inputs is None and isinstance(input_shape, Mapping):
        return (), {name: _made(one, module) for name, one in input_shape.items()}
    if inputs is None:
        several = isinstance(input_shape, list | tuple) and any(
            isinstance(one, list | tuple | Tensor) for one in input_shape
        )
        shapes = input_shape if several else (input_shape,)
        return tuple(_made(one, module) for one in shapes), {}
    if isinstance(inputs, Mapping):
        return (), dict(inputs)
    if isinstance(inputs, Tensor):
        return (inputs,), {}
    if not isinstance(inputs, tuple | list):
        raise CnnrefError(
            "trace: inputs must be a tensor, a tuple of positional or a mapping of keyword "
            f"arguments, but is of type {type(inputs).__name__}."
        )
    return tuple(inputs), {}


def _made(given: Any, module: nn.Module) -> Tensor:
    """A batch of one of a shape, in whose last place a dtype may stand."""
    if isinstance(given, Tensor):
        size = " x ".join(map(str, given.shape))
        raise CnnrefError(
            f"trace: input_shape is a shape, but is a tensor of {size}: give it as inputs=."
        )
    sizes = tuple(given) if isinstance(given, list | tuple) else (None,)
    dtype = _dtype(sizes[-1]) if sizes else None
    sizes = sizes if dtype is None else sizes[:-1]
    if not all(type(axis) is int and axis > 0 for axis in sizes):
        raise CnnrefError(
            "trace: input_shape must be positive whole numbers without the batch, "
            f"but is {given!r}."
        )
    _without_batch(sizes, module)
    return image(sizes, module, dtype)


def _dtype(word: object) -> torch.dtype | None:
    """A dtype, or the one of a name; None of a number."""
    if isinstance(word, str):
        from cnnref.tables.analysis import DTYPES

        if word not in DTYPES:
            raise UnknownNameError("dtype of input_shape", word, DTYPES)
        return getattr(torch, word)  # type: ignore[no-any-return]
    return word if isinstance(word, torch.dtype) else None


def _without_batch(sizes: tuple[int, ...], module: nn.Module) -> None:
    """Refuse a batch of one in front of what the first convolution takes."""
    if sizes[:1] != (1,):
        return
    first = next((part for _, part in paths(module) if isinstance(part, _ConvNd)), None)
    if first is None or len(sizes) != len(first.kernel_size) + 2:
        return
    if sizes[1] == first.in_channels:
        raise CnnrefError(
            f"trace: input_shape is of one image, without the batch: {sizes[1:]}, not {sizes}; a "
            "batch of your own is given as inputs=."
        )


def image(
    sizes: Sequence[int], module: nn.Module | None, dtype: torch.dtype | None = None
) -> Tensor:
    """A batch of one image on the meta device, in a dtype or in that of a module.

    Raises:
        CnnrefError: no tensor is so large.
    """
    if dtype is None:
        # a module in half precision takes images in half precision
        parts = (part for _, part in paths(module)) if module is not None else ()
        weights = (weight for part in parts for weight in part._parameters.values())  # noqa: SLF001
        dtypes = (one.dtype for one in weights if one is not None and one.is_floating_point())
        dtype = next(dtypes, torch.get_default_dtype())
    if prod(sizes) * dtype.itemsize >= 2**63:
        shape = " x ".join(map(quoted, sizes))
        raise CnnrefError(f"trace: an input of {shape} takes more bytes than a tensor can have.")
    return torch.empty((1, *sizes), dtype=dtype, device="meta")


def _input_shape(inputs: object) -> Shape:
    return next(map(shape, held_tensors(inputs)), Shape(()))


def _report(table: Table, strict: bool) -> None:
    found = []
    if unknown := places(table.uncounted):
        found.append(f"no rule counts {unknown}; these rows are marked uncounted{_advice(table)}.")
    if roughly := places(table.estimated):
        found.append(f"{roughly} has an estimate alone, which the convention estimates counts.")
    if not found:
        return
    message = f"{table.name}: {' '.join(found)}"
    if strict:
        raise CnnrefError(message)
    warnings.warn(message, UncountedWarning, stacklevel=outside())


def _report_run(table: Table, strict: bool) -> None:
    if not table.doubt:
        return
    if strict:
        raise CnnrefError(f'{table.doubt}; give inputs with values, or values="always".')
    warnings.warn(f"{table.doubt}; give inputs with values.", DataWarning, stacklevel=outside())


def _advice(table: Table) -> str:
    """How to give a rule to an operator that is not PyTorch's own, if one was not counted."""
    known = {row.op for row in table.uncounted}
    for name in torch._C._dispatch_get_all_op_names():  # noqa: SLF001
        space, _, op = name.partition("::")
        if space not in ("aten", "prims") and op.partition(".")[0] in known:
            key = f"torch.ops.{space}.{op.partition('.')[0]}"
            return f".\nTo count one: trace(..., rules={{{key}: lambda result, *args: MACS}})"
    return ""
