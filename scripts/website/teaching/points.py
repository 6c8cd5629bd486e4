"""What a slide says of a text: of each paragraph and of each item the first sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from bs4.element import Comment, NavigableString

from website.markup import Html, escaped
from website.teaching.chapter import kind

if TYPE_CHECKING:
    from bs4 import Tag

__all__ = ["Point", "opening", "points", "room"]

# the end of a sentence: what comes next begins another, or is no text
END = re.compile(
    r"(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\bal)(?<![A-Z])(?<!\bcf)[.?!][\"”)]*(?=\s+(?:[\"“(]?[A-Z0-9]|$)|$)"
)
# a sentence with fewer words says too little alone
FEWEST = 6
# characters of a line across a slide, and lines of a row of a formula
ACROSS, FORMULA = 78, 2.6
ITEMS = ("ul", "ol", "dl")


class Point(NamedTuple):
    """A piece of a slide that is revealed at once, and how many lines it takes."""

    html: Html
    lines: float
    kind: str = "text"


def points(block: Tag, sentences: int = 1) -> Iterator[Point]:
    """What a slide says of a text, a formula or a piece of code.

    sentences: so many of a paragraph or an item, at the most.
    """
    if kind(block) == "formula":
        rows = max(1, len(block.select("mtr")))
        yield Point(Html(str(block)), FORMULA * rows, "formula")
    elif kind(block) == "code":
        yield Point(Html(str(block)), 0.8 * len(block.get_text().splitlines()), "code")
    else:
        said = block.find_all(["li", "dd"], recursive=False) if block.name in ITEMS else [block]
        for tag in said:
            text = opening(tag, sentences)
            yield Point(text, room(tag, text))
            for formula in tag.select("span.katex-display"):
                yield Point(Html(str(formula)), FORMULA, "formula")


def opening(tag: Tag, sentences: int = 1) -> Html:
    """The first sentences of a paragraph or an item, one more where they say too little.

    >>> from bs4 import BeautifulSoup
    >>> said = "<p>Why? Networks of <b>Fig. 2</b> are deep, e.g. VGG, as others are. No more.</p>"
    >>> opening(BeautifulSoup(said, "html.parser").p)
    'Why? Networks of <b>Fig. 2</b> are deep, e.g. VGG, as others are.'
    """
    inner = tag.find("p", recursive=False)
    found = "".join(_sentences(inner if inner is not None else tag, sentences))
    return Html(" ".join(found.split()))


def _sentences(tag: Tag, left: int) -> Iterator[str]:
    words = 0
    for node in tag.children:
        if isinstance(node, Comment) or getattr(node, "name", None) in ("p", *ITEMS):
            continue
        if isinstance(node, NavigableString):
            for end in END.finditer(node):
                left -= words + len(node[: end.end()].split()) >= FEWEST
                if not left:
                    yield escaped(str(node[: end.end()]))
                    return
            yield escaped(str(node))
        elif "katex-display" not in getattr(node, "attrs", {}).get("class", ()):
            yield str(node)
        words += len(node.get_text().split())


def room(tag: Tag, text: str) -> float:
    """The lines that a text takes across a slide."""
    seen = len(re.sub(r"<span class=\"katex-mathml\">.*?</span>|<[^>]+>", "", text))
    return max(1, -(-seen // ACROSS)) + 0.5
