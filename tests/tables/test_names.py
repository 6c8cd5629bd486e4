"""Names are text: hostile ones through every format, each read by a real reader of it."""

import csv
import io
import json
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from unicodedata import east_asian_width

import markdown
import pytest

from cnnref.counting.markup import Linked, escaped
from cnnref.counting.units import visible
from cnnref.drawing.labels import text_width, wrap
from cnnref.drawing.scene import Arrow, Box, Line, Scene, Text
from cnnref.drawing.svg import to_svg
from cnnref.net import Net
from cnnref.tables.formats import Grid, span, to_csv, to_html, to_latex, to_markdown, to_text

EXTENSIONS = [
    "abbr", "admonition", "attr_list", "def_list", "footnotes", "md_in_html", "tables",
    "pymdownx.arithmatex", "pymdownx.details", "pymdownx.highlight", "pymdownx.inlinehilite",
    "pymdownx.snippets", "pymdownx.superfences", "pymdownx.tabbed",
]  # fmt: skip
CONFIGS = {"pymdownx.arithmatex": {"generic": True}, "pymdownx.tabbed": {"alternate_style": True}}
MADE = {"body", "table", "thead", "tbody", "tr", "th", "td", "p"}
NAMES = (
    "a\rb", "a\nb", "a\r\nb", "a\tb", "a\x00b", "a\x07b", "a\x1b[2Jb", "a\x7fb", "a\x9b31mb",
    "a\u202eb", "a\u2066b", "a\u200fb", "a\u2028b", "a\ud800b", "a\ufffeb",
    '{: onclick="x()" }', 'a {: #b .c onclick="x()" }', "$x$", "$$x$$", r"\(x\)", "{{ x }}",
    "{% x %}", "# a", "## a", "a|b", r"a\|b", "a`b`c", "``a``", "`a|b`", "*a*", "**a**", "_a_",
    "[a](b)", "![a](b)", "<b>a</b>", "&amp;", "- a", "+ a", "> a", "1. a", "1) a", ": a",
    "!!! note", "??? note", '=== "a"', '--8<-- "a"', "*[a]: b", "[^1]: a", "[a]: b", "---", "```",
    "~~~", "a\\", ",a", '"a"', "'a", "=1+1", "+1", "-1", "@a", "畳み込み", "e\u0301", "👍",
)  # fmt: skip


def grid(name, caption="caption"):
    return Grid([name, "n"], "lr", ["text", "whole"], [[name, "1"]], [[name, 1]],
                [[name, "1"]], [caption, name])  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_csv_gives_back_each_name_as_it_is(name):
    read = csv.reader(io.StringIO(to_csv(grid(name)), newline=""), strict=True)
    assert [*read] == [[name, "n"], [name, "1"]]


def test_csv_has_lines_that_end_in_a_newline_and_quotes_no_more_than_it_must():
    assert to_csv(grid("a b")) == "a b,n\na b,1\n"
    assert to_csv(grid("=1+1")) == "=1+1,n\n=1+1,1\n"


@pytest.mark.parametrize("name", NAMES)
def test_markdown_shows_each_name_and_nothing_comes_of_it(name):
    text = to_markdown(grid(name, caption=name))
    assert "{{" not in text
    assert "{%" not in text
    page = markdown.markdown(text, extensions=EXTENSIONS, extension_configs=CONFIGS)
    root = ET.fromstring(f"<body>{page}</body>")
    assert [one.tag for one in root] == ["table", "p", "p"]
    assert {one.tag for one in root.iter()} <= MADE
    assert {key for one in root.iter() for key in one.attrib} <= {"style"}
    cells = [one.text for one in root.iter() if one.tag in ("th", "td")]
    assert cells == [visible(name), "n", visible(name), "1", visible(name), "1"]
    assert [one.text for one in root.iter("p")] == [f"{visible(name)}."] * 2


