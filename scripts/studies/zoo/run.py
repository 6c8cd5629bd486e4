"""The run over the zoos: what is left to do, what came of it, and the files that the site shows."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from fnmatch import fnmatch
from importlib.metadata import version
from platform import python_version
from statistics import median
from typing import Any

import torch
from tqdm import tqdm

from studies.output import to_csv, write
from studies.zoo.models import Case, cases
from studies.zoo.outcomes import script
from studies.zoo.records import LIBRARIES, Book, Record, record
from website.places import ROOT

LINES = ROOT / ".cache" / "zoo.jsonl"
SHOWN = ROOT / "docs" / "zoo"
# by these names torch counts; none of them may go uncounted
MATRIX = ("addmm", "baddbmm", "bmm", "conv", "linear", "matmul", "mm", "attention", "rnn", "lstm")


def run(only: str | None = None, limit: int | None = None, again: bool = False) -> int:
    """Do what is left, say what came of it; 1 where a model fails, differs or is incomplete."""
    everything, book = cases(), Book(LINES)
    wanted = [case for case in everything if only is None or matches(case, only)]
    todo = [case for case in wanted if not done(book, case, again)][:limit]
    for case in tqdm(todo, unit="model", disable=not sys.stderr.isatty()):
        book.add(record(case))
    records = [book.records[c.library, c.name] for c in wanted if c in book]
    print("\n".join(told(records)))
    if only is None and len(records) == len(everything):
        write(SHOWN / "zoo.csv", to_csv(Record._fields, records))
        write(SHOWN / "zoo.json", json.dumps(summary(records), indent=1) + "\n")
        write(SHOWN / "models.js", script(map(Record._asdict, records)))
        print(f"wrote {SHOWN.relative_to(ROOT)}/zoo.csv, zoo.json and models.js")
    return int(any(not entry.agrees for entry in records))


def matches(case: Case, pattern: str) -> bool:
    return fnmatch(case.name, pattern) or fnmatch(f"{case.library}:{case.name}", pattern)


def done(book: Book, case: Case, again: bool) -> bool:
    return case in book and not (again and book.records[case.library, case.name].error)


def told(records: Sequence[Record]) -> list[str]:
    """What failed, what differs and what is uncounted, then the totals."""
    failed = [f"{entry.library}:{entry.name}: {entry.error}" for entry in records if entry.error]
    differ = [
        f"{entry.library}:{entry.name}: {entry.macs} MACs, torch {entry.torch_macs}"
        for entry in records
        if not entry.error and entry.macs != entry.torch_macs
    ]
    missing: Counter[str] = Counter()
    for entry in records:
        missing.update(part.partition(":")[0] for part in entry.uncounted.split(", ") if part)
    lines = [f"uncounted in {models} models: {op}" for op, models in missing.most_common()]
    agree = sum(entry.agrees for entry in records)
    last = (
        f"{len(records)} models: {agree} equal torch's counter with nothing uncounted, "
        f"{len(differ)} differ, {len(failed)} failed"
    )
    return [*failed, *differ, *lines, last]


def summary(records: Sequence[Record]) -> dict[str, Any]:
    """What the page says of the whole run."""
    fine = [entry for entry in records if not entry.error]
    largest = max(fine, key=lambda entry: entry.module_parameters)
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "versions": {name: version(name).partition("+")[0] for name in LIBRARIES}
        | {"python": python_version()},
        "threads": torch.get_num_threads(),
        "models": len(records),
        "traced": len(fine),
        "agreeing": sum(entry.agrees for entry in fine),
        "equal_macs": sum(entry.macs == entry.torch_macs for entry in fine),
        "equal_parameters": sum(entry.parameters == entry.module_parameters for entry in fine),
        "matrix_uncounted": sum(bool(matrix_operators(entry)) for entry in fine),
        "rows": sum(entry.rows for entry in fine),
        "median_milliseconds": round(1e3 * median(entry.seconds for entry in fine), 1),
        "median_milliseconds_torch": round(1e3 * median(entry.torch_seconds for entry in fine), 1),
        "largest": largest.name,
        "largest_parameters": largest.module_parameters,
        "peak_mib": max(entry.peak_mib for entry in fine),
    }


def matrix_operators(entry: Record) -> list[str]:
    """The uncounted operators of a model that multiply matrices, by their names."""
    names = [part.partition(":")[0] for part in entry.uncounted.split(", ") if part]
    return [name for name in names if any(word in name for word in MATRIX)]
