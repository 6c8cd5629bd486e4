"""The operators below PyTorch's functions: whatever no function tells of comes by here.

Functions that have no rule, TorchScript, extensions in C++ and transforms such as vmap all come
down to operators, so that none of their work can pass unseen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from cnnref.tracing.constants import Below, Draws, on_meta
from cnnref.tracing.ledger import changed
from cnnref.tracing.rules import tensors
from cnnref.tracing.signature import SMALL

if TYPE_CHECKING:
    from cnnref.tracing.recorder import Recorder

__all__ = [
    "MAKE_DUAL",
    "UNSEEN",
    "Operators",
    "alike_on_meta",
    "alone",
    "run_operator",
    "transformed",
]

# what runs inside is known already
UNSEEN = torch._C._DisableTorchDispatch  # noqa: SLF001
# gives a tensor a tangent, with which whatever is done to it is done, too
MAKE_DUAL = torch._VF._make_dual  # noqa: SLF001
# what vmap, grad and the like run in is known by the operators alone
transformed = torch._C._functorch.peek_interpreter_stack  # noqa: SLF001


class Operators(Below):
    """Sees every operator that runs, and has it recorded."""

    # functions of functions, too, of which one that comes by here was not seen above
    supports_higher_order_operators = True

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def __torch_dispatch__(
        self,
        func: Any,
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if not isinstance(func, torch._ops.OpOverload):  # noqa: SLF001
            from cnnref.tracing.rules.higher import refusal

            raise refusal(func)
        # the shape functions of operators call functions of PyTorch themselves
        with torch._C.DisableTorchFunction():  # noqa: SLF001
            return self._recorder.operator(func, args, kwargs or {})


_functions = torch._C._len_torch_function_stack  # noqa: SLF001
_operators = torch._C._len_torch_dispatch_stack  # noqa: SLF001
_enabled = torch._C._is_torch_function_mode_enabled  # noqa: SLF001


def alone() -> bool:
    """Whether a recorder sees what is called, and nobody but it."""
    return _functions() == 1 and _operators() == 1 and _enabled()


def alike_on_meta(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Arguments that belong together, as a tensor and its gradient: all on meta if any is."""
    if not any(one.is_meta for one in tensors((args, kwargs))):
        return args, kwargs
    with UNSEEN():
        return changed((args, kwargs), lambda one: one if one.is_meta else one.to("meta"))


def run_operator(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], draws: Draws) -> Any:
    """What an operator gives for feature maps, or for no tensors at all.

    Raises:
        NeedsDataError: that depends on values.
    """
    given = list(tensors((args, kwargs)))
    if not given:
        return _made(func, args, kwargs, draws)
    if not any(tensor.is_meta for tensor in given):
        return draws.operator(func, args, kwargs)
    from cnnref.tracing.rules.aten import DENSE

    if (on_dense := DENSE.get(func.overloadpacket)) is not None:
        with UNSEEN():
            return on_dense(*args, **kwargs)
    try:
        return func(*args, **on_meta(kwargs))
    except (NotImplementedError, RuntimeError) as error:
        from cnnref.tracing.constants import refused

        raise refused(error, func.overloadpacket) or error from None


def _made(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], draws: Draws) -> Any:
    """What an operator makes of no tensors: on meta where it is large."""
    takes = any(argument.name == "device" for argument in func._schema.arguments)  # noqa: SLF001
    if not takes:
        return draws.operator(func, args, kwargs)
    found = func(*args, **{**kwargs, "device": torch.device("meta")})
    large = sum(tensor.numel() for tensor in tensors((found,))) > SMALL
    return found if large else draws.operator(func, args, kwargs)