@pytest.mark.parametrize("name", NAMES)
def test_a_terminal_gets_letters_alone_in_columns_that_stand(name):
    lines = to_text(grid(name)._replace(heads=["layer", "n"]), width=400).split("\n")
    assert len(lines) == 8
    assert all(letter.isprintable() for line in lines for letter in line)
    head, rule, row, _, total = lines[2:7]
    assert row == total
    assert row.startswith(visible(name))
    assert span(head) == span(rule) == span(row)


def test_what_takes_two_columns_or_none_is_counted_so():
    assert all(east_asian_width(letter) == "W" for letter in "畳み")
    assert [span(text) for text in ("畳み", "e\u0301", "👍", "é", "abc")] == [4, 1, 2, 1, 3]


class Page(HTMLParser):
    """What a reader of HTML finds: elements, attributes, and the text of each cell."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.names, self.cells = set(), set(), []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.names |= {name for name, _ in attrs}
        if tag in ("th", "td", "caption"):
            self.cells.append("")

    def handle_data(self, data):
        if self.cells:
            self.cells[-1] += data


@pytest.mark.parametrize("name", NAMES)
def test_html_shows_each_name_and_nothing_comes_of_it(name):
    text = to_html(grid(name, caption=name)._replace(ids=[name]))
    page = Page(text)
    assert page.tags == {"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"}
    assert page.names == {"class", "scope", "id", "colspan"}
    said = visible(name)
    cells = [visible(cell.strip("\n")) for cell in page.cells]
    assert [cell for cell in cells if cell not in ("n", "1")] == [
        f"{said}.",
        said,
        said,
        said,
        f"{said}.",
    ]
    assert all(letter.isprintable() or letter in "\n\t" for letter in text)


def test_a_link_shows_no_more_than_it_says():
    link = escaped(Linked("a\u202eb", "#x", said="c\u202ed"))
    assert link == r'<a href="#x" aria-label="c\u202ed" title="c\u202ed">a\u202eb</a>'


@pytest.mark.parametrize("name", NAMES)
def test_latex_has_no_letter_that_acts(name):
    text = to_latex(grid(name))
    assert text.count("\n") == to_latex(grid("a")).count("\n")
    assert all(letter.isprintable() for line in text.split("\n") for letter in line)


@pytest.mark.parametrize("name", NAMES)
def test_json_gives_back_each_name_as_it_is(name):
    net = Net((3, 8, 8), name=name)
    with net.stage(name):
        net.conv(net.input, 4, kernel=3, name=name)
    text = net.table().to_json()
    assert text.isascii()
    found = json.loads(text, parse_constant=pytest.fail)
    assert (found["name"], found["rows"][0]["name"]) == (name, name)


@pytest.mark.parametrize("name", NAMES)
def test_a_drawing_says_each_name_in_xml(name):
    box = Box("conv", (0,), (Line(name), Line(name, faint=True)), name, 0, 0, 9, 9)
    arrow = Arrow(0, 0, (), ((0, 0), (0, 9)), label=name)
    scene = Scene((box,), (arrow,), (Text(name, 0, 0),), 9, 9)
    root = ET.fromstring(to_svg(scene, name, name))
    said = [one.text for one in root.iter() if one.text]
    assert said == [visible(name)] * 6
    assert not any(key.startswith("on") for one in root.iter() for key in one.attrib)


@pytest.mark.parametrize("name", NAMES)
def test_a_box_is_as_wide_as_what_is_shown_in_it(name):
    lines = wrap(name, 12, 40)
    assert all(letter.isprintable() for line in lines for letter in line)
    assert "".join(lines).replace(" ", "") == visible(name).replace(" ", "")
    assert text_width(name, 12) == text_width(visible(name), 12)


def test_letters_have_the_width_that_they_take():
    assert [text_width(text, 10) for text in ("畳", "e\u0301", "👍", "é", "e")] == [
        10,
        6.4,
        10,
        6.4,
        6.4,
    ]
