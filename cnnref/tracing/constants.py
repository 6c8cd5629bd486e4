"""Tensors that are no feature maps: small ones that forward makes keep their values.

Forward may look at such values, to decide or to size something; a feature map has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from cnnref.errors import CnnrefError
from cnnref.tracing.rules import Rule, tensors
from cnnref.tracing.rules.refusals import zeros
from cnnref.tracing.rules.sparse import LAYOUTS
from cnnref.tracing.signature import SMALL, is_small, storage

__all__ = [
    "LEAVING",
    "LIKE",
    "MARKS",
    "PACKED",
    "QUIET",
    "Below",
    "Constants",
    "Draws",
    "NeedsDataError",
    "asked",
    "on_meta",
    "refused",
    "run",
    "run_by",
    "stay",
    "with_lengths",
    "written",
]


# fmt: off
# what tells of a tensor without making another
QUIET: frozenset[Any] = frozenset(
    getattr(Tensor, name)
    for name in (
        "size", "dim", "ndimension", "numel", "nelement", "stride", "storage_offset",
        "is_contiguous", "is_floating_point", "is_complex", "is_signed", "element_size",
        "get_device", "is_pinned", "is_shared", "is_conj", "is_neg", "data_ptr",
        "untyped_storage", "requires_grad_", "is_inference", "register_hook", "retain_grad",
        "is_set_to", "is_same_size", "dim_order", "__len__", "__hash__", "__repr__",
        "__deepcopy__",
    )
    if hasattr(Tensor, name)
) | {
    torch.numel, torch.is_tensor, torch.is_floating_point, torch.is_complex, torch.is_conj,
    torch.is_neg, torch.is_signed, torch.is_inference, torch.is_same_size,
} | {
    getattr(Tensor, name).__get__
    for name in (
        "shape", "dtype", "ndim", "layout", "is_nested", "is_sparse", "is_quantized", "itemsize",
    )
    if hasattr(getattr(Tensor, name), "__get__")
}
# and of these, what marks the tensor itself
MARKS = frozenset((Tensor.requires_grad_, Tensor.register_hook, Tensor.retain_grad))
VALUES: frozenset[Any] = frozenset(
    getattr(Tensor, name)
    for name in (
        "item", "tolist", "numpy", "equal", "allclose", "__bool__", "__int__", "__float__",
        "__complex__", "__index__", "__array__", "__contains__", "__dlpack__",
    )
    if hasattr(Tensor, name)
) | {torch.equal, torch.allclose}
# as large as they are told to be: looked at on the meta device first
BULK = frozenset({
    torch.zeros, torch.ones, torch.empty, torch.full, torch.rand, torch.randn, torch.randint,
    torch.randperm, torch.eye, torch.empty_strided,
})
# what an operator that works in place adds to its name: __iadd__
IN_PLACE = frozenset({
    "add", "sub", "mul", "div", "truediv", "floordiv", "mod", "pow", "and", "or", "xor", "lshift",
    "rshift", "matmul",
})
# fmt: on
# how long the sequences of a batch are, which their second argument tells, sizes what these give
PACKED = frozenset(
    (
        *(getattr(torch, f"_{name}_sequence") for name in ("pack_padded", "pad_packed")),
        *(torch.lstm, torch.gru, torch.rnn_tanh, torch.rnn_relu),
    )
)
# made like a feature map, of which they take no value
LIKE: frozenset[Any] = frozenset(
    {getattr(Tensor, f"new_{name}") for name in ("empty", "full", "ones", "tensor", "zeros")}
    | {getattr(torch, f"{name}_like") for name in ("empty", "full", "ones", "zeros")}
)
# ways out of PyTorch into a library whose work is not seen, and the op of their rows
LEAVING = {Tensor.numpy: "numpy", Tensor.__array__: "numpy", Tensor.__dlpack__: "dlpack"}
MOVES = frozenset({Tensor.cpu, Tensor.cuda, Tensor.pin_memory})


SEEDED = torch.Tag.nondeterministic_seeded
# of functions that may draw, among whatever they do
MAY_DRAW = re.compile(
    "rand|normal|bernoulli|multinomial|poisson|binomial|dropout|exponential|uniform|cauchy"
    "|geometric|gumbel|rrelu|gamma|dirichlet|init"
)
PYTHON = (torch._C.DispatchKey.Python, torch._C.DispatchKey.PythonTLSSnapshot)  # noqa: SLF001


class NeedsDataError(CnnrefError, RuntimeError):
    """Forward asks for the value of a feature map, which a trace by shapes does not compute.

    name: of the function or operator that asks.
    """

    def __init__(self, message: str, name: str = "") -> None:
        super().__init__(message)
        self.name = name

    @classmethod
    def of(cls, name: str, place: str = "forward") -> NeedsDataError:
        """Of the function or operator that asks, and the layer that does so."""
        return cls(
            f"{place} asks for the value of a feature map or a weight ({name}), which shapes do "
            'not tell: values="auto" runs it once.',
            name,
        )


# how many modes of operators a thread is in
DEPTH = torch._C._len_torch_dispatch_stack  # noqa: SLF001


class Below(TorchDispatchMode):
    """A mode that sees operators in its own thread: what its parent sets, all threads see."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def __enter__(self) -> Self:
        torch._C._push_on_torch_dispatch_stack(self)  # noqa: SLF001
        return self

    def __exit__(self, *error: object) -> None:
        """It goes, and with it those that forward has left above it."""
        found: object = None
        while found is not self:
            # before it is taken, which may let go of it: PyTorch 2.9 then uses what is gone
            found = torch._C._get_dispatch_stack_at(DEPTH() - 1)  # noqa: SLF001
            torch._C._pop_torch_dispatch_stack(None)  # noqa: SLF001


