"""What is known of a class, once for as long as it lasts: some are made for one module."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from types import MemberDescriptorType
from typing import Any, TypeVar

__all__ = ["by_class", "is_plain", "slots"]

HEAP_TYPE = 1 << 9  # a class that is written in Python
# classes of whose inside nothing is known; a few of them are bases of anything
FOREIGN = sys.stdlib_module_names | {"torch", "numpy"}
BASES = frozenset({"abc", "typing", "collections.abc"})

Of = TypeVar("Of")


def by_class(tell: Callable[[type], Of]) -> Callable[[type], Of]:
    """What is told of a class, once for as long as it lasts: some are made for one module."""
    known: dict[weakref.ref[type], Of] = {}

    def told(kind: type) -> Of:
        try:
            return known[weakref.ref(kind)]
        except KeyError:
            return known.setdefault(weakref.ref(kind, forget), tell(kind))

    def forget(gone: weakref.ref[type]) -> None:
        known.pop(gone, None)

    return told


def is_plain(kind: type) -> bool:
    """Whether the objects of a class are no more than their attributes."""
    if not kind.__flags__ & HEAP_TYPE or hasattr(kind, "__del__"):
        return False
    return not any(map(_is_foreign, kind.__mro__[:-1]))


def _is_foreign(value: Any) -> bool:
    """Whether a class or a function is of Python, torch or NumPy themselves."""
    home = value.__module__ or ""
    return home.partition(".")[0] in FOREIGN and home not in BASES


@by_class
def slots(kind: type) -> list[Any]:
    """What holds the attributes that a class has outside of __dict__."""
    return [
        value
        for base in kind.__mro__
        if base.__flags__ & HEAP_TYPE
        for value in vars(base).values()
        if type(value) is MemberDescriptorType
    ]
