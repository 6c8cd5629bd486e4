"""What pages show that nobody typed there, as a person last looked at it.

What is computed while the site is built has no committed copy from which it could drift. So what
each macro of a page came to stands in a list, and so does each file that a build adds; whoever
changes what readers see finds here all places where they do.
"""

from __future__ import annotations

import argparse
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, StrictUndefined

from checks.prose_parts import FRONT_MATTER
from cnnref.files import filled, rows, text, write
from cnnref.tables.formats import csv_text
from website import macros
from website.charts import draw
from website.hands import playground, what_if
from website.kept import reach
from website.kept.shelf import digest
from website.measured import site as measured
from website.networks import answers, files
from website.places import DOCS, ROOT

__all__ = ["Shown", "faults", "main", "shown"]

LIST = Path("scripts/checks/lists/shown.csv")
COLUMNS = {"where": filled, "what": filled, "words": text, "digest": filled}
ASKS = re.compile(r"^render_macros: true$", re.MULTILINE)
TAG = re.compile(r"<[^>]*>")
# that many letters of a call or of what it says are shown; its digest is of all
MOST, LINES = 100, 40
# what hangs on the words of pages, on the code of the house, or on whether a machine has npm
HOMES = {*reach.READERS, playground.__name__}
LEFT_OUT = {"minutes"} | {name for name, home in macros.HOMES.items() if home in HOMES}
FILE = "file"


class Shown(NamedTuple):
    """What readers see: the page and the call of a macro, or a file; how it begins, and all."""

    where: str
    what: str
    words: str
    digest: str


def main(arguments: list[str]) -> int:
    """Say what pages show otherwise than it was looked at; with --renew, take it as it is now."""
    parser = argparse.ArgumentParser(prog="check shown", description=main.__doc__)
    parser.add_argument("--renew", action="store_true", help="it was looked at: take it as it is")
    given = parser.parse_args(arguments)
    now = sorted(shown())
    found = faults({Shown(*row) for row in rows(ROOT / LIST, COLUMNS)}, {*now})
    if given.renew:
        write(ROOT / LIST, csv_text([[*COLUMNS], *now]))
    print("\n".join(found) or f"{len(now)} things that pages show are as they were looked at")
    if found and not given.renew:
        print("look at them, and if all are meant: scripts/check shown --renew")
    return int(bool(found) and not given.renew)


def faults(before: set[Shown], now: set[Shown]) -> list[str]:
    """A line for each thing that is shown otherwise, or for the first ones of many."""
    was = {one[:2]: one for one in before}
    there = {one[:2]: one for one in now}
    lines = [
        f"{where}: {what}: {_said(was.get((where, what)))}, now {_said(there.get((where, what)))}"
        for where, what in sorted(was.keys() | there.keys())
        if was.get((where, what)) != there.get((where, what))
    ]
    more = [f"and {len(lines) - LINES} more"] * (len(lines) > LINES)
    return [*lines[:LINES], *more]


def _said(one: Shown | None) -> str:
    return "not there" if one is None else f"{one.words!r} ({one.digest})"


def shown() -> Iterator[Shown]:
    """All that pages show and nobody typed there, on any machine."""
    os.environ[reach.SKIPPED] = "1"
    for path in sorted(DOCS.rglob("*.md")):
        page = path.read_text(encoding="utf-8") if reach.is_page(path) else ""
        matter = FRONT_MATTER.match(page)
        if matter and ASKS.search(matter[0]):
            name = path.relative_to(DOCS).with_suffix("").as_posix()
            yield from of_page(name, page.removeprefix(matter[0]))
    for place, content in built():
        yield Shown(place, FILE, "", digest(content))


def built() -> Iterator[tuple[str, str]]:
    """Each file that a build adds, and each chart before it is drawn, which fonts have a part in.

    The code of both books is left out, which is shown as it stands.
    """
    yield from measured.own_charts().items()
    yield from (draw.assets() | answers.assets(answers.said()) | what_if.assets()).items()
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    for path, content in files.files(pages):
        if not path.startswith(files.CODE):
            yield path, files.fill(content, path) if path.endswith(".md") else content


class Noted:
    """The macros as a page has them, which note what each call comes to.

    calls: by what is called, with its arguments, what it came to each time.
    """

    def __init__(self, url: str) -> None:
        self.page = self
        self.url = url
        self.names: dict[str, Callable[..., object]] = {}
        self.calls: dict[str, list[str]] = defaultdict(list)
        macros.define_env(self)

    def macro(self, function: Callable[..., object], name: str = "") -> None:
        """Take one, as the plugin of MkDocs does."""
        called = name or function.__name__

        def noted(*given: object, **named: object) -> object:
            if called in LEFT_OUT:
                return ""
            result = function(*given, **named)
            words = [*map(repr, given), *(f"{key}={value!r}" for key, value in named.items())]
            self.calls[f"{called}({', '.join(words)})"].append(str(result))
            return result

        self.names[called] = noted


def of_page(page: str, body: str) -> Iterator[Shown]:
    """Each call of a macro in the text of a page, once, and what it came to.

    page: its name below docs, without the ending.
    """
    noted = Noted(f"{page}.html")
    Environment(undefined=StrictUndefined).from_string(body, globals=noted.names).render()
    for call, results in noted.calls.items():
        charts: Mapping[str, Any] = draw.made_of(results[0])
        words = " ".join(unescape(TAG.sub(" ", results[0])).split())
        yield Shown(page, _cut(call), _cut(words), digest(*results, sorted(charts.items())))


def _cut(words: str) -> str:
    """Words as they are, or how they begin with a digest of them all."""
    return words if len(words) <= MOST else f"{words[:MOST]}... {digest(words)[:8]}"
