"""A chapter's finished page taken apart: its headings, and what stands under each, in order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from bs4 import BeautifulSoup

from cnnref.errors import CnnrefError

if TYPE_CHECKING:
    from bs4 import Tag

__all__ = ["EXHIBITS", "Part", "exhibited", "inside", "kind", "parts"]

HEADINGS = ("h1", "h2", "h3")
# what holds blocks and is none
HOLDERS = ", ".join(
    f"div.{name}, div.{name} > div" for name in ("beside", "exercises", "sidebyside")
)
# of the kinds of blocks, which a selector names, the first that fits
KINDS = {
    "dropped": "details:not(.exercise), label.fold, form, p.asked, p.downloads, p.counted, "
    "p.agree, section.what-if, div.take",
    "note": "aside.sidenote",
    "exercise": "details.exercise",
    "correction": "section.slides",
    "remember": "div.takeaways",
    "table": "div.table-scroll",
    "figures": "div.charts, div.multiples",
    "figure": "figure.drawing, figure.chart",
    "window": "figure.convolution",
    "listing": "div.code-rows",
    "formula": "span.katex-display",
    "code": "div.highlight",
    "text": "p, ul, ol, dl",
}
EXHIBITS = ("table", "figures", "figure", "window", "listing")
# what a page has besides for its own scripts, for phones, or for those who point at something
LEFT_OUT = (
    "a.headerlink, .chart-choices, .chart-said, label.fold, script, "
    ".chart-wide + .chart-narrow, .drawing-wide + .drawing-narrow"
)
# what a page folds away, and what only its own scripts show
CLOSED = "details, form, section.what-if"
ARTICLE = re.compile(r"<article\b.*</article>", re.DOTALL)
FORGOTTEN = ("id", "tabindex", "role", "data-spec", "data-choice", "data-search-exclude")


class Part(NamedTuple):
    """A heading, its level, where it stands on the chapter's page, and the blocks below it."""

    title: str
    level: int
    place: str
    blocks: list[Tag]

    @property
    def name(self) -> str:
        """The heading's place on its page."""
        return self.place.partition("#")[2]


def kind(block: Tag) -> str:
    """What a block is, a key of KINDS.

    Raises:
        CnnrefError: it is nothing that is known.
    """
    for name, selector in KINDS.items():
        if block.css.match(selector):
            return name
    shown = ".".join([block.name, *block.get_attribute_list("class")])
    raise CnnrefError(f"a chapter has a block <{shown}>, which slides know nothing of: name it.")


def inside(tag: Tag, selector: str) -> Tag:
    """What a selector finds first in an element.

    Raises:
        CnnrefError: nothing.
    """
    found = tag.select_one(selector)
    if found is None:
        raise CnnrefError(f"<{tag.name}> of a chapter has no '{selector}', which a slide shows.")
    return found


def exhibited(html: str) -> set[str]:
    """What a page shows openly: every drawing and row of a table, by what it says and draws."""
    soup = BeautifulSoup(article(html) or html, "html.parser")
    for left in soup.select(f"{LEFT_OUT}, {CLOSED}, .convolution .stage"):
        left.decompose()
    return {_shown(tag) for tag in soup.select("svg, img, tbody > tr")}


def article(page: str) -> str:
    """What stands in a page's article, which takes a parser less time than all; "" without one."""
    found = ARTICLE.search(page)
    return found[0] if found else ""


def _shown(tag: Tag) -> str:
    drawn = [
        str(one.get(name)) for one in (tag, *tag.select("[d]")) for name in ("d", "src", "alt")
    ]
    return " ".join([*tag.get_text().split(), *drawn])


def parts(page: str, name: str) -> list[Part]:
    """The parts of a page, the first under its title; links lead from the folder of slides.

    name: the page's file.

    Raises:
        CnnrefError: the page has no article.
    """
    whole = BeautifulSoup(article(page), "html.parser").find("article")
    if whole is None:
        raise CnnrefError(f"{name} has no article.")
    found: list[Part] = []
    for block in list(_flat(whole)):
        if block.name in HEADINGS:
            found.append(Part("", int(block.name[1]), f"../{name}#{block.get('id')}", [block]))
        elif found:
            found[-1].blocks.append(block)
    for part in found:
        for block in part.blocks:
            _clean(block, name)
    return [
        part._replace(title=part.blocks[0].decode_contents(), blocks=part.blocks[1:])
        for part in found
    ]


def _flat(tag: Tag) -> Iterator[Tag]:
    """The blocks of an article; what stands beside a text comes before it."""
    for child in tag.find_all(True, recursive=False):
        if child.css.match("div.beside"):
            text, *others = child.find_all(True, recursive=False)
            for column in (*others, text):
                yield from [column] if _known(column) else _flat(column)
        else:
            yield from _flat(child) if child.css.match(HOLDERS) else [child]


def _known(block: Tag) -> bool:
    return any(block.css.match(selector) for selector in KINDS.values())


def _clean(block: Tag, name: str) -> None:
    """A block as it stands on a slide: without ids and scripts, its links from the slides."""
    for left in block.select(LEFT_OUT):
        left.decompose()
    for tag in (block, *block.find_all(True)):
        drawn = tag.name == "svg" or "chart-view" in tag.get_attribute_list("class")
        for attribute in FORGOTTEN:
            if not (drawn and attribute == "role"):
                tag.attrs.pop(attribute, None)
        for attribute in ("href", "src"):
            if attribute in tag.attrs:
                tag[attribute] = _from_slides(str(tag[attribute]), name)


def _from_slides(address: str, name: str) -> str:
    """An address of a chapter's page as the folder of slides has it."""
    if urlsplit(address).scheme:
        return address
    return re.sub(r"^(?:\./)?", "../", name + address if address.startswith("#") else address)
