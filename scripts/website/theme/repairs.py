"""Small repairs of what the theme writes."""

from __future__ import annotations

import json
import re
from pathlib import Path

from cnnref import files

# two known places in what the theme writes; a parser would spell the whole page anew
ICON = re.compile(r'<svg (?=xmlns="[^"]*" viewBox="0 0 24 24">)')
OTHER_HOST = re.compile(r"(?<=[\"'`])https://[a-z0-9.-]+/")
DELIMITER = re.compile(r"\\[()\[\]]")
TIMES = re.compile(r"(?<=\d)\s?×\s?(?=\d)")


def repair(page: str) -> str:
    """Name the search dialog and hide the theme's decorative icons from screen readers."""
    page = page.replace(
        'data-md-component="search" role="dialog"',
        'data-md-component="search" role="dialog" aria-label="Search"',
    )
    return ICON.sub('<svg aria-hidden="true" ', page)


def keep_on_own_host(site: Path) -> None:
    """Point the theme's fallbacks that would load from another host at the site itself.

    They serve features that the site does not use (repository facts, diagrams, old browsers).
    """
    for script in sorted(site.glob("assets/javascripts/bundle.*.js")):
        text = script.read_text(encoding="utf-8")
        files.write(script, OTHER_HOST.sub("not-used/", text))


def normalise_search(site: Path) -> None:
    """Let "1x1" find what the pages print as 1×1, and show formulas without their delimiters."""
    index = site / "search" / "search_index.json"
    if not index.is_file():
        return
    found = files.json_of(index)
    for entry in found["docs"]:
        entry["text"] = TIMES.sub("x", DELIMITER.sub("", entry["text"]))
    compact = json.dumps(found, sort_keys=True, separators=(",", ":"))
    files.write(index, compact)
