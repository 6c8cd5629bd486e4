"""When a site is built again, and when it is not."""

from __future__ import annotations

import os
import re
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from website import build as site_build
from website import drift
from website.kept import reach, shelf
from website.kept.reach import SKIPPED


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page of a checkout whose build does nothing but make a folder."""
    page = tmp_path / "docs" / "index.md"
    (tmp_path / "docs" / "generated").mkdir(parents=True)
    page.write_text("one", encoding="utf-8")
    for name in ("cnnref", "scripts"):
        (tmp_path / name).mkdir()
    places = {
        "ROOT": "", "SITE": "site", "CACHE": "cache", "STAMP": "cache/site.json",
        "GENERATED": "docs/generated", "THIS": "cache/this.json",
    }  # fmt: skip
    for name, place in places.items():
        monkeypatch.setattr(site_build, name, tmp_path / place)
    monkeypatch.setattr(drift, "STAMP", tmp_path / "cache" / "generated")
    (tmp_path / "cache").mkdir()
    generated = tmp_path / "docs" / "generated" / "table.csv"
    monkeypatch.setattr(site_build, "generate", lambda: generated.write_text(page.read_text()))
    monkeypatch.setattr(site_build, "measure", lambda: None)
    monkeypatch.setattr(site_build, "check", lambda _: None)
    monkeypatch.setattr(site_build, "mkdocs", made(page))
    return page


def made(page: Path) -> Callable[..., AbstractContextManager[None]]:
    @contextmanager
    def mkdocs(target: Path, **_: object) -> Iterator[None]:
        yield
        target.mkdir(parents=True)
        (target / "index.html").write_text(page.read_text(encoding="utf-8"), encoding="utf-8")

    return mkdocs


def test_what_is_unchanged_is_not_built_again(source: Path) -> None:
    assert site_build.build() == "1 files in site/"
    assert site_build.build() == "unchanged, nothing to build"
    source.write_text("two", encoding="utf-8")
    assert site_build.build() == "1 files in site/"
    (site_build.SITE / "index.html").unlink()
    assert site_build.build() == "1 files in site/"


def test_a_file_that_changes_during_the_build_is_built_the_next_time(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mkdocs = made(source)

    @contextmanager
    def slow(target: Path, **_: object) -> Iterator[None]:
        with mkdocs(target):
            yield
        source.write_text("edited meanwhile", encoding="utf-8")

    monkeypatch.setattr(site_build, "mkdocs", slow)
    assert "the next run builds again" in site_build.build()
    monkeypatch.setattr(site_build, "mkdocs", mkdocs)
    assert site_build.build() == "1 files in site/"
    assert (site_build.SITE / "index.html").read_text(encoding="utf-8") == "edited meanwhile"


@pytest.mark.parametrize("left", [b"", b'{"inputs": "a', b"\xff\xfe", b"null", b"[]"])
def test_a_stamp_that_was_cut_short_is_of_another_build(source: Path, left: bytes) -> None:
    site_build.build()
    site_build.STAMP.write_bytes(left)
    assert site_build.build() == "1 files in site/"
    assert site_build.build() == "unchanged, nothing to build"


def test_two_builds_that_differ_are_told_and_neither_is_shown(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mkdocs = made(source)
    assert site_build.build(force=True, twice=True) == "1 files in site/"

    @contextmanager
    def unlike(target: Path, *, keeping: bool = True) -> Iterator[None]:
        with mkdocs(target):
            yield
        (target / "made.txt").write_text(f"with what was kept: {keeping}")

    monkeypatch.setattr(site_build, "mkdocs", unlike)
    with pytest.raises(site_build.BuildError, match="differ in made"):
        site_build.build(force=True, twice=True)
    assert [path.name for path in site_build.SITE.iterdir()] == ["index.html"]


def test_what_nobody_signed_is_not_shown(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = source.parent / "measured" / "machine.json"
    record.parent.mkdir()
    record.write_text("{}", encoding="utf-8")
    with pytest.raises(site_build.BuildError, match="1 files are not as they were signed"):
        site_build.build()
    assert "docs/measured/machine.json: nobody signed it; " in capsys.readouterr().out


def test_the_command_says_what_was_done_or_why_nothing_was(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[dict[str, bool]] = []

    def build(**how: bool) -> str:
        asked.append(how)
        if how["twice"]:
            raise site_build.BuildError("two builds differ")
        return "7 files in site/"

    monkeypatch.setattr(site_build, "build", build)
    monkeypatch.setenv(SKIPPED, "")
    monkeypatch.delenv(SKIPPED)
    plain = {"force": False, "twice": False, "no_measure": False}
    assert site_build.main(Namespace(**plain)) == 0
    assert re.fullmatch(r"site: 7 files in site/, \d+\.\d s in all\n", capsys.readouterr().out)
    assert SKIPPED not in os.environ
    assert site_build.main(Namespace(**plain | {"force": True, "no_measure": True})) == 0
    assert os.environ[SKIPPED] == "1"
    assert site_build.main(Namespace(**plain | {"twice": True})) == 1
    assert capsys.readouterr().out.endswith("\nsite: two builds differ\n")
    assert [tuple(how.values()) for how in asked] == [
        (False, False, True), (True, False, False), (True, True, True),
    ]  # fmt: skip


@pytest.mark.parametrize("code", [0, 1])
def test_a_build_says_how_far_it_is_and_all_that_it_said_where_it_fails(
    code: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = f"import os; print({site_build.PROGRESS!r} + '20 pages'); print('INFO'); "
    lines += f"print(os.environ.get({site_build.KEEPING!r})); raise SystemExit({code})"
    real = site_build.child
    monkeypatch.setattr(
        site_build, "child", lambda _, **options: real([sys.executable, "-c", lines], **options)
    )
    if code:
        failed = pytest.raises(site_build.BuildError, match="mkdocs build failed")
        with failed, site_build.mkdocs(tmp_path, keeping=False):
            pass
        assert capsys.readouterr().out.endswith("  made 20 pages\nINFO\nNone\n\n")
    else:
        with site_build.mkdocs(tmp_path):
            pass
        assert capsys.readouterr().out == "  made 20 pages\n"


@pytest.mark.parametrize(
    ("edited", "steady"),
    [("docs/index.md", True), ("docs/peers/counts.csv", False), ("cnnref/net.py", False)],
)
def test_what_is_made_while_its_sources_change_is_not_kept(
    edited: str, steady: bool, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = source.parents[1]
    monkeypatch.setattr(reach, "DOCS", root / "docs")
    monkeypatch.setattr(shelf, "FOLDER", root / "cache" / "kept")
    monkeypatch.setattr(drift, "STAMP", root / "cache" / "generated")
    monkeypatch.setenv(shelf.KEEPING, "1")
    (root / "docs" / "peers").mkdir()
    things, mkdocs = shelf.Shelf("things"), made(source)
    things.keep("before", 1)

    @contextmanager
    def slow(target: Path, **_: object) -> Iterator[None]:
        with mkdocs(target):
            yield
        things.keep("meanwhile", 2)
        drift.STAMP.write_text("generated of what is there")
        (root / edited).write_text("an edit", encoding="utf-8")

    monkeypatch.setattr(site_build, "mkdocs", slow)
    site_build.build()
    assert (things.find("before"), things.find("meanwhile")) == (1, 2 if steady else None)
    assert drift.STAMP.exists() is steady
