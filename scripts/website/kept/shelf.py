"""What a build has made and keeps for the next, found by what it was made of and never by a time.

A key is the digest of everything that the making reads. What was cut or changed in the cache is
made again, and what a build did not ask for goes when it ends.
"""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cnnref.files import write
from website.places import CACHE, ROOT

__all__ = [
    "COMPLAINTS",
    "KEEPING",
    "PENDING",
    "PREVIEWED",
    "PROGRESS",
    "WORK",
    "Shelf",
    "building",
    "digest",
    "doubt",
    "file",
    "files",
    "names",
    "previewed",
    "put_off",
    "text",
]

# set by a build, which alone takes what an earlier one kept and leaves anything for the next
KEEPING = "CNNREF_KEEPING"
FOLDER = CACHE / "kept"
# what begins a line that a build passes on while it waits
PROGRESS = "  made "
# set for a preview, which shows what a site may not say, and says so beside it
PREVIEWED = "CNNREF_PREVIEWED"
# there while a preview shows something as it was before, which takes long to make again
PENDING = CACHE / "pending"
# what was made in this process and not found, by kind; and what was complained of meanwhile
WORK: Counter[str] = Counter()
COMPLAINTS = "complaints"


def digest(*parts: object) -> str:
    """What some texts, bytes and plain values come to, in 32 digits."""
    whole = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        whole.update(b"%d\0" % len(data) + data)
    return whole.hexdigest()[:32]


def file(path: Path) -> bytes:
    """The way from the checkout to a file and the content of it, as a part of a digest."""
    return Path(os.path.relpath(path, ROOT)).as_posix().encode() + b"\0" + path.read_bytes()


def files(places: Iterable[Path], without: Callable[[Path], bool] = lambda _: False) -> str:
    """The digest of all files at and below some places, in the order of their names."""
    found = (path for place in places for path in sorted([place, *place.rglob("*")]))
    kept = (path for path in found if path.is_file() and "__pycache__" not in path.parts)
    return digest(*(file(path) for path in kept if not without(path)))


def text(path: Path, make: Callable[[], str]) -> str:
    """A text from a sealed file, or made and put there."""
    found = _sealed(path)
    if found is None:
        found = make().encode()
        _seal(path, found)
    return found.decode()


def _sealed(path: Path) -> bytes | None:
    """What a file holds behind its digest; None where the two are not of each other."""
    found = path.read_bytes() if path.is_file() else b""
    seal, _, data = found.partition(b"\n")
    return data if seal == hashlib.sha256(data).hexdigest().encode() else None


def _seal(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # lost in part, it does not fit its seal
    write(path, hashlib.sha256(data).hexdigest().encode() + b"\n" + data, synced=False)


def names() -> set[Path]:
    """The files of all that is kept, whose names say what it was made of."""
    return {*FOLDER.glob("*/*")}


def keeping() -> bool:
    """Whether this process is one of a build."""
    return KEEPING in os.environ


@contextmanager
def building() -> Iterator[None]:
    """Let this process be one of a build meanwhile."""
    already = keeping()
    os.environ[KEEPING] = "1"
    try:
        yield
    finally:
        if not already:
            del os.environ[KEEPING]


def previewed() -> bool:
    """Whether this process makes a preview."""
    return PREVIEWED in os.environ


def put_off() -> None:
    """Leave something for later, show it as it was before, and keep nothing of that."""
    PENDING.parent.mkdir(parents=True, exist_ok=True)
    PENDING.touch()
    WORK[COMPLAINTS] += 1


def doubt(error: Exception) -> None:
    """Refuse what a site may not say; a preview says it, complains, and keeps nothing of it.

    Raises:
        Exception: the error, where this is no preview.
    """
    if not previewed():
        raise error
    WORK[COMPLAINTS] += 1
    logging.getLogger("mkdocs").warning(error)


class Shelf:
    """Results of one kind, plain values that pickle takes, each by its key.

    kind: what they are called where the work of a build is counted, in the plural.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._asked: set[str] = set()

    def find(self, key: str) -> Any:
        """What was kept, or None."""
        self._asked.add(key)
        data = _sealed(self._place(key)) if keeping() else None
        return None if data is None else pickle.loads(data)

    def keep(self, key: str, value: object) -> None:
        """Keep what was made, and count it."""
        self._asked.add(key)
        WORK[self.kind] += 1
        if keeping():
            _seal(self._place(key), pickle.dumps(value))

    def get(self, key: str, make: Callable[..., Any], *arguments: object) -> Any:
        """What was kept, or what is made of some arguments now."""
        found, before = self.find(key), WORK[COMPLAINTS]
        if found is None:
            found = make(*arguments)
            # what was complained of is not kept, so that it is again
            if WORK[COMPLAINTS] == before:
                self.keep(key, found)
        return found

    def sweep(self) -> None:
        """Forget what nobody asked for since this shelf was made."""
        if not keeping():
            return
        for path in (FOLDER / self.kind).glob("*"):
            if path.name not in self._asked:
                path.unlink(missing_ok=True)

    def _place(self, key: str) -> Path:
        return FOLDER / self.kind / key
