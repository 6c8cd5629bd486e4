"""Tables that print a record line by line: of a small record, every cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bs4 import BeautifulSoup

from studies.operators import record
from studies.operators.record import Finding
from website.chapters import zoo
from website.chapters.conventions import operators

if TYPE_CHECKING:
    import pytest


def cells(html: object) -> list[list[str]]:
    page = BeautifulSoup(str(html), "html.parser")
    return [[cell.get_text() for cell in row.select("th, td")] for row in page.select("tr")]


def model(family: str, name: str, macs: int, ms: float, **changes: Any) -> dict[str, Any]:
    found = {"library": "lib", "family": family, "name": name, "macs": macs, "torch_macs": macs}
    return {**found, "seconds": ms / 1e3, "uncounted": "", "error": "", **changes}


MODELS = (
    model("two_sizes", "small", 10**9, 10.0),
    model("two_sizes", "large", 2_345_678_000_000, 40.0, torch_macs=2_345_678_000_001),
    model("two_sizes", "middle", 5 * 10**9, 20.0),
    model("one", "alone", 1_234_000_000, 5.4, uncounted="swoosh"),
    model("none", "broken", 0, 7.6, error="not built: no weights"),
)


def test_a_family_has_its_models_its_range_of_costs_and_its_median_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(zoo, "entries", lambda: MODELS)
    assert cells(zoo.families()) == [
        ["family", "library", "models", "equal", "GMACs", "ms, median"],
        ["two sizes", "lib", "3", "2", "1.00 to 2,345.68", "20"],
        ["one", "lib", "1", "0", "1.23", "5"],
        ["none", "lib", "1", "0", "–", "8"],
    ]
    assert cells(zoo.exceptions()) == [
        ["model", "library", "what came of it"],
        ["large", "lib", "differs by -1 MACs"],
        ["alone", "lib", "not counted: swoosh"],
        ["broken", "lib", "not built: no weights"],
    ]
    monkeypatch.setattr(zoo, "entries", lambda: MODELS[:1])
    assert zoo.exceptions() == "<p>None.</p>"


def test_a_number_of_the_zoos_summary_is_found_by_its_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    summary = {"models": 12345, "date": "2026", "median": {"ms": 1234.5}}
    monkeypatch.setattr(zoo, "json_of", lambda _: summary)
    assert [zoo.zoo(path) for path in ("models", "date", "median.ms")] == [
        "12,345", "2026", "1,234.5"
    ]  # fmt: skip


def test_an_operator_has_what_a_trace_says_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = [f"k{n}" for n in range(7)]
    found = (
        Finding("add", "free", calls=1200),
        Finding("conv", "counted", " ".join(kinds[:6]), 4, 3, 2),
        Finding("odd", "not on the CPU", " ".join(kinds), note="no kernel"),
    )
    monkeypatch.setattr(record, "read", lambda: found)
    assert cells(operators.operators_table()) == [
        ["operator", "what it is", "kinds of rows", "calls", "as PyTorch counts", "as by force"],
        ["add", "free", "–", "1200", "–", "–"],
        ["conv", "counted", "k0, k1, k2, k3, k4, k5", "4", "3", "2"],
        ["odd", "does not run on the CPU (no kernel)", "k0, k1, k2, k3, k4, k5 and more",
         "0", "–", "–"],
    ]  # fmt: skip
    assert [operators.operators_with(of) for of in ("", "free", "counted")] == ["3", "1", "1"]
    assert operators.operator_calls() == "1,204"
    assert operators.operator_calls("by_torch") == "3"
