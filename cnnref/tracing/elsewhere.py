"""Work that forward hands to other threads: jobs of a pool run in its own, where they are seen.

Such a job waits for no later one of its pool: that it would do so for ever is told.
What a thread does that forward starts itself is not in an order, and may wait for what forward
does later. Where it touches a feature map or a weight, the trace says so.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from threading import Condition, Thread
from typing import Any

from cnnref.errors import CnnrefError
from cnnref.tracing.constants import Below
from cnnref.tracing.isolation.process import held
from cnnref.tracing.isolation.thread import own
from cnnref.tracing.ledger import Ledger
from cnnref.tracing.rules import tensors

__all__ = ["elsewhere", "handing"]

Changes = dict[str, Callable[..., Any]]
# of a pool of multiprocessing, in which all of its calls end
CALLS = ("apply_async", "_map_async", "imap", "imap_unordered")
# seconds that a job may wait without having said how long
LONGEST = 30.0


@contextmanager
def handing() -> Iterator[None]:
    """The ways to hand work to another thread ask meanwhile who watches in this one."""
    with ExitStack() as stack:
        for home, changes in _places():
            stack.enter_context(held(home, partial(_change, home, changes)))
        yield


@contextmanager
def elsewhere(ledger: Ledger) -> Iterator[None]:
    """Until it ends, what this thread hands to others is done here or watched there.

    Raises:
        CnnrefError: another thread has worked with a feature map or a weight.
    """
    look = _Look(ledger)
    try:
        with look.asked():
            yield
    finally:
        look.over = True
    if ledger.elsewhere:
        raise CnnrefError(
            f"forward calls {ledger.elsewhere} in another thread, where a trace sees nothing: have "
            "it called in the thread of forward, or submit it to a ThreadPoolExecutor."
        )


class _Look(Below):
    """Sees operators in a thread that another one has started, until the trace is over."""

    supports_higher_order_operators = True

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self.over = False
        self._ledger = ledger

    def __torch_dispatch__(
        self,
        func: Any,
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        ledger = self._ledger
        if not (self.over or ledger.elsewhere) and any(map(ledger.knows, tensors((args, kwargs)))):
            ledger.elsewhere = getattr(func, "overloadpacket", func).__name__
        return func(*args, **(kwargs or {}))

    @contextmanager
    def asked(self) -> Iterator[None]:
        """What a thread hands to others comes here meanwhile."""
        own.look, before = self, getattr(own, "look", None)
        try:
            yield
        finally:
            own.look = before

    def call(self, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Do in another thread what is seen there."""
        with self, self.asked():
            return work(*args, **kwargs)


def _places() -> Iterator[tuple[Any, Changes]]:
    """The methods of a class that hand work to another thread, and what they do meanwhile."""
    yield Thread, {"start": _start}
    yield ThreadPoolExecutor, {"submit": _submit}
    if pools := sys.modules.get("multiprocessing.pool"):
        yield pools.ThreadPool, dict.fromkeys(CALLS, _apply)


def _change(home: Any, changes: Changes) -> Callable[[], None]:
    before = {name: vars(home).get(name) for name in changes}
    for name, change in changes.items():
        setattr(home, name, _changed(getattr(home, name), change))

    def undo() -> None:
        for name, method in before.items():
            if method is None:  # it is its parent's
                delattr(home, name)
            else:
                setattr(home, name, method)

    return undo


def _changed(method: Callable[..., Any], change: Callable[..., Any]) -> Callable[..., Any]:
    def changed(self: Any, *args: Any, **kwargs: Any) -> Any:
        look = getattr(own, "look", None)
        if look is None or look.over:
            return method(self, *args, **kwargs)
        return change(look, partial(method, self), self, *args, **kwargs)

    return changed


def _start(look: _Look, method: Callable[..., Any], thread: Thread) -> None:
    run = thread.run

    def watched() -> None:
        del thread.run
        look.call(run)

    thread.run = watched  # type: ignore[method-assign]
    method()


def _submit(
    look: _Look,
    method: Callable[..., Any],
    pool: ThreadPoolExecutor,
    work: Callable[..., Any],
    /,
    *args: Any,
    **kwargs: Any,
) -> Future[Any]:
    """A job is done at once, and what it gives or raises is known.

    Raises:
        CnnrefError: it is refused, or waits for what is not done meanwhile.
    """
    job: Future[Any] = Future()
    own.submitted, before = True, getattr(own, "submitted", False)
    try:
        with held(Condition, partial(_change, Condition, {"wait": _wait})):
            job.set_result(work(*args, **kwargs))
    except CnnrefError:
        raise
    except Exception as error:
        job.set_exception(error)
    finally:
        own.submitted = before
    return job


def _wait(
    look: _Look, method: Callable[..., bool], condition: Condition, timeout: float | None = None
) -> bool:
    """To events, queues, barriers, semaphores and results all waiting comes down to this."""
    if timeout is not None or not getattr(own, "submitted", False):
        return method(timeout)
    if method(LONGEST):
        return True
    raise CnnrefError(
        f"forward submits a job to a pool that waits for another, and has done so for {LONGEST:g} "
        "s: a trace does each job where it is submitted, so submit what it waits for before it."
    )


def _apply(
    look: _Look,
    method: Callable[..., Any],
    pool: Any,
    work: Callable[..., Any],
    *args: Any,
    **kwargs: Any,
) -> Any:
    return method(partial(look.call, work), *args, **kwargs)
