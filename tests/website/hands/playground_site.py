"""The playground's page by itself: its policy, its style and all that it loads, in a folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from checks.browser import find_browser
from checks.policy import guarded
from website.hands import playground
from website.hands.equipment import STYLE, equipped
from website.places import DOCS

__all__ = ["SCRIPT", "playground_site"]

SCRIPT = "assets/javascripts/playground.js"
WORKER = "assets/playground/worker.js"
# what the theme does
THEME = """<style>body { margin: 0; background: var(--paper); color: var(--ink); }</style>
<script src="theme.js"></script>"""
FOLLOWS = """const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => { document.body.dataset.mdColorScheme = dark.matches ? "slate" : "default"; };
addEventListener("DOMContentLoaded", follow);
dark.addEventListener("change", follow);
"""


def playground_site(folder: Path) -> Path:
    """The folder with playground.html in it; where it cannot be, the test is skipped."""
    if why := playground.absence():
        pytest.skip(why)
    if find_browser() is None:
        pytest.skip("there is no browser")
    for uri, data in playground.assets().items():
        (folder / uri).parent.mkdir(parents=True, exist_ok=True)
        (folder / uri).write_bytes(data)
    for uri in (SCRIPT, WORKER):
        (folder / uri).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(DOCS / uri, folder / uri)
    for uri in ("stylesheets", "fonts"):
        shutil.copytree(DOCS / "assets" / uri, folder / "assets" / uri)
    shutil.copytree(DOCS / "generated" / "tables", folder / "generated" / "tables")
    (folder / "theme.js").write_text(FOLLOWS, encoding="utf-8")
    style = f'<link rel="stylesheet" href="assets/stylesheets/extra.css">{THEME}'
    body = f'<main class="md-typeset"><h1>Playground</h1>{playground.playground()}</main>'
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Playground</title>'
        f'<link rel="icon" href="data:,">{style}</head><body>{body}</body></html>'
    )
    (folder / "playground.html").write_text(guarded(equipped(page, "")), encoding="utf-8")
    assert (folder / STYLE).is_file()
    return folder
