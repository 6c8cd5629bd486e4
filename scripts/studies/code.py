"""The code that a result depends on: files found by following imports, and what they come to."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import cnnref

PACKAGE = Path(cnnref.__file__).parent
SCRIPTS = Path(__file__).resolve().parents[1]
PREFIX = re.compile(r"cnnref(?:\.\w+)+\.")


def led_to(path: Path, named: bool) -> frozenset[str]:
    """The modules of the house that a file leads to; see `files`."""
    return imported(path) | (put_together(path) if named else frozenset())


def files(
    *modules: str,
    named: bool = True,
    without: Collection[str] = (),
    follow: Callable[[Path, bool], Iterable[str]] = led_to,
) -> set[Path]:
    """The files of some modules of the house and of all that they import, also inside functions.

    named: a module that is imported by a name put together, as f"cnnref.specs.{name}", may be any
        of its folder, so all of them are among the files; without, none is.
    without: modules that are not followed.
    follow: `led_to`, or what has kept it.

    Raises:
        ValueError: a module has no file.
    """
    todo, found = [*modules], set()
    while todo:
        name = todo.pop()
        path = file(name)
        if path is None:
            raise ValueError(f"no file holds the module {name}; has it moved?")
        if path not in found and name not in without:
            found.add(path)
            todo += [*_above(name), *follow(path, named)]
    return found


def file(module: str) -> Path | None:
    """Where a module stands, or None for what is no module of the house."""
    first, *rest = module.split(".")
    place = (PACKAGE if first == "cnnref" else SCRIPTS / first).joinpath(*rest)
    places = (place.with_suffix(".py"), place / "__init__.py")
    return next((path for path in places if path.exists()), None)


def home(name: str) -> str:
    """The module that a dotted name of the package leads to, as cnnref.table does."""
    package, *parts = name.split(".")
    return next(_names(package, parts[:1]))


def _above(module: str) -> Iterator[str]:
    package = module.rpartition(".")[0]
    if package and file(package):
        yield package


@cache
def imported(path: Path) -> frozenset[str]:
    """The modules of the house that a file imports; of the package itself, those of its names."""
    if path == PACKAGE / "__init__.py":
        return frozenset()
    found = (_names(*one) for one in _mentioned(path.read_text(encoding="utf-8")).imports)
    return frozenset(name for names in found for name in names if file(name))


def _names(module: str, names: Iterable[str]) -> Iterator[str]:
    if not names:
        yield module
    for name in names:
        part = _home(name) if module == "cnnref" else f"{module}.{name}"
        yield part if file(part) else module


def _home(name: str) -> str:
    """Where the package has a name from: one that is loaded when asked for, or an error."""
    if name in cnnref._HOME:  # noqa: SLF001
        return f"cnnref.{cnnref._HOME[name]}"  # noqa: SLF001
    return str(getattr(vars(cnnref).get(name), "__module__", f"cnnref.{name}"))


@cache
def put_together(path: Path) -> frozenset[str]:
    """The modules that a file may import by a name put together, with their folders."""
    starts = _mentioned(path.read_text(encoding="utf-8")).starts
    return frozenset(name for start in starts for name in _folder(start))


def _folder(start: str) -> Iterator[str]:
    if PREFIX.fullmatch(start):
        package = start.removesuffix(".")
        yield package
        folder = PACKAGE.joinpath(*package.split(".")[1:])
        yield from (f"{package}.{one.stem}" for one in folder.glob("*.py"))


class Mentioned(NamedTuple):
    """What a text mentions of modules.

    imports: a module and names of it; no name where it is imported itself.
    starts: what begins a text that is put together.
    """

    imports: tuple[tuple[str, tuple[str, ...]], ...]
    starts: tuple[str, ...]


@cache
def _mentioned(text: str) -> Mentioned:
    imports: list[tuple[str, tuple[str, ...]]] = []
    starts = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            imports += [(alias.name, ()) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            imports.append((node.module, tuple(alias.name for alias in node.names)))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            # as in cnnref.table, where the package itself is imported
            imports += [(node.value.id, (node.attr,))] if node.value.id == "cnnref" else []
        elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
            starts.append(str(node.values[0].value))
    return Mentioned(tuple(imports), tuple(starts))


def digest(paths: Iterable[Path], *facts: str) -> str:
    """What files and further facts come to, in sixteen digits."""
    parts = [*(path.read_bytes() for path in sorted(paths)), *(fact.encode() for fact in facts)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
