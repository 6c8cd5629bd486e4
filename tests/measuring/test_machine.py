"""What a machine is called, and what memory it has: as its files and its card say, made up here."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from measured_samples import HERE

from cnnref.measuring import machine as looked
from cnnref.measuring.machine import free_bytes, machine

CPU, MPS = torch.device("cpu"), torch.device("mps")
XEON = "cpu family\t: 6\nmodel\t\t: 143\nmodel name\t: Intel(R) Xeon(R)   Processor\n"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of which the system says nothing but what a test writes."""
    monkeypatch.setattr(looked, "PROC", tmp_path)
    monkeypatch.setattr(looked, "CGROUP", tmp_path)
    monkeypatch.setattr(looked, "_said", lambda *_: "")
    return tmp_path


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (XEON, "Intel Xeon Processor (family 6, model 143)"),
        (f"{XEON}\n{XEON.replace('143', '1')}", "Intel Xeon Processor (family 6, model 143)"),
        (XEON.replace("model\t\t: 143\n", ""), "Intel Xeon Processor (family 6, model ?)"),
        (XEON.replace("Processor", "Gold 6338"), "Intel Xeon Gold 6338"),
        ("model name\t: Cortex\n", "Cortex"),
    ],
)
def test_a_processor_is_named_and_told_from_others_of_its_name(
    files: Path, said: str, name: str
) -> None:
    (files / "cpuinfo").write_text(said)
    found = machine(CPU, 2)
    assert (found.name, found.processor, found.threads) == (name, name, 2)
    assert (found.device, found.driver) == ("cpu", "")
    assert found.build.startswith("CPU, ")


def test_a_processor_without_files_is_what_python_calls_it(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "processor", lambda: "")
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert machine(CPU, 1).name == "riscv64"
    monkeypatch.setattr(platform, "processor", lambda: "arm")
    assert machine(CPU, 1).name == "arm"
    monkeypatch.setattr(looked, "_said", lambda *command: "Apple M2" * (command[0] == "sysctl"))
    assert machine(CPU, 1).name == "Apple M2"
    found = machine(MPS, 1)
    assert (found.name, found.processor, found.build) == ("Apple M2 GPU", "Apple M2", "MPS")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert machine(CPU, 1).cores == 1


def test_a_cards_driver_is_what_its_tool_says_or_its_file(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (files / "driver/nvidia").mkdir(parents=True)
    assert looked._driver() == ""
    (files / "driver/nvidia/version").write_text("NVRM: x86_64 Kernel Module  580.95.05  Tue\n")
    assert looked._driver() == "580.95.05"
    monkeypatch.setattr(looked, "_said", lambda *_: "570.1 \n570.2")
    assert looked._driver() == "570.1"


@pytest.mark.parametrize(
    ("limit", "memory"), [("max", 4096 * 1000), ("2048000\n", 2048000), ("9999999", 4096 * 1000)]
)
def test_memory_is_the_machines_or_what_a_container_may_take(
    files: Path, monkeypatch: pytest.MonkeyPatch, limit: str, memory: int
) -> None:
    there = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 1000}
    monkeypatch.setattr(os, "sysconf", there.get)
    (files / "memory.max").write_text(limit)
    assert machine(CPU, 1).memory_bytes == memory


def test_where_the_system_does_not_say_memory_is_none(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(_: str) -> int:
        raise ValueError

    monkeypatch.setattr(os, "sysconf", unknown)
    assert machine(CPU, 1).memory_bytes == 0
    assert free_bytes(CPU) is None


@pytest.mark.parametrize(
    ("limit", "used", "cached", "free"),
    [
        ("max", 0, "", 1000),
        ("max", 500, "", 1000),
        ("800", 300, "", 500),
        ("800", 300, "inactive_file 100", 600),
        # what is cached alone takes nothing that could not be had
        ("800", 300, "inactive_file 300", 1000),
        ("8000", 300, "", 1000),
    ],
)
def test_free_is_what_the_system_has_or_a_container_still_may_take(
    files: Path, limit: str, used: int, cached: str, free: int
) -> None:
    kib = 1024
    (files / "meminfo").write_text("MemTotal:  9000 kB\nMemAvailable:    1000 kB\n")
    (files / "memory.max").write_text(str(int(limit) * kib) if limit.isdecimal() else limit)
    (files / "memory.current").write_text(f"{used * kib}\n")
    stat = [f"{name} {int(number) * kib}" for name, _, number in [cached.partition(" ")] if name]
    (files / "memory.stat").write_text("\n".join(["anon 7", *stat, "active_file 9"]))
    assert free_bytes(CPU) == free * kib
    if not cached:
        (files / "memory.stat").unlink()
        assert free_bytes(CPU) == free * kib


def test_on_a_mac_free_is_what_is_recommended_and_not_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: 900)
    monkeypatch.setattr(torch.mps, "current_allocated_memory", lambda: 250)
    assert free_bytes(MPS) == 650


@pytest.mark.parametrize(
    ("machine", "line"),
    [
        (HERE, "Chip, 1 of 2 cores, 1 GiB, torch 2.13.0 (CPU, AVX2)"),
        (HERE._replace(memory_bytes=0), "Chip, 1 of 2 cores, torch 2.13.0 (CPU, AVX2)"),
        (
            HERE._replace(device="cuda", name="Card", driver="580", build="CUDA 13.0"),
            "Card, 1 GiB, driver 580, torch 2.13.0 (CUDA 13.0)",
        ),
    ],
)
def test_a_machine_is_told_in_a_line(machine: looked.Machine, line: str) -> None:
    assert str(machine) == line


def test_a_card_is_of_the_library_that_torch_was_built_for(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = torch.device("cuda", 0)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "Card")
    properties = SimpleNamespace(total_memory=456)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: properties)
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    for hip, build in ((None, "CUDA 13.0"), ("6.3", "HIP 6.3")):
        monkeypatch.setattr(torch.version, "hip", hip)
        found = machine(card, 2)
        assert (found.name, found.build, found.memory_bytes) == ("Card", build, 456)


def test_a_program_is_taken_at_its_word_where_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert looked._said("tells", "a word") == ""
    program = tmp_path / "tells"
    program.write_text('#!/bin/sh\necho " $1 "\nexit $2\n')
    program.chmod(0o755)
    assert looked._said("tells", "a word", "0") == "a word"
    assert looked._said("tells", "a word", "1") == ""
    program.write_text("no program of this machine")
    assert looked._said("tells", "a word", "0") == ""
