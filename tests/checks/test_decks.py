"""What the tour says of slides that do not do what they should."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checks.browser import find_browser, served, started
from website.places import DOCS
from website.teaching import slides

pytestmark = pytest.mark.skipif(find_browser() is None, reason="there is no Chromium here")

STYLE = "assets/stylesheets/slides.css"
NAME = "slides/nets.html"
SAMPLE = Path(__file__).parents[1] / "website" / "teaching" / "chapter.html"
CHAPTER = SAMPLE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with started() as found:
        yield found


def faults(
    browser: Any, site: Path, look: str, broken: dict[str, tuple[str, str]], **context: Any
) -> list[str]:
    """What one part of the tour says of the slides; broken: by file, what stands for what."""
    from checks.tour import decks
    from checks.tour.visits import Visit

    assets = {
        path: (DOCS / path).read_text(encoding="utf-8") for path in (*slides.SHEETS, slides.SCRIPT)
    }
    for path, text in (assets | {NAME: slides.page(CHAPTER, "nets.html")}).items():
        old, new = broken.get(path, ("", ""))
        assert old in text
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text.replace(old, new) if old else text, encoding="utf-8")
    (site / "assets" / "images").mkdir()
    (site / "assets" / "images" / "favicon.svg").write_text(
        "<svg xmlns='http://www.w3.org/2000/svg'/>"
    )
    tour = Visit(browser, site, "", None)
    tour.axe = lambda *_: None  # type: ignore[method-assign]
    with served(site) as tour.address, tour.context("laptop", **context) as opened:
        if look == "deep":
            decks.deep(tour, opened, NAME)
        else:
            with tour.open(opened, NAME, "served") as page:
                getattr(decks, look)(tour, page, NAME)
    return [fault for fault in tour.faults if "console error" not in fault]


LOOKS: dict[str, dict[str, Any]] = {
    "walked": {},
    "keys": {},
    "sheets": {},
    "deep": {},
    "tapped": {"has_touch": True},
    "plain": {"java_script_enabled": False},
}


@pytest.mark.slow
@pytest.mark.parametrize("look", LOOKS)
def test_what_works_has_no_fault(browser: Any, tmp_path: Path, look: str) -> None:
    assert faults(browser, tmp_path, look, {}, **LOOKS[look]) == []


SCRIPT = slides.SCRIPT
BROKEN = [
    ("walked", SCRIPT, "ArrowRight: on,", "ArrowRight: () => go(slide + 1),", "the address has"),
    ("walked", SCRIPT, "piece.dataset.step > step)", "false)", "the wrong pieces are shown"),
    ("walked", SCRIPT, "ArrowLeft: back,", "ArrowLeft: on,", "the left arrow does not go back"),
    ("walked", STYLE, "exhibit svg {", "exhibit svg { min-height: 90em;", "does not fit"),
    ("keys", SCRIPT, "Home: () => go(0)", "Home: () => go(1)", "Home goes to #2, not #1"),
    ("keys", SCRIPT, 'toggle("noted")', 'toggle("none")', "N does not show the notes"),
    ("keys", SCRIPT, "Escape: all", "Escape: back", "Escape does not show all"),
    ("sheets", STYLE, "height: 7.5in !important", "height: 9in !important", "are printed on"),
    ("deep", SCRIPT, "Number(at) || 0", "0", "a link to a step: the wrong pieces"),
    ("tapped", SCRIPT, "event.clientX < innerWidth / 4", "false", "a tap at the left edge"),
    ("tapped", SCRIPT, 'addEventListener("click"', 'addEventListener("none"', "a tap on a slide"),
    ("plain", STYLE, ".deck > section {", ".deck > :last-child { display: none; } a {", "not all"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("look", "path", "old", "new", "said"), BROKEN)
def test_what_does_not_work_is_told(
    browser: Any, tmp_path: Path, look: str, path: str, old: str, new: str, said: str
) -> None:
    found = faults(browser, tmp_path, look, {path: (old, new)}, **LOOKS[look])
    assert any(said in fault for fault in found), found
