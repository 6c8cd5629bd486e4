"""What a process reads, taken down by itself: it runs first in the kernel of a notebook.

Python tells of each file that is opened and each folder that is listed, whoever does it. What a
process reads that is started from here it does not tell, so that such a one counts as all.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

# the file that takes it down, a line for each
NOTES = "CNNREF_NOTES"
READS = frozenset({"open", "os.listdir", "os.scandir"})
STARTS = frozenset({"subprocess.Popen", "os.fork", "os.posix_spawn", "os.exec", "os.system"})
ALL = "*"


def note() -> None:
    """Take down from now on what this process reads."""
    notes = os.open(os.environ[NOTES], os.O_WRONLY | os.O_APPEND)
    seen: set[str] = set()

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event in STARTS:
            place = ALL
        elif event in READS and not isinstance(arguments[0], int):
            place = str(Path(os.fsdecode(arguments[0] or ".")).absolute())  # type: ignore[arg-type]
        else:
            return
        if place not in seen:
            seen.add(place)
            os.write(notes, place.encode("utf-8", "surrogateescape") + b"\0")

    sys.addaudithook(watch)
    os.write(notes, b"\0")
