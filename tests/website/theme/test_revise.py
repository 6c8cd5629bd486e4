"""The page to revise from holds what each chapter says to remember, and no chapter is left out."""

import re

import pytest

from cnnref.errors import CnnrefError
from website.places import DOCS
from website.theme import revise


def test_every_chapter_with_something_to_remember_is_on_the_page():
    boxes = {path.name for path in DOCS.glob("*.md") if revise.BOX.search(path.read_text())}
    assert boxes == {*revise.CHAPTERS}
    page = revise.markdown()
    assert page.count("\n## [") == len(revise.CHAPTERS)
    for chapter in revise.CHAPTERS:
        box = revise.BOX.search((DOCS / chapter).read_text())[1]
        for item in re.findall(r"^- .*$", box, re.MULTILINE):
            assert revise.OWN_PLACE.sub(f"{chapter}#", item) in page
    assert "](#" not in page
    stated = set(re.findall(r'rule\("(\w+)", "(\w+)"', page))
    costs = {(op, count) for op in ("conv", "linear") for count in ("parameters", "macs")}
    assert stated >= costs | {("conv", "size"), ("conv", "elements_out")}


def test_a_chapter_without_a_box_is_refused(monkeypatch):
    monkeypatch.setattr(revise, "CHAPTERS", ("glossary.md",))
    with pytest.raises(CnnrefError, match=r"^glossary\.md has no box of what to remember"):
        revise.markdown()
