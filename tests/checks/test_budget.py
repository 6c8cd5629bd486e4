"""The budget of the pages: what is too heavy is told, and what each page loads is weighed."""

from checks import budget
from checks.built import check

PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>a</title>'
    '<link rel="stylesheet" href="a.css"></head><body><article><h1>A</h1>{}</article></body></html>'
)


def told(tmp_path, body):
    (tmp_path / "a.css").write_text("")
    (tmp_path / "page.html").write_text(PAGE.format(body))
    return [fault.text for fault in check(tmp_path).faults if " may " in fault.text]


def test_a_light_page_passes(tmp_path):
    assert told(tmp_path, "<p>light</p>") == []


def test_too_many_elements_are_told(tmp_path):
    found = told(tmp_path, "<b></b>" * budget.ELEMENTS)
    assert found == ["the page has 6,008 elements, and may have 6,000"]


def test_what_a_page_loads_is_weighed(tmp_path, monkeypatch):
    monkeypatch.setattr(budget, "OTHERS", 400)
    assert told(tmp_path, "<p>light</p>") == []
    (tmp_path / "a.css").write_text("".join(map(str, range(2000))))
    budget.packed.cache_clear()
    (found,) = [text.partition(" bytes")[2] for text in told_again(tmp_path) if "bytes" in text]
    assert found == " when first seen, and may be 400"


def told_again(folder):
    return [fault.text for fault in check(folder).faults if " may " in fault.text]


def test_fonts_are_those_that_the_text_asks_for(tmp_path):
    font = tmp_path / "assets" / f"{budget.ITALIC_FONT}.woff2"
    font.parent.mkdir()
    font.write_bytes(b"font")
    page = tmp_path / "page.html"
    page.write_text("<article><em>a</em></article>")
    assert [*budget.fonts(page, tmp_path)] == [font]
    page.write_text("<article>a</article><em>b</em>")
    assert [*budget.fonts(page, tmp_path)] == []
