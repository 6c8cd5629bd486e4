"""Random numbers of a trace's own: what forward draws is not taken from the process."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

__all__ = ["Draws"]

SEEDED = torch.Tag.nondeterministic_seeded
# of functions that may draw, among whatever they do
NAMES = re.compile(
    "rand|normal|bernoulli|multinomial|poisson|binomial|dropout|exponential|uniform|cauchy"
    "|geometric|gumbel|rrelu|gamma|dirichlet|init"
)
PYTHON = (torch._C.DispatchKey.Python, torch._C.DispatchKey.PythonTLSSnapshot)  # noqa: SLF001


class Draws(TorchDispatchMode):
    """Gives each operator that draws a generator of its own."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._generator = torch.Generator()

    # those of its parent set what all threads see
    def __enter__(self) -> Draws:
        torch._C._push_on_torch_dispatch_stack(self)  # noqa: SLF001
        return self

    def __exit__(self, *error: object) -> None:
        torch._C._pop_torch_dispatch_stack(None)  # noqa: SLF001

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
        for overload in _with_generator(func):
            try:
                return overload(*args, **{**kwargs, "generator": self._generator})
            except (RuntimeError, TypeError):  # of other arguments
                continue
        return func(*args, **kwargs)


@cache
def _may_draw(func: Callable[..., Any]) -> bool:
    return bool(NAMES.search(getattr(func, "__name__", "")))


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