class Draws(Below):
    """Gives each operator that draws a generator of the trace's own, and not of the process."""

    def __init__(self) -> None:
        super().__init__()
        self._generator: torch.Generator | None = None

    def __torch_dispatch__(
        self,
        func: Any,
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        return self.operator(func, args, kwargs or {})

    def function(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Run a function, in whose inside other modes see nothing."""
        if not _may_draw(func):
            return func(*args, **kwargs)
        hidden = torch._C._dispatch_tls_local_exclude_set()  # noqa: SLF001
        for key in PYTHON:
            hidden = hidden.remove(key)
        with (
            self,
            torch._C._ForceDispatchKeyGuard(  # noqa: SLF001
                torch._C._dispatch_tls_local_include_set(),  # noqa: SLF001
                hidden,
            ),
        ):
            return func(*args, **kwargs)

    def operator(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run an operator."""
        if SEEDED not in func.tags:
            return func(*args, **kwargs)
        if self._generator is None:
            self._generator = torch.Generator()
        for overload in _with_generator(func):
            try:
                return overload(*args, **{**kwargs, "generator": self._generator})
            except (RuntimeError, TypeError):  # of other arguments
                continue
        return func(*args, **kwargs)


@cache
def _may_draw(func: Callable[..., Any]) -> bool:
    return bool(MAY_DRAW.search(getattr(func, "__name__", "")))


@cache
def _with_generator(func: Any) -> tuple[Any, ...]:
    """The forms of an operator that take a generator, itself first."""
    packet = func.overloadpacket
    forms = (func, *(getattr(packet, name) for name in packet.overloads()))
    return tuple(
        form
        for form in forms
        if any(one.name == "generator" for one in form._schema.arguments)  # noqa: SLF001
    )


class Constants:
    """The small tensors that one forward pass makes for itself."""

    def __init__(self) -> None:
        # storages that this pass made: only these may be written to
        self._mine: set[int] = set()
        # and those into which a feature map was written: their values are known no more
        self._overwritten: set[int] = set()
        self._kept: list[object] = []
        self.draws = Draws()

    def make(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What a function makes of no tensors, with its values unless it is large."""
        if kwargs.get("requires_grad") and torch.is_grad_enabled():
            return func(*args, **{**kwargs, "device": "meta"})
        device = kwargs.get("device")
        if device is not None and torch.device(device).type != "meta":
            kwargs = {**kwargs, "device": "cpu"}
        if func in BULK and kwargs.get("out") is None:
            options = {name: value for name, value in kwargs.items() if name != "generator"}
            found = func(*args, **{**options, "device": "meta"})
            if found.numel() > SMALL:
                return found
        return self.keep(self.draws.function(func, args, kwargs), [])

    def like(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What a function makes like a feature map, with its values; None where that is large."""
        if any(tensor.is_meta for tensor in tensors((args[1:], kwargs))):
            return None
        if kwargs.get("requires_grad") and torch.is_grad_enabled():
            return None
        if func(*args, **on_meta(kwargs)).numel() > SMALL:
            return None
        # of the same shape and type, in the memory of one element
        source = torch.empty((), dtype=args[0].dtype).expand(args[0].shape)
        return self.keep(func(source, *args[1:], **{**kwargs, "device": "cpu"}), [])

    def overwrite(
        self, func: Callable[..., Any], given: list[Tensor], kwargs: dict[str, Any]
    ) -> None:
        """Forget the values of what a call on feature maps writes to."""
        self._forget((*written(func, given), *tensors((kwargs.get("out"),))))

    def update(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any] | None
    ) -> None:
        """Forget the running statistics that a normalisation in training writes to."""
        if func not in STATISTICS:
            return
        (name, default), named = STATISTICS[func], kwargs or {}
        if args[5] if len(args) > 5 else named.get(name, default):
            statistics = [named.get(one) for one in ("running_mean", "running_var")]
            self._forget(one for one in tensors((args[1:5], statistics)) if is_small(one))

    def _forget(self, found: Iterable[Tensor]) -> None:
        for tensor in found:
            self._overwritten.add(storage(tensor))
            self._kept.append(tensor)

    def differentiate(self, tensor: Tensor) -> bool:
        """Whether a constant of this pass takes a gradient: it is a map from now on."""
        if tensor.is_meta or not (tensor.requires_grad and tensor.is_leaf):
            return False
        if not torch.is_grad_enabled() or storage(tensor) not in self._mine:
            return False
        twin = torch.empty_like(tensor.detach(), device="meta").requires_grad_()
        torch._C._swap_tensor_impl(tensor, twin)  # noqa: SLF001
        return True

    def known(self, tensor: Tensor) -> bool:
        """Whether the values of a tensor are at hand."""
        at_hand = is_small(tensor) or (tensor.layout in LAYOUTS and not tensor.is_meta)
        return at_hand and not self.is_overwritten(tensor)

    def is_overwritten(self, tensor: Tensor) -> bool:
        """Whether a feature map was written into a tensor."""
        return bool(self._overwritten) and storage(tensor) in self._overwritten

    def keep(self, result: Any, given: list[Tensor]) -> Any:
        """The result, whose memory may be written to unless it was given."""
        theirs = {storage(tensor) for tensor in given}
        for leaf in tensors((result,)):
            if leaf.layout is torch.strided and not leaf.is_meta:
                own = storage(leaf)
                if own not in theirs:
                    self._mine.add(own)
                    self._kept.append(leaf)
        return result

    def may_run(
        self, func: Callable[..., Any], given: list[Tensor], kwargs: dict[str, Any]
    ) -> bool:
        """Whether a call is on small constants alone, and writes to no one else's."""
        if not all(map(self.known, given)):
            return False
        if changed := written(func, given):
            return all(storage(tensor) in self._mine for tensor in changed)
        out = kwargs.get("out")
        return all(storage(tensor) in self._mine for tensor in tensors((out,)))

    def is_value(self, func: Callable[..., Any]) -> bool:
        """Whether a function asks for values."""
        return func in VALUES

    def value(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The values of a constant, or of a weight as it is.

        Raises:
            NeedsDataError: it is a feature map, or comes of one.
        """
        for tensor in tensors((args, kwargs)):
            if tensor.is_meta or self.is_overwritten(tensor):
                raise NeedsDataError.of(func.__name__)
        return func(*args, **kwargs)


def on_meta(kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call on feature maps, which are nowhere but on meta."""
    if kwargs.get("device") is None:
        return kwargs
    return {**kwargs, "device": torch.device("meta")}


def run(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run a function on meta tensors; a move to another device stays where it is.

    Raises:
        NeedsDataError: what it gives depends on values.
    """
    if args and isinstance(args[0], Tensor) and args[0].is_meta:
        if func in MOVES:
            return args[0]
        if func is Tensor.to:
            return _to(*args, **kwargs)
        if func is Tensor.type_as:
            return args[0].to(args[1].dtype)
    try:
        return func(*args, **kwargs)
    except NotImplementedError as error:
        raise refused(error) or error from None


def run_by(
    rule: Rule, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """What a function with a rule gives: shape functions divide by what PyTorch refuses later."""
    try:
        return run(func, args, kwargs)
    except ZeroDivisionError:
        raise zeros(rule, func, args, kwargs) from None


def stay(func: Callable[..., Any]) -> Callable[..., Any]:
    """A function that does not move a constant to another device."""
    if func in MOVES:
        return lambda tensor, *_, **__: tensor
    return _to if func is Tensor.to else func


def with_lengths(
    func: Callable[..., Any], args: tuple[Any, ...], twins: tuple[Any, ...]
) -> tuple[Any, ...]:
    """The arguments on meta, but for the lengths of packed sequences, whose values are needed.

    Raises:
        NeedsDataError: they are not known.
    """
    lengths = args[1] if len(args) > 1 else None
    if not isinstance(lengths, Tensor) or lengths.is_floating_point():
        return twins  # sequences that are not packed
    if lengths.is_meta:
        raise NeedsDataError.of(f"lengths of {func.__name__.strip('_')}")
    return (twins[0], lengths, *twins[2:])


def _to(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Tensor.to without its device."""
    kwargs.pop("device", None)
    for value in args:
        if isinstance(value, torch.dtype):
            kwargs["dtype"] = value
        elif isinstance(value, Tensor):
            kwargs["dtype"] = value.dtype
    return tensor.to(**kwargs) if kwargs else tensor


def written(func: Callable[..., Any], given: list[Tensor]) -> list[Tensor]:
    """The tensors of a call that it may change: the first, or any where it changes several."""
    return given[: _changes(func)]


@cache
def _changes(func: Callable[..., Any]) -> int | None:
    """How many tensors a function may change: add_ the first, _foreach_add_ any (None)."""
    if isinstance(func, torch._ops.OpOverload):  # noqa: SLF001
        schema = func._schema  # noqa: SLF001
        if not schema.is_mutable:
            return 0
        changed = [
            one.alias_info is not None and one.alias_info.is_write for one in schema.arguments
        ]
        first = schema.arguments[0]
        return 1 if changed[0] and sum(changed) == 1 and str(first.type) == "Tensor" else None
    name = getattr(func, "__name__", "")
    if name.startswith("__"):
        return int(name == "__setitem__" or (name.startswith("__i") and name[3:-2] in IN_PLACE))
    if not name.endswith("_"):
        return 0
    return None if name.startswith("_foreach") else 1


def _is_changed(argument: Any) -> bool:
    return argument.alias_info is not None and bool(argument.alias_info.is_write)


# what says that a normalisation is in training, the sixth of its arguments, and its default
STATISTICS: dict[Callable[..., Any], tuple[str, bool]] = {
    F.batch_norm: ("training", False),
    torch.batch_norm: ("training", False),
    F.instance_norm: ("use_input_stats", True),
    torch.instance_norm: ("use_input_stats", True),
}
BY_VALUE = (torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape)
# aten::_unique2: attempted to run; register_meta function for torch.nonzero() raises
NAMED = re.compile(r"(\w+)::(\w+)|torch\.(\w+)\(\)")


# what only tensors without values have wrong with them
UNTOLD = re.compile(
    r"\bmeta\b|Nested(?:Tensor|Int)|ConstantInt|fake impl|not know the shape", re.IGNORECASE
)


def asked(error: BaseException | None) -> str:
    """What forward asked that shapes do not tell; nothing where an error is not of that."""
    while error is not None:
        if isinstance(error, NeedsDataError):
            return error.name
        kinds = RuntimeError | TypeError | AttributeError | ValueError
        if isinstance(error, kinds) and UNTOLD.search(str(error)):
            packet = _named(str(error))
            return packet.__name__.strip("_") if packet is not None else "what only values tell"
        error = error.__cause__ or error.__context__
    return ""


def refused(error: Exception, packet: Any = None) -> Exception | None:
    """An error in place of one that PyTorch raised, and None where that says all.

    packet: the operator; else it is read from the message.
    """
    packet = packet or _named(str(error))
    if packet is None:
        return None
    name = packet.__name__
    overloads = [getattr(packet, overload) for overload in packet.overloads()]
    if any(tag in overload.tags for overload in overloads for tag in BY_VALUE):
        return NeedsDataError.of(name.strip("_0123456789"))
    if "no fake impl" not in str(error):
        return None
    place = f"torch.ops.{overloads[0].namespace}.{name}"
    return NotImplementedError(
        f"PyTorch does not know the shape of what {name} gives: register one with "
        f"torch.library.register_fake, or give trace "
        f"rules={{{place}: cnnref.OpaqueRule(output, rule)}}"
    )


def _named(message: str) -> Any:
    found = NAMED.search(message)
    if found is None:
        return None
    space, name = (found[1], found[2]) if found[2] else ("aten", found[3])
    return getattr(getattr(torch.ops, space), name, None)
