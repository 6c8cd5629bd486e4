"""Small repairs of what the theme writes."""

from __future__ import annotations

import re
from pathlib import Path

from cnnref import files

# the logo, and its own size
LOGO, LOGO_SIZE = 'alt="logo"', 'alt="logo" width="32" height="32"'
# two known places in what the theme writes; a parser would spell the whole page anew
ICON = re.compile(r'<svg (?=xmlns="[^"]*" viewBox="0 0 24 24">)')
OTHER_HOST = re.compile(r"(?<=[\"'`])https://[a-z0-9.-]+/")

# the look of docstrings, which most pages have none of
DOCSTRINGS = re.compile(r'<link rel="stylesheet" href="[^"]*_mkdocstrings\.css">\s*')
DOCUMENTED = 'class="doc '
# what a style sheet says to people alone
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
INDENT = re.compile(r"\n\s*")
# of the index in the page's own folder
TAB = re.compile(r'(md-tabs__item)"(>\s*<a href="index\.html")')


def repair(page: str) -> str:
    """Name the search dialog, hide decorative icons from screen readers, say the logo's size.

    >>> repair('<img src="logo.svg" alt="logo">')
    '<img src="logo.svg" alt="logo" width="32" height="32">'
    """
    page = page.replace(
        'data-md-component="search" role="dialog"',
        'data-md-component="search" role="dialog" aria-label="Search"',
    )
    if DOCUMENTED not in page:
        page = DOCSTRINGS.sub("", page)
    return ICON.sub('<svg aria-hidden="true" ', page.replace(LOGO, LOGO_SIZE))


def light_tab(page: str) -> str:
    """Show the tab of the networks as the one on which a network's page stands."""
    return TAB.sub(r'\1 md-tabs__item--active"\2', page, count=1)


def keep_on_own_host(site: Path) -> None:
    """Point the theme's fallbacks that would load from another host at the site itself.

    They serve features that the site does not use (repository facts, diagrams, old browsers).
    """
    for script in sorted(site.glob("assets/javascripts/bundle.*.js")):
        text = script.read_text(encoding="utf-8")
        files.write(script, OTHER_HOST.sub("not-used/", text))


def shorten_styles(site: Path) -> None:
    """Leave out of the site's own style sheets what is for people."""
    for sheet in sorted((site / "assets" / "stylesheets").glob("*.css")):
        if ".min." not in sheet.name:
            files.write(sheet, shortened(sheet.read_text(encoding="utf-8")))


def shortened(sheet: str) -> str:
    """A style sheet without comments and indents.

    >>> shortened("@media print { /* a */ b { c: d } }")
    '@media print {  b { c: d } }'
    """
    return INDENT.sub(" ", COMMENT.sub("", sheet)).strip()
