"""What came of each model of a zoo, in words, and all of them as a script for the site."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

Entry = Mapping[str, Any]


def outcome(entry: Entry) -> str:
    """What came of one model, in a few words."""
    if entry["error"]:
        return str(entry["error"])
    difference = int(entry["macs"]) - int(entry["torch_macs"])
    words = [f"differs by {difference:+,} MACs"] if difference else []
    words += [f"not counted: {entry['uncounted']}"] if entry["uncounted"] else []
    return "; ".join(words) or "equal"


def script(records: Iterable[Entry]) -> str:
    """All models as a script, which also a page that was opened from a file can load."""
    rows = [
        [
            entry["name"], entry["library"], entry["input"], int(entry["rows"]),
            int(entry["module_parameters"]), int(entry["macs"]), outcome(entry),
        ]
        for entry in records
    ]  # fmt: skip
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    return f"window.cnnrefZoo = [\n{lines}\n];\n"
