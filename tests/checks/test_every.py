"""Checks of one process run beside each other, and each is heard in one piece."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from checks import every

if TYPE_CHECKING:
    import pytest

# says a word, waits until another process has said its own, and says one more
WAITS = """
import pathlib, sys, time
own, other, code = sys.argv[1:]
print(own, "begins", flush=True)
pathlib.Path(own).touch()
for _ in range(6000):
    if pathlib.Path(other).exists():
        break
    time.sleep(0.01)
print(own, "ends", file=sys.stderr)
sys.exit(int(code) if pathlib.Path(other).exists() else 9)
"""


def test_checks_wait_for_none_and_a_failed_one_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    commands = {"one": ("-c", WAITS, one, two, "0"), "two": ("-c", WAITS, two, one, "1")}
    results = [*every.together(commands)]
    assert [(name, passed) for name, passed, _ in results] == [("one", True), ("two", False)]
    assert every.summary(results) == 1
    said = capsys.readouterr().out
    assert f"== one\n{one} begins\n{one} ends\n\n== two\n{two} begins\n{two} ends\n" in said
    assert said.endswith("failed: two\n")


def test_the_fast_run_leaves_out_the_site_and_the_slow_tests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(every, "call", lambda command, **_: ran.append(command) or 0)
    monkeypatch.setattr(every.browser, "find_browser", lambda: "chromium")
    for fast, names in ((False, ["pytest", "site", "browser"]), (True, ["pytest"])):
        checks = every.heavy(fast)
        assert [name for name, _ in checks] == names
        assert all(check() for _, check in checks)
    assert [command[-1] for command in ran] == ["15", "--twice", "browser", "not slow"]
