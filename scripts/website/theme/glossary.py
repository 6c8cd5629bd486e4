"""Links to the glossary say what the word means to those who point at them."""

from __future__ import annotations

import html
import re
from pathlib import Path

from cnnref import files

PAGE = "glossary.html"
ENTRY = re.compile(
    r'<dt>\s*<a href="#([\w-]+)"[^>]*id="\1"[^>]*>.*?</dt>\s*<dd>(.*?)</dd>', re.DOTALL
)
LINK = re.compile(r'<a href="((?:\.\./)*glossary\.html#([\w-]+))">')
TAG = re.compile(r"<[^>]*>")
LONGEST = 240


def explain(site: Path) -> None:
    """Give each link to an entry of the glossary the entry's first words as its title."""
    page = site / PAGE
    if not page.is_file():
        return
    said = meanings(page.read_text(encoding="utf-8"))
    for path in sorted(site.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        told = LINK.sub(lambda link: titled(link, said), text)
        if told != text:
            files.write(path, told)


def meanings(page: str) -> dict[str, str]:
    """What the glossary says of each word, by the word's place on the page."""
    return {place: shortened(plain(text)) for place, text in ENTRY.findall(page)}


def titled(link: re.Match[str], said: dict[str, str]) -> str:
    address, place = link.groups()
    if place not in said:
        return link[0]
    return f'<a href="{address}" title="{html.escape(said[place], quote=True)}">'


def plain(fragment: str) -> str:
    return " ".join(html.unescape(TAG.sub("", fragment)).split())


def shortened(text: str) -> str:
    """Whole sentences, as many as there is room for, but one at least."""
    first, *others = re.split(r"(?<=[.])\s+(?=[A-Z])", text)
    for sentence in others:
        if len(first) + len(sentence) >= LONGEST:
            break
        first += f" {sentence}"
    return first
