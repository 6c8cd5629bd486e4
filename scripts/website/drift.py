"""Where a generated file and its committed copy part, and which are written because they do."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from checks import signed
from cnnref import files
from cnnref.errors import CnnrefError
from website.kept import reach
from website.kept.shelf import COMPLAINTS, WORK, building, keeping
from website.places import CACHE, GENERATED, ROOT

__all__ = ["drift", "fresh", "main", "read", "write"]

STAMP = CACHE / "generated"
MOST = 5  # cells named per file; the rest are counted


def main(*, check: bool, since: str = "") -> int:
    """The run of scripts/generate; 1 where check finds that a file is not as computed.

    since: a commit; what is committed now is only held against what was committed there.

    Raises:
        CnnrefError: there is no such commit.
    """
    if since:
        told = drift(at(since), read(GENERATED), SINCE)
        print("\n".join(told) or "no generated number changes")
        return 0
    # which takes seconds to load
    from website.publish import outputs

    state, complaints = _state() if check else "", WORK[COMPLAINTS]
    lines = signed.faults(ROOT)
    computed = outputs(progress=show)
    show("")
    committed = read(GENERATED)
    if check:
        lines += drift(committed, computed)
        print("\n".join(lines) or f"{len(computed)} generated files are as computed")
        if not lines and state == _state():
            _stamp(state)
        return 1 if lines else 0
    print("\n".join(lines), end="\n" * bool(lines))
    changed = write(GENERATED, committed, computed)
    kept = len(computed) - changed
    print(f"{len(computed)} generated files: {changed} changed, {kept} as before")
    # what was put off is not as computed
    if keeping() and WORK[COMPLAINTS] == complaints:
        _stamp(_state())
    return 0


def fresh() -> bool:
    """Whether nothing has changed since a build wrote the files or a check passed, nor they."""
    before = STAMP.read_text(encoding="utf-8", errors="replace") if STAMP.is_file() else ""
    return before == _state()


def _state() -> str:
    """What the files are made of, and they themselves."""
    reach.forget()
    with building():
        return reach.macros("website.publish", __name__)


def _stamp(state: str) -> None:
    STAMP.parent.mkdir(exist_ok=True)
    files.write(STAMP, state)


def at(commit: str) -> dict[str, bytes]:
    """The generated files of a commit by their relative paths.

    Raises:
        CnnrefError: there is no such commit.
    """
    place = GENERATED.relative_to(ROOT).as_posix()
    command = ["git", "archive", "--format=tar", "--end-of-options", commit, place]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        raise CnnrefError(f"{commit}: {done.stderr.decode().strip()}.")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        members = [member for member in archive if member.isfile()]
        contents = [archive.extractfile(member) for member in members]
        return {
            PurePosixPath(member.name).relative_to(place).as_posix(): content.read()
            for member, content in zip(members, contents, strict=True)
            if content is not None
        }


def show(line: str) -> None:
    """What is being done, on one line of a terminal that the next one replaces."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)


def read(folder: Path) -> dict[str, bytes]:
    """The files below a folder by their relative paths; what a killed run left is none of them."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".part")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def write(folder: Path, committed: Mapping[str, bytes], computed: Mapping[str, bytes]) -> int:
    """Write what changed, each file whole or not at all, and remove what is stale.

    Raises:
        CnnrefError: a file cannot be written.
    """
    files.sweep(folder)
    stale = set(committed) - set(computed)
    changed = {path for path, data in computed.items() if committed.get(path) != data}
    for path in changed:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        files.write(target, computed[path])
    for path in stale:
        (folder / path).unlink(missing_ok=True)
    return len(changed) + len(stale)


class Words(NamedTuple):
    """What is said of a file that one side lacks, and of a cell that has another value."""

    missing: str = "missing; run scripts/generate"
    stale: str = "stale, nothing generates it any more; run scripts/generate"
    left: str = "committed"
    right: str = "computed"


CHECK = Words()
SINCE = Words("new", "gone", "was", "is")


def drift(
    committed: Mapping[str, bytes], computed: Mapping[str, bytes], words: Words = CHECK
) -> list[str]:
    """One line for each file or cell that differs; an empty list means that nothing drifted."""
    lines: list[str] = []
    for path in sorted(set(committed) | set(computed)):
        if path not in committed:
            lines.append(f"{path}: {words.missing}")
        elif path not in computed:
            lines.append(f"{path}: {words.stale}")
        elif committed[path] != computed[path]:
            lines += _within(path, committed[path], computed[path], words)
    return lines


def _within(path: str, have: bytes, want: bytes, words: Words) -> list[str]:
    try:
        cells = list(_cells(path, have.decode(), want.decode()))
    except (UnicodeDecodeError, json.JSONDecodeError, csv.Error) as error:
        return [f"{path}: cannot be read ({error}); run scripts/generate"]
    if not cells:
        return [f"{path}: the same cells in other bytes (order, spaces or line ends)"]
    left, right = words.left, words.right
    lines = [f"{path}: {place}: {left} {a!r}, {right} {b!r}" for place, a, b in cells[:MOST]]
    if len(cells) > MOST:
        lines.append(f"{path}: and {len(cells) - MOST} more")
    return lines


def _cells(path: str, have: str, want: str) -> Iterator[tuple[str, object, object]]:
    if path.endswith(".json"):
        return _json_cells("", json.loads(have), json.loads(want))
    if path.endswith(".csv"):
        return _table_cells(_csv_rows(have), _csv_rows(want))
    return _table_cells(_markdown_rows(have), _markdown_rows(want))


def _csv_rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text), strict=True))


def _markdown_rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]


def _table_cells(
    have: list[list[str]], want: list[list[str]]
) -> Iterator[tuple[str, object, object]]:
    header = next((row for row in want if len(row) > 1), [])
    for number in range(max(len(have), len(want))):
        left = have[number] if number < len(have) else []
        right = want[number] if number < len(want) else []
        name = _row_name(header, right or left)
        for column in range(max(len(left), len(right))):
            a = left[column] if column < len(left) else None
            b = right[column] if column < len(right) else None
            if a != b:
                title = header[column] if column < len(header) else str(column + 1)
                yield f"line {number + 1} ({name}), column {title}", a, b


def _row_name(header: list[str], row: list[str]) -> str:
    for title in ("layer", "Layer", "name"):
        if title in header and header.index(title) < len(row):
            return row[header.index(title)]
    return row[0] if row else "end of file"


def _json_cells(place: str, have: Any, want: Any) -> Iterator[tuple[str, object, object]]:
    if isinstance(have, dict) and isinstance(want, dict):
        for key in sorted(set(have) | set(want)):
            yield from _json_cells(f"{place}.{key}".lstrip("."), have.get(key), want.get(key))
    elif isinstance(have, list) and isinstance(want, list) and len(have) == len(want):
        for index, pair in enumerate(zip(have, want, strict=True)):
            yield from _json_cells(f"{place}[{index}]", *pair)
    elif have != want:
        yield place, have, want
