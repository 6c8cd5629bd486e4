"""What a long run has done so far, so that an interrupted one goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

Entry = TypeVar("Entry")


class Ledger(Generic[Entry]):
    """A line for each thing that is done: a digest, and JSON with the key of the run's code.

    A line that was cut or changed is not there, nor is one of another key or another form: what it
    stood for is done again.

    read: an entry of what `add` was given.
    """

    def __init__(self, path: Path, key: str, read: Callable[[dict[str, Any]], Entry]) -> None:
        self._path, self._key, self._read = path, key, read

    def __iter__(self) -> Iterator[Entry]:
        for line in self._lines():
            digest, _, text = line.partition(b" ")
            if digest.decode(errors="replace") != _digest(text):
                continue
            stated = json.loads(text)
            if stated.pop("key", None) == self._key:
                yield self._read(stated)

    def _lines(self) -> list[bytes]:
        return self._path.read_bytes().splitlines() if self._path.is_file() else []

    def add(self, stated: Mapping[str, Any]) -> None:
        """Write one line, behind the last one that is whole or not."""
        text = json.dumps({"key": self._key, **stated}).encode()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        cut = self._path.is_file() and self._path.read_bytes()[-1:] not in (b"", b"\n")
        with self._path.open("ab") as file:
            file.write(b"\n" * cut + _digest(text).encode() + b" " + text + b"\n")


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:16]
