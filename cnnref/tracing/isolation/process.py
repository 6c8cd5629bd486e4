"""What is one for the process, held for as long as a trace needs it, for its thread alone."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import _disable_current_modes

from cnnref.tracing.isolation.thread import own

__all__ = ["eager", "held", "on_meta", "roomy", "typed", "unfused"]

# calls of a trace for one of PyTorch's
DEEPER = 3
# of the default dtype, in torch._C
SETTERS = ("_set_default_dtype", "_set_default_tensor_type")
_JAGGED = "torch.nested._internal.nested_tensor"
_LOCK = threading.Lock()
_HELD: dict[Any, tuple[int, Callable[[], None]]] = {}


class held:  # noqa: N801
    """A change of the process for as long as some thread asks for it.

    change: makes it, and gives what undoes it.
    """

    def __init__(self, key: Any, change: Callable[[], Callable[[], None]]) -> None:
        self._key, self._change = key, change

    def __enter__(self) -> None:
        with _LOCK:
            count, undo = _HELD.get(self._key) or (0, self._change())
            _HELD[self._key] = count + 1, undo

    def __exit__(self, *error: object) -> None:
        with _LOCK:
            count, undo = _HELD.pop(self._key)
            if count > 1:
                _HELD[self._key] = count - 1, undo
            else:
                undo()


def roomy() -> AbstractContextManager[None]:
    """With room for what a trace adds to each call inside another, and nothing that cuts in."""
    return held(roomy, _make_room)


def _make_room() -> Callable[[], None]:
    undone: list[Callable[[], None]] = []

    def undo() -> None:
        while undone:
            undone.pop()()

    try:
        undone.extend(change() for change in (_pause, _shelter, _deepen))
    except BaseException:
        undo()
        raise
    return undo


def _pause() -> Callable[[], None]:
    """Without the garbage collector: to go through all of torch takes longer than most traces."""
    enabled = gc.isenabled()
    gc.disable()
    return gc.enable if enabled else lambda: None


def _deepen() -> Callable[[], None]:
    """To shadow a part takes a few calls, and so does to run it."""
    before = sys.getrecursionlimit()
    deeper = DEEPER * before
    sys.setrecursionlimit(deeper)

    def undo() -> None:
        if sys.getrecursionlimit() == deeper:
            sys.setrecursionlimit(before)

    return undo


@contextmanager
def eager() -> Iterator[None]:
    """What torch.compile has made runs as it was written, in this thread."""
    if "torch._dynamo" not in sys.modules:  # nothing is compiled
        yield
        return
    own.eager, before = True, getattr(own, "eager", False)
    try:
        with held(_Stance, _stand_eager):
            yield
    finally:
        own.eager = before


class _Stance:
    """What torch.compile is told to do: nothing in a thread that asks for that."""

    def __init__(self, before: Any) -> None:
        self._before = before

    def __getattr__(self, name: str) -> Any:
        if name == "stance" and getattr(own, "eager", False):
            return "force_eager"
        return getattr(self._before, name)


def _stand_eager() -> Callable[[], None]:
    from torch._dynamo import eval_frame

    before = eval_frame._stance  # noqa: SLF001
    mine: Any = _Stance(before)
    eval_frame._stance = mine  # noqa: SLF001

    def undo() -> None:
        if eval_frame._stance is mine:  # noqa: SLF001
            eval_frame._stance = before  # noqa: SLF001

    return undo


@contextmanager
def unfused() -> Iterator[None]:
    """Layers that torch fuses, which have one row for many, run as written, in this thread."""
    own.unfused, before = True, getattr(own, "unfused", False)
    try:
        with held(torch.backends.mha, _unfuse):
            yield
    finally:
        own.unfused = before


def _unfuse() -> Callable[[], None]:
    home: Any = torch.backends.mha
    before = home.get_fastpath_enabled

    def enabled() -> bool:
        return bool(before()) and not getattr(own, "unfused", False)

    home.get_fastpath_enabled = enabled

    def undo() -> None:
        home.get_fastpath_enabled = before

    return undo


def _shelter() -> Callable[[], None]:
    """What PyTorch makes once for all nested tensors is its own, and none of a trace."""
    home = sys.modules.get(_JAGGED)
    if home is None:
        return lambda: None
    before = home._nt_view_dummy  # noqa: SLF001

    def made() -> Any:
        with torch._C.DisableTorchFunction(), _disable_current_modes():  # noqa: SLF001
            return before()

    home._nt_view_dummy = made  # type: ignore[attr-defined]  # noqa: SLF001

    def undo() -> None:
        home._nt_view_dummy = before  # type: ignore[attr-defined]  # noqa: SLF001

    return undo


@contextmanager
def typed() -> Iterator[None]:
    """The default dtype is set back, which is one for the process, if this thread has set it."""
    before, own.dtype = torch.get_default_dtype(), None
    try:
        with held(torch.set_default_dtype, _follow):
            yield
    finally:
        mine, own.dtype = own.dtype, None
        if mine is torch.get_default_dtype():
            torch.set_default_dtype(before)


def _follow() -> Callable[[], None]:
    home: Any = torch._C  # noqa: SLF001
    before = {name: getattr(home, name) for name in SETTERS}

    def follow(put: Callable[[Any], None]) -> Callable[[Any], None]:
        def following(kind: Any) -> None:
            put(kind)
            own.dtype = torch.get_default_dtype()

        return following

    for name, put in before.items():
        setattr(home, name, follow(put))

    def undo() -> None:
        for name, put in before.items():
            setattr(home, name, put)

    return undo


# in place, with numbers alone: on meta they change nothing, but have torch load its compiler
FILLS = frozenset(
    getattr(Tensor, f"{name}_")
    for name in ("add", "clamp", "div", "erfinv", "fill", "mul", "normal", "uniform", "zero")
)


@contextmanager
def on_meta() -> Iterator[None]:
    """What is built meanwhile is on the meta device, and its weights stay as they come."""
    with torch.device("meta"), _Unfilled():
        yield


class _Unfilled(TorchFunctionMode):
    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        fills = func in FILLS or getattr(func, "__module__", "") == "torch.nn.init"
        if fills and not any(isinstance(one, Tensor) for one in (*args[1:], *kwargs.values())):
            filled = args[0] if args else kwargs.get("tensor")
            if isinstance(filled, Tensor) and filled.is_meta:
                return filled
        return func(*args, **kwargs)
