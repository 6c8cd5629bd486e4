"""Whatever lies in the cache may be cut, empty or of another version: it is made again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from measured_samples import made

from studies.ledger import Ledger
from studies.machines import run as measure_run
from studies.machines.plan import Case
from studies.machines.record import write
from studies.zoo import records as zoo_records
from website.charts import draw
from website.kept import shelf as kept
from website.kept.reads import Reads
from website.measured import site as site_measured

# what is asked of a cache: the first time it is filled, and each time the answer is the same
Ask = Callable[[Path, pytest.MonkeyPatch], Any]
SPEC = {"mark": "bar", "title": "é"}


def drawing(folder: Path, patch: pytest.MonkeyPatch) -> object:
    patch.setattr(draw, "CACHE", folder)
    patch.setattr(draw, "convert", lambda spec: f'<svg id="{spec["title"]}"/>')
    return draw.svg(SPEC, 300, "a")


def library(folder: Path, patch: pytest.MonkeyPatch) -> object:
    patch.setattr(draw, "CACHE", folder)
    patch.setattr(draw, "bundle", lambda: "let é;\r\n")
    return draw.assets()


def shelved(folder: Path, patch: pytest.MonkeyPatch) -> object:
    patch.setattr(kept, "FOLDER", folder)
    patch.setenv(kept.KEEPING, "1")
    return kept.Shelf("things").get("key", lambda: {"é": [1, 22, 64]})


def lines(folder: Path, patch: pytest.MonkeyPatch) -> object:
    """Two entries; what of them is lost is done again."""
    place = folder / "lines.jsonl"
    ledger = Ledger(place, "key", lambda stated: (stated["case"], stated["macs"]))
    for case, macs in (("é", 1), ("b", 22)):
        if case not in dict(ledger):
            ledger.add({"case": case, "macs": macs})
    return dict(ledger)


def reads(folder: Path, patch: pytest.MonkeyPatch) -> object:
    """What a process gave, as a notebook or a journey through the files, by what it read."""
    patch.setattr(kept, "FOLDER", folder)
    patch.setenv(kept.KEEPING, "1")
    found = Reads("things")
    if found.find("told") is None:
        found.keep("told", ("cnnref/errors.py",), {"content": "64 filters"})
    return found.find("told")


def this_machine(folder: Path, patch: pytest.MonkeyPatch) -> object:
    """The record of the machine that builds: where it cannot be read it is not shown."""
    place = folder / "this-machine.json"
    patch.setattr(site_measured, "THIS", place)
    patch.delenv(site_measured.SKIPPED, raising=False)
    site_measured.machines.cache_clear()
    if not any(one.here for one in site_measured.machines()):
        write(made(), place)
    site_measured.machines.cache_clear()
    found = [one.record for one in site_measured.machines() if one.here]
    site_measured.machines.cache_clear()
    return found


def harms(data: bytes) -> Iterator[bytes]:
    """Empty, cut, of another version, another file, and with one bit that differs."""
    yield from (b"", data[: len(data) // 2], data[:-1], data[:-9], b"null", b"{}", b"[1]", b"\xff")
    yield data.replace(b"6", b"7").replace(b"22", b"23").replace(b"schema", b"skema")
    for place in range(0, len(data), max(1, len(data) // 40)):
        yield data[:place] + bytes([data[place] ^ 2]) + data[place + 1 :]


@pytest.mark.parametrize("ask", [drawing, library, shelved, lines, reads])
def test_what_was_cut_or_changed_is_made_again(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = ask(tmp_path, monkeypatch)
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert kept
    for path in kept:
        whole = path.read_bytes()
        for harmed in harms(whole):
            path.write_bytes(harmed)
            assert ask(tmp_path, monkeypatch) == right
            assert ask(tmp_path, monkeypatch) == right
            path.write_bytes(whole)


def test_a_record_of_this_machine_that_was_cut_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = this_machine(tmp_path, monkeypatch)
    assert right
    path = tmp_path / "this-machine.json"
    whole = path.read_bytes()
    for harmed in (b"", whole[: len(whole) // 2], b"null", b"{}", b"[1]", b"\xff", b"[" * 100_000):
        path.write_bytes(harmed)
        assert this_machine(tmp_path, monkeypatch) == right


def test_what_was_kept_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = drawing(tmp_path, monkeypatch)
    monkeypatch.setattr(draw, "convert", None)
    assert draw.svg(SPEC, 300, "a") == right
    assert lines(tmp_path, monkeypatch) == {"é": 1, "b": 22}
    size = (tmp_path / "lines.jsonl").stat().st_size
    lines(tmp_path, monkeypatch)
    assert (tmp_path / "lines.jsonl").stat().st_size == size


@pytest.fixture
def building(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "FOLDER", tmp_path)
    monkeypatch.setenv(kept.KEEPING, "1")


@pytest.mark.usefixtures("building")
def test_a_shelf_gives_what_was_kept_and_forgets_what_nobody_asks_for() -> None:
    before = kept.WORK["things"]
    for _ in range(2):
        shelf = kept.Shelf("things")
        assert shelf.get("a", dict, [("one", 1)]) == {"one": 1}
    assert kept.WORK["things"] == before + 1
    shelf.keep("b", "two")
    shelf.sweep()
    assert kept.Shelf("things").find("b") == "two"
    kept.Shelf("things").sweep()
    assert kept.Shelf("things").find("a") is kept.Shelf("things").find("b") is None


@pytest.mark.usefixtures("building")
def test_what_is_no_build_takes_nothing_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    kept.Shelf("things").keep("a", "old")
    monkeypatch.delenv(kept.KEEPING)
    shelf = kept.Shelf("things")
    assert shelf.get("a", lambda: "new") == "new"
    shelf.sweep()
    monkeypatch.setenv(kept.KEEPING, "1")
    assert kept.Shelf("things").find("a") == "old"


@pytest.mark.usefixtures("building")
def test_what_a_preview_complains_of_is_not_kept_and_a_build_refuses_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def make() -> str:
        kept.doubt(ValueError("a number is unlikely"))
        return "a page"

    shelf = kept.Shelf("things")
    with pytest.raises(ValueError, match=r"^a number is unlikely$"):
        shelf.get("a", make)
    monkeypatch.setenv(kept.PREVIEWED, "1")
    for _ in range(2):
        assert shelf.get("a", make) == "a page"
    assert caplog.messages == ["a number is unlikely"] * 2
    assert shelf.find("a") is None


def test_files_that_lie_elsewhere_are_known_by_name_and_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one", encoding="utf-8")
    before = kept.files([tmp_path])
    assert kept.files([tmp_path]) == before
    (tmp_path / "a").write_text("two", encoding="utf-8")
    assert kept.files([tmp_path]) != before
    (tmp_path / "a").write_text("one", encoding="utf-8")
    (tmp_path / "a").rename(tmp_path / "b")
    assert kept.files([tmp_path]) != before


def test_a_file_of_the_checkout_is_named_by_its_way_in_it() -> None:
    assert kept.file(kept.ROOT / "docs" / "count.md").startswith(b"docs/count.md\0")


def test_lines_of_another_key_are_not_there(tmp_path: Path) -> None:
    Ledger(tmp_path / "x", "old", dict).add({"a": 1})
    assert list(Ledger(tmp_path / "x", "new", dict)) == []
    assert list(Ledger(tmp_path / "x", "old", dict)) == [{"a": 1}]


def test_both_long_runs_go_on_from_such_lines(tmp_path: Path) -> None:
    book = measure_run.Book(tmp_path / "a", "key")
    book.add(Case("vgg16"), {"reason": "none"})
    assert measure_run.Book(tmp_path / "a", "key").found == {Case("vgg16"): {"reason": "none"}}
    entry = zoo_records.Record("torchvision", "classification", "resnet18", macs=1)
    zoo_records.Book(tmp_path / "b").add(entry)
    assert list(zoo_records.Book(tmp_path / "b").records.values()) == [entry]
