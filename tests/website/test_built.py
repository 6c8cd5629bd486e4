"""The built site: what is refused of a page's scripts, its policy, and what it may weigh."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks import budget, built, policy
from website import build
from website.hands import what_if
from website.kept import shelf
from website.places import DOCS

THEME = "var target=document.getElementById"
PAGE = """<!doctype html>
<html lang="en">
  <head>
      <meta charset="utf-8">
      <title>A page</title>
      <script>{script}</script>
  </head>
  <body><h1>A page</h1>
{body}
<script type="application/json">{{"base": "."}}</script>
</body></html>
"""


@pytest.fixture
def faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What is wrong with a site of one page that holds something."""
    import hashlib

    known = hashlib.sha256(THEME.encode()).hexdigest()[:16]
    monkeypatch.setattr(policy, "KNOWN", frozenset((known,)))

    def found(body: str = "", script: str = THEME, harm=lambda page: page) -> list[str]:
        page = harm(policy.guarded(PAGE.format(script=script, body=body)))
        (tmp_path / "index.html").write_text(page, encoding="utf-8")
        return [f"{one.line}: {one.text}" for one in built.check(tmp_path).faults]

    return found


def test_a_page_with_the_themes_scripts_passes(faults) -> None:
    assert faults() == []


HEADS = '<thead><tr><th scope="col">network</th><th scope="col">{head}</th></tr></thead>'
TABLE = f"<table>{{caption}}{HEADS}</table>"


@pytest.mark.parametrize(
    "head", ["top-1 error (%)", "Top-5, test", "test error (%)", "error, plain"]
)
def test_a_table_of_errors_names_its_protocol(head: str, faults) -> None:
    (fault,) = faults(TABLE.format(head=head, caption=""))
    assert "a table of errors names no protocol: network" in fault
    assert faults(TABLE.format(head=head, caption="<caption>Protocol: ten crops</caption>")) == []
    assert faults(TABLE.format(head=f'{head}</th><th scope="col">protocol', caption="")) == []


@pytest.mark.parametrize("head", ["flop (M)", "FLOPs", "GFLOP/s"])
def test_a_table_of_flops_says_what_a_multiply_add_counts(head: str, faults) -> None:
    (fault,) = faults(TABLE.format(head=head, caption=""))
    assert "a table of flops does not say what a multiply-add counts: network" in fault
    assert faults(TABLE.format(head=f"{head}, two for a <b>MAC</b>", caption="")) == []


def test_a_header_cell_has_a_scope(faults) -> None:
    told = faults("<table><tr><th>network</th></tr></table>")
    assert told == ["9: a header cell has no scope"]


COLUMN = f"<table>{HEADS}{{rows}}</table>"


@pytest.mark.parametrize(
    ("head", "cells", "even"),
    [
        ("GMACs", ["4.09", "0.30", "–"], True),
        ("GMACs", ["4.09", "0.3"], False),
        ("memory (MB)", ["4.1", "233"], False),
        # three digits of each, as of what is measured; and one of these has four
        ("ms", ["0.0180", "1.24", "35.0", "1,240", "175"], True),
        ("ms", ["0.018", "1.24", "35.0"], False),
        ("ms", ["1.24", "35.0", "1,241"], False),
        # whole counts, quotations, and a column of several kinds
        ("parameters (k)", ["61", "1,024"], True),
        ("printed (M)", ["0.3", "0.27"], True),
        ("VGG-16", ["138.4", "15,470"], True),
    ],
)
def test_figures_below_each_other_have_as_many_decimals(head, cells, even, faults) -> None:
    rows = "".join(f'<tr><th scope="row">a</th><td><b>{cell}</b></td></tr>' for cell in cells)
    told = faults(COLUMN.format(head=f"{head}<b></b>", rows=rows))
    said = f"9: the figures under '{head}' have decimals of several lengths: {', '.join(cells[:4])}"
    assert told == ([] if even else [said])


