"""What a command gives."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Outcome"]


class Outcome(NamedTuple):
    """What a command prints, all of it, its exit code, and what is said on stderr behind it."""

    text: str
    code: int = 0
    said: str = ""
