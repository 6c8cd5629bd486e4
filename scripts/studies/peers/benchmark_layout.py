#!/usr/bin/env python3
"""Time how long the specs take to become tables: the whole catalogue, and networks of any depth.

Each round is a new process without torch. The time of the import is told apart; what a spec's own
module takes to load is part of its table. Exit code 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
from math import log
from pathlib import Path
from statistics import median
from typing import Any

from studies.peers.benchmark_start import installed

DEEP = (
    "resnet20_cifar",
    "resnet56_cifar",
    "resnet110_cifar",
    "resnet1202_cifar",
    "preact_resnet1001_cifar",
)
STACKS = (100, 1_000, 10_000)
GOAL = 150.0  # milliseconds for every table of the catalogue, beyond the import
EVEN = 2.0  # a row of the deepest network may cost this many times one of the shallowest
# prints one line for each thing timed: its name, its rows, milliseconds of processor time
ROUND = f"""
import sys, time

def timed(name, make):
    started = time.process_time()
    rows = make()
    print(name, rows, 1_000 * (time.process_time() - started), sep=",")

def imported():
    global cnnref
    import cnnref
    return len(cnnref.names())

def stack(depth):
    net = cnnref.Net((16, 32, 32))
    x = net.input
    for _ in range(depth):
        x = net.relu(net.conv(x, 16, 3, padding=1))
    return len(net.table())

timed("import", imported)
timed("catalogue, first", lambda: sum(len(cnnref.table(name)) for name in cnnref.names()))
timed("catalogue, again", lambda: sum(len(cnnref.table(name)) for name in cnnref.names()))
for name in {DEEP!r}:
    timed(name, lambda: len(cnnref.table(name)))
for depth in {STACKS!r}:
    timed(f"stack of {{depth}}", lambda: stack(depth))
assert "torch" not in sys.modules
"""


def measured(python: Path, rounds: int, folder: Path) -> dict[str, tuple[int, list[float]]]:
    """Rows and times of each thing, over all rounds after one that does not count."""
    times: dict[str, tuple[int, list[float]]] = {}
    for number in range(rounds + 1):
        said = subprocess.check_output([str(python), "-c", ROUND], cwd=folder, text=True)
        for line in said.splitlines() if number else ():
            name, rows, spent = line.rsplit(",", 2)
            times.setdefault(name, (int(rows), []))[1].append(float(spent))
    return times


def report(times: dict[str, tuple[int, list[float]]]) -> bool:
    """Medians and the cost of a row; whether both goals are met."""
    print(f"{'what':<26} {'rows':>7}  median ms  fastest  us a row")
    medians = {name: statistics.median(spent) for name, (_, spent) in times.items()}
    each = {name: 1_000 * medians[name] / rows for name, (rows, _) in times.items()}
    for name, (rows, spent) in times.items():
        figures = f"{medians[name]:10.2f}  {min(spent):7.2f}  {each[name]:8.2f}"
        print(f"{name:<26} {rows:>7} {figures}")
    whole = medians["catalogue, first"]
    growth = {
        deep: each[deep] / each[shallow]
        for shallow, deep in (
            (DEEP[0], DEEP[3]),
            (f"stack of {STACKS[0]}", f"stack of {STACKS[-1]}"),
        )
    }
    verdicts = [whole <= GOAL, *(ratio <= EVEN for ratio in growth.values())]
    print(f"every table at most {GOAL:.0f} ms: {'met' if verdicts[0] else 'missed'}")
    for deep, ratio in growth.items():
        print(f"a row of {deep} costs {ratio:.2f} times one of its shallow kin (at most {EVEN})")
    return all(verdicts)


def main() -> int:
    parser = argparse.ArgumentParser(description="Time the layout of every table.")
    parser.add_argument("--rounds", type=int, default=10, help="new processes to time")
    options = parser.parse_args()
    # a caller's switches against bytecode would be measured too
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ.pop("PYTHONPATH", None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        times = measured(installed(folder), options.rounds, folder)
    return int(not report(times))


if __name__ == "__main__":
    raise SystemExit(main())


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
