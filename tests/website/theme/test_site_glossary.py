"""The glossary: links to it say what a word means, and chapters and glossary lead to each other."""

import re
from pathlib import Path

import pytest

from website.theme import glossary as site_glossary

DOCS = Path(__file__).resolve().parents[3] / "docs"
CHAPTERS = ("history", "alexnet", "zfnet", "vgg", "googlenet", "resnet", "complexity", "after")
GLOSSARY = """<dl>
<dt><a href="#mac" id="mac">MAC</a></dt>
<dd>A multiply-accumulate: one <a href="#x">multiplication</a>
&amp; one addition. Counted once.</dd>
<dt><a href="#x" id="x">x</a></dt>
<dd>One. {long}</dd></dl>"""


def text(name):
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def test_a_link_gets_the_meaning_as_its_title(tmp_path):
    long = "Two is long: " + "a" * 300 + "."
    (tmp_path / "glossary.html").write_text(GLOSSARY.format(long=long))
    page = tmp_path / "networks" / "a.html"
    page.parent.mkdir()
    page.write_text(
        '<a href="../glossary.html#mac">a</a> <a href="../glossary.html#x">b</a> '
        '<a href="../glossary.html#none">c</a> <a href="other.html#mac">d</a>'
    )
    site_glossary.explain(tmp_path)
    assert page.read_text() == (
        '<a title="A multiply-accumulate: one multiplication &amp; one addition. Counted once." '
        'href="../glossary.html#mac">a</a> <a title="One." href="../glossary.html#x">b</a> '
        '<a href="../glossary.html#none">c</a> <a href="other.html#mac">d</a>'
    )
    before = page.read_text()
    site_glossary.explain(tmp_path)
    assert page.read_text() == before


def test_a_site_without_a_glossary_stays_as_it_is(tmp_path):
    site_glossary.explain(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_chapter_leads_to_the_glossary(chapter):
    words = re.findall(r"\(glossary\.md#([\w-]+)\)", text(chapter))
    known = set(re.findall(r"\{ #([\w-]+)\}", text("glossary")))
    assert words
    assert set(words) <= known


def test_the_glossary_leads_to_the_chapters():
    led = set(re.findall(r"\((\w+)\.md#", text("glossary")))
    assert {"alexnet", "vgg", "googlenet", "resnet", "complexity", "conventions"} <= led


def test_every_entry_is_its_own_link_and_the_entries_of_a_part_stand_in_order():
    for part in text("glossary").split("\n## ")[1:]:
        entries = re.findall(r"^\[([^\]]+)\]\(#([\w-]+)\)\{ #([\w-]+)\}$", part, re.MULTILINE)
        assert all(there == here for _, there, here in entries)
        assert len(entries) == part.count("\n:   ")
        names = [name.lower() for name, _, _ in entries]
        assert names == sorted(names) or part.startswith(("Counting", "Sizes"))
