"""The ways out of the site, at the foot of each page: licence, citation, and the repository.

REPO_URL names the repository; without it the foot says what it can.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess

from website.markup import Html, element, joined, link
from website.places import DOCS, ROOT

__all__ = ["LICENCE", "commit", "committed", "lost", "placed", "repository"]

REPO_URL = "REPO_URL"
COMMIT = "GITHUB_SHA"
BRANCH = "main"
# what the settings let the theme print, and where the exits go behind it
SAID = "Every number on these pages is computed by cnnref, measured or cited."
# what the theme writes on the page for lost addresses, and its link to the first page
NOT_FOUND = element("h1", "404 - Not found")
HOME = re.compile(r'href="([^"]*)index\.html" title="cnnref"')
LICENCE = "Text, code and drawings may be used under the MIT licence."
CITE = "sources.html#cite-this-site"


def repository() -> str:
    """The repository's address, or "" where none is set.

    Raises:
        ValueError: it is no address of the web.
    """
    address = os.environ.get(REPO_URL, "").rstrip("/")
    if address and not address.startswith("https://"):
        raise ValueError(f"{REPO_URL} is {address!r}; give an address that begins with https://.")
    return address


def commit() -> str:
    """The commit that the site is built of, where the builder names it."""
    return os.environ.get(COMMIT, "")


def committed() -> str:
    """The date of that commit, where git knows it."""
    if not commit() or not shutil.which("git"):
        return ""
    asked = ["git", "show", "--no-patch", "--format=%cs", commit()]
    return subprocess.run(asked, cwd=ROOT, capture_output=True, text=True).stdout.strip()


def placed(page: str, source: str, root: str, slides: str = "") -> str:
    """A page with its exits.

    source: the page's file below docs/; root: how to get from the page to the site's own folder;
    slides: where in it the page's slides are, where it has some.
    """
    return page.replace(SAID, f"{SAID} {LICENCE}{element('br')}{exits(source, root, slides)}", 1)


def lost(page: str) -> str:
    """The page for addresses that lead nowhere, with where a reader may have wanted to go."""
    found = HOME.search(page)
    root = found[1] if found else ""
    ways = {
        "the first page": "index.html",
        "all networks": "networks/index.html",
        "the glossary": "glossary.html",
        "the conventions": "conventions.html",
        "your own model": "count.html",
    }
    links = joined((link(text, f"{root}{to}") for text, to in ways.items()), ", ")
    said = element("p", "Search above for what you want, or go to ", links, ".")
    return page.replace(NOT_FOUND, element("h1", "There is no such page") + said, 1)


def exits(source: str, root: str, slides: str = "") -> Html:
    """Links to the page's slides, to how the site is cited, and to the repository, where it is."""
    links = {"Slides of this chapter": f"{root}{slides}"} if slides else {}
    links |= {"Cite this site": f"{root}{CITE}", "Count your own model": f"{root}count.html"}
    address = repository()
    if address:
        links |= {"Repository": address, "Report a mistake": f"{address}/issues/new"}
        if (DOCS / source).is_file():
            links["Edit this page"] = f"{address}/edit/{BRANCH}/docs/{source}"
    return joined((element("a", text, href=to) for text, to in links.items()), " · ")
