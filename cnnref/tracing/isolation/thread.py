"""A thread of its own for what sets things: the caller's thread, and all others, stay as they are.

Grad mode, the stacks of modes, the default device and autocast belong to a thread, which ends with
them where a call has set one; and a signal reaches the main thread alone, so that it cuts short no
putting back.
"""

from __future__ import annotations

import _thread
import ctypes
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from contextvars import copy_context
from queue import SimpleQueue
from types import FrameType
from typing import Any, TypeVar

import torch

__all__ = ["apart", "others", "own"]


Result = TypeVar("Result")
# seconds until it is asked again whether a signal has come
WAIT = 1.0
# bytes of a thread's stack for each call that may be inside others
FRAME = 1 << 15


# what is meant for this thread alone, of changes that all threads see
own = threading.local()


def apart(
    work: Callable[[], Result],
    *around: Callable[[], AbstractContextManager[Any]],
    keep: bool = False,
) -> Result:
    """What a function gives or raises, run in another thread.

    An interrupt stops it and is raised when all is put back.

    around: what is held meanwhile, and let go of whatever comes.
    keep: whether the thread may do the next call, if this one leaves it as it was; else it ends.
    """
    errand = _Errand(work, around)
    try:
        worker = _worker()
        worker.errands.put(errand)
        # again and again: a signal that comes as the wait begins is seen at its end
        while not errand.over.acquire(timeout=WAIT):
            pass
    except BaseException:
        errand.stop()
        raise
    if keep and errand.tidy and not _KEPT:
        _KEPT.append(worker)
    return errand.result()  # type: ignore[no-any-return]


class _Worker:
    """A thread that waits for calls, and ends when nobody is left who could give it one."""

    def __init__(self) -> None:
        self.errands: SimpleQueue[Any] = SimpleQueue()
        # in C, where no interrupt is lost: what is put there when this object goes
        end = weakref.ref(self, self.errands.put)
        # room for as many calls inside each other as Python allows; what is not used is not taken
        self.room = FRAME * sys.getrecursionlimit()
        before = _thread.stack_size(self.room)
        # threading's own start does not bear an interrupt
        try:
            _thread.start_new_thread(_serve, (self.errands, end, _KEPT))
        finally:
            _thread.stack_size(before)


# the one that waits, if any
_KEPT: list[_Worker] = []
if hasattr(os, "register_at_fork"):  # its thread is not in the child
    os.register_at_fork(after_in_child=_KEPT.clear)


def _worker() -> _Worker:
    try:
        kept = _KEPT.pop()
    except IndexError:
        return _Worker()
    return kept if kept.room >= FRAME * sys.getrecursionlimit() else _Worker()


def _serve(errands: SimpleQueue[Any], end: object, _: list[_Worker]) -> None:
    """Do what comes, until the end; the list lasts as long, so that none comes as Python ends."""
    fresh = _mine()
    while (errand := errands.get()) is not end:
        errand.run(fresh)
        del errand


def _mine() -> tuple[object, ...]:
    """How all is set of torch's that is set for one thread."""
    in_c = torch._C  # noqa: SLF001
    return (
        torch.is_grad_enabled(),
        in_c._is_fwd_grad_enabled(),  # noqa: SLF001
        in_c._is_multithreading_enabled(),  # noqa: SLF001
        in_c._is_view_replay_enabled(),  # noqa: SLF001
        in_c._autograd._top_saved_tensors_default_hooks(True),  # noqa: SLF001
        in_c._is_torch_function_enabled(),  # noqa: SLF001
        in_c._len_torch_function_stack(),  # noqa: SLF001
        in_c._len_torch_dispatch_stack(),  # noqa: SLF001
        torch.is_autocast_cache_enabled(),
        *map(torch.get_autocast_dtype, ("cpu", "cuda")),
        # inference mode, autocast and what transforms run in
        in_c._dispatch_tls_local_include_set().raw_repr(),  # noqa: SLF001
        in_c._dispatch_tls_local_exclude_set().raw_repr(),  # noqa: SLF001
    )


class _Stopped(BaseException):
    """Raised in the middle of what nobody waits for any longer."""


class _Errand:
    """A call in a thread, which can be stopped until it begins to put things back.

    tidy: whether it has ended and left the thread as it was.
    """

    def __init__(
        self, work: Callable[[], Any], around: tuple[Callable[[], AbstractContextManager[Any]], ...]
    ) -> None:
        self.over = threading.Lock()
        self.over.acquire()
        self.tidy = False
        self._work: Any = work
        self._around = around
        self._context = copy_context()
        self._caller = threading.get_ident()
        self._thread = 0
        self._value: Any = None
        self._error: BaseException | None = None
        self._gate = threading.Lock()
        self._unwanted = self._begun = self._running = self._ended = False

    def run(self, fresh: tuple[object, ...]) -> None:
        """Do it, in the thread that this is called in.

        fresh: how that thread is set.
        """
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
            self.tidy = self._error is None and _mine() == fresh
        except BaseException as error:
            self._error = error
        finally:
            sys.settrace(None)
            sys.setprofile(None)
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
        self._raise()
        if self._begun and not self._ended:
            # again: what is raised where an object goes, Python drops
            while not self.over.acquire(timeout=WAIT):
                self._raise()

    def _raise(self) -> None:
        with self._gate:
            self._unwanted = True
            if self._running:
                thread, stopped = ctypes.c_ulong(self._thread), ctypes.py_object(_Stopped)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, stopped)

    def result(self) -> Any:
        # neither stays: the frames of an error hold this thread
        value, error, self._value, self._error = self._value, self._error, None, None
        if error is not None:
            raise error
        return value


def others() -> dict[int, tuple[FrameType, int, int]]:
    """How far each thread has come, but for this one and that which waits for it."""
    mine = (threading.get_ident(), getattr(own, "caller", None))
    frames = sys._current_frames().items()  # noqa: SLF001
    return {
        ident: (frame, frame.f_lasti, _spent(ident))
        for ident, frame in frames
        if ident not in mine and not _is_over(frame)
    }


def _is_over(frame: FrameType) -> bool:
    """Whether a thread is that of an earlier call, which ends just now, or waits for the next."""
    if frame.f_code is _serve.__code__:
        return True
    return frame.f_code is _Errand.run.__code__ and frame.f_locals["self"]._ended  # noqa: SLF001


def _spent(ident: int) -> int:
    """The processor time of a thread: one that goes round in a loop may be where it was."""
    if not hasattr(time, "pthread_getcpuclockid"):  # macOS, Windows
        return 0
    return time.clock_gettime_ns(time.pthread_getcpuclockid(ident))
