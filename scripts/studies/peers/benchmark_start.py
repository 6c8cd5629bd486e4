#!/usr/bin/env python3
"""Time whole processes in turn, each against `python -c pass`: how long a table takes to appear.

The package is built as a wheel and installed with its bytecode into a new virtual environment, so
that nothing of the checkout takes part. Exit code 1 where the goal is missed.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

from website.places import ROOT

COMMANDS = {
    "python -c pass": ("-c", "pass"),
    "import cnnref": ("-c", "import cnnref"),
    "cnnref table vgg19": ("-m", "cnnref", "table", "vgg19"),
}
BASE, _, TABLE = COMMANDS
Times = dict[str, list[tuple[float, float]]]
GOAL = 50.0  # milliseconds that a table may take over an empty program


def installed(folder: Path) -> Path:
    """The interpreter of a new environment that holds the built wheel and nothing else."""
    wheels = folder / "wheels"
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
    subprocess.run([*build, str(wheels), *isolation(), str(ROOT)], check=True)
    venv.create(folder / "environment", with_pip=True)
    python = folder / "environment" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    (wheel,) = wheels.glob("*.whl")
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-index", "--compile"]
    subprocess.run([*install, str(wheel)], check=True)
    return python


def isolation() -> list[str]:
    """Build with the hatchling that is here, where there is one."""
    found = subprocess.run([sys.executable, "-c", "import hatchling"], capture_output=True)
    return [] if found.returncode else ["--no-build-isolation"]


def timed(python: Path, arguments: tuple[str, ...], folder: Path) -> tuple[float, float]:
    """Milliseconds on the clock and milliseconds of processor time of one process."""
    started, before = time.perf_counter(), processor_time()
    subprocess.run([str(python), *arguments], cwd=folder, stdout=subprocess.DEVNULL, check=True)
    return 1_000 * (time.perf_counter() - started), 1_000 * (processor_time() - before)


def processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measured(python: Path, rounds: int, folder: Path) -> Times:
    """Both times of each command, all commands in turn, after two rounds that do not count."""
    times: Times = {name: [] for name in COMMANDS}
    for _ in range(rounds + 2):
        for name, arguments in COMMANDS.items():
            times[name].append(timed(python, arguments, folder))
    return {name: values[2:] for name, values in times.items()}


def over_base(times: Times, name: str, kind: int) -> float:
    """The median over the rounds of what a command takes over the empty program beside it."""
    pairs = zip(times[name], times[BASE], strict=True)
    return statistics.median(value[kind] - base[kind] for value, base in pairs)


def report(times: Times) -> None:
    """Medians on the clock; processor time beside them, which a busy machine disturbs less."""
    base = statistics.median(clock for clock, _ in times[BASE])
    print(f"{'command':<20} median ms  fastest  over base  ratio  processor ms  over base")
    for name, values in times.items():
        clock, processor = (statistics.median(kind) for kind in zip(*values, strict=True))
        figures = f"{clock:9.1f}  {min(values)[0]:7.1f}  {over_base(times, name, 0):9.1f}"
        beside = f"{processor:12.1f}  {over_base(times, name, 1):9.1f}"
        print(f"{name:<20} {figures}  {clock / base:5.2f}  {beside}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Time how long a table takes to appear.")
    parser.add_argument("--rounds", type=int, default=40, help="times each command is run")
    options = parser.parse_args()
    # a caller's switches against bytecode would be measured too
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ.pop("PYTHONPATH", None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python = installed(folder)
        times = measured(python, options.rounds, folder)
    report(times)
    spent = over_base(times, TABLE, 0)
    print(f"goal: at most {GOAL:.0f} ms over '{BASE}'; {'met' if spent <= GOAL else 'missed'}")
    return int(spent > GOAL)


if __name__ == "__main__":
    raise SystemExit(main())
