"""The comparison's tables: of a small record, every cell that they print."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup

from website.chapters import peers


def run(tool: str, device: str, total: float, ms: float, network: str = "net") -> dict[str, Any]:
    where = {"tool": tool, "network": network, "device": device, "total": total}
    return {**where, "call_ms": ms, "following_ms": ms / 2, "process_s": ms / 100, "peak_mib": ms}


RECORDS: dict[str, Any] = {
    "benchmark": {
        "date": "2026-01-02",
        "machine": {"processor": "A & B", "cores": 4},
        "versions": {"python": "3.11", "torch": "2.13"},
        "rounds": 3,
        "runs": [
            run("nothing", "cpu", 0, 50.0),
            *(run("cnnref", "cpu", 2e9, ms) for ms in (100.0, 300.0, 200.0)),
            run("FlopCounterMode", "cpu", 4e9, 2000.0),
            run("thop", "cpu", 2.1e9, 1250.0),
            run("nothing", "meta", 0, 25.0),
            run("cnnref", "meta", 2e9, 40.0),
            run("FlopCounterMode", "meta", 4e9, 10.0),
        ],
        "growth": [
            {
                "tool": "cnnref",
                "growth": [
                    {"convolutions": 10, "processor_ms": 2.0},
                    {"convolutions": 50, "processor_ms": 9.0},
                    {"convolutions": 100, "processor_ms": 2000.0},
                ],
            }
        ],
        "start": {
            "network": "net",
            "peer": "thop",
            "cnnref_ms": [31.0, 20.0, 50.0],
            "peer_ms": [3100.0, 1.0, 9000.0],
        },
    },
    "trials": {
        "date": "2026-03-04",
        "trials": [
            {"key": "conv", "title": "a convolution", "macs": 1000},
            {"key": "odd", "title": "an odd one", "macs": 3000},
        ],
        "tools": [
            {
                "tool": "cnnref",
                "counts": {
                    "conv": {"macs": 1000.0, "partial": False},
                    "odd": {"macs": 0.0, "partial": True},
                },
                "left": [],
                "left_after_failure": [],
                "names_unknown": True,
            },
            {
                "tool": "thop",
                "counts": {
                    "conv": {"macs": 2000.0, "partial": False},
                    "odd": {"error": "TypeError: no"},
                },
                "left": ["hooks", "buffers"],
                "left_after_failure": ["mode"],
                "names_unknown": False,
            },
        ],
        "features": [{"title": "a table", "tools": {"cnnref": "cnnref:trace", "thop": "thop:p"}}],
    },
    "disturbed": {
        "tools": [
            {
                "tool": "cnnref",
                "interrupted": {"signals": 3000, "changed": 0, "what": {}},
                "together": {"counts": 80, "right": 79},
                "beside": {"steps": 30, "same": 29},
            },
            {
                "tool": "thop",
                "interrupted": {"signals": 3000, "changed": 1200, "what": {"hooks": 3, "mode": 1}},
                "together": {"crashed": True},
                "beside": {"crashed": True},
            },
            {
                "tool": "other",
                "interrupted": {"crashed": True},
                "together": {"counts": 2, "right": 1},
                "beside": {"steps": 4, "same": 3},
            },
        ]
    },
}


@pytest.fixture(autouse=True)
def records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "record", RECORDS.__getitem__)


def cells(html: object) -> list[list[str]]:
    page = BeautifulSoup(str(html), "html.parser")
    return [[cell.get_text() for cell in row.select("th, td")] for row in page.select("tr")]


TABLES = {
    "peer_trials": [
        ["module", "MACs", "cnnref", "thop"],
        ["a convolution", "1,000", "right", "2 ×"],
        ["an odd one", "3,000", "0, says so", "fails"],
    ],
    "peer_state": [
        ["counter", "changed by a call", "changed when forward fails", "names an unknown operator"],
        ["cnnref", "nothing", "nothing", "yes"],
        ["thop", "hooks, buffers", "mode", "no"],
    ],
    "peer_disturbed": [
        ["counter", "modules changed by interrupts", "what of them", "right in several threads",
         "training steps as without it"],
        ["cnnref", "0 of 3,000", "nothing", "79 of 80", "29 of 30"],
        ["thop", "1,200 of 3,000", "hooks, mode", "the process crashed", "the process crashed"],
        ["other", "the process crashed", "", "1 of 2", "3 of 4"],
    ],
    "peer_features": [
        ["feature", "cnnref", "FlopCounterMode", "fvcore", "torchinfo", "ptflops", "thop",
         "torchprofile", "torchscan"],
        ["a table", "yes", *"––––", "yes", *"––"],
    ],
    "peer_totals": [
        ["network", "M MACs", "FlopCounterMode, halved", "thop"],
        ["net", "2,000.0", "0", "+5.00%"],
    ],
    "peer_growth": [
        ["counter, ms", "10 convolutions", "50 convolutions", "100 convolutions", "power"],
        ["cnnref", "2.0", "9.0", "2,000.0", "3.00"],
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_the_comparison_prints_its_record(name: str) -> None:
    assert cells(peers.MACROS[name]()) == TABLES[name]


def test_times_are_medians_and_the_fastest_other_counter_is_named() -> None:
    assert cells(peers.times_table("cpu", "call")) == [
        ["network", "cnnref", "FlopCounterMode", "thop", "cnnref is faster by"],
        ["net", "200.0", "2,000.0", "1,250.0", "6.2 × (thop)"],
    ]
    assert cells(peers.times_table("meta", "following")) == [
        ["network", "cnnref", "FlopCounterMode", "cnnref is faster by"],
        ["net", "20.0", "5.0", "0.2 × (FlopCounterMode)"],
    ]


def test_a_process_is_timed_to_hundredths_and_what_did_not_run_is_a_dash() -> None:
    assert cells(peers.process_table("net")) == [
        ["counter", "s, CPU", "s, meta", "MiB, CPU", "MiB, meta"],
        ["only building it", "0.50", "0.25", "50", "25"],
        ["cnnref", "2.00", "0.40", "200", "40"],
        ["FlopCounterMode", "20.00", "0.10", "2,000", "10"],
        ["thop", "12.50", "–", "1,250", "–"],
    ]


def test_facts_of_the_comparison_are_medians_and_ratios() -> None:
    said = {name: peers.peer(name) for name in peers.FACTS}
    assert said == {
        "start_ms": "31 ms",
        "start_peer_ms": "3.1 s",
        "start_peer": "thop",
        "start_ratio": "100",
        "date": "2026-03-04",
    }
    assert peers.machine() == (
        "A &amp; B, 4 cores, 2026-01-02, medians of 3; python 3.11, torch 2.13"
    )
