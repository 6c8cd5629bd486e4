"""What the tour says of a playground that does not do what it should."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playground_site import SCRIPT, playground_site

from checks.browser import served, started


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return playground_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def browser(site: Path) -> Iterator[Any]:
    with started() as found:
        yield found


def faults(browser: Any, site: Path) -> list[str]:
    from checks.tour import played
    from checks.tour.visits import Visit

    tour = Visit(browser, site, "", None)
    with served(site) as tour.address:
        played.check(tour)
    return tour.faults


@pytest.mark.slow
def test_what_works_has_no_fault(browser: Any, site: Path) -> None:
    assert faults(browser, site) == []


# what is planted, all at once, since Python takes its time to start, and what is said of it
PAGE = "playground.html"
BROKEN = [
    (SCRIPT, 'part(name).onchange = () => again?.();', 'part(name).onchange = null;',
     ["another convention does not change the totals", "a second network is not compared"]),
    (SCRIPT, "(event.ctrlKey || event.metaKey)", "false",
     ["a window that does not fit does not say", "the text mended does not say"]),
    (SCRIPT, "code.value = state.code;", "run();",
     ["a link does not hold the text", "a link runs a text that no one asked to run"]),
    (SCRIPT, 'class: "table-scroll wide"', 'class: "wide"',
     ["a table makes the page scroll sideways"]),
    (SCRIPT, "event.dataTransfer.files[0]) read(", "false) read(", ["a dropped file does not say"]),
    (SCRIPT, "event.preventDefault();\n        section.classList", "section.classList",
     ["the browser goes to dropped.onnx"]),
    (SCRIPT, "of ${file.name} nothing", "nothing", ["a link beside a file does not say"]),
    (PAGE, 'aria-label="The network, as Python"', "", ["playground, dark): axe label"]),
]  # fmt: skip


@pytest.mark.slow
def test_what_does_not_work_is_told(
    browser: Any, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from checks.tour import played

    monkeypatch.setattr(played, "PATIENCE", 3000)
    shutil.copytree(site, tmp_path / "site")
    for path, old, new, _ in BROKEN:
        text = (tmp_path / "site" / path).read_text(encoding="utf-8")
        assert old in text
        (tmp_path / "site" / path).write_text(text.replace(old, new), encoding="utf-8")
    found = faults(browser, tmp_path / "site")
    for *_, told in BROKEN:
        for said in told:
            assert any(said in fault for fault in found), said


def test_a_site_without_the_playground_has_nothing_to_play(browser: Any, tmp_path: Path) -> None:
    (tmp_path / PAGE).write_text("<p>built without the playground</p>", encoding="utf-8")
    assert faults(browser, tmp_path) == []
