"""Build the site: generate, MkDocs in strict mode, check, and only then replace the old site."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from platform import platform
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from _command import call, child, locked
from checks import built, signed
from cnnref import files
from website import drift
from website.kept import reach, shelf
from website.kept.reach import SKIPPED, THIS
from website.kept.shelf import KEEPING, PROGRESS, Shelf, building, digest
from website.places import CACHE, GENERATED, ROOT, SCRIPTS, SITE
from website.theme.exits import COMMIT, REPO_URL

STAMP = CACHE / "site.json"
GENERATE = SCRIPTS / "generate"
MEASURE = SCRIPTS / "measure"
SOURCES = ("cnnref", "docs", "scripts", "mkdocs.yml")
# 2026-01-01, the date of everything built: a fixed one makes two builds equal to the byte.
DATE = "1767225600"
SETTINGS = {
    "SOURCE_DATE_EPOCH": DATE,
    "PYTHONHASHSEED": "0",
    "NO_COLOR": "1",
    "NO_MKDOCS_2_WARNING": "1",
}
PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}


# what was seen in files of the site
LOOKS = Shelf("looks")


class BuildError(RuntimeError):
    """The site was not built; the old one is untouched."""


def main(given: Namespace) -> int:
    """The run of scripts/site."""
    started = time.perf_counter()
    if given.no_measure:
        os.environ[SKIPPED] = "1"
    force = given.force or given.twice
    try:
        done = build(force=force, twice=given.twice, measured=not given.no_measure)
    except BuildError as error:
        print(f"site: {error}")
        return 1
    print(f"site: {done}, {time.perf_counter() - started:.1f} s in all")
    return 0


def build(*, force: bool = False, twice: bool = False, measured: bool = True) -> str:
    """Bring site/ up to date and say in one sentence what was done.

    measured: also show this machine, measured where its record is not up to date.
    """
    if not measured:
        os.environ[SKIPPED] = "1"
    with locked(CACHE / "site.lock"), steady():
        if not force and recorded() == record():
            return "unchanged, nothing to build"
        STAMP.unlink(missing_ok=True)
        refuse_unsigned()
        before = written()
        with step("generate"):
            generate()
        if measured:
            with step("measure"):
                measure()
        with scratch() as folder:
            with step("mkdocs build --strict"), ExitStack() as builds:
                if twice:  # beside the first, with nothing kept; notebooks print the same, too
                    builds.enter_context(mkdocs(folder / "again", keeping=False))
                builds.enter_context(mkdocs(folder / "site"))
            with step("check"):
                check(folder / "site")
            if twice:
                compare(folder / "site", folder / "again")
            swap(folder / "site", folder / "old", SITE)
        if written() != before:
            return "built; files changed meanwhile, so that the next run builds again"
        files.write(STAMP, record())
    return f"{sum(1 for path in SITE.rglob('*') if path.is_file())} files in {SITE.name}/"


def refuse_unsigned() -> None:
    """What is cited or was measured is shown only as a person signed it."""
    faults = signed.faults(ROOT)
    if faults:
        print("\n".join(faults))
        raise BuildError(f"{len(faults)} files are not as they were signed, listed above")


def generate(**more: str) -> None:
    """Bring docs/generated/ up to date, in a process of its own.

    more: variables that it is given besides those of every step.
    """
    if drift.fresh():
        print("generated files: nothing that they are made of has changed", flush=True)
    elif call([sys.executable, str(GENERATE)], env=environment() | more):
        raise BuildError("scripts/generate failed; its message stands above")


def measure() -> None:
    """This machine's record; in a process of its own, whose memory ends with it."""
    if call([sys.executable, str(MEASURE), "--here"]):
        raise BuildError(
            "this machine could not be measured, for the reason above; --no-measure builds without"
        )


def environment(*, keeping: bool = True) -> dict[str, str]:
    """The variables of a step.

    keeping: it takes what an earlier build kept, and keeps what it makes.
    """
    return os.environ | SETTINGS | ({KEEPING: "1"} if keeping else {})


