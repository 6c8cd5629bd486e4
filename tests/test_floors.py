"""The floor plan: each room imports from the floors below it, and the wheel knows no website."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterable
from pathlib import Path
from statistics import median

import pytest

import cnnref
from checks.floors import FLOOR, UP, arrows, dotted, files, room, trespasses
from website.places import PACKAGE, SCRIPTS

FILES = files()
TESTS = sorted((PACKAGE.parent / "tests").rglob("*.py"))
# the linter finds files by their suffix, and the commands have none
RUFF = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "ruff"
]


@pytest.mark.parametrize("path", FILES, ids=dotted)
def test_arrows_run_down(path: Path) -> None:
    found = trespasses(room(dotted(path)), path.read_text(encoding="utf-8"))
    assert found == UP.get(dotted(path), set())


@pytest.mark.parametrize(
    ("place", "source", "wrong"),
    [
        (
            "cnnref.counting",
            "def f():\n    from cnnref.tables.table import Table",
            {"cnnref.tables"},
        ),
        ("cnnref.specs", "from cnnref.models import vgg", {"cnnref.models"}),
        ("cnnref.models", "from cnnref.errors import CnnrefError", {"cnnref.errors"}),
        ("cnnref.tables", "from website.facts import lookup", {"website.facts"}),
        ("cnnref.tables", "from website import facts", {"website.facts"}),
        ("cnnref.tables", "from cnnref import trace", {"cnnref.tracing"}),
        ("cnnref.tables", "import _environment", {"_environment"}),
        ("cnnref.drawing", "from cnnref.attic import chest", {"cnnref.attic"}),
        ("cnnref.net", "def f():\n    from torch import nn", {"torch.nn"}),
        ("cnnref.net", "from cnnref.tables.table import Table", set()),
        ("cnnref.counting", "if TYPE_CHECKING:\n    from cnnref.tables.table import Table", set()),
        ("website.charts", "from website.chapters import vgg", {"website.chapters"}),
        ("website.charts", "from website.errata import page", {"website.errata"}),
        ("website.inline", "def f():\n    from website.tables import ledger", {"website.tables"}),
        ("studies.machines", "from website.measured import tables", {"website.measured"}),
        ("checks", "from proofs.planted import run", {"proofs"}),
        ("checks", "from website.cellar import wine", {"website.cellar"}),
        ("website.tables", "from website.facts import lookup\nimport torch", set()),
    ],
)
def test_a_wrong_arrow_is_seen(place: str, source: str, wrong: set[str]) -> None:
    assert trespasses(place, source) == wrong


def test_every_room_is_on_a_floor() -> None:
    assert {room(dotted(path)) for path in FILES} == set(FLOOR)
    with pytest.raises(KeyError, match="attic"):
        trespasses("cnnref.attic", "import cnnref.tables")
    with pytest.raises(KeyError, match="attic"):
        trespasses("website.attic", "import cnnref.tables")


def circles(graph: dict[str, set[str]]) -> set[str]:
    """The files that are left when those that import nothing are taken away, over and over."""
    left = dict(graph)
    while free := {name for name, others in left.items() if not others & left.keys()}:
        left = {name: others for name, others in left.items() if name not in free}
    return set(left)


def test_no_files_import_each_other_in_a_circle() -> None:
    assert circles(arrows()) == set()


def test_a_circle_is_seen() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set(), "e": {"d"}}
    assert circles(graph) == {"a", "b", "c"}


def test_no_file_has_the_name_of_a_public_function() -> None:
    entries = {path.stem for path in PACKAGE.iterdir()}
    assert entries & set(cnnref.__all__) == set()


def sizes(paths: Iterable[Path]) -> dict[str, int]:
    # by the whole path: many files are called page.py
    return {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in paths}


def too_long(lengths: dict[str, int], most: int) -> set[str]:
    return {name for name, length in lengths.items() if length > most}


def titled(path: Path) -> bool:
    """Whether a file is the `__init__` of a package and holds its title alone."""
    return path.name == "__init__.py" and len(ast.parse(path.read_bytes()).body) < 2


def test_a_file_ends_where_its_idea_ends() -> None:
    lengths = sizes(path for path in (*FILES, *TESTS) if not titled(path))
    assert too_long(lengths, 500) == set()
    assert too_long({"hall": 501, "room": 500}, 500) == {"hall"}
    # and no sooner; the commands only read their arguments, and are held below
    assert median(lengths.values()) >= 150


def test_a_command_only_reads_its_arguments() -> None:
    commands = [path for path in SCRIPTS.iterdir() if path.is_file() and not path.suffix]
    assert too_long(sizes(commands), 40) == set()
    assert {f"scripts/{path.name}" for path in commands} == set(RUFF["extend-include"])


def crowded(folders: Iterable[Path], most: int) -> set[str]:
    """Folders of more files than that, titles aside."""
    counts = {
        folder: len([path for path in folder.iterdir() if path.is_file() and not titled(path)])
        for folder in folders
    }
    return {folder.name for folder, count in counts.items() if count > most}


def test_a_folder_is_not_crowded() -> None:
    folders = {path.parent for path in (*FILES, *TESTS)} - {PACKAGE}
    # of these there are as many files as there are families of networks
    assert crowded(folders, 15) - {"specs", "models", "records"} == set()
    assert len([path for path in PACKAGE.iterdir() if path.name != "__pycache__"]) <= 18


def test_a_crowded_folder_is_seen(tmp_path: Path) -> None:
    for number in range(15):
        (tmp_path / f"{number}.csv").touch()
    (tmp_path / "__init__.py").write_text('"""A title."""\n')
    assert crowded([tmp_path], 15) == set()
    (tmp_path / "__init__.py").write_text('"""A title."""\nX = 1\n')
    assert crowded([tmp_path], 15) == {tmp_path.name}


def namesakes(paths: list[Path]) -> set[str]:
    names = [path.name for path in paths]
    return {name for name in names if names.count(name) > 1}


def test_no_two_test_files_have_one_name() -> None:
    # pytest imports them by their names alone, and runs none where two are alike
    assert namesakes(sorted((SCRIPTS.parent / "tests").rglob("test_*.py"))) == set()
    assert namesakes([Path("a/test_x.py"), Path("b/test_x.py")]) == {"test_x.py"}
