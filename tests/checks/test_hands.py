"""What the tour says of pages that hide columns, move while they load, or do not answer a tap."""

import pytest

from checks.browser import find_browser, served, started
from website.places import DOCS

pytestmark = pytest.mark.skipif(find_browser() is None, reason="there is no Chromium here")

WIDE = '<table><thead><tr><th data-second="">a</th></tr></thead><tr><td>{}</td></tr></table>'
CUE = "<style>.told::after {{ content: 'more'; }} [data-second] {{ display: none; }}</style>"
BOX = '<div class="table-scroll{}" style="overflow: auto" aria-label="t">{}</div>'
FOLD = '<label class="fold"><input type="checkbox">more</label>'
LATE = "<script>setTimeout(() => document.body.prepend(document.querySelector('i')), 100)</script>"
BLOCK = "<i style='display: block; height: 300px'></i>"


@pytest.fixture(scope="module")
def browser():
    with started() as found:
        yield found


def visit(browser, folder, body):
    from checks.tour.visits import Visit

    style = CUE.format()
    page = f'<!doctype html><html lang="en"><head>{style}</head><body>'
    (folder / "a.html").write_text(f'{page}<div class="md-content">{body}</div></body></html>')
    return Visit(browser, folder, "", None)


def looked(tour, look, size, name="a.html", **opened):
    """One part of the tour, on a page of it that is opened for that."""
    with tour.context(size) as context, tour.open(context, name, size, **opened) as page:
        look(tour, page, name, size)


def phone(browser, folder, body, script):
    """What a script of the tour says of a page on a phone."""
    tour = visit(browser, folder, body)
    with served(folder) as address, tour.context("phone") as context:
        page = context.new_page()
        page.goto(f"{address}a.html")
        return page.evaluate(script)


@pytest.mark.slow
def test_a_cut_table_and_folded_columns_need_a_cue(browser, tmp_path):
    from checks.tour.hands import CUT, FOLDS, UNTOLD

    wide = WIDE.format("x" * 200)
    assert phone(browser, tmp_path, BOX.format("", wide), CUT) == ["t"]
    assert phone(browser, tmp_path, BOX.format("", wide), UNTOLD) == ["t"]
    assert phone(browser, tmp_path, FOLD + BOX.format(" told", wide), UNTOLD) == []
    assert phone(browser, tmp_path, BOX.format(" told", WIDE.format("x")), UNTOLD) == ["t"]
    # the checkbox of this page unfolds nothing
    assert phone(browser, tmp_path, FOLD + BOX.format(" told", wide), FOLDS) == 1


@pytest.mark.slow
def test_a_cut_formula_needs_a_cue(browser, tmp_path):
    from checks.tour.hands import UNTOLD

    box = '<span class="katex-display" style="display: block; overflow: auto"{}>{}</span>'
    assert phone(browser, tmp_path, box.format("", "x" * 200), UNTOLD) == ["x" * 200]
    assert phone(browser, tmp_path, box.format(" data-more", "x" * 200), UNTOLD) == []
    assert phone(browser, tmp_path, box.format("", "x"), UNTOLD) == []


@pytest.mark.parametrize(("left", "read"), [("8px", True), ("-8px", False), ("99vw", False)])
def test_what_a_chart_tells_is_inside_of_the_window(browser, tmp_path, left, read):
    from checks.tour.hands import TOLD

    told = f'<div id="vg-tooltip-element" class="visible" style="position: fixed; left: {left}">'
    chart = '<figure><div class="chart-view"></div><p class="chart-said">a mark</p></figure>'
    script = f"() => ({TOLD})(document.querySelector('.chart-view'))"
    assert phone(browser, tmp_path, f"{chart}{told}a mark</div>", script) == read


@pytest.mark.parametrize(("more", "moves"), [("", False), (LATE, True)])
def test_a_page_that_moves_while_it_loads_is_told(browser, tmp_path, more, moves):
    tour = visit(browser, tmp_path, "<p>text</p>" * 20 + BLOCK + more)
    with served(tmp_path) as tour.address:
        looked(tour, lambda *_: None, "phone", slow=True)
    told = [fault for fault in tour.faults if "the page moves by" in fault]
    assert bool(told) == moves


TABLE = (
    '<p class="table-filter"></p><table class="ledger"><caption>t</caption><thead><tr><th>a</th>'
    "</tr></thead><tbody>{}</tbody></table>"
).format("".join(f"<tr><td>{row}</td></tr>" for row in range(20)))
MODELS = "(window.cnnrefZoo) = [['resnet18', 'torchvision', '3x8x8', 1, 1, 1, 'equal']];"
FINDER = (
    '<form class="finder" data-models="models.js" hidden><label><input></label><p></p></form>'
    '<div></div><script src="assets/javascripts/finder.js" defer></script>'
)
# by file, what is left out of it
FORGETS = [("tables", "if (asked ||"), ("tables", "    arrive();\n"), ("finder", "?.keep(")]


