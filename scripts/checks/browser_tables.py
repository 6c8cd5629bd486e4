"""The checks of what tables and trees of layers do: sort, filter, open, deep links, paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Error as BrowserError

if TYPE_CHECKING:
    from playwright.sync_api import ElementHandle, Page

    from checks.browser_visits import Visit

# a reader looks for these; each must be found
WORDS = ("bottleneck", "1x1", "conv4_1")
# of a folder with more pages than this only some are looked at
MANY = 12
ORDER = """table => [...table.tBodies[0].rows].map(row => row.cells[0].textContent)"""
VALUES = """table => {
  const column = [...table.tHead.rows[0].cells].findIndex(cell => cell.hasAttribute('aria-sort'));
  return [...table.tBodies[0].rows].map(row => row.cells[column]).map(cell =>
    cell.dataset.value ?? cell.querySelector('data')?.value ?? cell.textContent.trim());
}"""
OPEN = "() => document.querySelectorAll('details').forEach(box => { box.open = true; })"
SORTED_BY = "table => table.querySelector('[aria-sort]')?.getAttribute('aria-sort') ?? ''"
SHOWN = "table => [...table.tBodies[0].rows].filter(row => !row.hidden).length"
ROWS = "() => [...document.querySelectorAll('.tree tr[id]')].map(row => row.id)"
IN_VIEW = """id => {
  const row = document.getElementById(id), box = row.getBoundingClientRect();
  return box.height > 0 && box.top >= 0 && box.bottom <= innerHeight;
}"""
DRAWN = "() => document.querySelectorAll('.tree tr[id]').length - " + (
    "[...document.querySelectorAll('.tree tr[id]')].filter(r => r.getClientRects().length).length"
)
# tables as long as tables.js makes sortable, and without a button to sort by
UNSORTABLE = """() => [...document.querySelectorAll('table.ledger:not(.prices)')].filter(table =>
  table.tHead?.rows.length === 1 && table.tBodies.length === 1 &&
  table.tBodies[0].rows.length >= 12 && !table.querySelector('[colspan], [rowspan], .sort')
).map(table => table.tHead.textContent.trim().slice(0, 60))"""
FURNITURE = """() => [...document.querySelectorAll('.md-header, .md-tabs, .md-sidebar, .md-footer,'
  + '.table-filter, .tree-tools')].filter(e => e.getClientRects().length).length"""


def chosen(names: Sequence[str], weights: Sequence[int]) -> list[str]:
    """The pages to look at: all, but of a folder with many only its index and some.

    These are the lightest, the heaviest and those between at equal steps, so the choice is
    the same each time and every kind of page is in it.
    """
    weight = dict(zip(names, weights, strict=True))
    kept: list[str] = []
    for folder in dict.fromkeys(name.rpartition("/")[0] for name in names):
        inside = [name for name in names if name.rpartition("/")[0] == folder]
        index = [name for name in inside if name.endswith("index.html")]
        others = sorted(set(inside) - set(index), key=lambda name: (weight[name], name))
        if folder and len(others) > MANY:
            step = (len(others) - 1) / 5
            others = [others[round(step * number)] for number in range(6)]
        kept += [*index, *others]
    return sorted(kept)


def check(visit: Visit) -> None:
    with visit.context("laptop") as context:
        for name in visit.names:
            with visit.open(context, name, "tables") as page:
                page.evaluate(OPEN)
                for title in page.evaluate(UNSORTABLE):
                    visit.fault(name, "tables", f"the long table '{title}' cannot be sorted")
                for table in page.query_selector_all("table:has(button.sort)"):
                    sort(visit, page, name, table)
                filters(visit, page, name)
                deep_link(visit, context, page, name)
                paper(visit, page, name)
        search(visit, context)
    with visit.context("laptop", java_script_enabled=False) as context:
        for name in visit.names:
            with visit.open(context, name, "paper, no scripts") as page:
                paper(visit, page, name)


def sort(visit: Visit, page: Page, name: str, table: ElementHandle) -> None:
    """The keyboard sorts by the last column both ways, and the third time as it was."""
    visit.counts["tables sorted"] += 1
    before = table.evaluate(ORDER)
    table.query_selector_all("button.sort")[-1].focus()
    orders = []
    for _ in range(2):
        page.keyboard.press("Enter")
        orders.append(table.evaluate(SORTED_BY))
        values = [number(value) for value in table.evaluate(VALUES)]
        figures = [value for value in values if isinstance(value, float)]
        if figures != sorted(figures, reverse=orders[-1] == "descending"):
            visit.fault(name, "tables", f"a table is not sorted {orders[-1]}")
        if sorted(table.evaluate(ORDER)) != sorted(before):
            visit.fault(name, "tables", "sorting loses rows")
    page.keyboard.press("Enter")
    if sorted(orders) != ["ascending", "descending"] or table.evaluate(ORDER) != before:
        visit.fault(name, "tables", f"sorting goes {orders} and not back to the first order")


def number(text: str) -> float | str:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return text


def filters(visit: Visit, page: Page, name: str) -> None:
    """What stands in the first row is found by the filter, and what stands nowhere is not."""
    for field in page.query_selector_all(".table-filter input"):
        visit.counts["tables filtered"] += 1
        table: Any = field.evaluate_handle(
            "f => f.closest('.table-filter').nextElementSibling.querySelector('table')"
        )
        all_rows = table.evaluate(SHOWN)
        for text, least, most in ((table.evaluate(ORDER)[0], 1, all_rows - 1), ("qqq", 0, 0)):
            field.fill(text)
            if not least <= table.evaluate(SHOWN) <= most:
                visit.fault(name, "tables", f"the filter '{text}' shows the wrong rows")
        field.fill("")
        if table.evaluate(SHOWN) != all_rows:
            visit.fault(name, "tables", "an empty filter hides rows")


def deep_link(visit: Visit, context: Any, page: Page, name: str) -> None:
    """A link to the last row of a tree opens what it stands in, and the row is in view."""
    rows = page.evaluate(ROWS)
    for row in rows[-1:]:
        visit.counts["deep links"] += 1
        with visit.open(context, f"{name}#{row}", "deep link") as target:
            try:
                target.wait_for_function(IN_VIEW, arg=row, timeout=3000)
            except BrowserError:
                visit.fault(name, "deep link", f"'#{row}' does not bring its row into view")


def paper(visit: Visit, page: Page, name: str) -> None:
    """On paper every row is there, opened or not, and nothing to press."""
    page.emulate_media(media="print")
    visit.counts["pages on paper"] += 1
    if hidden := page.evaluate(DRAWN):
        visit.fault(name, "paper", f"{hidden} rows are not shown")
    if shown := page.evaluate(FURNITURE):
        visit.fault(name, "paper", f"{shown} parts of the frame are shown")


def search(visit: Visit, context: Any) -> None:
    for word in WORDS:
        with visit.open(context, visit.names[0], "search") as page:
            page.click("[data-md-component=search-query]")
            page.keyboard.type(word)
            visit.counts["searches"] += 1
            try:
                page.wait_for_selector(".md-search-result__item")
            except BrowserError:
                visit.fault(visit.names[0], "search", f"'{word}' is not found")
