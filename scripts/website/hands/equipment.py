"""What only some pages load: the script and the style of what a reader handles there."""

from __future__ import annotations

from collections.abc import Mapping

from website.markup import element, joined

__all__ = ["SCRIPTS", "STYLE", "equipped"]

STYLE = "assets/stylesheets/hands.css"
# what stands on a page that needs a script
SCRIPTS: Mapping[str, str] = {
    '<figure class="convolution"': "assets/javascripts/convolution.js",
    '<form class="asks"': "assets/javascripts/exercises.js",
    '<section class="playground"': "assets/javascripts/playground.js",
    '<section class="what-if"': "assets/javascripts/what_if.js",
    '<div class="code-rows"': "assets/javascripts/lines.js",
}
END = "</head>"


def equipped(page: str, root: str) -> str:
    """A page with what it needs besides; root: how to get from it to the site's own folder."""
    needed = [path for mark, path in SCRIPTS.items() if mark in page]
    if not needed:
        return page
    style = element("link", rel="stylesheet", href=root + STYLE)
    scripts = (element("script", src=root + path, defer=True) for path in needed)
    return page.replace(END, joined([style, *scripts]) + END, 1)