@contextmanager
def mkdocs(target: Path, *, keeping: bool = True) -> Iterator[None]:
    """Build the pages into a folder meanwhile, to the end; a warning is a fault."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(target)]
    given = environment(keeping=keeping)
    if not keeping:
        given["CNNREF_SCRATCH"] = str(target.with_name("scratch"))
    with child(command, cwd=ROOT, env=given, **PIPES) as process:
        yield
        follow(process)


def follow(process: subprocess.Popen[str], passed_on: tuple[str, ...] = (PROGRESS,)) -> None:
    """Wait for MkDocs and pass on what it says, or all of it where it fails.

    passed_on: how the lines begin that are passed on at once.

    Raises:
        BuildError: it failed.
    """
    said: list[str] = []
    for line in process.stdout or ():
        # each page that shows a thing complains of it
        if line.startswith(passed_on) and line not in said:
            print(line, end="", flush=True)
        said.append(line)
    if process.wait():
        print("".join(said))
        raise BuildError("mkdocs build failed; its messages stand above")


def check(folder: Path) -> None:
    """Look at every file of a built site; what a file holds is looked for once for all builds."""
    with building():
        report = built.check(folder, urlsplit(os.environ.get("SITE_URL", "")).path, kept)
        LOOKS.sweep()
    for fault in report.faults:
        print(f"  {fault}")
    print(f"  {report.summary()}")
    if report.faults:
        raise BuildError(f"the built site has {len(report.faults)} faults, listed above")


def kept(look: Callable[[Path], Any], path: Path) -> Any:
    """What a look at a file finds, which is found once for as long as the file stays the same."""
    code = reach.closure((look.__module__,), named=False)
    key = digest(code, look.__qualname__, path.suffix, path.read_bytes(), reach.outside())
    return LOOKS.get(key, look, path)


def compare(one: Path, two: Path) -> None:
    """Hold two builds of the same sources against each other, file by file."""
    names = {path.relative_to(base) for base in (one, two) for path in base.rglob("*")}
    differing = sorted(str(name) for name in names if contents(one / name) != contents(two / name))
    if differing:
        raise BuildError(f"two builds of the same sources differ in {', '.join(differing[:5])}")


def contents(path: Path) -> bytes | None:
    """What is in a file; None where there is none."""
    return path.read_bytes() if path.is_file() else None


def swap(new: Path, old: Path, place: Path) -> None:
    """Put a new site in the place of the old one."""
    if place.exists():
        place.rename(old)
    new.rename(place)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder on the same disk, so that the finished site moves into place in one go."""
    CACHE.mkdir(exist_ok=True)
    for left in CACHE.glob("build-*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix="build-", dir=CACHE))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Kept(NamedTuple):
    """What is kept at a moment, and the sources that it was made of."""

    sources: str
    names: set[Path]

    @classmethod
    def now(cls) -> Kept:
        """This moment."""
        return cls(written(pages=False), shelf.names())

    def forget_since(self) -> None:
        """Forget what was made since then, where its sources have changed."""
        if written(pages=False) != self.sources:
            for path in {drift.STAMP} | shelf.names() - self.names:
                path.unlink(missing_ok=True)


@contextmanager
def steady() -> Iterator[None]:
    """Keep nothing of what is made while its sources change, since it may be of both states.

    The texts of pages may change: each is read once, and what is made of it goes by what was read.
    """
    before = Kept.now()
    try:
        yield
    finally:
        before.forget_since()


@contextmanager
def step(name: str) -> Iterator[None]:
    """Say how long a step took."""
    started = time.perf_counter()
    yield
    print(f"{name}: {time.perf_counter() - started:.1f} s", flush=True)


def inputs() -> str:
    """What a build depends on, as one digest."""
    skipped = os.environ.get(SKIPPED, "")
    named = [os.environ.get(name, "") for name in ("SITE_URL", REPO_URL, COMMIT)]
    outside = f"{sys.version} {named} {skipped} {hardware()}"
    return fingerprint([*(ROOT / name for name in SOURCES), *([] if skipped else [THIS])], outside)


def written(*, pages: bool = True) -> str:
    """The sources that people write: what the build itself generates is left out.

    pages: with the texts of pages.
    """

    def left_out(path: Path) -> bool:
        return path.is_relative_to(GENERATED) or (reach.is_page(path) and not pages)

    return fingerprint([ROOT / name for name in SOURCES], without=left_out)


def hardware() -> str:
    """What tells one machine from another without loading torch."""
    lines = read_text(Path("/proc/cpuinfo")).splitlines()
    names = {line for line in lines if line.startswith(("model", "cpu family"))}
    cards = sorted(path.name for path in Path("/proc/driver/nvidia/gpus").glob("*"))
    return repr((os.cpu_count(), sorted(names), cards, version("torch")))


def read_text(path: Path) -> str:
    """A file of the system, or the platform's name where there is none."""
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else platform()


def fingerprint(
    places: list[Path], more: str = "", without: Callable[[Path], bool] = lambda _: False
) -> str:
    """The digest of all files below some places, their names and more words."""
    digest = hashlib.sha256(more.encode())
    for place in places:
        for path in sorted([place, *place.rglob("*")]):
            if path.is_file() and "__pycache__" not in path.parts and not without(path):
                name = path.relative_to(ROOT).as_posix()
                digest.update(f"{name}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def record() -> str:
    """What was built of what; a stamp that says anything else, cut or not, is of another build."""
    return json.dumps({"inputs": inputs(), "site": fingerprint([SITE])})


def recorded() -> str | None:
    """What the last build was of; None before the first."""
    return STAMP.read_text(encoding="utf-8", errors="replace") if STAMP.exists() else None
