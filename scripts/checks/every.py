"""Every check of the project, one after another, and which of them failed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

from _command import call
from checks import browser
from website.places import SCRIPTS

__all__ = ["checks", "main", "summary"]

Check = tuple[str, Callable[[], bool | None]]


def main(*, fast: bool) -> int:
    """Run the checks, without those of the built site if fast; 1 where one failed."""
    os.environ["PYTHONUNBUFFERED"] = "1"
    results: list[tuple[str, bool | None, float]] = []
    for name, check in checks(fast):
        print(f"\n== {name}", flush=True)
        started = time.perf_counter()
        passed = check()
        results.append((name, passed, time.perf_counter() - started))
    return summary(results)


def checks(fast: bool) -> list[Check]:
    """The name of each check, and what does it; that gives None where it was left out."""
    quick: list[Check] = [
        ("ruff check", lambda: module("ruff", "check", ".")),
        ("ruff format", lambda: module("ruff", "format", "--check", ".")),
        ("mypy", types),
        ("generated files", lambda: script("generate", "--check")),
        ("measured", lambda: script("measure", "--check")),
        ("prose", lambda: script("check", "prose")),
        ("pytest", tests),
    ]
    slow: list[Check] = [("site", lambda: script("site", "--twice")), ("browser", look)]
    return quick if fast else quick + slow


def run(*command: str) -> bool:
    return call([sys.executable, *command]) == 0


def module(name: str, *options: str) -> bool:
    return run("-m", name, *options)


def script(name: str, *options: str) -> bool:
    return run(str(SCRIPTS / name), *options)


def tests() -> bool:
    """All tests, by two workers of one thread each, which do not wait for each other's."""
    command = [sys.executable, "-m", "pytest", "-n", "2", "-q", "--durations", "15"]
    return call(command, env=os.environ | {"OMP_NUM_THREADS": "1"}) == 0


def types() -> bool:
    """The packages and the commands, which have no ending, in one go."""
    commands = (path for path in sorted(SCRIPTS.iterdir()) if path.is_file() and not path.suffix)
    return module("mypy", "--scripts-are-modules", "cnnref", "scripts", *map(str, commands))


def look() -> bool | None:
    """The site in a browser, where there is one."""
    if browser.find_browser() is None:
        print(f"left out: {browser.NO_BROWSER}")
        return None
    return script("check", "browser")


def summary(results: list[tuple[str, bool | None, float]]) -> int:
    """Say what came of each check; 1 where one failed."""
    words = {True: "passed", False: "FAILED", None: "left out"}
    print("\n== summary")
    for name, passed, seconds in results:
        print(f"{name:<16} {words[passed]:<9} {seconds:6.1f} s")
    failed = [name for name, passed, _ in results if passed is False]
    print(f"failed: {', '.join(failed)}" if failed else "every check passed")
    return 1 if failed else 0
