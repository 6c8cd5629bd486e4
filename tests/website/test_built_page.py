"""How it is built: the plan shows every room, the journeys are those that were gone on."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import jinja2
import pytest

from checks.floors import HOUSE, SITE
from cnnref.errors import CnnrefError, UnknownNameError
from website.chapters.built import JOURNEYS, MACROS, floor_plan, journey, passed, path, recorded
from website.places import DOCS, ROOT

# where each journey begins, where it must come through, and where it ends
THROUGH = {
    "table": (
        "cnnref/cli/main.py", "cnnref/networks/catalog.py", "cnnref/specs/vgg.py",
        "cnnref/counting/arithmetic.py", "cnnref/tables/columns.py", "cnnref/tables/formats.py",
    ),
    "trace": (
        "cnnref/tracing/trace.py", "cnnref/tracing/shadow.py", "cnnref/tracing/recorder.py",
        "cnnref/tracing/rules/windows.py", "cnnref/tables/rows.py",
    ),
    "sentence": (
        "scripts/website/inline.py", "scripts/website/facts.py", "cnnref/specs/vgg.py",
        "scripts/website/markup.py",
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", JOURNEYS)
def test_a_journey_passes_its_rooms_in_order(name: str) -> None:
    files = recorded(name)
    places = [files.index(file) for file in THROUGH[name]]
    assert places == sorted(places)
    assert all(file.startswith(("cnnref/", "scripts/website/")) for file in files)
    assert all((ROOT / file).is_file() for file in files)
    shown = journey(name)
    assert shown.count("<dt>") == shown.count("<dd>") == len(files)
    assert "<dd></dd>" not in shown


def test_only_what_runs_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "def called(): pass\ndef left(): pass\nclass Kept:\n    x = 1\nleft()\n"
    for name in ("first", "second", "third"):
        (tmp_path / f"{name}_step.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))

    def run() -> None:
        import second_step  # type: ignore[import-not-found]
        import third_step  # type: ignore[import-not-found]

        third_step.called()
        second_step.called()

    assert passed(run, tmp_path) == ["third_step.py", "second_step.py"]
    assert sys.getprofile() is None


def test_the_plan_shows_every_room() -> None:
    shown = re.findall(r"<text[^>]*>([^<]*)</text>", floor_plan())
    rooms = {room for floor in (*SITE, *HOUSE) for room in floor}
    assert set(shown) == rooms | {"scripts/", "cnnref/"}
    assert len(shown) == 2 * (len(rooms) + 2)


def test_what_is_not_there_is_refused() -> None:
    with pytest.raises(CnnrefError, match=r"^cnnref/attic\.py: the checkout has no such file"):
        path("cnnref/attic.py")
    with pytest.raises(UnknownNameError, match=r"^Unknown journey 'home': "):
        journey("home")


def test_every_path_of_the_page_goes_through_the_check() -> None:
    text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", (DOCS / "built.md").read_text(encoding="utf-8"))
    assert not re.findall(r"`(?:cnnref|scripts|docs|tests)/[\w/]+\.\w+`", text)


def test_every_path_that_the_page_names_is_there() -> None:
    pages = jinja2.Environment(undefined=jinja2.StrictUndefined)
    pages.globals.update(MACROS | {"journey": str, "floor_plan": str, "n": lambda *_: ""})
    text = (DOCS / "built.md").read_text(encoding="utf-8")
    assert "<code>scripts/checks/floors.py</code>" in pages.from_string(text).render()
    broken = text.replace("scripts/checks/floors.py", "scripts/checks/cellar.py")
    with pytest.raises(CnnrefError, match=r"^scripts/checks/cellar\.py: "):
        pages.from_string(broken).render()
