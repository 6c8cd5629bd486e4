"""The check of the notebooks' pages: what is taken along or opened is what the page shows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Error as BrowserError

from checks.tour.played import LOADED

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from checks.tour.visits import Visit

FOLDER = "notebooks"
# what stands in the place of times
TOLD = "What this prints is another on each machine: run it on yours."
# the code of each cell that is shown, and the text behind it
LISTED = """() => [...document.querySelectorAll('div.highlight')].map(cell =>
  [cell.querySelector('code').textContent.trim(), cell.nextElementSibling?.textContent ?? ''])"""
OPENED = ".downloads a[href*='playground.html#notebook:']"
HOLDS = """parts => { const text = document.querySelector('[data-part=code]')?.value ?? '';
  return parts.every(part => text.includes(part)); }"""


def check(visit: Visit) -> None:
    with visit.context("laptop") as context:
        for name in visit.names:
            path = PurePosixPath(name)
            if path.parent.name != FOLDER or path.name == "index.html":
                continue
            with visit.open(context, name, "notebook") as page:
                visit.counts["notebooks"] += 1
                shown: list[list[str]] = page.evaluate(LISTED)
                taken(visit, page, name, shown)
                opened(visit, page, name, [code for code, _ in shown])


def taken(visit: Visit, page: Page, name: str, shown: Sequence[Sequence[str]]) -> None:
    """Both files have the page's code; what each run changes is not shown but said."""
    stem, codes = PurePosixPath(name).stem, [code for code, _ in shown]
    cells = cells_of(downloaded(visit, page, name, f"{stem}.ipynb"))
    if not codes or [code for code, _ in cells] != codes:
        visit.fault(name, "notebook", "the file for Jupyter has other code than the page")
    text = downloaded(visit, page, name, f"{stem}.py")
    if not all(code in text for code in codes):
        visit.fault(name, "notebook", "the file of Python has other code than the page")
    for (_, timed), (code, behind) in zip(cells, shown, strict=False):
        if timed is not (behind == TOLD):
            line = code.partition("\n")[0]
            visit.fault(name, "notebook", f"what '{line}' prints is not told as what it is")


def downloaded(visit: Visit, page: Page, name: str, file: str) -> str:
    """The text of a file that the page offers; none where it gives none of that name."""
    link = page.query_selector(f".downloads a[download][href='{file}']")
    if link is None:
        visit.fault(name, "notebook", f"{file} is not offered")
        return ""
    visit.counts["files taken"] += 1
    with page.expect_download() as waiting:
        link.click()
    return Path(waiting.value.path()).read_text(encoding="utf-8")


def cells_of(text: str) -> list[tuple[str, bool]]:
    """The code of each cell of a notebook, and whether it prints times."""
    cells: list[Any] = json.loads(text or "{}").get("cells", [])
    return [
        ("".join(cell["source"]).strip(), "times" in cell["metadata"].get("tags", ()))
        for cell in cells
        if cell["cell_type"] == "code"
    ]


def opened(visit: Visit, page: Page, name: str, codes: Sequence[str]) -> None:
    """The playground holds the notebook's code; a page without that link says what it needs."""
    link = page.query_selector(OPENED)
    if link is None:
        if (visit.site / LOADED).is_file() and "It needs PyTorch" not in page.inner_text("article"):
            visit.fault(name, "notebook", "it opens nowhere and does not say that it needs PyTorch")
        return
    visit.counts["notebooks opened"] += 1
    link.click()
    try:
        page.wait_for_function(HOLDS, arg=codes)
    except BrowserError:
        visit.fault(name, "notebook", "the playground does not hold its code")
