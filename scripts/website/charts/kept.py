"""Texts that are made once and kept in the cache, under a digest: what was cut is made again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from cnnref.files import write

__all__ = ["kept"]


def kept(path: Path, make: Callable[[], str]) -> str:
    """A text from the cache, or made and put there."""
    found = path.read_bytes() if path.is_file() else b""
    digest, _, data = found.partition(b"\n")
    if digest == _digest(data):
        return data.decode()
    text = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, _digest(text.encode()) + b"\n" + text.encode())
    return text


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode()
