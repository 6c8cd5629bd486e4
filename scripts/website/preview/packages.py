"""A process that has loaded the packages that a build uses, and waits to be told what to run.

It loads no code of the checkout before, so that it runs that as it is by then.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module

__all__ = ["USED", "wait"]

# those that take long to load
USED = (
    "torch",
    "altair",
    "pandas",
    "mkdocs.__main__",
    "mkdocs.commands.build",
    "mkdocs_jupyter.plugin",
    "mkdocs_macros.plugin",
    "mkdocstrings",
    "mkdocstrings_handlers.python",
    "material.plugins.search.plugin",
)


def wait() -> None:
    """Load the packages, and run the function of `website.preview.beside` that a line names."""
    for name in USED:
        # a build says what is missing
        with suppress(ImportError):
            import_module(name)
    if function := sys.stdin.readline().strip():
        from website.preview import beside

        getattr(beside, function)()
