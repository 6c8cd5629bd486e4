"""A budget in work: what is made again of a small site for each kind of edit, and nothing stale."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mkdocs.config import load_config

from website.places import ROOT, SCRIPTS

SETTINGS = """
site_name: small
use_directory_urls: false
theme: {name: material, font: false}
plugins: [search, macros: {render_by_default: false, module_name: charting}, mkdocstrings]
hooks: [own.py]
markdown_extensions: [toc: {permalink: true}, pymdownx.arithmatex: {generic: true}]
validation: {links: {not_found: warn, anchors: warn}}
strict: true
"""
# the site's own hooks, without the pages of networks; in their place an article that brings a chart
HOOKS = """
from charting import line
from website import hooks
from website.hooks import *
from website.pages import Pages

def on_config(config):
    return config

def on_files(files, config):
    hooks._pages[:] = [Pages(config, files)]
    return files

def on_post_build(config):
    hooks._pages[0].sweep()

hooks.site_networks.fill = lambda html, uri: html.replace("<p>A chart.</p>", line(uri, 5))
"""
# a chart that has no file: its placeholder is the same whatever is drawn
CHARTING = """
from pathlib import Path

from website.charts import draw

def line(key, end):
    values = [{"x": 0, "y": 1}, {"x": end, "y": 2}]
    encoding = {axis: {"field": axis, "type": "quantitative"} for axis in "xy"}
    spec = {"data": {"values": values}, "mark": {"type": "line"}, "encoding": encoding}
    return draw.made(key, spec, "A line", "From one point to another.")

def define_env(env):
    env.homes = dict.fromkeys(("chart", "told"), draw.__name__)

    @env.macro
    def chart(end):
        return line("own", end)

    @env.macro
    def told():
        return (Path(env.conf["docs_dir"]) / "told.csv").read_text()
"""
PAGES = {
    "index.md": "# First\n\nTo [the second](second.md#here), $1 + 1$.\n",
    "second.md": "---\nrender_macros: true\n---\n# Second\n\n## Here\n\nIt is {{ 'x' * 3 }}.\n",
    "third.md": "# Third\n\nAlone.\n",
    "fourth.md": "---\nrender_macros: true\n---\n# Fourth\n\n{{ chart(3) }}\n",
    "fifth.md": "# Fifth\n\nA chart.\n",
    "sixth.md": "---\nrender_macros: true\n---\n# Sixth\n\nIt is {{ told() }}.\n",
    "told.csv": "three",
    "assets/stylesheets/own.css": "p { color: red }",
}
PROGRAM = """
import json, os, sys
from pathlib import Path
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort
from website.charts import draw
from website.kept import reach, shelf

folder, edits = Path(sys.argv[1]), json.loads(sys.argv[2])
shelf.FOLDER = folder / "kept"
reach.DOCS, reach.SETTINGS = folder / "docs", folder / "mkdocs.yml"
reach.STYLES = reach.DOCS / "assets" / "stylesheets"

def made(place):
    shelf.WORK.clear()
    reach.forget()
    draw._made.clear()  # each build is a process of its own
    try:
        build(load_config(str(folder / "mkdocs.yml"), site_dir=str(folder / place)))
    except Abort:
        return "refused"
    return {kind: shelf.WORK[kind] for kind in ("texts", "articles", "pages", "formulas")}

def whole(place):
    paths = (path for path in (folder / place).rglob("*") if path.is_file())
    return {path.relative_to(folder / place): path.read_bytes() for path in paths
            if path.name != "sitemap.xml.gz"}

def once(name, text):
    (folder / "docs" / name).write_text(text) if name else None
    os.environ[shelf.KEEPING] = "1"
    work = made("site")
    del os.environ[shelf.KEEPING]
    clean = made("clean")
    return work, work == clean == "refused" or whole("site") == whole("clean")

print(json.dumps([once(*edit) for edit in edits]))
"""


def nothing(**more: int) -> dict[str, int]:
    return {"texts": 0, "articles": 0, "pages": 0, "formulas": 0} | more


EDITS: tuple[tuple[str, str, Any], ...] = (
    ("", "", nothing(texts=3, articles=6, pages=6, formulas=1)),
    ("", "", nothing()),
    # what is drawn is another, and the text of its page is the same
    (
        "fourth.md",
        PAGES["fourth.md"].replace("3", "4"),
        nothing(texts=1, articles=1, pages=1),
    ),
    ("", "", nothing()),
    ("third.md", PAGES["third.md"] + "A sentence more.\n", nothing(articles=1, pages=1)),
    # macros run again, and what they say is the same
    (
        "second.md",
        PAGES["second.md"].replace("'x' * 3", "'xx' + 'x'"),
        nothing(texts=1),
    ),
    # a title stands on every page, by the navigation; articles are there, with their charts
    ("third.md", "# Other\n\nAlone.\n", nothing(articles=1, pages=6)),
    # any macro may have read it, and what one says is another
    ("told.csv", "four", nothing(texts=3, articles=1, pages=1)),
    # a file that is copied, and of which no page is made
    ("assets/stylesheets/own.css", "p { color: blue }", nothing()),
    ("", "", nothing()),
    (
        "../mkdocs.yml",
        SETTINGS.replace("site_name: small", "site_name: renamed"),
        nothing(texts=3, articles=6, pages=6),
    ),
    # the page that is linked to loses its place: each build says so, not the first alone
    ("second.md", "# Second\n", "refused"),
    ("", "", "refused"),
    ("third.md", "# Third\n\n[Nowhere](no.md)\n", "refused"),
    ("", "", "refused"),
)


@pytest.mark.slow
@pytest.mark.extras
def test_each_kind_of_edit_makes_what_depends_on_it_and_leaves_nothing_stale(
    tmp_path: Path,
) -> None:
    for name, text in PAGES.items():
        (tmp_path / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "docs" / name).write_text(text, encoding="utf-8")
    (tmp_path / "mkdocs.yml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "charting.py").write_text(CHARTING, encoding="utf-8")
    (tmp_path / "own.py").write_text(HOOKS, encoding="utf-8")
    edits = json.dumps([edit[:2] for edit in EDITS])
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(map(str, (SCRIPTS, ROOT))),
        "SOURCE_DATE_EPOCH": "1767225600",
        "NO_MKDOCS_2_WARNING": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), edits],
        capture_output=True, text=True, env=environment, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert [work for work, _ in found] == [work for *_, work in EDITS]
    assert all(same for _, same in found)


def test_pages_are_left_out_behind_what_follows_references_and_before_the_search() -> None:
    events = load_config(str(ROOT / "mkdocs.yml")).plugins.events
    order = {name: [one.__module__ for one in events[name]] for name in ("env", "page_context")}
    assert order["env"][-1] == "scripts/website/hooks.py"
    assert order["page_context"] == ["scripts/website/hooks.py", "material.plugins.search.plugin"]
