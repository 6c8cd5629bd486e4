"""The benchmark of scripts/benchmark_peers: what runs, what is written down, what is concluded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from platform import machine, python_version
from statistics import median

from tqdm import tqdm

from studies.output import write
from studies.peers.benchmark_layout import Measured, exponent, medians
from studies.peers.benchmark_start import installed, processor_time
from studies.peers.records import PEERS
from website.places import SCRIPTS

# one process of it, which finds the studies where it is started
CHILD = [sys.executable, "-m", "studies.peers.benchmark_child"]
RECORD = PEERS / "benchmark.json"
NETWORKS = (
    "alexnet", "vgg16", "googlenet", "inception_v3", "resnet18", "resnet50", "resnet152",
    "densenet121", "mobilenet_v2", "shufflenet_v2_x1_0", "efficientnet_b0", "convnext_tiny",
)  # fmt: skip
DEVICES = ("cpu", "meta")
PACKAGES = {
    "FlopCounterMode": "torch",
    "fvcore": "fvcore",
    "torchinfo": "torchinfo",
    "ptflops aten": "ptflops",
    "ptflops pytorch": "ptflops",
    "thop": "thop",
    "torchprofile": "torchprofile",
    "torchscan": "torchscan",
}
JIT = ("fvcore", "torchprofile")  # refuse a model on the meta device
OURS, BARE = "cnnref", "nothing"
# a call that is not the first may take this part of the fastest other one; the first call so many
# times a following one; a table without torch so many times less
GOALS = {"cpu": 1 / 10, "meta": 1 / 3}
FIRST = 3
TIMES_FASTER = 40
START = "resnet152"


def run(rounds: int, networks: list[str] | None, output: str | None) -> int:
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or every start compiles the checkout again
    cases = plan(networks or list(NETWORKS))
    runs: list[Measured] = []
    for number in tqdm(range(rounds * len(cases)), disable=not sys.stderr.isatty()):
        tool, network, device = cases[number % len(cases)]
        runs.append(case(tool, network, device))
    record = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": identity(),
        "versions": versions(),
        "rounds": rounds,
        "runs": runs,
        "growth": [grown(tool) for tool in (OURS, *PACKAGES) if tool not in JIT],
        "start": start(rounds, fastest_process(runs)),
    }
    write(output or RECORD, json.dumps(record, indent=1) + "\n")
    lines, missed = verdict(record)
    print("\n".join(lines))
    return int(missed)


def plan(networks: list[str]) -> list[tuple[str, str, str]]:
    """What runs in one round, tools beside each other for each network."""
    tools = (BARE, OURS, *PACKAGES)
    return [
        (tool, network, device)
        for network in networks
        for device in DEVICES
        for tool in tools
        if not (device == "meta" and tool in JIT)
    ]


def case(tool: str, network: str, device: str) -> Measured:
    started, before = time.perf_counter(), processor_time()
    found = child("once", tool, network, device)
    spent, used = time.perf_counter() - started, processor_time() - before
    told = {"process_s": round(spent, 3), "process_processor_s": round(used, 3)}
    return {"tool": tool, "network": network, "device": device, **told, **found}


def grown(tool: str) -> Measured:
    return {"tool": tool, **child("growth", tool, "meta")}


def child(*arguments: str) -> Measured:
    command = [*CHILD, *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=SCRIPTS)
    if ran.returncode:
        raise RuntimeError(f"{' '.join(arguments)} failed: {ran.stderr.strip().splitlines()[-1]}")
    found: Measured = json.loads(ran.stdout.splitlines()[-1])
    return found


def fastest_process(runs: list[Measured]) -> str:
    """The peer whose whole process is fastest for the network that the torch-free table is of."""
    alike = [entry for entry in runs if entry["network"] == START] or runs
    times = {
        tool: median(entry["process_s"] for entry in alike if entry["tool"] == tool)
        for tool in PACKAGES
    }
    return min(times, key=lambda tool: times[tool])


def start(rounds: int, peer: str) -> Measured:
    """The whole process of a table without torch, in turn with the fastest peer's."""
    with tempfile.TemporaryDirectory() as folder:
        python = installed(Path(folder))
        table = [str(python), "-m", "cnnref", "table", START]
        other = [*CHILD, "once", peer, START, "cpu" if peer in JIT else "meta"]
        times: dict[str, list[tuple[float, float]]] = {OURS: [], peer: []}
        for _ in range(max(rounds, 5)):
            for name, command, place in ((OURS, table, folder), (peer, other, SCRIPTS)):
                began, before = time.perf_counter(), processor_time()
                subprocess.run(command, cwd=place, stdout=subprocess.DEVNULL, check=True)
                spent = time.perf_counter() - began, processor_time() - before
                times[name].append(spent)
    return {
        "network": START,
        "peer": peer,
        "cnnref_ms": [round(1e3 * wall, 1) for wall, _ in times[OURS]],
        "cnnref_processor_ms": [round(1e3 * used, 1) for _, used in times[OURS]],
        "peer_ms": [round(1e3 * wall, 1) for wall, _ in times[peer]],
        "peer_processor_ms": [round(1e3 * used, 1) for _, used in times[peer]],
    }


def identity() -> Measured:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {"processor": names[0] if names else machine(), "cores": os.cpu_count()}


def versions() -> dict[str, str]:
    packages = sorted({*PACKAGES.values(), "torchvision"})
    plain = {package: version(package).partition("+")[0] for package in packages}
    return {"python": python_version(), **plain}


def verdict(record: Measured) -> tuple[list[str], bool]:
    """A line for each network, device and goal; whether any goal is missed."""
    lines, missed = [], False
    firsts = medians(record, "call_ms")
    for (network, device), tools in medians(record, "following_ms").items():
        ratios, first = [], firsts[network, device]
        for times in (first, tools):
            best = min((tool for tool in times if tool in PACKAGES), key=lambda tool: times[tool])
            ratios.append((times[OURS] / times[best], best))
        slower = first[OURS] / tools[OURS]
        late = ratios[1][0] > GOALS[device] or slower > FIRST
        missed |= late
        lines.append(
            f"{network:<18} {device:<4} first call {ratios[0][0]:.3f} of {ratios[0][1]}, "
            f"following {ratios[1][0]:.3f} of {ratios[1][1]}, "
            f"first to following {slower:.1f}{'  MISSED' * late}"
        )
    begun = record["start"]
    times = median(begun["peer_ms"]) / median(begun["cnnref_ms"])
    missed |= times < TIMES_FASTER
    lines.append(
        f"cnnref table {begun['network']}: {median(begun['cnnref_ms']):.0f} ms, {begun['peer']} "
        f"{median(begun['peer_ms']):.0f} ms, {times:.0f} times faster"
    )
    ours = next(entry["growth"] for entry in record["growth"] if entry["tool"] == OURS)
    lines.append(f"cnnref, {exponent(ours):.2f} is the power of the depth that its time grows with")
    return lines, missed
