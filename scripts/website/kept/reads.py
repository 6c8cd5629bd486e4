"""What processes of their own give, each kept for as long as all that it read is the same.

In a preview what such a process gave before stands for it until it has run again. It takes down
which files it opens and which folders it looks into; see `noted`.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from importlib.util import source_from_cache
from pathlib import Path
from typing import Any

from cnnref.files import write
from website import places
from website.kept import noted, reach
from website.kept.shelf import Shelf, digest, previewed, put_off

__all__ = ["Reads", "below", "noticed", "noting"]

PYCACHE = "__pycache__"


def noting(kind: str) -> Path:
    """An empty file, in which a process that is told its place takes down what it reads."""
    notes = places.SCRATCH / f"notes of {kind}"
    notes.parent.mkdir(exist_ok=True)
    write(notes, b"")
    return notes


def noticed(notes: Path) -> list[str]:
    """What a process took down that has ended."""
    return notes.read_text(encoding="utf-8", errors="surrogateescape").split("\0")


def below(found: Collection[str], *folders: Path) -> tuple[str, ...]:
    """What of some folders of the checkout is among what was taken down."""
    every: Iterable[Path] = map(_source, found)
    if noted.ALL in found:
        every = (path for folder in folders for path in (folder, *folder.rglob("*")))
    inside = {path for path in every if any(map(path.is_relative_to, folders))}
    read = (path for path in inside if PYCACHE not in path.parts)
    return tuple(sorted(path.relative_to(places.ROOT).as_posix() for path in read))


class Reads:
    """Results of one kind, each by what the process is told and what it reads.

    kind: what they are called where the work of a build is counted, in the plural.
    """

    def __init__(self, kind: str) -> None:
        self.last, self.results = Shelf(f"last of {kind}"), Shelf(kind)

    def find(self, told: str) -> Any:
        """What was kept, or None; in a preview, where that is of another state, what was last."""
        own = digest(told, reach.installed())
        last = self.last.find(own)
        if last is None:
            return None
        read, state = last
        found = self.results.find(_state(own, read))
        if found is None and previewed():
            found = self.results.find(state)
            if found is not None:
                put_off()
        return found

    def keep(self, told: str, read: tuple[str, ...], value: object) -> None:
        """Keep what a process gave, by all that it read."""
        own = digest(told, reach.installed())
        state = _state(own, read)
        self.last.keep(own, (read, state))
        self.results.keep(state, value)

    def sweep(self) -> None:
        """Forget what nobody asked for."""
        self.last.sweep()
        self.results.sweep()


def _source(place: str) -> Path:
    """The file that compiled code is of; any other as it is."""
    path = Path(os.path.normpath(place))
    compiled = path.parent.name == PYCACHE and path.suffix == ".pyc"
    return Path(source_from_cache(str(path))) if compiled else path


def _state(own: str, read: Iterable[str]) -> str:
    """What a process was told and all that it read come to as they are now."""
    return digest(own, *(part for name in read for part in (name, _now(places.ROOT / name))))


def _now(place: Path) -> bytes | str:
    """What a file holds, or what stands in a folder; nothing where there is neither."""
    if place.is_dir():
        return str(sorted(path.name for path in place.iterdir() if path.name != PYCACHE))
    return place.read_bytes() if place.is_file() else ""
