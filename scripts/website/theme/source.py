"""A page that is read by a parser and keeps its own bytes.

What is added goes in at the places where the parser found the tags. Were the page written anew
from the parser's tree, entities and quotes would be spelt otherwise in all of it, and what later
steps look for in it, formulas and the places of charts, would be lost.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from bs4 import BeautifulSoup
from bs4.filter import SoupStrainer

from website.markup import written

if TYPE_CHECKING:
    from bs4 import Tag

__all__ = ["Source", "words"]


class Source:
    """The text of a page, its tree, and what is to be added to it.

    only: the name of the tags to read, where others are of no interest.
    """

    def __init__(self, text: str, only: str | None = None) -> None:
        strainer = SoupStrainer(only) if only else None
        self.text = text
        self.soup = BeautifulSoup(text, "html.parser", parse_only=strainer)
        self._lines = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
        self._added: list[tuple[int, str]] = []

    def __str__(self) -> str:
        parts, done = [], 0
        # what is added at one place stands there in the order in which it came
        for place, text in sorted(self._added, key=lambda added: added[0]):
            parts += [self.text[done:place], text]
            done = place
        return "".join([*parts, self.text[done:]])

    def add_attributes(self, tag: Tag, **given: object) -> None:
        """Give a tag more attributes, by the names that `markup.element` takes, as its first."""
        self._added.append((self._start(tag) + len(f"<{tag.name}"), written(given)))

    def put_around(self, tag: Tag, before: str, after: str) -> None:
        """Put text before an element and behind its end."""
        last = [tag, *tag.find_all(True)][-1]
        end = f"</{tag.name}>"
        self._added.append((self._start(tag), before))
        self._added.append((self.text.index(end, self._start(last)) + len(end), after))

    def put_inside(self, tag: Tag, before: str, after: str) -> None:
        """Put text at the begin and at the end of what an element that holds only text holds."""
        begin = self.text.index(">", self._start(tag)) + 1
        self._added.append((begin, before))
        self._added.append((self.text.index(f"</{tag.name}>", begin), after))

    def _start(self, tag: Tag) -> int:
        assert tag.sourceline is not None
        assert tag.sourcepos is not None
        return self._lines[tag.sourceline - 1] + tag.sourcepos


def words(tag: Tag) -> str:
    """What a reader sees of an element, without line breaks."""
    return " ".join(tag.get_text().split())
