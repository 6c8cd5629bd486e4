"""The processes of a preview: one that has loaded all code and waits, and one that checks."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

from _command import Stopped, child, end, locked, stop
from checks import signed
from cnnref.files import write
from website import build
from website.kept import reach
from website.kept.shelf import PENDING, PREVIEWED
from website.places import CACHE, ROOT, SCRIPTS

__all__ = ["LATER", "Beside", "begin", "look", "wait"]

# written when what was put off has come out otherwise than shown
LATER = CACHE / "later"
SETTINGS = ROOT / "mkdocs.yml"


class Beside:
    """A process beside this one that runs a function of a file here and ends with this one."""

    program = "from website.preview import {module}; {module}.{name}()"

    def __init__(self, function: str) -> None:
        self.function = function
        self._stack = ExitStack()
        self._process: subprocess.Popen[str] | None = None

    def start(self, stdout: int | None = None) -> None:
        """Start it."""
        module, name = self.function.split(".")
        command = [sys.executable, "-c", self.program.format(module=module, name=name)]
        pipes = {"stdin": subprocess.PIPE, "stdout": stdout, "stderr": stdout and subprocess.STDOUT}
        started = child(command, cwd=SCRIPTS, env=build.environment(), **pipes)
        self._process = self._stack.enter_context(started)

    def tell(self, line: str) -> subprocess.Popen[str]:
        """Tell it a line that it waits for."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        # one that has failed already has said why
        with suppress(BrokenPipeError):
            print(line, file=process.stdin, flush=True)
        return process

    def end(self) -> bool:
        """End it, whatever it does; whether it was at work."""
        at_work = self._process is not None and self._process.poll() is None
        if self._process is not None and at_work:
            end(self._process)
        self._process = None
        with suppress(BrokenPipeError):
            self._stack.close()
        return at_work


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
    """Make what was put off, check a folder as a build does, and say what a build would refuse."""
    folder = Path(sys.stdin.readline().strip())
    # what it has started ends with it
    signal.signal(signal.SIGTERM, stop)
    with suppress(Stopped), locked(CACHE / "site.lock"), build.step("check"):
        for fault in signed.faults(ROOT):
            print(fault)
        try:
            if PENDING.exists():
                catch_up(folder)
            build.check(folder)
        except build.BuildError as error:
            print(f"site: {error}; a build would refuse it", flush=True)


def catch_up(folder: Path) -> None:
    """Make what a preview has put off, and let it follow where something comes out otherwise.

    Raises:
        BuildError: a build would refuse something.
    """
    with build.steady(), build.scratch() as scratch:
        with build.step("what was put off: both books compared, code run again"):
            build.generate()
            with build.mkdocs(scratch / "site"):
                pass
        PENDING.unlink(missing_ok=True)
        try:
            build.compare(scratch / "site", folder)
        except build.BuildError:
            # the preview watches it
            write(LATER, b"")
