"""The code that a record depends on: files found by following imports, and what they come to."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import cnnref

PACKAGE = Path(cnnref.__file__).parent
PREFIX = re.compile(r"cnnref(?:\.\w+)+\.")


def files(*modules: str) -> set[Path]:
    """The files of some modules of cnnref and of all that they import, also inside functions.

    A module that is imported by a name put together, as f"cnnref.specs.{name}", may be any of its
    folder, so all of them are among the files.

    Raises:
        ValueError: a module has no file.
    """
    todo, found = [*modules], set()
    while todo:
        name = todo.pop() or "cnnref"
        path = file(name)
        if path is None:
            raise ValueError(f"no file holds the module {name}; has it moved?")
        if path not in found:
            found.add(path)
            todo += [name.rpartition(".")[0], *imported(path)]
    return found


def file(module: str) -> Path | None:
    """Where a module stands, or None for what is no module of cnnref."""
    place = PACKAGE.joinpath(*module.split(".")[1:])
    places = (place.with_suffix(".py"), place / "__init__.py")
    return next((path for path in places if path.exists()), None)


def imported(path: Path) -> Iterator[str]:
    """The modules of cnnref that a file imports; of the package itself, those of its names."""
    if path == PACKAGE / "__init__.py":
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("cnnref."))
        elif isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith("cnnref."):
            yield from _names(str(node.module), [alias.name for alias in node.names])
        elif isinstance(node, ast.JoinedStr):
            yield from _put_together(node)


def _names(module: str, names: list[str]) -> Iterator[str]:
    homes = cnnref._HOME if module == "cnnref" else {}  # noqa: SLF001
    for name in names:
        part = f"{module}.{homes.get(name, name)}"
        yield part if file(part) else module


def _put_together(text: ast.JoinedStr) -> Iterator[str]:
    start = text.values[0]
    if isinstance(start, ast.Constant) and PREFIX.fullmatch(str(start.value)):
        package = str(start.value).removesuffix(".")
        folder = PACKAGE.joinpath(*package.split(".")[1:])
        yield package
        yield from (f"{package}.{one.stem}" for one in folder.glob("*.py"))


def digest(paths: Iterable[Path], *facts: str) -> str:
    """What files and further facts come to, in sixteen digits."""
    parts = [*(path.read_bytes() for path in sorted(paths)), *(fact.encode() for fact in facts)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
