"""What a page may weigh when it is first seen, and how many elements it may hold.

Bytes are those of the page and of all that it loads at once, compressed as a server sends them,
with the fonts that it asks for; neither they nor the elements depend on the machine's mood.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import NamedTuple

__all__ = [
    "AWAITED", "ELEMENTS", "HANDLED", "HEAVIEST", "Weight", "awaited", "faults", "fonts",
    "heavy_files",
]  # fmt: skip

# a page's own limit, and that of all others
# a chapter with the maps of a network's layers as pictures
HEAVIEST = {"index.html": 150_000, "playground.html": 137_000, "zfnet.html": 280_000}
OTHERS = 250_000
ELEMENTS = 6_000
# what a reader handles: scripts of the pages that have it, and what they load when they are asked
HANDLED = {
    "assets/javascripts/convolution.js": 8_400,
    "assets/javascripts/exercises.js": 3_500,
    "assets/javascripts/slides.js": 2_500,
    "assets/javascripts/what_if.js": 4_500,
    "assets/stylesheets/hands.css": 3_100,
    "assets/stylesheets/slides.css": 3_500,
    # the networks of ten families; a limit holds for what none above it names
    "assets/what_if/after.js": 27_000,
    "assets/what_if/*.js": 20_000,
}
# what the first view of a page may wait for; scripts besides come behind it
AWAITED = (
    "assets/stylesheets/main.*.min.css", "assets/stylesheets/palette.*.min.css",
    "assets/stylesheets/extra.css", "assets/stylesheets/hands.css", "assets/stylesheets/slides.css",
    "assets/vendor/katex/katex.min.css", "assets/_mkdocstrings.css",
    # without it the search of a page that is opened as a file has no worker
    "assets/javascripts/iframe-worker.js",
)  # fmt: skip
# compressed by themselves
PACKED = {".woff2", ".png"}
FORMULA = re.compile(r'class="katex')
# what nearly every formula is set in
FORMULA_FONTS = ("KaTeX_Main-Regular", "KaTeX_Math-Italic", "KaTeX_Size2-Regular")
# what every page's text is set in
TEXT_FONTS = (
    "ibm-plex-sans-latin-400-normal", "ibm-plex-sans-latin-600-normal",
    "ibm-plex-serif-latin-400-normal", "ibm-plex-serif-latin-600-normal",
)  # fmt: skip
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
    if weight.elements > ELEMENTS:
        yield f"the page has {weight.elements:,} elements, and may have {ELEMENTS:,}"


def awaited(name: str) -> bool:
    """Whether the first view of a page may wait for a file of the site."""
    return any(fnmatchcase(name, pattern) for pattern in AWAITED)


def heavy_files(site: Path) -> Iterator[tuple[Path, str]]:
    """Files of HANDLED that are heavier than they may be."""
    weighed: set[Path] = set()
    for pattern, most in HANDLED.items():
        found = {*site.glob(pattern)} - weighed
        weighed |= found
        for path in sorted(found):
            if (size := packed(path)) > most:
                yield path, f"the file is {size:,} bytes, and may be {most:,}"


def weigh(
    page: Path, elements: int, loads: Iterable[Path], packed: Callable[[Path], int]
) -> Weight:
    """The weight of a page with what it loads at once, by the bytes of a file on the way."""
    return Weight(sum(packed(path) for path in {page, *loads} if path.is_file()), elements)


def fonts(page: Path, site: Path) -> Iterator[Path]:
    """The fonts that the page's text asks for besides those that it names."""
    text = page.read_text(encoding="utf-8")
    names = [*TEXT_FONTS, *(FORMULA_FONTS if FORMULA.search(text) else ()), *italic(text)]
    for name in names:
        yield from _found(site, name)


@cache
def _found(site: Path, name: str) -> list[Path]:
    return [*site.glob(f"assets/**/{name}.woff2")]


def italic(text: str) -> list[str]:
    """The italic font where a page's article has words in it."""
    article = text.partition("<article")[2].partition("</article>")[0]
    return [ITALIC_FONT] if ITALIC.search(article) else []


@cache
def packed(path: Path) -> int:
    """The bytes of a file on the way."""
    data = path.read_bytes()
    return len(data) if path.suffix in PACKED else len(gzip.compress(data, 6, mtime=0))
