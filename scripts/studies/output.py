"""What a long run has found, as a file: all of it or none."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cnnref import files


def write(path: str | Path, text: str) -> None:
    """Write a file, with the folders that lead to it; - is the terminal."""
    if path == "-":
        sys.stdout.write(text)
        return
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    files.write(target, text)


def to_csv(fields: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """Rows under their names, as text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(fields)
    writer.writerows(rows)
    return text.getvalue()
