"""A thread of its own for what sets things: the caller's thread, and all others, stay as they are.

Grad mode, the stacks of modes, the default device and autocast belong to a thread, and end with
it; and a signal reaches the main thread alone, so that it cuts short no putting back.
"""

from __future__ import annotations

import _thread
import ctypes
import gc
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import copy_context
from types import FrameType
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

__all__ = [
    "apart",
    "deep",
    "eager",
    "held",
    "on_meta",
    "own",
    "settings",
    "typed",
    "uncollected",
    "unfused",
]


Result = TypeVar("Result")
# calls of a trace for one of PyTorch's: to shadow a part takes a few, and so does to run it
DEEPER = 3
# bytes of a thread's stack for each call that may be inside others
FRAME = 1 << 15


def apart(work: Callable[[], Result], *around: Callable[[], AbstractContextManager[Any]]) -> Result:
    """What a function gives or raises, run in a thread of its own.

    An interrupt stops it and is raised when all is put back.

    around: what is held meanwhile, and let go of whatever comes.
    """
    errand = _Errand(work, around)
    try:
        errand.start()
        errand.over.acquire()
    except BaseException:
        errand.stop()
        raise
    return errand.result()  # type: ignore[no-any-return]


class _Stopped(BaseException):
    """Raised in the middle of what nobody waits for any longer."""


class _Errand:
    """A call in a thread, which can be stopped until it begins to put things back."""

    def __init__(
        self, work: Callable[[], Any], around: tuple[Callable[[], AbstractContextManager[Any]], ...]
    ) -> None:
        self.over = threading.Lock()
        self.over.acquire()
        self._work: Any = work
        self._around = around
        self._context = copy_context()
        self._caller = threading.get_ident()
        self._thread = 0
        self._value: Any = None
        self._error: BaseException | None = None
        self._gate = threading.Lock()
        self._unwanted = self._begun = self._running = self._ended = False

    def start(self) -> None:
        # room for as many calls inside each other as Python allows; what is not used is not taken
        before = _thread.stack_size(FRAME * sys.getrecursionlimit())
        # threading's own start does not bear an interrupt
        try:
            _thread.start_new_thread(self._run, ())
        finally:
            _thread.stack_size(before)

    def _run(self) -> None:
        self._thread = threading.get_ident()
        # debuggers and profilers go along
        sys.settrace(threading.gettrace())
        sys.setprofile(threading.getprofile())
        try:
            with self._gate:
                if self._unwanted:
                    return
                self._begun = True
            own.caller = self._caller
            with ExitStack() as stack:
                for one in self._around:
                    stack.enter_context(one())
                self._go()
        except BaseException as error:
            self._error = error
        finally:
            self._work = None
            self._ended = True
            self.over.release()

    def _go(self) -> None:
        """The call itself: only in here `stop` raises anything."""
        try:
            try:
                with self._gate:
                    self._running = not self._unwanted
                if self._running:
                    self._value = self._context.run(self._work)
            finally:
                with self._gate:
                    self._running = False
        except BaseException as error:
            self._error = error

    def stop(self) -> None:
        """End the call where it is, and wait until all is put back."""
        with self._gate:
            self._unwanted = True
            if self._running:
                thread, stopped = ctypes.c_ulong(self._thread), ctypes.py_object(_Stopped)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, stopped)
        if self._begun and not self._ended:
            self.over.acquire()

    def result(self) -> Any:
        # neither stays: the frames of an error hold this thread
        value, error, self._value, self._error = self._value, self._error, None, None
        if error is not None:
            raise error
        return value


_LOCK = threading.Lock()
_HELD: dict[Any, tuple[int, Callable[[], None]]] = {}


@contextmanager
def held(key: Any, change: Callable[[], Callable[[], None]]) -> Iterator[None]:
    """A change of the process for as long as some thread asks for it.

    change: makes it, and gives what undoes it.
    """
    with _LOCK:
        count, undo = _HELD.get(key) or (0, change())
        _HELD[key] = count + 1, undo
    try:
        yield
    finally:
        with _LOCK:
            count, undo = _HELD.pop(key)
            if count > 1:
                _HELD[key] = count - 1, undo
            else:
                undo()


# of the default dtype, in torch._C
SETTERS = ("_set_default_dtype", "_set_default_tensor_type")
# what is meant for this thread alone, of changes that all threads see
own = threading.local()


def uncollected() -> AbstractContextManager[None]:
    """Without the garbage collector: to go through all of torch takes longer than most traces."""
    return held(gc, _pause)


def _pause() -> Callable[[], None]:
    enabled = gc.isenabled()
    gc.disable()
    return gc.enable if enabled else lambda: None


def deep() -> AbstractContextManager[None]:
    """With room for what a trace adds to each call that is inside another."""
    return held(sys.setrecursionlimit, _deepen)


def _deepen() -> Callable[[], None]:
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
    own.eager = True
    with held(_Stance, _stand_eager):
        yield


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


@contextmanager
def settings() -> Iterator[None]:
    """The random states, which are one for the process, are set back.

    Where another thread has run meanwhile, what has changed may be its own, and stays.
    """
    threads, before = _others(), _settings()
    try:
        yield
    finally:
        changed = [one for one in zip(before, _settings(), strict=False) if not _same(*one)]
        if changed and threads == _others():
            for (put, old), _ in changed:
                put(old)


def _others() -> dict[int, tuple[FrameType, int, int]]:
    """How far each thread has come, but for this one and that which waits for it."""
    mine = (threading.get_ident(), getattr(own, "caller", None))
    frames = sys._current_frames().items()  # noqa: SLF001
    return {
        ident: (frame, frame.f_lasti, _spent(ident))
        for ident, frame in frames
        if ident not in mine and not _is_over(frame)
    }


def _is_over(frame: FrameType) -> bool:
    """Whether a thread is that of an earlier call, which ends just now."""
    return frame.f_code is _Errand._run.__code__ and frame.f_locals["self"]._ended  # noqa: SLF001


def _spent(ident: int) -> int:
    """The processor time of a thread: one that goes round in a loop may be where it was."""
    if not hasattr(time, "pthread_getcpuclockid"):  # macOS, Windows
        return 0
    return time.clock_gettime_ns(time.pthread_getcpuclockid(ident))


def _settings() -> list[tuple[Callable[[Any], Any], Any]]:
    """What sets each, and how it is set."""
    generator = torch.default_generator
    found: list[tuple[Callable[[Any], Any], Any]] = [
        (random.setstate, random.getstate()),
        (generator.set_state, generator.get_state()),
    ]
    if numpy := sys.modules.get("numpy.random"):
        found.append((numpy.set_state, numpy.get_state()))
    return found


def _same(old: tuple[Any, Any], new: tuple[Any, Any]) -> bool:
    (_, one), (_, other) = old, new
    if isinstance(one, torch.Tensor):
        return bool(one.numpy().tobytes() == other.numpy().tobytes())
    if isinstance(one, tuple) and len(one) == 5:  # a kind, its array, and numbers
        return one[2:] == other[2:] and bool((one[1] == other[1]).all())
    return bool(one == other)


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
