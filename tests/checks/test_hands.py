"""What the tour says of pages that hide columns, move while they load, or do not answer a tap."""

import pytest

from checks.browser import FLAGS, find_browser, served

pytestmark = pytest.mark.skipif(find_browser() is None, reason="there is no Chromium here")

WIDE = '<table><thead><tr><th data-second="">a</th></tr></thead><tr><td>{}</td></tr></table>'
CUE = "<style>.told::after {{ content: 'more'; }} [data-second] {{ display: none; }}</style>"
BOX = '<div class="table-scroll{}" style="overflow: auto" aria-label="t">{}</div>'
FOLD = '<label class="fold"><input type="checkbox">more</label>'
LATE = "<script>setTimeout(() => document.body.prepend(document.querySelector('i')), 100)</script>"
BLOCK = "<i style='display: block; height: 300px'></i>"


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        yield started
        started.close()


def visit(browser, folder, body):
    from checks.tour.visits import Visit

    style = CUE.format()
    page = f'<!doctype html><html lang="en"><head>{style}</head><body>'
    (folder / "a.html").write_text(f'{page}<div class="md-content">{body}</div></body></html>')
    return Visit(browser, folder, "", None)


def phone(browser, folder, body, script):
    """What a script of the tour says of a page on a phone."""
    tour = visit(browser, folder, body)
    with served(folder) as address, tour.context("phone") as context:
        page = context.new_page()
        page.goto(f"{address}a.html")
        return page.evaluate(script)


def test_a_cut_table_and_folded_columns_need_a_cue(browser, tmp_path):
    from checks.tour.hands import CUT, FOLDS, UNTOLD

    wide = WIDE.format("x" * 200)
    assert phone(browser, tmp_path, BOX.format("", wide), CUT) == ["t"]
    assert phone(browser, tmp_path, BOX.format("", wide), UNTOLD) == ["t"]
    assert phone(browser, tmp_path, FOLD + BOX.format(" told", wide), UNTOLD) == []
    assert phone(browser, tmp_path, BOX.format(" told", WIDE.format("x")), UNTOLD) == ["t"]
    # the checkbox of this page unfolds nothing
    assert phone(browser, tmp_path, FOLD + BOX.format(" told", wide), FOLDS) == 1


@pytest.mark.parametrize(("more", "moves"), [("", False), (LATE, True)])
def test_a_page_that_moves_while_it_loads_is_told(browser, tmp_path, more, moves):
    from checks.tour.hands import shift

    tour = visit(browser, tmp_path, "<p>text</p>" * 20 + BLOCK + more)
    with served(tmp_path) as tour.address, tour.context("phone") as context:
        shift(tour, context, "a.html", "phone")
    assert bool(tour.faults) == moves
    assert all("the page moves by" in fault for fault in tour.faults)
