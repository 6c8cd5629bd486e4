"""The identity of this machine: what a measured number belongs to."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import torch

from cnnref.measuring.record import Machine

__all__ = ["free_bytes", "machine"]

PROC, CGROUP = Path("/proc"), Path("/sys/fs/cgroup")


def machine(device: torch.device, threads: int) -> Machine:
    """What runs on a device of this machine; what the system does not say is "" or 0."""
    processor = _processor()
    build = f"CPU, {torch.backends.cpu.get_cpu_capability()}"
    name, driver, memory = processor, "", _memory()
    if device.type == "cuda":
        name, driver = torch.cuda.get_device_name(device), _driver()
        memory = torch.cuda.get_device_properties(device).total_memory
        build = f"HIP {torch.version.hip}" if torch.version.hip else f"CUDA {torch.version.cuda}"
    elif device.type == "mps":
        name, build = f"{processor} GPU", "MPS"
    return Machine(
        device=device.type,
        name=name,
        processor=processor,
        cores=os.cpu_count() or 1,
        threads=threads,
        memory_bytes=memory,
        driver=driver,
        torch=torch.__version__.partition("+")[0],
        build=build,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
    )


def _processor() -> str:
    """The processor's name, with family and model where the name is one of many."""
    entries: dict[str, str] = {}
    for line in _text(PROC / "cpuinfo").splitlines():
        key, _, value = line.partition(":")
        entries.setdefault(key.strip(), " ".join(value.split()))
    name = entries.get("model name") or _said("sysctl", "-n", "machdep.cpu.brand_string")
    name = re.sub(r"\((R|TM)\)", "", name or platform.processor() or platform.machine())
    if "cpu family" in entries and not re.search(r"\d", name):
        name += f" (family {entries['cpu family']}, model {entries.get('model', '?')})"
    return " ".join(name.split())


def _driver() -> str:
    said = _said("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")
    if said:
        return said.splitlines()[0].strip()
    found = re.search(r"Module\s+([\d.]+)", _text(PROC / "driver/nvidia/version"))
    return found[1] if found else ""


def _memory() -> int:
    try:
        whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0
    return min(whole, _limit() or whole)


def free_bytes(device: torch.device) -> int | None:
    """Bytes that can still be taken on a device; None where nobody says."""
    if device.type == "cuda":
        # what the allocator holds and does not use can be used again
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0] + unused)
    if device.type == "mps":
        return int(torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory())
    found = re.search(r"MemAvailable:\s+(\d+) kB", _text(PROC / "meminfo"))
    if found is None:
        return None
    cached = re.search(r"^inactive_file (\d+)$", _text(CGROUP / "memory.stat"), re.MULTILINE)
    used = _number(CGROUP / "memory.current") - (int(cached[1]) if cached else 0)
    limit = _limit()
    free = 1024 * int(found[1])
    return min(free, limit - used) if limit and used > 0 else free


def _limit() -> int:
    """The most memory that this process may take, where a container sets a limit; else 0."""
    return _number(CGROUP / "memory.max")


def _number(path: Path) -> int:
    text = _text(path).strip()
    return int(text) if text.isdecimal() else 0


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _said(*command: str) -> str:
    if shutil.which(command[0]) is None:
        return ""
    return _output(command)


def _output(command: Sequence[str]) -> str:
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return ran.stdout.strip()
