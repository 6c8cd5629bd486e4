"""What a record of the benchmark says: medians, and how time grows with depth."""

from __future__ import annotations

from math import log
from statistics import median
from typing import Any

Measured = dict[str, Any]


def medians(record: Measured, quantity: str) -> dict[tuple[str, str], dict[str, float]]:
    """For each network and device: the median of a quantity by tool."""
    found: dict[tuple[str, str], dict[str, list[float]]] = {}
    for entry in record["runs"]:
        place = found.setdefault((entry["network"], entry["device"]), {})
        place.setdefault(entry["tool"], []).append(entry[quantity])
    return {
        place: {tool: median(values) for tool, values in tools.items()}
        for place, tools in found.items()
    }


def exponent(growth: list[Measured]) -> float:
    """The slope from the shallowest to the deepest network, on logarithmic axes."""
    first, last = growth[0], growth[-1]
    return log(last["processor_ms"] / first["processor_ms"]) / log(
        last["convolutions"] / first["convolutions"]
    )
