"""Every check of the project, and which of them failed: first those of one process, all at once."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from _command import ROOT, call, child
from checks import browser
from website.places import SCRIPTS

__all__ = ["main", "summary"]

Result = tuple[str, bool | None, float]
# what Python is given
Command = tuple[str, ...]


def main(*, fast: bool) -> int:
    """Run the checks, without the built site and the slow tests if fast; 1 where one failed."""
    os.environ["PYTHONUNBUFFERED"] = "1"
    results = [*together(light())]
    for name, check in heavy(fast):
        print(f"\n== {name}", flush=True)
        started = time.perf_counter()
        passed = check()
        results.append((name, passed, time.perf_counter() - started))
    return summary(results)


def light() -> dict[str, Command]:
    """The name and the command of each check that one process does, on one core."""
    return {
        "ruff check": ("-m", "ruff", "check", "."),
        "ruff format": ("-m", "ruff", "format", "--check", "."),
        "mypy": types(),
        "generated files": (str(SCRIPTS / "generate"), "--check"),
        "measured": (str(SCRIPTS / "measure"), "--check"),
        "prose": (str(SCRIPTS / "check"), "prose"),
        "shown": (str(SCRIPTS / "check"), "shown"),
    }


def heavy(fast: bool) -> list[tuple[str, Callable[[], bool | None]]]:
    """The name of each check that takes all cores, and what does it; None where it is left out."""
    if fast:
        return [("pytest", lambda: tests("-m", "not slow"))]
    return [
        ("pytest", tests),
        ("site", lambda: script("site", "--twice")),
        ("browser", look),
    ]


def together(commands: dict[str, Command]) -> Iterator[Result]:
    """Run commands at once, and print what each says in one piece."""
    started = time.perf_counter()
    with ExitStack() as stack:
        running = {}
        for name, command in commands.items():
            said = stack.enter_context(tempfile.TemporaryFile("w+"))
            pipes = {"stdout": said, "stderr": subprocess.STDOUT}
            begun = child([sys.executable, *command], cwd=ROOT, **pipes)
            running[name] = said, stack.enter_context(begun)
        for name, (said, process) in running.items():
            passed = process.wait() == 0
            said.seek(0)
            print(f"\n== {name}", said.read(), sep="\n", end="", flush=True)
            yield name, passed, time.perf_counter() - started


def run(*command: str) -> bool:
    return call([sys.executable, *command]) == 0


def module(name: str, *options: str) -> bool:
    return run("-m", name, *options)


def script(name: str, *options: str) -> bool:
    return run(str(SCRIPTS / name), *options)


def tests(*chosen: str) -> bool:
    """Tests, all unless chosen, by two workers of one thread each, which wait for no other's."""
    command = [sys.executable, "-m", "pytest", "-n", "2", "-q", "--durations", "15", *chosen]
    return call(command, env=os.environ | {"OMP_NUM_THREADS": "1"}) == 0


def types() -> Command:
    """The packages and the commands, which have no ending, in one go."""
    commands = (path for path in sorted(SCRIPTS.iterdir()) if path.is_file() and not path.suffix)
    return ("-m", "mypy", "--scripts-are-modules", "cnnref", "scripts", *map(str, commands))


def look() -> bool | None:
    """The site in a browser, where there is one."""
    if browser.find_browser() is None:
        print(f"left out: {browser.NO_BROWSER}")
        return None
    return script("check", "browser")


def summary(results: list[Result]) -> int:
    """Say what came of each check; 1 where one failed."""
    words = {True: "passed", False: "FAILED", None: "left out"}
    print("\n== summary")
    for name, passed, seconds in results:
        print(f"{name:<16} {words[passed]:<9} {seconds:6.1f} s")
    failed = [name for name, passed, _ in results if passed is False]
    print(f"failed: {', '.join(failed)}" if failed else "every check passed")
    return 1 if failed else 0
