"""What a page may weigh when it is first seen, and how many elements it may hold.

Bytes are those of the page and of all that it loads at once, compressed as a server sends them,
with the fonts that it asks for; neither they nor the elements depend on the machine's mood.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

__all__ = ["ELEMENTS", "HEAVIEST", "Weight", "faults", "fonts"]

# a page's own limit, and that of all others
HEAVIEST = {"index.html": 150_000, "resnet.html": 255_000}
OTHERS = 250_000
ELEMENTS = 6_000
# a chapter that is over the limit until it is two, the network of most rows, and one of many rows
# with what this machine took for it: each may lose elements and not gain any
LONGER = {
    "resnet.html": 7_200,
    "networks/densenet121.html": 6_700,
    "networks/inception_v3.html": 6_200,
}
# compressed by themselves
PACKED = {".woff2", ".png"}
FORMULA = re.compile(r'class="katex')
# what nearly every formula is set in
FORMULA_FONTS = ("KaTeX_Main-Regular", "KaTeX_Math-Italic", "KaTeX_Size2-Regular")
# a page that has text of its own in italics loads that font
ITALIC = re.compile(r"<(?:em|i|cite)\b")
ITALIC_FONT = "ibm-plex-serif-latin-400-italic"


class Weight(NamedTuple):
    """A page's bytes on the way and its elements."""

    size: int
    elements: int


def faults(name: str, weight: Weight) -> Iterator[str]:
    """Where a page is heavier than it may be."""
    most = HEAVIEST.get(name, OTHERS)
    if weight.size > most:
        yield f"the page is {weight.size:,} bytes when first seen, and may be {most:,}"
    elements = LONGER.get(name, ELEMENTS)
    if weight.elements > elements:
        yield f"the page has {weight.elements:,} elements, and may have {elements:,}"


def weigh(page: Path, elements: int, loads: Iterable[Path]) -> Weight:
    """The weight of a page with what it loads at once."""
    return Weight(sum(packed(path) for path in {page, *loads} if path.is_file()), elements)


def fonts(page: Path, site: Path) -> Iterator[Path]:
    """The fonts that the page's text asks for besides those that it names."""
    text = page.read_text(encoding="utf-8")
    names = [*(FORMULA_FONTS if FORMULA.search(text) else ()), *italic(text)]
    for name in names:
        yield from site.glob(f"assets/**/{name}.woff2")


def italic(text: str) -> list[str]:
    """The italic font where a page's article has words in it."""
    article = text.partition("<article")[2].partition("</article>")[0]
    return [ITALIC_FONT] if ITALIC.search(article) else []


@cache
def packed(path: Path) -> int:
    """The bytes of a file on the way."""
    data = path.read_bytes()
    return len(data) if path.suffix in PACKED else len(gzip.compress(data, 6, mtime=0))
