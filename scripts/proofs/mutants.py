"""Small changes of the program's meaning, each tried against the tests of its room.

A thin sampler of its own: a mutation tool runs one suite for the whole project, which here takes
many minutes, or needs the program's layout to be its own.

mutants.csv keeps what samples of each room came to, of the program as it was drawn: `at_first`
with the tests that there were, where that was written down, and `caught` with those that were
written for what had survived; `without_effect` are those changes that nobody could notice, as of a
distance in a drawing, of a check that never fires, or of code without a caller, which has gone.
"""

from __future__ import annotations

import argparse
import ast
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from checks.floors import dotted
from cnnref import files
from cnnref.errors import CnnrefError, UnknownNameError
from studies import code
from website.places import ROOT, SCRIPTS

__all__ = ["ROOMS", "Mutant", "Room", "main", "mutants", "run"]

LONGEST = 900
PYTEST = ("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:randomly")
# which runs those of the scripts, each in its module
EXAMPLES = "tests/checks/test_examples.py"
# the exit code of pytest where there are none of these tests
NONE = 5
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+?\.py[^\s[]*)", re.MULTILINE)
IMPORT = re.compile(r"^\s*(?:from|import) (\w+)", re.MULTILINE)


class Room(NamedTuple):
    """A folder of the program, the tests that look at it, and whether pages are made of it."""

    folder: str
    tests: tuple[str, ...]
    pages: bool = False


ROOMS: Mapping[str, Room] = {
    "tables": Room(
        "cnnref/tables",
        ("tests/tables", "tests/counting/test_large.py", "tests/cli/test_budgets.py"),
        pages=True,
    ),
    "drawing": Room("cnnref/drawing", ("tests/drawing", "tests/tables/test_names.py"), pages=True),
    "measuring": Room("cnnref/measuring", ("tests/measuring",)),
    "cli": Room("cnnref/cli", ("tests/cli",)),
    "website": Room(
        "scripts/website",
        ("tests/website", "tests/checks", "tests/studies", "tests/drawing/test_figures.py"),
        pages=True,
    ),
}
# what makes pages again and holds them against what is on record, and how it is called
PAGES: Mapping[Path, str] = {
    SCRIPTS / "website" / "drift.py": (
        "import sys; from website import drift; sys.exit(drift.main(check=True))"
    ),
    SCRIPTS / "proofs" / "shown.py": (
        "import sys; from proofs import shown; sys.exit(shown.main([]))"
    ),
}
SWAPS: Mapping[type, str] = {
    ast.Add: "-", ast.Sub: "+", ast.Mult: "+", ast.Div: "*", ast.FloorDiv: "*", ast.Mod: "+",
    ast.Eq: "!=", ast.NotEq: "==", ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">",
    ast.In: "not in", ast.NotIn: "in", ast.Is: "is not", ast.IsNot: "is", ast.And: "or",
    ast.Or: "and",
}  # fmt: skip


class Mutant(NamedTuple):
    """One change: from a place to another in the bytes of a file."""

    path: str
    line: int
    start: int
    end: int
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.old!r} to {self.new!r}"

    def applied(self, source: bytes) -> bytes:
        return source[: self.start] + self.new.encode() + source[self.end :]


def mutants(path: str, source: str) -> list[Mutant]:
    """Every change of a file that is made here; types, texts of documents and imports stay."""
    found = []
    starts = [0]
    for line in source.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node, new in _changes(ast.parse(source)):
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        old = source.encode()[start:end].decode()
        found.append(Mutant(path, node.lineno, start, end, old, new))
    return found


