"""A stop stays on the line of the short formula before it."""

import re

import pytest

from website.kept.shelf import WORK
from website.theme import math

BOX = '<span class="arithmatex">\\({}\\)</span>{}'


@pytest.fixture(autouse=True)
def letters(monkeypatch):
    monkeypatch.setattr(math, "formula", lambda marked: f"<i>{marked}</i>")


@pytest.mark.parametrize("stop", [".", ",", ").", "?"])
def test_a_stop_stays_with_a_short_formula(stop):
    shown = math.render(f"for all {BOX.format('x', stop)} The authors")
    assert shown == f'for all <span class="unbroken"><i>\\(x\\)</i>{stop}</span> The authors'


@pytest.mark.parametrize(
    "marked",
    [
        BOX.format("x", " of"),
        BOX.format("x" * math.SHORT, "."),
        '<div class="arithmatex">\\[x\\]</div>.',
    ],
)
def test_what_has_no_stop_or_has_to_break_stays_as_it_is(marked):
    shown = math.render(marked)
    assert "unbroken" not in shown
    _, formula, rest = re.split(r"<[^>]*>", marked)
    assert shown == f"<i>{formula}</i>{rest}"


def test_a_formula_is_short_up_to_a_length_with_its_marks():
    marks = len("\\(\\)")
    for more, unbroken in ((0, True), (1, False)):
        shown = math.render(BOX.format("x" * (math.SHORT - marks + more), "."))
        assert ("unbroken" in shown) is unbroken


@pytest.mark.parametrize(("url", "up"), [("", ""), ("networks/vgg16/", "../../"), ("a.html", "")])
def test_a_page_with_a_formula_alone_has_the_style_sheet_of_formulas(url, up):
    page = "<html><head><title>t</title></head><body>{}</body></html>"
    shown = math.link_stylesheet(page.format('<span class="katex">x</span>'), url)
    (link,) = re.findall(r'<link rel="stylesheet" href="([^"]*)"></head>', shown)
    assert link.startswith(f"{up}assets/")
    assert math.link_stylesheet(page.format("x"), url) == page.format("x")


def test_a_formula_is_set_once_and_counted_once():
    before = WORK["formulas"]
    first = math.convert("x_{4711}", display=False)
    assert math.convert("x_{4711}", display=False) is first
    assert WORK["formulas"] == before + 1
    assert math.convert("x_{4711}", display=True) != first
    assert WORK["formulas"] == before + 2
    math.close()
