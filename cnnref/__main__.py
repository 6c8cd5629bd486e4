"""The command line, as `python -m cnnref` and as the program `cnnref`."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Sequence

__all__ = ["main"]

# new objects between two searches for garbage: at a start there are many, and none is garbage
NEW = 100_000


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command as a program, whose output ends with it; the exit code is as for it."""
    gc.set_threshold(NEW)
    from cnnref.cli import main as command
    from cnnref.cli.streams import closed, ended

    # before any other, so that it runs behind whatever a user's code has registered
    atexit.register(ended)
    # what is loaded lasts to the end, which then searches it for garbage no more
    gc.freeze()
    code = command.main(argv)
    closed()
    return code


if __name__ == "__main__":
    sys.exit(main())