@pytest.mark.slow
@pytest.mark.parametrize(("broken", "old"), [("", ""), *FORGETS])
def test_a_filter_that_is_forgotten_on_the_way_back_is_told(
    browser, tmp_path, monkeypatch, broken, old
):
    from checks.tour import hands, visits

    if broken:  # what never comes is waited for in vain
        monkeypatch.setattr(visits, "PATIENCE", 4_000)
    scripts = '<script src="assets/javascripts/tables.js" defer></script>'
    tour = visit(browser, tmp_path, FINDER + scripts + TABLE)
    tour.names = ["a.html"]
    (tmp_path / "models.js").write_text(MODELS)
    folder = tmp_path / "assets" / "javascripts"
    folder.mkdir(parents=True)
    for name in ("tables", "finder"):
        text = (DOCS / "assets" / "javascripts" / f"{name}.js").read_text(encoding="utf-8")
        assert name != broken or old in text
        left = {"if (asked ||": "if (false &&", "?.keep(": "?.prepare(1, "}.get(old, "")
        (folder / f"{name}.js").write_text(text.replace(old, left) if name == broken else text)
    with served(tmp_path) as tour.address:
        hands.filtered(tour)
    told = [fault for fault in tour.faults if "what was filtered" in fault]
    assert tour.counts["filters kept"] == 2
    assert len(told) == (0 if not broken else 1 if broken == "finder" else 2)


TEXTS = '<text x="{}" y="20">one</text><text x="60" y="{}">two</text>'
LETTERS = f'<svg width="200" height="40">{TEXTS}</svg>'


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (0, 20, []),
        (60, 38, []),
        (55, 22, [": 'one' stands on 'two'"]),
        (185, 20, [": 'one' ends outside of its drawing"]),
    ],
)
def test_letters_on_letters_and_outside_are_told(browser, tmp_path, x, y, said):
    from checks.tour.hands import OVERLAPS

    assert phone(browser, tmp_path, LETTERS.format(x, y), OVERLAPS) == said


TAKE = '<div class="take" style="position: absolute; top: {}px"><button>SVG</button></div>'


@pytest.mark.parametrize(("top", "said"), [(60, []), (10, [": a button stands on 'one'"])])
def test_a_button_on_letters_is_told(browser, tmp_path, top, said):
    from checks.tour.hands import OVERLAPS

    page = LETTERS.format(0, 20) + TAKE.format(top)
    assert phone(browser, tmp_path, page, OVERLAPS) == said


FONTS = "<style>:root { --sans: sans-serif, monospace } text { font: 16px var(--sans) }</style>"
NARROW = (
    '<svg width="200" height="40"><text y="20">iiiiii</text><text x="{}" y="20">two</text></svg>'
)


@pytest.mark.parametrize(("x", "places"), [(90, set()), (45, {"fallback font"})])
def test_letters_are_read_in_the_fallback_font_too(browser, tmp_path, x, places):
    from checks.tour import hands

    tour = visit(browser, tmp_path, FONTS + NARROW.format(x))
    tour.names = ["a.html"]
    with served(tmp_path) as tour.address:
        looked(tour, hands.texts, "phone")
    told = [fault for fault in tour.faults if "'iiiiii' stands on 'two'" in fault]
    assert {fault.partition(")")[0].rpartition(", ")[2] for fault in told} == places


SCHEMES = """<style>body {{ background: #fff; color: #000 }} @media (prefers-color-scheme: dark)
  {{ body {{ background: #111; color: #eee }} }} @media (prefers-color-scheme: {})
  {{ p {{ color: #777; background: #888 }} }}</style><main><h1>A</h1><p>text</p></main>"""


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["phone", "laptop"])
def test_contrast_is_looked_at_in_both_schemes_at_both_sizes(browser, tmp_path, scheme, size):
    tour = visit(browser, tmp_path, SCHEMES.format(scheme))
    with (
        served(tmp_path) as tour.address,
        tour.context(size) as context,
        tour.open(context, "a.html", size) as page,
    ):
        for each in ("light", "dark"):
            tour.view(page, "a.html", size, each)
    where = {fault.partition(":")[0] for fault in tour.faults if "color-contrast" in fault}
    assert where == {f"a.html ({size}, {scheme})"}


def test_a_page_that_takes_too_many_sheets_is_told(browser, tmp_path, monkeypatch):
    from checks.tour import hands

    monkeypatch.setattr(hands, "SHEETS", {"a.html": 1})
    for height, said in ((0, []), (3000, ["a.html (paper): 3 sheets, and may take 1"])):
        tour = visit(browser, tmp_path, f'<div style="height: {height}px">text</div>')
        tour.names = ["a.html"]
        with served(tmp_path) as tour.address:
            hands.sheets(tour)
        assert [fault for fault in tour.faults if "sheets" in fault] == said


@pytest.mark.parametrize(
    ("height", "said"),
    [(9600, []), (9700, ["vgg.html (length): 12.1 screens, and may take 12"])],
)
def test_a_chapter_that_takes_too_many_screens_is_told(browser, tmp_path, height, said):
    from checks.tour import hands

    folded = f'<details><summary>more</summary><div style="height: {height}px"></div></details>'
    tall = f'<div style="height: {height}px; overflow: hidden">text</div>'
    tour = visit(browser, tmp_path, f"<article style='display: flow-root'>{tall}</article>{folded}")
    tour.names = ["vgg.html", "a.html"]  # the second is no chapter
    (tmp_path / "slides").mkdir()
    for chapter in ("vgg.html", "slides/vgg.html"):
        (tmp_path / chapter).write_text((tmp_path / "a.html").read_text())
    with served(tmp_path) as tour.address:
        for name in tour.names:
            looked(tour, hands.length, "laptop", name)
    assert [fault for fault in tour.faults if "length" in fault and "screens" in fault] == said
    assert tour.counts["chapters measured"] == 1
