"""The floor plan: each room imports from the floors below it, and the wheel knows no website."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import cnnref

PACKAGE = Path(cnnref.__file__).parent
SCRIPTS = PACKAGE.parent / "scripts"
# from the top to the bottom; rooms of one floor do not know each other
FLOORS = (
    {"__main__"}, {"cli"}, {"testing"}, {"sweeping"}, {"sources"}, {"measuring"}, {"networks"},
    {"drawing", "specs", "models", "tracing"}, {"net"}, {"tables"}, {"counting"},
    {"files"}, {"units", "errors"},
)  # fmt: skip
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
SITE = ("website", "checks", "proofs", "studies")
# who may import torch; a model imports nothing of cnnref
TORCH = {"measuring", "models", "networks", "tracing", "cli", "sources"}
# the linter finds files by their suffix, and the commands have none
RUFF = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "ruff"
]
FILES = sorted(PACKAGE.rglob("*.py"))


def modules(source: str) -> Iterator[str]:
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
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and id(node) not in hints:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def home(name: str) -> str:
    """The module of a public name that is imported from the package itself."""
    parts = name.split(".")
    if len(parts) == 2 and parts[1] in cnnref._HOME:
        return f"cnnref.{cnnref._HOME[parts[1]]}"
    return name


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def trespasses(place: str, source: str) -> set[str]:
    """What a file of a room imports although it stands on the same floor, higher, or outside."""
    found = [home(name).split(".") for name in modules(source)]
    wrong = {parts[0] for parts in found if parts[0] in SITE}
    if place not in TORCH:
        wrong |= {parts[0] for parts in found if parts[0] == "torch"}
    rooms = {parts[1] for parts in found if parts[0] == "cnnref" and len(parts) > 1} - {place}
    if place == "models":
        return wrong | rooms
    return wrong | {other for other in rooms if FLOOR.get(other, -1) <= FLOOR[place]}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_arrows_run_down(path: Path) -> None:
    if path != PACKAGE / "__init__.py":
        assert trespasses(room(path), path.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    ("place", "source", "wrong"),
    [
        ("counting", "def f():\n    from cnnref.tables.table import Table", {"tables"}),
        ("specs", "from cnnref.models import vgg", {"models"}),
        ("models", "from cnnref.errors import CnnrefError", {"errors"}),
        ("tables", "from website.facts import lookup", {"website"}),
        ("tables", "from cnnref import trace", {"tracing"}),
        ("drawing", "from cnnref.attic import chest", {"attic"}),
        ("net", "def f():\n    from torch import nn", {"torch"}),
        ("net", "from cnnref.tables.table import Table", set()),
        ("counting", "if TYPE_CHECKING:\n    from cnnref.tables.table import Table", set()),
    ],
)
def test_a_wrong_arrow_is_seen(place: str, source: str, wrong: set[str]) -> None:
    assert trespasses(place, source) == wrong


def test_every_room_is_on_a_floor() -> None:
    assert {room(path) for path in FILES} - {"__init__"} == set(FLOOR)
    with pytest.raises(KeyError, match="attic"):
        trespasses("attic", "import cnnref.tables")


def arrows(paths: list[Path], root: Path) -> dict[str, set[str]]:
    """Which file imports which, by their dotted names."""
    names = {dotted(path, root): path for path in paths}
    found: dict[str, set[str]] = {}
    for name, path in names.items():
        wanted = (home(one) for one in modules(path.read_text(encoding="utf-8")))
        known = (one if one in names else one.rpartition(".")[0] for one in wanted)
        found[name] = {one for one in known if one in names} - {name}
    return found


def dotted(path: Path, root: Path) -> str:
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def circles(graph: dict[str, set[str]]) -> set[str]:
    """The files that are left when those that import nothing are taken away, over and over."""
    left = dict(graph)
    while free := {name for name, others in left.items() if not others & left.keys()}:
        left = {name: others for name, others in left.items() if name not in free}
    return set(left)


def test_no_files_import_each_other_in_a_circle() -> None:
    assert circles(arrows([path for path in FILES if path.parent != PACKAGE], PACKAGE.parent)) == (
        set()
    )
    site = [path for folder in SITE for path in (SCRIPTS / folder).rglob("*.py")]
    assert circles(arrows(site, SCRIPTS)) == set()


def test_a_circle_is_seen() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set(), "e": {"d"}}
    assert circles(graph) == {"a", "b", "c"}


def test_no_file_has_the_name_of_a_public_function() -> None:
    entries = {path.stem for path in PACKAGE.iterdir()}
    assert entries & set(cnnref.__all__) == set()


def sizes(paths: list[Path]) -> dict[str, int]:
    return {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in paths}


def too_long(lengths: dict[str, int], most: int) -> set[str]:
    return {name for name, length in lengths.items() if length > most}


def test_a_file_is_one_room() -> None:
    programs = [path for path in SCRIPTS.rglob("*.py") if "vendor" not in path.parts]
    assert too_long(sizes([*FILES, *programs]), 500) == set()
    assert too_long({"hall": 501}, 500) == {"hall"}


def test_a_command_only_reads_its_arguments() -> None:
    commands = [path for path in SCRIPTS.iterdir() if path.is_file() and not path.suffix]
    assert too_long(sizes(commands), 40) == set()
    assert {f"scripts/{path.name}" for path in commands} == set(RUFF["extend-include"])


def test_a_folder_is_not_crowded() -> None:
    many = {"specs", "models", "records"}
    folders = {path.parent for path in (*FILES, *SCRIPTS.rglob("*.py"))} - {SCRIPTS}
    full = {
        folder.name: len([one for one in folder.iterdir() if one.is_file()]) for folder in folders
    }
    assert {name for name, count in full.items() if count > 17} - many == set()
    assert len([path for path in PACKAGE.iterdir() if path.name != "__pycache__"]) <= 20


def namesakes(paths: list[Path]) -> set[str]:
    names = [path.name for path in paths]
    return {name for name in names if names.count(name) > 1}


def test_no_two_test_files_have_one_name() -> None:
    # pytest imports them by their names alone, and runs none where two are alike
    assert namesakes(sorted((SCRIPTS.parent / "tests").rglob("test_*.py"))) == set()
    assert namesakes([Path("a/test_x.py"), Path("b/test_x.py")]) == {"test_x.py"}
