"""What the tour says of convolutions, answers and strips that do not do what they should."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checks.browser import find_browser, served, started
from website.hands import equipment, what_if
from website.macros import MACROS
from website.places import DOCS

pytestmark = pytest.mark.skipif(find_browser() is None, reason="there is no Chromium here")

PAGE = (
    '<!doctype html><html lang="en"><head><title>a</title><link rel="icon" href="data:,">'
    '</head><body style="margin: 60em 0"><div class="md-typeset">{}</div></body></html>'
)
SHOWN = (
    MACROS["convolution"]("A window", "W K S P", "weights", W=6, P=1),
    MACROS["asked"](),
    MACROS["asks"]("Parameters", "alexnet@227/fc6/parameters"),
    MACROS["what_if"]("zfnet"),
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with started() as found:
        yield found


def site(folder: Path, broken: dict[str, tuple[str, str]]) -> None:
    """A site of one page with everything that is handled; broken: by file, what stands for what."""
    written = {
        path: (DOCS / path).read_text(encoding="utf-8") for path in equipment.SCRIPTS.values()
    }
    written |= {equipment.STYLE: (DOCS / equipment.STYLE).read_text(encoding="utf-8")}
    written |= what_if.assets() | {"a.html": equipment.equipped(PAGE.format("".join(SHOWN)), "")}
    for path, text in written.items():
        old, new = broken.get(path, ("", ""))
        assert old in text
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text.replace(old, new) if old else text, encoding="utf-8")


def faults(
    browser: Any, folder: Path, look: str, patience: int = 5_000, **context: Any
) -> list[str]:
    """What one part of the tour says of the page; patience: milliseconds for what never comes."""
    from checks.tour import handled
    from checks.tour.visits import Visit

    tour = Visit(browser, folder, "", None)
    tour.axe = lambda *_, **__: None  # type: ignore[method-assign]
    with served(folder) as tour.address, tour.context("laptop", **context) as opened:
        opened.set_default_timeout(patience)
        with tour.open(opened, "a.html", "served") as page:
            getattr(handled, look)(tour, page, "a.html")
    return tour.faults


LOOKS: list[tuple[str, dict[str, Any]]] = [
    ("convolutions", {}),
    ("carried", {}),
    ("answers", {}),
    ("strips", {}),
    ("touched", {"has_touch": True}),
    ("calm", {"reduced_motion": "reduce"}),
    ("plain", {"java_script_enabled": False}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("look", "context"), LOOKS)
def test_what_works_has_no_fault(
    browser: Any, tmp_path: Path, look: str, context: dict[str, Any]
) -> None:
    site(tmp_path, {})
    assert faults(browser, tmp_path, look, patience=60_000, **context) == []


CONVOLUTION = equipment.SCRIPTS['<figure class="convolution"']
EXERCISES = equipment.SCRIPTS['<form class="asks"']
WHAT_IF = equipment.SCRIPTS['<section class="what-if"']
STYLE = equipment.STYLE
BROKEN = [
    ("convolutions", CONVOLUTION, 'part("step").addEventListener', 'part("step").toString', "step"),
    ("convolutions", CONVOLUTION, "ArrowRight: [0, 1]", "ArrowRight: [0, 0]", "arrow"),
    (
        "convolutions",
        CONVOLUTION,
        'event.key === " ") { run(); return; }',
        'event.key === " ") return;',
        "space bar",
    ),
    ("convolutions", CONVOLUTION, "stage.setPointerCapture(event.pointerId);", ";", "drag"),
    (
        "convolutions",
        CONVOLUTION,
        'form.addEventListener("input"',
        'form.addEventListener("none"',
        "slider W",
    ),
    (
        "convolutions",
        CONVOLUTION,
        "s.ceil && (positions - 1) * s.S >= size + s.P",
        "false",
        "another size",
    ),
    ("carried", CONVOLUTION, "pending = setTimeout(", "pending = isNaN(", "not in the address"),
    ("carried", CONVOLUTION, "    put();\n", "", "does not carry its state"),
    ("carried", CONVOLUTION, "before.startsWith(mark)) history", "false) history", "reset"),
    ("carried", CONVOLUTION, "since ${asked.fault}", "", "a broken link does not say"),
    (
        "answers",
        EXERCISES,
        'verdict: "right", says: "Right."',
        'verdict: "wrong", says: "Right."',
        "not right",
    ),
    ("answers", EXERCISES, "localStorage.setItem", "localStorage.getItem", "is not there when"),
    ("answers", EXERCISES, "localStorage.removeItem", "localStorage.getItem", "is there when"),
    ("strips", WHAT_IF, "line[operations] * batch", "line[operations]", "M MACs"),
    ("strips", WHAT_IF, "link(chosen(), options) || location", "location", "for its state"),
    ("strips", CONVOLUTION, "location.hash !== before", "false", "for its state"),
    ("strips", WHAT_IF, "copy.onclick = ", "copy.title = ", "cannot be copied"),
    ("strips", WHAT_IF, "    follow();\n  };", "  };", "Timeout"),
    (
        "strips",
        WHAT_IF,
        "Shown is ${strip.dataset.own}'s table, since ${fault}.",
        "Something is wrong.",
        "broken link",
    ),
    ("touched", CONVOLUTION, "if (!onWindow(event)) follow", "if (!held) follow", "touch"),
    ("touched", CONVOLUTION, '"touchstart"', '"none"', "goes with the window"),
    (
        "touched",
        CONVOLUTION,
        "if (onWindow(event)) event.prevent",
        "event.prevent",
        "holds the page",
    ),
    ("calm", CONVOLUTION, "play.hidden = calm.matches;", "", "run by itself"),
    ("plain", STYLE, ":is(.convolution form, ", ":is(", "frames"),
    ("plain", STYLE, "form.asks, p.asked, .what-if)", "i)", "in vain"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("look", "path", "old", "new", "said"), BROKEN)
def test_what_does_not_work_is_told(
    browser: Any, tmp_path: Path, look: str, path: str, old: str, new: str, said: str
) -> None:
    site(tmp_path, {path: (old, new)})
    found = faults(browser, tmp_path, look, **dict(LOOKS)[look])
    assert any(said in fault for fault in found), found
