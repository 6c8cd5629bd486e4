"""What the tour says of a notebook's page whose files or playground hold something else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jupytext
import pytest

from checks.browser import find_browser, served, started
from checks.tour.played import LOADED
from website.hands.playground import notebooks
from website.markup import element, joined
from website.places import DOCS
from website.theme.notebooks import OWN_TIMES, downloads, offer

pytestmark = pytest.mark.skipif(find_browser() is None, reason="there is no Chromium here")

HEAD = '<!doctype html><html lang="en"><head><link rel="icon" href="data:,">'
MEASURE, SHRINK = "notebooks/measure.html", "notebooks/shrink.html"
WAITS = "<textarea data-part='code'></textarea><script>{}</script>"
FILLED = "document.querySelector('textarea').value = {};"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with started() as found:
        yield found


def site(folder: Path) -> None:
    """A site of two notebooks, one that opens in the playground and one that needs PyTorch."""
    for place in ("notebooks", Path(LOADED).parent):
        (folder / place).mkdir(parents=True)
    (folder / LOADED).write_text("{}")
    for path, text in downloads(SimpleNamespace(docs_dir=str(DOCS))):  # type: ignore[arg-type]
        (folder / path).write_text(text, encoding="utf-8")
    for stem, where in (("measure", ""), ("shrink", "../playground.html#notebook:shrink")):
        source = (DOCS / "notebooks" / f"{stem}.py").read_text(encoding="utf-8")
        (folder / "notebooks" / f"{stem}.py").write_text(source, encoding="utf-8")
        (folder / "notebooks" / f"{stem}.html").write_text(page(stem, source, where), "utf-8")
    texts = repr(notebooks()["shrink"][1]).replace("</", "<\\/")
    (folder / "playground.html").write_text(HEAD + WAITS.format(FILLED.format(texts)), "utf-8")


def page(stem: str, source: str, where: str) -> str:
    """A notebook's page as the site writes one: prose, code, and what is said of times."""
    own: Any = SimpleNamespace(file=SimpleNamespace(src_uri=f"notebooks/{stem}.py"))
    link = element("a", "open it in the playground", href=where) if where else ""
    parts = [offer(own, link)]
    for cell in jupytext.reads(source, fmt="py:percent").cells:
        if cell["cell_type"] == "markdown":
            parts.append(element("p", cell["source"]))
            continue
        listing = element("pre", element("code", cell["source"] + "\n"))
        parts.append(element("div", listing, class_="highlight"))
        if "times" in cell["metadata"].get("tags", ()):
            parts.append(element("p", OWN_TIMES, class_="downloads"))
    return f"{HEAD}</head><body>{element('article', joined(parts))}</body></html>"


def faults(browser: Any, folder: Path, patience: int = 3000) -> list[str]:
    from checks.tour import notebooks as look
    from checks.tour.visits import Visit

    tour = Visit(browser, folder, "", None, [MEASURE, SHRINK])
    with served(folder) as tour.address, pytest.MonkeyPatch.context() as patch:
        patch.setattr("checks.tour.visits.PATIENCE", patience)
        look.check(tour)
    assert tour.counts["notebooks"] == 2
    return tour.faults


@pytest.mark.slow
def test_what_works_has_no_fault(browser: Any, tmp_path: Path) -> None:
    site(tmp_path)
    assert faults(browser, tmp_path, 60_000) == []


BROKEN = [
    ("notebooks/measure.ipynb", "cnnref.measure(name", "cnnref.measured(name",
     f"{MEASURE} (notebook): the file for Jupyter has other code"),
    ("notebooks/shrink.py", "import cnnref", "import other",
     f"{SHRINK} (notebook): the file of Python has other code"),
    (MEASURE, "It needs PyTorch", "It needs", "does not say that it needs PyTorch"),
    (MEASURE, OWN_TIMES, "2 ms", "what 'found = {name: cnnref.measure(name,"),
    (SHRINK, 'href="shrink.ipynb"', 'href="other.ipynb"', "shrink.ipynb is not offered"),
    ("playground.html", ".value =", ".title =", "the playground does not hold its code"),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("path", "old", "new", "said"), BROKEN)
def test_what_does_not_work_is_told(
    browser: Any, tmp_path: Path, path: str, old: str, new: str, said: str
) -> None:
    site(tmp_path)
    text = (tmp_path / path).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / path).write_text(text.replace(old, new), encoding="utf-8")
    assert any(said in fault for fault in faults(browser, tmp_path))
