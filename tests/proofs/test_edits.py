"""Edits of one thing of every kind: each can be made, and what is stale or too much is named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cnnref.errors import CnnrefError
from proofs.edits import EDITS, SITES, Edit, main, nothing_kept, over, within
from website.places import ROOT


@pytest.mark.parametrize("name", EDITS)
def test_every_edit_changes_its_file(name: str, tmp_path: Path) -> None:
    edit = EDITS[name]
    path = tmp_path / edit.path
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / edit.path, path)
    edit.apply(tmp_path)
    assert path.read_bytes() != (ROOT / edit.path).read_bytes()
    # a module of the same size might be taken for what was compiled before
    module = path.suffix == ".py" and not edit.path.startswith("docs/")
    assert not module or path.stat().st_size != (ROOT / edit.path).stat().st_size


def test_an_edit_of_what_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("A sentence.\n")
    with pytest.raises(CnnrefError, match=r"a\.md does not hold 'Another'"):
        Edit("a.md", "Another", "One", {}).apply(tmp_path)
    with pytest.raises(CnnrefError, match="sentense"):
        main(["--kind", "sentense"])


def test_what_is_stale_and_what_is_too_much_is_named(tmp_path: Path) -> None:
    for name, text in (("kept", "old"), ("clean", "new"), ("back", "new")):
        (tmp_path / SITES / name).mkdir(parents=True)
        (tmp_path / SITES / name / "index.html").write_text(text)
    assert list(within(tmp_path, "clean", "back")) == []
    (fault,) = within(tmp_path, "kept", "clean")
    assert "differ in index.html" in fault
    assert list(over({"texts": 3, "pages": 1}, {"texts": 3, "pages": 1})) == []
    assert list(over({"texts": 4, "pages": 1}, {"texts": 3})) == [
        "4 texts, of 3 at the most", "1 pages, of 0 at the most",
    ]  # fmt: skip


def test_a_cache_is_empty_meanwhile_and_then_what_it_was(tmp_path: Path) -> None:
    for name in ("kept", "npm"):
        (tmp_path / ".cache" / name).mkdir(parents=True)
    with nothing_kept(tmp_path):
        assert [path.name for path in (tmp_path / ".cache").iterdir()] == ["npm"]
        (tmp_path / ".cache" / "kept").mkdir()
        (tmp_path / ".cache" / "kept" / "new").write_text("")
    assert sorted(path.name for path in (tmp_path / ".cache").rglob("*")) == ["kept", "npm"]
