"""What the site adds to the prose of a page: links to networks, and notes in the margin.

A network's name leads to its page where a section names it first. A paragraph with a mark of an
erratum, or with a number that is made of others, has a note beside it that says what the mark or
the number says to those who point at it; it stands only where there is a margin. A list of the
page's sections stands where there is none.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from cnnref.networks.catalog import architecture, names
from website.markup import Html, element, escaped, folded, link

__all__ = ["contents", "linked", "noted"]

TAGS = re.compile(r"(<!--.*?-->|<[^>]+>)", re.DOTALL)
TAG = re.compile(r"<(/?)([a-zA-Z][\w-]*)")
VOID = {"br", "hr", "img", "input", "link", "meta", "source", "wbr", "col"}
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
# in these a name is no link, or is one already
SILENT = HEADINGS | {
    "a", "button", "caption", "code", "data", "dt", "figcaption", "figure", "label", "legend",
    "math", "option", "pre", "script", "style", "summary", "svg", "table",
}  # fmt: skip
# what is typed or drawn stays as it is
TYPED = {"code", "pre", "script", "style", "svg"}
# "3 x 224 x 224" between sizes, and between the brackets of a formula in words
TIMES = re.compile(r"(?<=[\d)]) x (?=[\d(])")
FORMULA = 'class="arithmatex"'
OWN_PAGE = re.compile(r'href="[^"]*\bnetworks/(\w+)\.html"')
# of notebooks and docstrings the text is code's
NO_PROSE = ("notebooks/", "reference/")
# where notes of a paragraph go
PLACE = "<!--note-->"
PLACED = re.compile(rf"{PLACE}(<p>.*?</p>)", re.DOTALL)
ERRATUM = re.compile(r'<a class="erratum(?: mild)?"[^>]* title="([^"]*)">([^<]*)</a>')
NUMBER = re.compile(r'<data value="[^"]*" title="([^"]*)">([^<]*)</data>')
# a number that is made of others says them one after another
MADE = re.compile(r": [^;]+; .+: ")
# a page with fewer sections has no list of them
FEWEST = 4
# a paragraph has so many notes at the most
MOST = 2


class Piece(NamedTuple):
    """A tag or a text of a page, and the tags that are open where it stands."""

    text: str
    open: tuple[str, ...]
    silent: bool

    @property
    def name(self) -> str:
        """The tag's name where this opens one, else ""."""
        found = TAG.match(self.text)
        return found[2] if found and not found[1] else ""


def linked(page: str, source: str, root: str) -> str:
    """A page's content with networks' names as links, once a section, and one sign between sizes.

    source: the page's file below docs/; root: how to get from the page to the site's own folder.
    """
    if source.startswith(NO_PROSE):
        return page
    own = source.removesuffix(".md").partition("networks/")[2]
    known, parts = {own}, []
    for piece in pieces(page):
        if piece.name in HEADINGS:
            known = {own}
        known.update(OWN_PAGE.findall(piece.text) if piece.name == "a" else ())
        text = piece.text
        if not (text.startswith("<") or TYPED & {*piece.open}):
            text = TIMES.sub(" × ", text)
        said = text.startswith("<") or piece.silent
        parts.append(text if said else _with_links(text, known, root))
    return "".join(parts)


def _with_links(text: str, known: set[str], root: str) -> str:
    def to_page(match: re.Match[str]) -> str:
        name = pages()[match[0]]
        if name in known:
            return match[0]
        known.add(name)
        return link(Html(match[0]), f"{root}networks/{name}.html")

    return any_name().sub(to_page, text)


@cache
def pages() -> dict[str, str]:
    """The networks by their titles as a page spells them, and by what is before a bracket."""
    titles = {architecture(name).title: name for name in names()}
    short = ((title.partition(" (")[0], name) for title, name in titles.items())
    plain = {title: name for title, name in short if title.lower() == name}
    return {escaped(title): name for title, name in (plain | titles).items()}


@cache
def any_name() -> re.Pattern[str]:
    """Any of these titles; of two that begin alike the longer."""
    longest_first = sorted(pages(), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-]| \()")


def contents(page: str, sections: Sequence[tuple[str, str]]) -> str:
    """A page's content with its sections below the title, for screens without room beside it.

    sections: the title and the address of each.
    """
    if len(sections) < FEWEST:
        return page
    entries = (element("li", link(Html(title), to)) for title, to in sections)
    box = folded(
        "On this page", element("ul", *entries), class_="contents", data_search_exclude=True
    )
    title, end, rest = page.partition("</h1>")
    return f"{title}{end}{box}{rest}" if end else page


def noted(page: str) -> str:
    """A page's content with notes before the paragraphs that have something to say besides."""
    parts, said = [], set[str]()
    for piece in pieces(page):
        if piece.text == "<p>" and not piece.open:
            parts.append(PLACE)
        parts.append(piece.text)
    return PLACED.sub(lambda found: _notes(found[1], said) + found[1], "".join(parts))


def _notes(paragraph: str, said: set[str]) -> Html:
    marks = ERRATUM.findall(paragraph)
    numbers = [found for found in NUMBER.findall(paragraph) if MADE.search(found[0])]
    new = [found for found in [*marks, *numbers] if found[0] not in said][:MOST]
    said.update(text for text, _ in new)
    return Html("".join(_note(*map(html.unescape, found)) for found in new))


def _note(text: str, shown: str) -> Html:
    text = text.removeprefix(f"{shown}: ")
    hidden = {"class_": "sidenote", "aria_hidden": "true", "data_search_exclude": True}
    return element("aside", element("b", shown), f" {text}", **hidden)


def pieces(page: str) -> Iterator[Piece]:
    """The tags and texts of a page in order; a formula and what is in it is silent."""
    stack: list[tuple[str, bool]] = []
    for text in TAGS.split(page):
        found = TAG.match(text)
        if found and found[1]:
            while stack and stack.pop()[0] != found[2]:
                pass
        yield Piece(text, tuple(name for name, _ in stack), any(silent for _, silent in stack))
        if found and not found[1] and found[2] not in VOID and not text.endswith("/>"):
            stack.append((found[2], found[2] in SILENT or FORMULA in text))
