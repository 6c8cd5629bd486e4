"""Links to the glossary say what the word means to those who point at them."""

from __future__ import annotations

import re
from pathlib import Path

from cnnref import files
from website.kept import reach
from website.kept.shelf import Shelf, digest
from website.theme.source import Source, words

PAGE = "glossary.html"
TO_ENTRY = re.compile(r"(?:\.\./)*glossary\.html#([\w-]+)")
LONGEST = 240
TITLED = Shelf("pages with titles")


def explain(site: Path) -> None:
    """Give each link to an entry of the glossary the entry's first words as its title."""
    page = site / PAGE
    if not page.is_file():
        return
    said = {place: meaning for place, (_, meaning) in words_of(page).items()}
    means = digest(reach.modules("website.theme.glossary", named=False), *map(str, said.items()))
    for path in sorted(site.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        if f"{PAGE}#" in text:
            told = TITLED.get(digest(text, means), titled, text, said)
            files.write(path, told, synced=False)
    TITLED.sweep()


def words_of(page: Path) -> dict[str, tuple[str, str]]:
    """Each word of the glossary and what it says of it, by the word's place on the page."""
    if not page.is_file():
        return {}
    entries = Source(page.read_text(encoding="utf-8"), only="dl").soup.select(
        "dt:has(> a[id]) + dd"
    )
    terms = ((entry.find_previous_sibling("dt"), entry) for entry in entries)
    return {
        str(dt.a["id"]): (words(dt), shortened(words(entry))) for dt, entry in terms if dt and dt.a
    }


def titled(page: str, said: dict[str, str]) -> str:
    """A page whose links to words say what the words mean."""
    source = Source(page, only="a")
    for link in source.soup.find_all("a", href=TO_ENTRY, title=False):
        place = str(link["href"]).partition("#")[2]
        if place in said:
            source.add_attributes(link, title=said[place])
    return str(source)


def shortened(text: str) -> str:
    """Whole sentences, as many as there is room for, but one at least."""
    first, *others = re.split(r"(?<=[.])\s+(?=[A-Z])", text)
    for sentence in others:
        if len(first) + len(sentence) >= LONGEST:
            break
        first += f" {sentence}"
    return first
