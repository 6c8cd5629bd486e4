"""What the page reading.md prints: how long a page takes to read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from checks import prose_parts
from cnnref.errors import UnknownNameError
from website.markup import Html, data
from website.places import DOCS

__all__ = ["MACROS", "minutes"]

# words of a technical text in a minute, figures and formulas looked at on the way
PACE = 130
STEP = 5
EXERCISES = re.compile(r"^## Exercises\n.*?(?=^## |^<div|\Z)", re.DOTALL | re.MULTILINE)
TARGET = re.compile(r"(?<=\])\([^)\s]*\)")
NOT_READ = (EXERCISES, prose_parts.FRONT_MATTER, prose_parts.FENCE, prose_parts.MACRO, TARGET)
WORD = re.compile(r"[A-Za-z][\w'-]*")


def minutes(page: str) -> Html:
    """How many minutes a page takes without its exercises, from its words, in steps of five.

    page: its name below docs, without the ending.

    Raises:
        UnknownNameError: there is no such page.
    """
    path = DOCS / f"{page}.md"
    if not path.is_file():
        raise UnknownNameError("page", page, (other.stem for other in DOCS.glob("*.md")))
    text = path.read_text(encoding="utf-8")
    for part in NOT_READ:
        # a number in a sentence is read, too
        text = part.sub(" x ", text)
    words = len(WORD.findall(text))
    value = STEP * -(-words // (STEP * PACE))
    return data(value, str(value), f"{words:,} words of {page}, {PACE} a minute")


MACROS: Mapping[str, Callable[..., object]] = {"minutes": minutes}
