"""The command line, as `python -m cnnref` and as the program `cnnref`."""

from __future__ import annotations

import sys

from cnnref.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
