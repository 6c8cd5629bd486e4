"""What the page count.md prints: examples and command lines, which are run, and a measurement."""

from __future__ import annotations

import contextlib
import io
import os
import runpy
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from unittest.mock import patch

from cnnref.files import text_of
from website.chapters import peers
from website.measured import site as measured
from website.measured.predict import measured as in_one_way
from website.places import DOCS

__all__ = ["EXAMPLES", "MACROS", "measured_printed", "output", "recorded", "terminal"]

EXAMPLES = DOCS / "examples"


@cache
def output(name: str) -> str:
    """What docs/examples/NAME prints, warnings first, as a block of text."""
    with there() as printed, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    lines = [f"{one.category.__name__}: {one.message}" for one in said]
    return _block("text", "\n".join([*lines, printed.getvalue().strip("\n")]))


def recorded(name: str) -> str:
    """What docs/examples/NAME printed when it was run last, kept in the text file beside it.

    For examples whose packages are not among those that build the site; a test runs them.
    """
    return _block("text", text_of((EXAMPLES / name).with_suffix(".txt")).rstrip("\n"))


@cache
def terminal(line: str) -> str:
    """What `cnnref LINE` prints in the folder of the examples, with its exit code unless 0."""
    from cnnref.__main__ import main

    with there() as printed:
        code = main(line.split())
    told = [f"$ cnnref {line}", printed.getvalue().strip("\n"), f"exit code {code}" * bool(code)]
    return _block("console", "\n".join(filter(None, told)))


@contextlib.contextmanager
def there() -> Iterator[io.StringIO]:
    """In the folder of the examples, with all that is printed in one text, and left as it was."""
    printed, modules = io.StringIO(), set(sys.modules)
    sys.path.insert(0, str(EXAMPLES))
    try:
        to = contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed)
        # no colours, whatever the terminal of the build is told
        settings = patch.dict(os.environ, NO_COLOR="1")
        with contextlib.chdir(EXAMPLES), settings, _plain(), to[0], to[1]:
            yield printed
    finally:
        sys.path.remove(str(EXAMPLES))
        for name in set(sys.modules) - modules:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(EXAMPLES)):
                del sys.modules[name]


@contextlib.contextmanager
def _plain() -> Iterator[None]:
    """Files of examples are loaded anew each time, and leave no bytecode in the docs."""
    from cnnref.cli import targets as load

    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    load.forget()
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def _block(kind: str, text: str) -> str:
    return f"```{kind}\n{text}\n```"


def measured_printed(name: str) -> str:
    """What measuring a network with its layers printed on the first machine."""
    (one,) = (found for found in in_one_way(measured.machines()[0].record) if found.name == name)
    return f"```text\n{one.measurement}\n{one.roof}\n```"


def disturbed(trial: str, number: str) -> str:
    """A number of cnnref's own trial among interrupts, in threads or beside training."""
    (own,) = [tool for tool in peers.record("disturbed")["tools"] if tool["tool"] == peers.OURS]
    return f"{own[trial][number]:,}"


MACROS: Mapping[str, Callable[..., object]] = {
    "disturbed": disturbed,
    "measured_printed": measured_printed,
    "output": output,
    "recorded": recorded,
    "terminal": terminal,
}
