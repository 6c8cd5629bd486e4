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

# what styles the whole page anew as it loads: that transitions stop while colours change, where
# none has changed yet, and a scheme for the window that the page states itself; and what lays out
# what is folded away, whose sizes are told anyhow once it is opened
SWITCHED = 'document.body.setAttribute("data-md-color-switching","")'
MENDED = {
    SWITCHED: f"(document.body.coloured?{SWITCHED}:document.body.coloured=!0)",
    '{name:"color-scheme"}': '{name:"unused"}',
    "let t=e;for(;t.client": 'let t=e,c=e.closest("details:not([open])");for(;!c&&t.client',
    "m(()=>de(e)),Q(de(e)))}function At": "m(()=>de(e)),c?a=>a:Q(de(e)))}function At",
}

# of a table outside of any box, which no page has; for it all around whatever comes is styled anew
BARE_TABLE = re.compile(r"\.md-typeset table:not\(\[class\]\)\+\*\{[^}]*\}")

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


def repair_scripts(site: Path) -> None:
    """Let the theme's script load nothing of another host, and style no page twice as it loads.

    What would be loaded serves features that the site does not use (repository facts, diagrams,
    old browsers).

    Raises:
        ValueError: the theme has another script than the one that is known here.
    """
    for script in sorted(site.glob("assets/javascripts/bundle.*.js")):
        files.write(script, repaired(script.read_text(encoding="utf-8")), synced=False)


def repaired(script: str) -> str:
    """The theme's script, mended."""
    for old, new in MENDED.items():
        script = _mended(script, re.compile(re.escape(old)), new)
    return OTHER_HOST.sub("not-used/", script)


def repair_styles(site: Path) -> None:
    """Leave out of the theme's style sheet a rule that costs time and has nothing to do."""
    for sheet in sorted(site.glob("assets/stylesheets/main.*.css")):
        files.write(sheet, _mended(sheet.read_text(encoding="utf-8"), BARE_TABLE, ""), synced=False)


def _mended(text: str, old: re.Pattern[str], new: str) -> str:
    mended, count = old.subn(lambda _: new, text)
    if count != 1:
        raise ValueError(f"the theme has no '{old.pattern}' to mend in website/theme/repairs.py")
    return mended


def shorten_styles(site: Path) -> None:
    """Leave out of the site's own style sheets what is for people."""
    for sheet in sorted((site / "assets" / "stylesheets").glob("*.css")):
        if ".min." not in sheet.name:
            files.write(sheet, shortened(sheet.read_text(encoding="utf-8")), synced=False)


def shortened(sheet: str) -> str:
    """A style sheet without comments and indents.

    >>> shortened("@media print { /* a */ b { c: d } }")
    '@media print {  b { c: d } }'
    """
    return INDENT.sub(" ", COMMENT.sub("", sheet)).strip()
