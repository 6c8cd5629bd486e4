"""When the generated files are written again, and when their two books are compared again."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnref.networks.agreement import Agreement
from website import build, drift, publish
from website.kept import reach
from website.kept import shelf as kept


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What everything comes to, and the runs of a generator that takes no time."""
    runs: list[str] = []
    monkeypatch.setattr(drift, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(drift, "GENERATED", tmp_path / "generated")
    (tmp_path / "generated").mkdir()
    monkeypatch.setattr(publish, "outputs", lambda **_: runs.append("run") or {"a.csv": b"a\n1\n"})

    def sources(*_: str) -> str:
        found = [*(tmp_path / "generated").glob("*.csv")]
        return kept.digest("code", *(path.read_bytes() for path in found))

    monkeypatch.setattr(reach, "macros", sources)
    return runs


def test_a_build_writes_them_again_where_anything_has_changed(
    state: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(kept.KEEPING, "1")
    monkeypatch.setattr(build, "call", lambda *_, **__: drift.main(check=False))
    for _ in range(2):
        build.generate()
    assert len(state) == 1
    (drift.GENERATED / "a.csv").write_text("a\n2\n")
    build.generate()
    assert len(state) == 2
    assert (drift.GENERATED / "a.csv").read_text() == "a\n1\n"


def test_the_command_alone_and_the_check_compute_each_time(state: list[str]) -> None:
    for _ in range(2):
        drift.main(check=False)
    assert len(state) == 2
    drift.main(check=True)
    assert len(state) == 3


def test_what_a_check_found_as_computed_no_build_computes_again(
    state: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "call", lambda *_, **__: drift.main(check=False))
    path = drift.GENERATED / "a.csv"
    path.write_text("a\n2\n")
    assert drift.main(check=True) == 1
    build.generate()
    assert len(state) == 2
    assert path.read_text() == "a\n1\n"
    assert drift.main(check=True) == 0
    build.generate()
    assert len(state) == 3
    path.write_text("a\n2\n")
    build.generate()
    assert len(state) == 4


def test_a_check_says_nothing_of_files_that_change_while_it_computes(
    state: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def outputs(**_: object) -> dict[str, bytes]:
        (drift.GENERATED / "b.csv").write_text("b\n1\n")
        return {"a.csv": b"a\n1\n"}

    monkeypatch.setattr(publish, "outputs", outputs)
    (drift.GENERATED / "a.csv").write_text("a\n1\n")
    drift.main(check=True)
    assert not drift.STAMP.exists()
    assert not drift.fresh()


def test_two_books_are_compared_again_where_one_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def check(name: str) -> Agreement:
        asked.append(name)
        return Agreement(name, 1, 0, (8,), ())

    monkeypatch.setattr(kept, "FOLDER", tmp_path)
    monkeypatch.setenv(kept.KEEPING, "1")
    monkeypatch.setattr(publish, "check", check)
    names = ("zfnet", "alexnet")
    first = list(publish.network_rows(names))
    assert list(publish.network_rows(names)) == first
    assert asked == [*names]
    books = reach.books
    monkeypatch.setattr(reach, "books", lambda name: books(name) + "!" * (name == "zfnet"))
    assert list(publish.network_rows(names)) == first
    assert asked == [*names, "zfnet"]
