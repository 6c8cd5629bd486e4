"""The command line, as `python -m cnnref` and as the program `cnnref`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from cnnref.cli import main as command
from cnnref.cli.streams import closed

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command as a program, whose output ends with it; the exit code is as for it."""
    code = command.main(argv)
    closed()
    return code


if __name__ == "__main__":
    sys.exit(main())
