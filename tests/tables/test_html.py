"""HTML is written once: text is escaped, links and marks are in it, and nothing else is."""

from html.parser import HTMLParser

import pytest

from cnnref.counting.markup import Cell, Html, Line, Linked, element, escaped, joined, table_lines
from cnnref.net import Net
from cnnref.tables.formats import Grid, to_html, to_latex, to_markdown, to_text

HOSTILE = "<script>alert('\"&')</script>"


class Read(HTMLParser):
    """The tags of a text with their attributes, and what stands between them."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def grid(*cells):
    return Grid(["layer", HOSTILE], "lr", ["text"] * 2, [[*cells]], [], [["Total", HOSTILE]],
                ["caption", HOSTILE], ids=[HOSTILE])  # fmt: skip


def test_hostile_text_stays_text_wherever_it_stands():
    linked = Linked(HOSTILE, f"#{HOSTILE}", HOSTILE, HOSTILE)
    found = Read(to_html(grid(linked, HOSTILE)))
    names = [tag for tag, _ in found.tags]
    assert "script" not in names
    assert found.text.count(HOSTILE) == 5
    assert ("tr", {"id": HOSTILE}) in found.tags
    words = {"class": HOSTILE, "href": f"#{HOSTILE}", "aria-label": HOSTILE, "title": HOSTILE}
    assert ("a", words) in found.tags


def test_a_network_and_a_layer_of_hostile_names_are_shown_by_them():
    net = Net((3, 8, 8), name=HOSTILE)
    net.conv(net.input, 4, kernel=3, name=f"conv {HOSTILE}")
    found = Read(net.table().to_html("macs"))
    assert HOSTILE in found.text
    assert f"conv {HOSTILE}" in found.text
    assert {tag for tag, _ in found.tags} <= {
        "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td",
    }  # fmt: skip


def test_a_link_and_a_mark_on_a_cell_are_in_the_html_alone():
    found = grid(Linked("conv1", "#how-conv1"), Linked("7", "errata.html#a", "erratum", "it is 8"))
    text = to_html(found)
    assert '<th scope="row"><a href="#how-conv1">conv1</a></th>' in text
    assert (
        '<td class="num"><a class="erratum" href="errata.html#a" aria-label="it is 8" '
        'title="it is 8">7</a></td>'
    ) in text
    bare = grid("conv1", "7")
    for write in (to_text, to_markdown, to_latex):
        assert write(found) == write(bare)


def test_what_is_html_is_not_escaped_twice():
    once = escaped("a < b")
    assert escaped(once) == once == "a &lt; b"
    assert joined(["<", Html("<br>"), "<"]) == "&lt;<br>&lt;"
    assert joined("ab", "<") == "a&lt;b"
    # what Python has put together is text again, so that nothing is taken for HTML by mistake
    assert escaped(f"{once}") == "a &amp;lt; b"


@pytest.mark.parametrize(
    ("attributes", "written"),
    [
        ({"class_": "num", "data_value": 0}, ' class="num" data-value="0"'),
        ({"hidden": True, "open": False, "title": None}, " hidden"),
        ({"title": 'a "b" & <c>'}, ' title="a &quot;b&quot; &amp; &lt;c&gt;"'),
        ({"value": ""}, ' value=""'),
    ],
)
def test_attributes_are_written_as_they_are_named(attributes, written):
    assert element("i", **attributes) == f"<i{written}></i>"


def test_an_element_without_content_has_no_end():
    assert element("br") == "<br>"
    assert element("input", type="search") == '<input type="search">'


def test_a_table_is_written_with_its_parts():
    body = [Line(["a", Cell("1", {"class_": "num"})], {"id": "a"}), Line(["b"], headed=False)]
    assert "".join(table_lines(["x", Cell("y", {"class_": "num"})], body)) == (
        '<table><thead><tr><th scope="col">x</th><th scope="col" class="num">y</th></tr></thead>'
        '<tbody><tr id="a"><th scope="row">a</th><td class="num">1</td></tr>'
        "<tr><td>b</td></tr></tbody></table>"
    )
    lines = [*table_lines(["x"], [], [Line(["sum"])], caption="c", class_="ledger")]
    assert lines == [
        '<table class="ledger">', "<caption>c</caption>",
        '<thead><tr><th scope="col">x</th></tr></thead>', "<tbody>", "</tbody>",
        '<tfoot><tr><th scope="row">sum</th></tr>', "</tfoot></table>",
    ]  # fmt: skip
