"""The processes of a preview: one that has loaded all code and waits, and one that checks."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

from _command import child, end, locked
from checks import signed
from website import build
from website.kept import reach
from website.kept.shelf import PREVIEWED
from website.places import CACHE, ROOT, SCRIPTS

__all__ = ["Beside", "begin", "look", "wait"]

SETTINGS = ROOT / "mkdocs.yml"


class Beside:
    """A process beside this one that runs a function of this file and ends with this one."""

    program = "from website.preview import beside; beside.{}()"

    def __init__(self, function: str) -> None:
        self.function = function
        self._stack = ExitStack()
        self._process: subprocess.Popen[str] | None = None

    def start(self, line: str = "", stdout: int | None = None) -> None:
        """Start it; line: what it is told at once."""
        command = [sys.executable, "-c", self.program.format(self.function)]
        pipes = {"stdin": subprocess.PIPE, "stdout": stdout, "stderr": stdout and subprocess.STDOUT}
        started = child(command, cwd=SCRIPTS, env=build.environment(), **pipes)
        self._process = self._stack.enter_context(started)
        if line:
            self.tell(line)

    def tell(self, line: str) -> subprocess.Popen[str]:
        """Tell it the line that it waits for."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        # one that has failed already has said why
        with suppress(BrokenPipeError), process.stdin:
            print(line, file=process.stdin)
        return process

    def end(self) -> None:
        """End it, whatever it does."""
        if self._process is not None and self._process.poll() is None:
            end(self._process)
        self._process = None
        self._stack.close()


def begin() -> None:
    """Load what is not of the generated files, and build when it is known where."""
    os.chdir(ROOT)
    load()
    build_where_told()


def wait() -> None:
    """Load all that a build loads, and build when it is known where."""
    os.chdir(ROOT)
    load()
    read()
    build_where_told()


def load() -> None:
    """What takes long and reads no generated file: code, networks, and what is kept of them."""
    import altair as alt  # noqa: F401
    import torch  # noqa: F401
    from mkdocs.config import load_config

    from cnnref.networks.catalog import names
    from website import facts, macros, pages  # noqa: F401
    from website.hands import what_if
    from website.measured import site

    load_config(str(SETTINGS))
    # what fails here does so again on the page that shows it
    with suppress(Exception):
        for name in names():
            facts.lookup(name)
        site.own_charts()
        what_if.assets()
    # which generated files may be among
    reach.forget()


def read() -> None:
    """What is the same until something else than a page's text is edited."""
    from cnnref.networks.catalog import names
    from website import pages
    from website.errata import claims
    from website.hands import playground
    from website.networks import answers

    pages.made_by()
    reach.everything()
    playground.assets()
    with suppress(Exception):
        for name in names():
            answers.reached(name)
        claims.errata()
        claims.remarks()


def build_where_told() -> None:
    """Build into the folder that a line names; where none does, there is nothing to build."""
    if target := sys.stdin.readline().strip():
        from mkdocs.__main__ import cli

        os.environ[PREVIEWED] = "1"
        # a process that ends so soon need not look for what nobody holds any more
        gc.disable()
        cli(["build", "--no-strict", "--site-dir", target])


def look() -> None:
    """Check a folder as a build does, and say what a build would refuse."""
    folder = Path(sys.stdin.readline().strip())
    with locked(CACHE / "site.lock"), build.step("check"):
        for fault in signed.faults(ROOT):
            print(fault)
        try:
            build.check(folder)
        except build.BuildError as error:
            print(f"site: {error}; a build would refuse it", flush=True)
