"""Check the built site: links and fragments, ids, loads from other hosts, text alternatives."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
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


@dataclass
class Report:
    """What was looked at, and every fault found."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)

    def summary(self) -> str:
        return ", ".join(f"{count:,} {name}" for name, count in self.counts.items())


class Site:
    """The files of a built site and where an address on one of its pages leads."""

    def __init__(self, folder: Path, prefix: str = "") -> None:
        self.folder = folder.resolve()
        self.prefix = "/" + prefix.strip("/") + "/" if prefix.strip("/") else "/"
        self.pages = {path: read_page(path) for path in sorted(self.folder.rglob("*.html"))}

    def name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def target(self, page: Path, address: str) -> tuple[Path, str]:
        parts = urlsplit(address)
        path = unquote(parts.path)
        if path.startswith("/"):
            goal = self.folder / path.removeprefix(self.prefix).lstrip("/")
        else:
            goal = page.parent / path if path else page
        goal = goal.resolve()
        return (goal / "index.html" if goal.is_dir() else goal), unquote(parts.fragment)


def check(folder: Path, prefix: str = "") -> Report:
    """Every check over the built site; prefix is the path it is hosted under."""
    site, report = Site(folder, prefix), Report()
    report.counts["pages"] = len(site.pages)
    if not site.pages:
        report.faults.append(Fault(str(folder), 0, "there is no page here; build the site first"))
    for path, read in site.pages.items():
        name = site.name(path)
        report.faults += faults_of(name, read.faults)
        report.faults += faults_of(name, link_faults(site, path, read, report.counts))
        report.faults += faults_of(name, load_faults(site, path, read, report.counts))
        weight = weigh(site, path, read)
        report.faults += [Fault(name, 1, text) for text in budget.faults(name, weight)]
        for thing in ("images", "tables"):
            report.counts[thing] += getattr(read, thing)
        report.counts["ids"] += len(read.ids)
    report.faults += asset_faults(site, report.counts)
    report.faults += search_faults(site, report.counts)
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
    """The weight of a page with what it loads at once."""
    loads = {site.target(page, address)[0] for _, address in read.loads}
    return budget.weigh(page, read.elements, {*loads, *budget.fonts(page, site.folder)})


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


def line_of(found: re.Match[str]) -> int:
    return found.string.count("\n", 0, found.start()) + 1


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0]) if arguments else SITE
    report = check(folder, urlsplit(os.environ.get("SITE_URL", "")).path)
    for fault in report.faults:
        print(fault)
    print(f"checked {report.summary()}: {len(report.faults)} faults")
    return 1 if report.faults else 0