def _changes(tree: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    skipped = {id(inner) for node in ast.walk(tree) for inner in _quiet(node)}
    for node in ast.walk(tree):
        if id(node) not in skipped:
            yield from _changed(node)


def _quiet(node: ast.AST) -> Iterator[ast.AST]:
    """What no test can look at: hints of types, documents, names that are exported."""
    for hint in ("annotation", "returns"):
        if (found := getattr(node, hint, None)) is not None:
            yield from ast.walk(found)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node.value
    if isinstance(node, ast.Assign) and "__all__" in ast.unparse(node.targets[0]):
        yield from ast.walk(node)
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        yield from ast.walk(node)
    # what is zipped is as long as the other wherever the program is right
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "zip":
        yield from (given.value for given in node.keywords)


def _changed(node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    if isinstance(node, ast.BinOp) and type(node.op) in SWAPS:
        left, right = ast.unparse(node.left), ast.unparse(node.right)
        yield node, f"(({left}) {SWAPS[type(node.op)]} ({right}))"
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        left, right = ast.unparse(node.left), ast.unparse(node.comparators[0])
        yield node, f"(({left}) {SWAPS[type(node.ops[0])]} ({right}))"
    elif isinstance(node, ast.BoolOp):
        parts = f" {SWAPS[type(node.op)]} ".join(f"({ast.unparse(part)})" for part in node.values)
        yield node, f"({parts})"
    elif isinstance(node, ast.IfExp):
        body, test, other = map(ast.unparse, (node.body, node.test, node.orelse))
        yield node, f"(({body}) if not ({test}) else ({other}))"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield node, f"({ast.unparse(node.operand)})"
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield node, str(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield node, f"({node.value} + 1)"


def main(arguments: list[str]) -> int:
    """Change places of the program, one at a time, and report which change no test notices."""
    parser = argparse.ArgumentParser(prog="check mutants", description=main.__doc__)
    parser.add_argument("mutants", nargs="?", type=int, default=100, metavar="N")
    parser.add_argument("--seed", type=int, default=0, help="of the draw (default: 0)")
    parser.add_argument("--minutes", type=float, default=60, help="start none after (default: 60)")
    parser.add_argument("--room", action="append", help=f"{', '.join(ROOMS)}; default: all")
    given = parser.parse_args(arguments)
    return run(given.mutants, given.seed, given.minutes, given.room)


def run(number: int, seed: int, minutes: float, chosen: Sequence[str] | None = None) -> int:
    """Try so many changes; 1 if any is noticed by no test.

    Raises:
        UnknownNameError: there is no such room.
    """
    for name in chosen or ():
        if name not in ROOMS:
            raise UnknownNameError("room to change", name, ROOMS)
    until = time.monotonic() + 60 * minutes
    tried, survivors = 0, []
    with TemporaryDirectory() as place:
        copied(Path(place))
        # of the checkout as it is copied, whatever is edited meanwhile
        drawn = sample(number, seed, chosen or [*ROOMS])
        for mutant, commands in [(one, [*looks(room, one.path)]) for room, one in drawn]:
            if time.monotonic() > until:
                print(f"the time is up: {tried} of {number} were tried", flush=True)
                break
            tried += 1
            kept = survives(Path(place), mutant, commands)
            survivors += [mutant] * kept
            print(f"{'survives' if kept else 'killed'}  {mutant}", flush=True)
    share = 100 * (tried - len(survivors)) / tried if tried else 100.0
    print(f"{tried} mutants of seed {seed}: {tried - len(survivors)} killed ({share:.1f}%)")
    return int(bool(survivors))


def sample(number: int, seed: int, names: Sequence[str]) -> list[tuple[Room, Mutant]]:
    """Changes of all rooms by turns, drawn without repetition; the same ones for one seed."""
    chance = random.Random(seed)
    drawn = []
    for name in names:
        room = ROOMS[name]
        paths = sorted((ROOT / room.folder).rglob("*.py"))
        every = [
            (room, mutant)
            for path in paths
            for mutant in mutants(
                path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
            )
        ]
        drawn.append(chance.sample(every, min(number, len(every))))
    turns = [one for several in zip(*drawn, strict=False) for one in several]
    return turns[:number]


def copied(place: Path) -> None:
    """The files of the checkout that are under version control, as they are now."""
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name)


def survives(place: Path, mutant: Mutant, commands: Sequence[list[str]]) -> bool:
    """Whether all commands that look at a change succeed although it is made.

    Raises:
        CnnrefError: one fails without the change, too, and would notice every change.
    """
    path = place / mutant.path
    source = path.read_bytes()
    files.write(path, mutant.applied(source))
    try:
        failed = next(filter(None, (failing(place, *command) for command in commands)), ())
    finally:
        files.write(path, source)
    if red(place, *failed):
        raise CnnrefError(f"Tests of {mutant.path} fail before anything is changed.")
    return not failed


def looks(room: Room, changed: str) -> Iterator[list[str]]:
    """What looks at changes of a file, the quickest first.

    Its own examples with the nearest tests, the pages that are made of it, then all other tests.
    """
    first, *others = nearest(room, changed)
    inside = changed.startswith(f"{SCRIPTS.name}/")
    yield [*PYTEST, *[changed] * (not inside), first]
    if inside:
        yield [*PYTEST, EXAMPLES, "-k", dotted(ROOT / changed)]
    for look, call in PAGES.items() if room.pages else ():
        if ROOT / changed in {look, *reached(look)}:
            yield ["-c", call]
    if others:
        yield [*PYTEST, *others]


def nearest(room: Room, changed: str) -> list[str]:
    """Tests of a room that import a file: the nearest by name, then by other imports.

    Those that open a browser, which takes long, come last. Where no test imports it, the program is
    run in a process of its own, by any of them.
    """
    places = [ROOT / name for name in room.tests]
    every = [path for place in places for path in (sorted(place.rglob("test_*.py")) or [place])]
    found = [path for path in every if ROOT / changed in reached(path)]
    name = Path(changed).stem

    def distance(path: Path) -> tuple[bool, bool, int]:
        browser = ROOT / "scripts" / "checks" / "browser.py" in reached(path)
        return browser, name not in path.name, len(reached(path))

    ordered = sorted(found or every, key=distance)
    return [path.relative_to(ROOT).as_posix() for path in ordered]


@cache
def reached(test: Path) -> frozenset[Path]:
    """The files of the program that a test imports, also by way of others and of helpers."""
    names = IMPORT.findall(test.read_text(encoding="utf-8"))
    homes = (ROOT / "tests", test.parent)
    helpers = {path for name in names for home in homes if (path := home / f"{name}.py").exists()}
    return frozenset(code.files(*code.imported(test))).union(*map(reached, helpers))


@cache
def red(place: Path, *command: str) -> bool:
    """Whether what failed with a change fails without it."""
    return bool(command and failing(place, *command))


def failing(place: Path, *command: str) -> tuple[str, ...]:
    """What of a command fails: of tests the first one that does; nothing where all is well."""
    path = f"{place}:{place / 'scripts'}"
    settings = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/bin:/bin",
                "OMP_NUM_THREADS": "1"}  # fmt: skip
    try:
        done = subprocess.run([sys.executable, *command], cwd=place, env=settings, check=False,
                              capture_output=True, text=True, timeout=LONGEST)  # fmt: skip
    except subprocess.TimeoutExpired:
        return command
    tests = FAILED.findall(done.stdout)[:1]
    return () if done.returncode in (0, NONE) else (*PYTEST, *tests) if tests else command
