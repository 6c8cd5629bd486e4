"""Files: written whole or not at all, and read with the place of whatever is wrong in them."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from cnnref.errors import CnnrefError

__all__ = [
    "Stated",
    "empty_or",
    "filled",
    "json_of",
    "number",
    "one_of",
    "records",
    "rows",
    "sweep",
    "text",
    "text_of",
    "toml_of",
    "whole",
    "write",
]

# NAME.PROCESS.NUMBER.part: what is being written, and by whom
PART = re.compile(r"\.(\d+)\.\d+\.part$")
# a name may have 255 bytes, and a part needs some of them
STEM = 60


def write(path: str | Path, content: str | bytes, *, synced: bool = True) -> None:
    """Put a file in place of another, or of none: the whole of it, in one go, with its mode.

    synced: wait for the disk, so that it is whole after a power cut too.

    Raises:
        CnnrefError: it cannot be written; what was there is untouched.
    """
    try:
        data = content.encode() if isinstance(content, str) else content
        # a link stays one, and what it points at is replaced
        target = Path(path).resolve()
        _replace(target, data, synced)
    except UnicodeEncodeError as error:
        letter = ascii(error.object[error.start])
        raise CnnrefError(f"{path} cannot be written: UTF-8 has no {letter}.") from None
    except (OSError, RuntimeError) as error:  # a loop of links is a RuntimeError
        reason = getattr(error, "strerror", None) or "its links lead in a circle"
        raise CnnrefError(f"{path} cannot be written: {reason}.") from None


def _replace(target: Path, data: bytes, synced: bool) -> None:
    if target.exists() and not target.is_file():
        raise OSError(0, "it is not a file")
    _swept(part for part in target.parent.glob("*.part") if _is_of(part, target))
    part, handle = _begun(target)
    try:
        with os.fdopen(handle, "wb") as file:
            if target.exists():
                part.chmod(target.stat().st_mode & 0o7777)
            file.write(data)
            file.flush()
            if synced:
                os.fsync(handle)
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _begun(target: Path) -> tuple[Path, int]:
    """A new file beside the target that no other process or thread writes."""
    for number in count():
        part = target.with_name(f"{target.name[:STEM]}.{os.getpid()}.{number}.part")
        with contextlib.suppress(FileExistsError):
            return part, os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    raise AssertionError("count() has no end")


def _is_of(part: Path, target: Path) -> bool:
    return PART.sub("", part.name) == target.name[:STEM]


def sweep(folder: Path) -> None:
    """Remove what writers that were killed have left below a folder."""
    _swept(folder.rglob("*.part"))


def _swept(parts: Iterable[Path]) -> None:
    for part in list(parts):
        found = PART.search(part.name)
        if found and not _at_work(int(found[1])):
            part.unlink(missing_ok=True)


def _at_work(process: int) -> bool:
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def text_of(path: Path) -> str:
    """The text of a file in UTF-8.

    Raises:
        CnnrefError: it is no file, cannot be read, or has a byte that is no UTF-8.
    """
    try:
        if path.exists() and not path.is_file():
            raise OSError(0, "it is not a file")
        data = path.read_bytes()
    except OSError as error:
        raise CnnrefError(f"{path} cannot be read: {error.strerror}.") from None
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        place = f"{path}, line {line}, column {column}"
        raise CnnrefError(f"{place}: the byte 0x{data[error.start]:02x} is no UTF-8.") from None


class Stated(dict[str, Any]):
    """An object of a file, which says so where what is looked for is not there.

    where: the file.
    """

    where = "a file"

    def __missing__(self, key: str) -> Any:
        has = ", ".join(self) or "nothing"
        raise CnnrefError(f"{self.where}: {key!r} is not where it is looked for; there is {has}.")


def json_of(path: Path) -> Any:
    """What a JSON file states.

    Raises:
        CnnrefError: it cannot be read, or is not strictly JSON; later, where a name is missing.
    """
    import json

    def stated(pairs: list[tuple[str, Any]]) -> Stated:
        found = Stated(pairs)
        found.where = str(path)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise CnnrefError(f"{path}: {twice!r} is stated twice in one object.")
        return found

    def constant(name: str) -> Any:
        raise CnnrefError(f"{path}: {name} is no number of JSON.")

    text = text_of(path)
    try:
        return json.loads(text, object_pairs_hook=stated, parse_constant=constant)
    except json.JSONDecodeError as error:
        place = f"{path}, line {error.lineno}, column {error.colno}"
        raise CnnrefError(f"{place}: no JSON: {error.msg}.") from None
    except CnnrefError:
        raise
    except ValueError as error:
        raise CnnrefError(f"{path} is no JSON that can be read: {error}.") from None
    except RecursionError:
        raise CnnrefError(f"{path} is nested too deeply.") from None


def toml_of(path: Path) -> Any:
    """What a TOML file states.

    Raises:
        CnnrefError: it cannot be read, or is not TOML, with line and column; later, where a name
            is missing.
    """
    import tomllib

    found = text_of(path)
    try:
        return _stated(tomllib.loads(found), str(path))
    except ValueError as error:  # a number of very many digits is a plain one
        raise CnnrefError(f"{path} is not TOML: {error}.") from None
    except RecursionError:
        raise CnnrefError(f"{path} is nested too deeply.") from None


def _stated(value: Any, where: str) -> Any:
    if isinstance(value, list):
        return [_stated(one, where) for one in value]
    if not isinstance(value, dict):
        return value
    found = Stated((key, _stated(one, where)) for key, one in value.items())
    found.where = where
    return found


Column = Callable[[str], Any]


def records(path: Path, columns: Mapping[str, Column]) -> Iterator[dict[str, Any]]:
    """The same as `rows`, each row by the titles of its columns."""
    return (dict(zip(columns, row, strict=True)) for row in rows(path, columns))


def rows(path: Path, columns: Mapping[str, Column]) -> Iterator[tuple[Any, ...]]:
    """The rows of a CSV file below its head, each cell read as its column says.

    columns: title -> what reads a cell of it, with a ValueError that says what is wrong.

    Raises:
        CnnrefError: it cannot be read, is not strictly CSV, has other columns, or a cell that its
            column does not take; with the line and the title.
    """
    import csv
    import io

    reader = csv.reader(io.StringIO(text_of(path), newline=""), strict=True)
    try:
        head = next(reader, [])
        if head != list(columns):
            has = ", ".join(head) or "none"
            raise ValueError(f"the columns are {has} and should be {', '.join(columns)}")
        for cells in reader:
            yield _row(cells, columns)
    except (csv.Error, ValueError) as error:
        raise CnnrefError(f"{path}, line {max(reader.line_num, 1)}: {error}.") from None


def _row(cells: list[str], columns: Mapping[str, Column]) -> tuple[Any, ...]:
    if len(cells) != len(columns):
        raise ValueError(f"{len(cells)} cells in place of {len(columns)}")
    return tuple(
        _cell(text, title, columns[title]) for text, title in zip(cells, columns, strict=True)
    )


def _cell(text: str, title: str, read: Column) -> Any:
    try:
        return read(text)
    except ValueError as error:
        raise ValueError(f"in the column {title!r}, {error}") from None


def text(cell: str) -> str:
    """A cell that may hold anything."""
    return cell


def whole(text: str) -> int:
    """A cell that holds a whole number."""
    if not re.fullmatch(r"-?\d+", text, re.ASCII):
        raise ValueError(f"{text!r} is no whole number")
    return int(text)


def number(text: str) -> float:
    """A cell that holds a number, not in words such as inf."""
    if not re.fullmatch(r"-?\d+(\.\d+)?(e[-+]?\d+)?", text, re.ASCII):
        raise ValueError(f"{text!r} is no number")
    return float(text)


def filled(text: str) -> str:
    """A cell that is not empty."""
    if not text:
        raise ValueError("the cell is empty")
    return text


def empty_or(read: Column) -> Column:
    """Cells that may be empty, which is read as ""."""
    return lambda text: read(text) if text else ""


def one_of(words: Iterable[str]) -> Column:
    """Cells that hold one of some words."""
    known = tuple(words)

    def read(text: str) -> str:
        if text not in known:
            raise ValueError(f"{text!r} is none of {', '.join(known)}")
        return text

    return read
