"""The examples of the page on your own model: each one is run, and what it prints is shown."""

from __future__ import annotations

import contextlib
import io
import runpy
import sys
import warnings
from collections.abc import Iterator
from functools import cache

from website.places import DOCS

EXAMPLES = DOCS / "examples"


@cache
def output(name: str) -> str:
    """What docs/examples/NAME prints, warnings first, as a block of text."""
    with there() as printed, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    lines = [f"{one.category.__name__}: {one.message}" for one in said]
    return _block("text", "\n".join([*lines, printed.getvalue().strip("\n")]))


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
        with contextlib.chdir(EXAMPLES), _plain(), to[0], to[1]:
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
