"""Check the built site: links and fragments, ids, loads from other hosts, text alternatives."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from checks import budget, search
from checks.built_pages import Fault, Read, faults_of, read_page
from website.places import SITE

OTHER_HOST = re.compile(r"(https?:)?//", re.IGNORECASE)
CSS_LOAD = re.compile(r"""(?:url\(\s*|@import\s+)["']?([^"')\s;]+)""")
# A script loads by these calls, or by handing the address of a script, style or font to a helper.
SCRIPT_LOAD = re.compile(
    r"""(?:import\s*\(?|importScripts\(|fetch\(|\.src\s*=|\.href\s*=|\.open\("GET",)\s*"""
    r"""["'`]((?:https?:)?//[^"'`]*)|["'`]((?:https?:)?//[^"'`\s]*"""
    r"""\.(?:m?js|css|wasm|woff2?)(?:\?[^"'`]*)?)["'`]"""
)
THEME_FRAGMENT = "__"
# how to come by what a look at a file finds, which depends on its bytes and the kind of its name
Keep = Callable[[Callable[[Path], Any], Path], Any]
ERRATA = "errata.html"
# an erratum on the page of errata: where its row is, the page of its chapter, and where it names it
ERRATUM = re.compile(r'errata-claim"><a href="#(claim-[^"]+)">.*?</a> \(<a href="([^"#]+)(#?)')


@dataclass
class Report:
    """What was looked at, and every fault found."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)

    def summary(self) -> str:
        return ", ".join(f"{count:,} {name}" for name, count in self.counts.items())


def anew(look: Callable[[Path], Any], path: Path) -> Any:
    """What a look at a file finds, now."""
    return look(path)


class Site:
    """The files of a built site and where an address on one of its pages leads."""

    def __init__(self, folder: Path, prefix: str = "", keep: Keep = anew) -> None:
        self.folder = folder.resolve()
        self.prefix = "/" + prefix.strip("/") + "/" if prefix.strip("/") else "/"
        pages = sorted(self.folder.rglob("*.html"))
        self.pages: dict[Path, Read] = {path: keep(read_page, path) for path in pages}
        self.packed = cache(partial(keep, budget.packed))
        self._goal = cache(self._find)

    def name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def target(self, page: Path, address: str) -> tuple[Path, str]:
        parts = urlsplit(address)
        start = page.parent if parts.path else page
        return self._goal(start, unquote(parts.path)), unquote(parts.fragment)

    def _find(self, start: Path, path: str) -> Path:
        if path.startswith("/"):
            goal = self.folder / path.removeprefix(self.prefix).lstrip("/")
        else:
            goal = start / path if path else start
        goal = goal.resolve()
        return goal / "index.html" if goal.is_dir() else goal


def check(folder: Path, prefix: str = "", keep: Keep = anew) -> Report:
    """Every check over the built site; prefix is the path it is hosted under."""
    site, report = Site(folder, prefix, keep), Report()
    report.counts["pages"] = len(site.pages)
    if not site.pages:
        report.faults.append(Fault(str(folder), 0, "there is no page here; build the site first"))
    for path, read in site.pages.items():
        name = site.name(path)
        report.faults += faults_of(name, read.faults)
        report.faults += faults_of(name, link_faults(site, path, read, report.counts))
        report.faults += faults_of(name, load_faults(site, path, read, report.counts))
        report.faults += faults_of(name, wait_faults(site, path, read))
        weight = weigh(site, path, read)
        report.faults += [Fault(name, 1, text) for text in budget.faults(name, weight)]
        for thing in ("images", "tables"):
            report.counts[thing] += getattr(read, thing)
        report.counts["ids"] += len(read.ids)
    report.faults += [Fault(site.name(path), 1, text) for path, text in budget.heavy_files(folder)]
    report.faults += asset_faults(site, report.counts)
    report.faults += search_faults(site, report.counts)
    report.faults += errata_faults(site, report.counts)
    report.faults.sort()
    return report


def link_faults(
    site: Site, page: Path, read: Read, counts: Counter[str]
) -> Iterator[tuple[int, str]]:
    for line, address in read.links:
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            counts["links to other sites (not followed)"] += 1
            continue
        counts["links"] += 1
        goal, fragment = site.target(page, address)
        if not goal.is_file():
            yield line, f"the link '{address}' leads nowhere"
        elif fragment and goal in site.pages:
            counts["fragments"] += 1
            if fragment not in site.pages[goal].ids and not fragment.startswith(THEME_FRAGMENT):
                yield line, f"the link '{address}' names no place on {site.name(goal)}"


def weigh(site: Site, page: Path, read: Read) -> budget.Weight:
    """The weight of a page with what it loads at once; what stands in it weighs with it."""
    loads = {
        site.target(page, address)[0]
        for _, address in read.loads
        if not address.startswith("data:")
    }
    files = {*loads, *budget.fonts(page, site.folder)}
    return budget.weigh(page, read.elements, files, site.packed)


def wait_faults(site: Site, page: Path, read: Read) -> Iterator[tuple[int, str]]:
    """What the first view of a page waits for and the budget does not name."""
    for line, address in read.blocking:
        goal = site.target(page, address)[0]
        name = site.name(goal) if goal.is_relative_to(site.folder) else address
        if not budget.awaited(name):
            yield line, f"the first view waits for '{name}', which the budget does not name"


def load_faults(
    site: Site, page: Path, read: Read, counts: Counter[str]
) -> Iterator[tuple[int, str]]:
    loads = [*read.loads]
    loads += [(line, url) for line, css in read.styles for url in CSS_LOAD.findall(css)]
    for line, address in loads:
        counts["loads"] += 1
        yield from ((line, text) for text in load_fault(site, page, address))
    for line, script in read.scripts:
        for found in SCRIPT_LOAD.finditer(script):
            yield line, f"a script loads '{found[1] or found[2]}' from another host"


def load_fault(site: Site, file: Path, address: str) -> Iterator[str]:
    if OTHER_HOST.match(address):
        yield f"'{address}' is loaded from another host"
    elif not address:
        yield "an empty address is loaded"
    elif not address.startswith(("data:", "#")) and not site.target(file, address)[0].is_file():
        yield f"'{address}' is loaded and does not exist"


def asset_faults(site: Site, counts: Counter[str]) -> Iterator[Fault]:
    for path in sorted(site.folder.rglob("*.css")):
        counts["stylesheets"] += 1
        for found in CSS_LOAD.finditer(path.read_text(encoding="utf-8")):
            for text in load_fault(site, path, found[1]):
                yield Fault(site.name(path), line_of(found), text)
    for path in sorted([*site.folder.rglob("*.js"), *site.folder.rglob("*.mjs")]):
        counts["scripts"] += 1
        for found in SCRIPT_LOAD.finditer(path.read_text(encoding="utf-8")):
            text = f"the script loads '{(found[1] or found[2])[:90]}' from another host"
            yield Fault(site.name(path), line_of(found), text)


def search_faults(site: Site, counts: Counter[str]) -> Iterator[Fault]:
    """What the site's search does not find; nothing where there is no search."""
    if (site.folder / search.INDEX).is_file():
        counts["words searched for"] += len(search.words(site.folder))
        for text in search.faults(site.folder):
            yield Fault(search.INDEX, 0, text)


def errata_faults(site: Site, counts: Counter[str]) -> Iterator[Fault]:
    """Errata whose chapter does not lead to them; nothing where there is no page of errata.

    A chapter has a link for each that it names at some place; those that hold under the chapter's
    own convention have the link to the whole page.
    """
    page = site.folder / ERRATA
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    for found in ERRATUM.finditer(text):
        counts["errata"] += 1
        chapter = site.pages.get(site.target(page, found[2])[0])
        links = [address.partition("#") for _, address in chapter.links] if chapter else []
        marks = {fragment for page_name, _, fragment in links if page_name == ERRATA}
        if (found[1] if found[3] else "") not in marks:
            said = f"the erratum '{found[1]}' leads to {found[2]}, which does not lead back"
            yield Fault(ERRATA, line_of(found), said)


def line_of(found: re.Match[str]) -> int:
    return found.string.count("\n", 0, found.start()) + 1


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0]) if arguments else SITE
    report = check(folder, urlsplit(os.environ.get("SITE_URL", "")).path)
    for fault in report.faults:
        print(fault)
    print(f"checked {report.summary()}: {len(report.faults)} faults")
    return 1 if report.faults else 0
