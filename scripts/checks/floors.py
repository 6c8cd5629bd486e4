"""The floor plan of the house: which room stands on which floor, and what a file of it imports.

A room is a folder or a file by itself. It may import from the rooms of the floors below its own;
rooms of one floor do not know each other, and a room that stands on no floor is an error.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import cnnref
from website.places import PACKAGE, ROOT, SCRIPTS

__all__ = ["FLOOR", "HOUSE", "SITE", "UP", "arrows", "files", "imported", "room", "trespasses"]

# from the top to the bottom: the site and all that looks at it
SITE = (
    {"proofs", "website.preview"},
    {"website.build", "website.hooks", "website.macros"},
    {"website.pages"},
    {"website.drift"},
    {"website.publish"},
    {"website.chapters"},
    {"website.networks"},
    {"website.measured"},
    {"website.experiments", "website.teaching"},
    {"website.hands"},
    {"website.tables"},
    {"website.charts", "website.errata"},
    {"website.inline"},
    {"website.citations", "website.spoken", "website.theme"},
    {"website.facts", "website.formulas", "website.markup"},
    {"website.lessons"},
    {"website.kept"},
    {"studies.machines", "studies.operators", "studies.trained", "studies.zoo"},
    {"studies.peers"},
    {"studies.code", "studies.ledger", "studies.output"},
    {"checks"},
    {"website.data"},
    {"website.places"},
    {"_environment", "packages"},
    {"_command"},
)
# and below it the package
HOUSE = (
    {"__main__"}, {"cli"}, {"testing"}, {"typing"}, {"sources"}, {"measuring"}, {"networks"},
    {"drawing", "specs", "models", "tracing"}, {"net"}, {"tables"}, {"counting"},
    {"files"}, {"errors"},
)  # fmt: skip
FLOORS = (*SITE, *({f"cnnref.{room}" for room in rooms} for rooms in HOUSE))
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
# the only arrow up: a table draws itself, and what draws is loaded when it is asked
UP = {"cnnref.tables.table": {"cnnref.drawing"}}
# the rooms of the package that may import torch; a model imports nothing of cnnref
TORCH = {"measuring", "models", "networks", "tracing", "cli", "sources"}
# folders whose files are rooms of their own
OPEN = ("cnnref", "website", "studies")


def files() -> list[Path]:
    """Every file of the house that stands in a room."""
    package = [path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"]
    return sorted(package) + sorted(
        path for path in SCRIPTS.rglob("*.py") if "vendor" not in path.parts
    )


def dotted(path: Path) -> str:
    """The name by which a file is imported."""
    root = ROOT if path.is_relative_to(PACKAGE) else SCRIPTS
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def room(module: str) -> str:
    """The room of a module, "" for what is no module of the house.

    >>> room("cnnref.tables.table"), room("website.facts.fact"), room("checks.prose"), room("csv")
    ('cnnref.tables', 'website.facts', 'checks', '')
    """
    first, *rest = module.split(".")
    if first in OPEN:
        return f"{first}.{rest[0]}" if rest else ""
    return first if first in FLOOR or (SCRIPTS / first).is_dir() else ""


def imported(source: str) -> Iterator[str]:
    """What a file imports when it runs, also inside functions; type hints may point anywhere."""
    tree = ast.parse(source)
    hints = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and id(node) not in hints:
            yield from (home(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and id(node) not in hints:
            yield from (home(f"{node.module}.{alias.name}") for alias in node.names)


def home(name: str) -> str:
    """The module of a public name that is imported from the package itself."""
    package, _, public = name.partition(".")
    if package != "cnnref" or public not in cnnref.__all__:
        return name
    homes: Mapping[str, str] = cnnref._HOME  # noqa: SLF001
    return f"cnnref.{homes[public]}" if public in homes else getattr(cnnref, public).__module__


def trespasses(place: str, source: str) -> set[str]:
    """The rooms that a file of a room imports although they stand on its floor or higher.

    Raises:
        KeyError: the room stands on no floor.
    """
    rooms = {room(name) for name in imported(source)} - {"", place}
    wrong = {other for other in rooms if FLOOR.get(other, -1) <= FLOOR[place]}
    if place.startswith("cnnref.") and place.removeprefix("cnnref.") not in TORCH:
        wrong |= {name for name in imported(source) if name.partition(".")[0] == "torch"}
    if place == "cnnref.models":
        wrong |= {other for other in rooms if other.startswith("cnnref.")}
    return wrong


def arrows() -> dict[str, set[str]]:
    """Which file imports which, by their dotted names."""
    names = {dotted(path): path for path in files()}
    found: dict[str, set[str]] = {}
    for name, path in names.items():
        wanted = imported(path.read_text(encoding="utf-8"))
        known = (one if one in names else one.rpartition(".")[0] for one in wanted)
        up = UP.get(name, set())
        found[name] = {one for one in known if one in names and room(one) not in up} - {name}
    return found