@pytest.mark.parametrize(
    ("waited", "told"),
    [
        ('<link rel="stylesheet" href="a.css">', ["a.css"]),
        ('<script src="a.js"></script>', ["a.js"]),
        ('<link rel="stylesheet" href="assets/stylesheets/extra.css">', []),
        ('<script defer src="a.js"></script><script type="module" src="a.js"></script>', []),
    ],
)
def test_what_the_first_view_waits_for_is_named(waited, told, faults, tmp_path) -> None:
    for name in ("a.css", "a.js", "assets/stylesheets/extra.css"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    found = faults(harm=lambda page: page.replace("</title>", f"</title>{waited}"))
    said = "5: the first view waits for '{}', which the budget does not name"
    assert found == [said.format(name) for name in told]
    assert faults(waited) == []


def test_an_image_has_its_size(faults) -> None:
    picture = '<img alt="grey" src="data:," {}>'
    assert faults(picture.format('width="8" height="9"')) == []
    for size in ("", 'width="8"', 'height="9"'):
        assert faults(picture.format(size)) == ["9: the image 'data:,' has no width or no height"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<script>alert(1)</script>", "nobody knows the script 'alert(1)'"),
        ("<SCRIPT>alert(1)</SCRIPT>", "nobody knows the script 'alert(1)'"),
        ("<script type=module>alert(1)</script>", "nobody knows the script 'alert(1)'"),
        ("<script></script>", "nobody knows the script ''"),
        (f"<script>{THEME}+1</script>", "nobody knows the script 'var target="),
        ('<img alt="" src="data:," onerror="alert(1)">', "the attribute 'onerror' runs a script"),
        ('<a href="java\nscript:alert(1)">x</a>', "the attribute 'href' has a script for an addr"),
        ('<a href=" JavaScript:alert(1)">x</a>', "the attribute 'href' has a script for an addre"),
    ],
)
def test_a_script_that_nobody_knows_is_refused(body: str, said: str, faults) -> None:
    assert any(fault.startswith(f"9: {said}") for fault in faults(body)), faults(body)


def test_a_page_without_a_policy_is_refused(faults) -> None:
    assert "1: the page has no content security policy" in faults(
        harm=lambda page: page.replace("Content-Security-Policy", "x")
    )
    assert faults(harm=lambda page: page.replace("sha256-", "sha256-0")) == [
        "6: the page's policy does not let the theme's script run"
    ]


def test_a_policy_names_what_the_theme_writes_and_nothing_else(faults) -> None:
    page = policy.guarded(PAGE.format(script=THEME, body="<script>alert(1)</script>"))
    assert policy.source_of(THEME) in page
    assert policy.source_of("alert(1)") not in page
    assert page.count("http-equiv") == 1
    assert page.index("http-equiv") < page.index("<script")


def test_a_digest_is_as_browsers_compute_it() -> None:
    # the example of the specification, https://www.w3.org/TR/CSP3/#external-hash and Appendix
    assert policy.source_of("alert('Hello, world.');") == (
        "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
    )


def test_the_place_of_a_page_does_not_make_the_themes_script_another(monkeypatch) -> None:
    first = '__md_scope=new URL("..",location),__md_hash=1'
    import hashlib

    stripped = '__md_scope=new URL("",location),__md_hash=1'
    known = hashlib.sha256(stripped.encode()).hexdigest()[:16]
    monkeypatch.setattr(policy, "KNOWN", frozenset((known,)))
    for place in (".", "..", "../..", "/"):
        assert policy.known(first.replace('".."', f'"{place}"'))
    assert not policy.known(first.replace('".."', '"https://other.example"'))
    assert not policy.known(first + ";alert(1)")


LIGHT = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>a</title>'
    '<link rel="stylesheet" href="a.css"></head><body><article><h1>A</h1>{}</article></body></html>'
)


def heavy(tmp_path, body):
    (tmp_path / "a.css").write_text("")
    (tmp_path / "page.html").write_text(LIGHT.format(body))
    return [fault.text for fault in built.check(tmp_path).faults if " may " in fault.text]


def test_a_light_page_passes(tmp_path):
    assert heavy(tmp_path, "<p>light</p>") == []


def test_too_many_elements_are_told(tmp_path):
    found = heavy(tmp_path, "<b></b>" * budget.ELEMENTS)
    assert found == ["the page has 6,008 elements, and may have 6,000"]


def test_what_a_page_loads_is_weighed(tmp_path, monkeypatch):
    monkeypatch.setattr(budget, "OTHERS", 400)
    assert heavy(tmp_path, "<p>light</p>") == []
    (tmp_path / "a.css").write_text("".join(map(str, range(2000))))
    budget.packed.cache_clear()
    (found,) = [text.partition(" bytes")[2] for text in heavy_again(tmp_path) if "bytes" in text]
    assert found == " when first seen, and may be 400"


def test_a_picture_that_stands_in_a_page_weighs_with_it_and_is_no_file(tmp_path):
    picture = f'<img alt="grey" src="data:image/png;base64,{"A" * 5000}">'
    assert heavy(tmp_path, picture) == []


