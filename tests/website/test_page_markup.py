"""Only the one writer writes a tag by hand, and what is added to a page leaves its other bytes."""

import ast
import re
from pathlib import Path

import pytest

import cnnref
from website import markup
from website.markup import Html, cell, data, exact, folded, line, link, region, table
from website.theme.source import Source

PACKAGE = Path(cnnref.__file__).parent
ROOT = PACKAGE.parent
# the one writer, and drawings, which are no HTML
OWN = {"cnnref/counting/markup.py", "cnnref/drawing/svg.py"}
# where something goes in
READING = {
    "scripts/website/hands/equipment.py": {"div", "figure", "form", "head", "section"},
    "scripts/website/hands/exercises.py": {"data"},
    "scripts/website/teaching/deck.py": {"a"},
    "scripts/website/teaching/points.py": {"span"},
    "scripts/website/teaching/sheets.py": {"details", "summary"},
    "scripts/website/theme/revise.py": {"div"},
    "scripts/website/theme/math.py": {"head"},
    "scripts/website/theme/prose.py": {"a", "data", "h1", "p"},
    "scripts/website/theme/repairs.py": {"a", "link"},
    "scripts/website/theme/search.py": {"br"},
    "scripts/website/theme/tables.py": {"table"},
}
TAG = re.compile(
    r"</?(a|br|caption|cite|code|data|dd|details|div|dl|dt|em|fieldset|figcaption|figure|form|h[1-6]"
    r"|head|input|label|legend|li|link|mark|ol|p|pre|s|section|small|span|strong|sub|summary|sup"
    r"|table|tbody|td|tfoot|th|thead|tr|ul)(?=[\s>/\\]|$)"
)
FILES = sorted(
    path
    for path in (*PACKAGE.rglob("*.py"), *(ROOT / "scripts" / "website").rglob("*.py"))
    if path.relative_to(ROOT).as_posix() not in OWN
)
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def tags(source):
    """The tags in the strings of a program, docstrings left out."""
    tree = ast.parse(source)
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, DOCUMENTED)]
    docs = {id(body[0].value) for body in bodies if body and isinstance(body[0], ast.Expr)}
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
    ]
    return {tag[1] for text in texts for tag in TAG.finditer(text)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_tag_is_written_by_hand(path):
    known = READING.get(path.relative_to(ROOT).as_posix(), set())
    assert tags(path.read_text(encoding="utf-8")) == known


def test_only_one_place_escapes():
    escaping = [
        path.relative_to(ROOT).as_posix()
        for path in (*PACKAGE.rglob("*.py"), *(ROOT / "scripts" / "website").rglob("*.py"))
        if re.search(r"import escape\b|html\.escape\b", path.read_text(encoding="utf-8"))
    ]
    assert escaping == ["cnnref/counting/markup.py"]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("""def f(x): return f'<td class="num">{x}</td>'""", {"td"}),
        ("""def f(x): return f'<data value="{x}">'""", {"data"}),
        ("""a = "<h2" + '>'""", {"h2"}),
        ("""b = "x < y", "a <b> c", "<frozen os>", '<svg>'""", set()),
        ('''def f():\n    """Writes <td>."""''', set()),
    ],
)
def test_a_tag_that_is_written_by_hand_is_seen(source, found):
    assert tags(source) == found


HOSTILE = "<script>\"'&</script>"
ESCAPED = "&lt;script&gt;&quot;&#x27;&amp;&lt;/script&gt;"


def test_hostile_text_is_escaped_in_whatever_a_page_prints():
    printed = [
        data(HOSTILE, HOSTILE, HOSTILE),
        link(HOSTILE, HOSTILE, HOSTILE, HOSTILE),
        region(HOSTILE, folded(HOSTILE, HOSTILE)),
        markup.code(HOSTILE),
        markup.definitions([(HOSTILE, HOSTILE)], id=HOSTILE),
        table([HOSTILE, cell(HOSTILE, HOSTILE)], [line(HOSTILE, [HOSTILE], id=HOSTILE)],
              [line(HOSTILE, [cell(HOSTILE, "num", style=HOSTILE)])], kind=HOSTILE),
    ]  # fmt: skip
    for text in printed:
        assert "<script" not in text
        assert ESCAPED in text
    assert [text.count(ESCAPED) for text in printed] == [3, 5, 3, 1, 3, 10]


def test_a_table_holds_links_numbers_and_marks():
    rows = [line(link("a & b", "#a"), [exact(1_500_000, "1.5"), cell("no", "differs")], id="a")]
    assert table(["name", "M", "same"], rows, kind="prose", data_filter="x") == (
        '<table class="ledger prose" data-filter="x"><thead><tr><th scope="col">name</th>'
        '<th scope="col">M</th><th scope="col">same</th></tr></thead><tbody><tr id="a">'
        '<th scope="row"><a href="#a">a &amp; b</a></th>'
        '<td><data value="1500000" title="1,500,000">1.5</data></td>'
        '<td class="differs">no</td></tr></tbody></table>'
    )


PAGE = """<p title='a "b"'>&quot;one&quot; &#39;two&#39;<br />
<table class="x"><tr><td>1</td></tr></table><table><tr><td>2 &nbsp;</td></tr></table>"""


def test_a_page_keeps_its_bytes_but_for_what_is_added():
    assert str(Source(PAGE)) == PAGE
    source = Source(PAGE)
    first, second = source.soup.find_all("table")
    source.add_attributes(second, class_="ledger", hidden=None)
    source.put_around(first, "(", ")")
    source.put_around(second, "[", "]")
    assert (
        str(source)
        == PAGE.replace("<table>", '[<table class="ledger">')
        .replace('<table class="x">', '(<table class="x">')
        .replace("</table>[", "</table>)[")
        + "]"
    )


def test_the_attributes_that_are_added_are_escaped():
    source = Source("<a href='x'>y</a>", only="a")
    source.add_attributes(source.soup.a, title=HOSTILE)
    assert str(source) == f"<a title=\"{ESCAPED}\" href='x'>y</a>"


def test_html_put_together_by_python_is_text_again():
    assert markup.escaped("a" + Html("<b>")) == "a&lt;b&gt;"


def test_of_a_page_one_kind_of_tag_may_be_read_alone() -> None:
    page = "<p>a</p><dl><dt>b</dt></dl><p>c</p>"
    assert [tag.name for tag in Source(page).soup.find_all(True)] == ["p", "dl", "dt", "p"]
    assert [tag.name for tag in Source(page, only="dl").soup.find_all(True)] == ["dl", "dt"]
