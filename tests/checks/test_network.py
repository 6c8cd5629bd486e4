"""The command for a new network runs what the guide lists, and stops where something fails."""

from __future__ import annotations

import pytest

from checks import network
from cnnref import CnnrefError
from website.places import DOCS


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Commands that are not run but written down; those of faults fail."""
    found: list[tuple[str, ...]] = []

    def run(*command: str) -> bool:
        found.append(command)
        return command[0] != "faults"

    monkeypatch.setattr(network, "module", run)
    monkeypatch.setattr(network, "script", run)
    return found


def test_the_first_step_that_fails_is_the_last(
    ran: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert network.main(["squeezenet1_0"]) == 1
    assert ran == [
        ("ruff", "format", "cnnref"), ("ruff", "check", "cnnref"),
        ("cnnref", "check", "squeezenet1_0"), ("faults", "--networks", "squeezenet1_0"),
    ]  # fmt: skip
    assert capsys.readouterr().out.splitlines()[-1] == (
        "network: squeezenet1_0 stops at: every fault in both books"
    )


def test_each_step_is_of_the_guide(ran: list[tuple[str, ...]]) -> None:
    text = (DOCS / "contributing.md").read_text(encoding="utf-8")
    assert "scripts/check network squeezenet1_0" in text
    for title, run in network.steps("squeezenet1_0"):
        run()
        assert title in text
    assert ran[-1] == ("pytest", "-q", "-k", "squeezenet1_0")


def test_a_name_that_is_not_there_says_what_to_write(ran: list[tuple[str, ...]]) -> None:
    with pytest.raises(CnnrefError, match="'mobilenet' is no network of the catalogue yet"):
        network.main(["mobilenet"])
    assert ran == []