def test_what_a_reader_handles_is_weighed(tmp_path):
    folder = tmp_path / "assets" / "what_if"
    folder.mkdir(parents=True)
    (folder / "light.js").write_text("1")
    assert heavy(tmp_path, "<p>light</p>") == []
    for name in ("after", "vgg"):  # the first may weigh more
        (folder / f"{name}.js").write_text("".join(map(str, range(12_000))))
    (found,) = heavy_again(tmp_path)
    assert found.startswith("the file is ")
    assert found.endswith(" bytes, and may be 20,000")


def test_every_file_of_the_budget_is_there():
    made, alone = (
        [path for path in budget.HANDLED if path.startswith("assets/what_if/") is wanted]
        for wanted in (True, False)
    )
    assert len(alone) >= 4
    assert all((DOCS / path).is_file() for path in alone)
    assert {*made} <= {*what_if.assets(), "assets/what_if/*.js"}


def heavy_again(folder):
    return [fault.text for fault in built.check(folder).faults if " may " in fault.text]


def test_fonts_are_those_that_the_text_asks_for(tmp_path):
    font = tmp_path / "assets" / f"{budget.ITALIC_FONT}.woff2"
    font.parent.mkdir()
    font.write_bytes(b"font")
    page = tmp_path / "page.html"
    page.write_text("<article><em>a</em></article>")
    assert [*budget.fonts(page, tmp_path)] == [font]
    page.write_text("<article>a</article><em>b</em>")
    assert [*budget.fonts(page, tmp_path)] == []


@pytest.mark.parametrize(
    "body",
    [
        "<details><summary>A **bold** word</summary></details>",
        "<details><summary>How</summary>\n`wide` it is</details>",
        '<p>See <a href="#x">this</a> and [that](vgg.md).</p>',
        "<p>A number: {{ n(2) }}</p>",
        "<p>A lead\n{ .lead }</p>",
        "<div>\n### A heading</div>",
    ],
)
def test_what_markdown_leaves_as_typed_is_refused(body: str, faults) -> None:
    assert any("Markdown is left as it was typed" in fault for fault in faults(body))
    code = f"<pre><code>{body.replace('<', '&lt;')}</code></pre>"
    assert not any("Markdown" in fault for fault in faults(code))


def test_prose_with_stars_and_brackets_passes(faults) -> None:
    assert faults("<p>17 * 2, C_in*C_out, a [note] (short), * and ` alone</p>") == []


def test_an_erratum_leads_to_a_chapter_that_leads_back(tmp_path: Path) -> None:
    row = '<tr id="claim-a"></tr><p class="errata-claim"><a href="#claim-a">A</a> (<a href="{}">'

    def said(chapter: str, back: str = "vgg.html#where") -> list[str]:
        (tmp_path / "errata.html").write_text(row.format(back), encoding="utf-8")
        (tmp_path / "vgg.html").write_text(chapter, encoding="utf-8")
        report = built.check(tmp_path)
        assert report.counts["errata"] == 1
        return [one.text for one in report.faults if "erratum" in one.text]

    assert said('<a href="errata.html#claim-a">≠</a>') == []
    assert said('<a href="errata.html">all</a>', "vgg.html") == []
    assert len(said('<a href="errata.html#claim-a">≠</a>', "vgg.html")) == 1
    assert said('<a href="errata.html#claim-b">≠</a>') == [
        "the erratum 'claim-a' leads to vgg.html, which does not lead back"
    ]


def test_a_file_is_looked_at_once_for_all_builds_and_its_faults_are_told_by_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "FOLDER", tmp_path / "kept")
    monkeypatch.setattr(shelf, "WORK", shelf.Counter[str]())
    site = tmp_path / "site"
    site.mkdir()
    (site / "other.html").write_text("<p>other", encoding="utf-8")

    def looked(body: str) -> int:
        (site / "index.html").write_text(body, encoding="utf-8")
        # each build is a process of its own
        shelf.WORK.clear()
        budget.packed.cache_clear()
        monkeypatch.setattr(build, "LOOKS", shelf.Shelf("looks"))
        with pytest.raises(build.BuildError) as refused:
            build.check(site)
        assert (
            str(refused.value)
            == f"the built site has {8 + ('nowhere' in body)} faults, listed above"
        )
        return shelf.WORK["looks"]

    # each page is read and packed
    assert looked("<a href='nowhere.html'>") == 4
    assert looked("<a href='nowhere.html'>") == 0
    assert looked("<a href='other.html'>") == 2
    # what a build did not ask for is not there for the next
    assert looked("<a href='nowhere.html'>") == 2
    assert not shelf.keeping()
