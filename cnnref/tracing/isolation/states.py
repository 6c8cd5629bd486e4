"""The random states of Python, PyTorch and NumPy, which are set back."""

from __future__ import annotations

import ctypes
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

import torch

from cnnref.tracing.isolation.thread import others

__all__ = ["settings"]

# bytes of the state of NumPy's generator: 624 words and a place among them
MT19937 = 4 * (624 + 1)


@contextmanager
def settings() -> Iterator[None]:
    """The random states, which are one for the process, are set back.

    Where another thread has run meanwhile, what has changed may be its own, and stays.
    """
    threads = others()
    before = [(one, *one.now()) for one in _states()]
    try:
        yield
    finally:
        changed = [(one, state) for one, mark, state in before if one.mark() != mark]
        if changed and threads == others():
            for one, state in changed:
                one.put(state)


class _State:
    """A random state of the process: to get it takes long, and to see that it is another does not.

    mark: what differs wherever the state does.
    """

    def __init__(
        self, mark: Callable[[], Any], get: Callable[[], Any], put: Callable[[Any], Any]
    ) -> None:
        self.mark, self.put, self._get = mark, put, get
        self._last: tuple[Any, Any] = (None, None)

    def now(self) -> tuple[Any, Any]:
        """Its mark, and how it is: what was told last, for as long as it has the same mark."""
        mark = self.mark()
        if mark == self._last[0]:
            return self._last
        found = mark, self._get()
        if mark == self.mark():  # no other thread has drawn meanwhile
            self._last = found
        return found


def _states() -> list[_State]:
    numpy = sys.modules.get("numpy.random")
    return [_python(), _torch(), *([_numpy(numpy)] if numpy else [])]


@cache
def _python() -> _State:
    mine: Any = random.getstate.__self__  # type: ignore[attr-defined]
    return _State(lambda: (_memory(mine), mine.gauss_next), random.getstate, random.setstate)


@cache
def _torch() -> _State:
    mine = torch.default_generator
    return _State(lambda: mine.get_state().numpy().tobytes(), mine.get_state, mine.set_state)


@cache
def _numpy(home: Any) -> _State:
    mine = home.get_state.__self__

    def mark() -> Any:
        bits = mine._bit_generator  # noqa: SLF001
        plain = type(bits) is home.MT19937  # how much memory others take is not known
        held = ctypes.string_at(bits.ctypes.state_address, MT19937) if plain else repr(bits.state)
        return _memory(mine), held

    return _State(mark, partial(home.get_state, legacy=False), home.set_state)


def _memory(value: Any) -> bytes:
    """What an object has in its own memory, but how many refer to it."""
    start = object.__basicsize__
    return ctypes.string_at(id(value) + start, type(value).__basicsize__ - start)
