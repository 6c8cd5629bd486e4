"""The search: what its index holds, and the words in which it is asked.

Trees and tables of figures are made from the code and stay out; a network is found by its names
and its totals, a word of the glossary by itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cnnref import files
from website.theme.glossary import PAGE, words_of

# what a formula has besides its letters and figures
TEX = re.compile(r"\\(?:[a-zA-Z]+|[()\[\],;!])")
TIMES = re.compile(r"(?<=\d)\s?×\s?(?=\d)")
# between these a reader sees a gap, and the text alone would not have one
PARTS = "caption|dd|div|dt|h[1-6]|li|p|summary|td|th"
NEIGHBOURS = re.compile(rf"(</(?:{PARTS})>)(?=<)|(<br ?/?>)(?=\S)")
WORKER = Path(__file__).with_name("search.js")
# two states of lunr's word tree that differ look alike where an edge is a digit (lunr 2.3.9)
AMBIGUOUS, PLAIN = "e=e+s+o.id}", 'e=e+s+o.id+","}'
# the theme asks for the index when a page is opened
EAGER, LAZY = '$(location.protocol!=="file:")', "$(!1)"
Entry = dict[str, Any]
# the pages about the package's names, which hold nearly every word
REFERENCE, LESS = "reference/", 0.1
# pages that repeat what the chapters say are found by what they are for, and not by their words
GATHERED: Mapping[str, tuple[str, str]] = {
    "revise.html": (
        "To remember",
        "What to remember of every chapter, with the formulas, on one page: a summary for an exam, "
        "a cheat sheet for revision, to be read or printed.",
    ),
    "exercises.html": ("Exercises", "The exercises of every chapter on one sheet, to be printed."),
    "answers.html": ("Answers", "The exercises of every chapter with their answers: solutions."),
}


class SearchError(RuntimeError):
    """The theme is another than the one that is mended here."""


def spaced(page: str) -> str:
    """Part the words of neighbouring cells, entries and paragraphs, which the index would join.

    >>> spaced("<tr><td>pool5</td><td>28</td></tr>")
    '<tr><td>pool5</td> <td>28</td> </tr>'
    """
    return NEIGHBOURS.sub(lambda found: f"{found[0]} ", page)


def finish(site: Path, networks: Mapping[str, Entry]) -> None:
    """Put the index and the theme's scripts in order.

    networks: what is to be found of each network, by the address of its page.

    Raises:
        SearchError: a place that is mended in a script of the theme is not there.
    """
    index = site / "search" / "search_index.json"
    if not index.is_file():
        return
    found = files.json_of(index)
    found["docs"] = [
        *entries(found["docs"], networks, words_of(site / PAGE)),
        *gathered(page for page in GATHERED if (site / page).is_file()),
    ]
    files.write(index, json.dumps(found, sort_keys=True, separators=(",", ":")), synced=False)
    for worker in site.glob("assets/javascripts/workers/search.*.js"):
        change(worker, AMBIGUOUS, PLAIN, before=WORKER.read_text(encoding="utf-8"))
    for bundle in site.glob("assets/javascripts/bundle.*.js"):
        change(bundle, EAGER, LAZY)


def entries(
    docs: list[Entry], networks: Mapping[str, Entry], words: Mapping[str, tuple[str, str]]
) -> Iterator[Entry]:
    """The entries of the index: one for a network, one for each word of the glossary."""
    for entry in docs:
        page, _, place = entry["location"].partition("#")
        if page in networks:
            if not place:
                yield entry | networks[page]
        elif page == PAGE:
            if not place:
                yield entry
                yield from (word(place, *said) for place, said in words.items())
        else:
            text = TIMES.sub("x", TEX.sub(" ", entry["text"]))
            kept = entry | {"text": text, "boost": boost(page, entry)}
            if place:
                # another name of a page is not one of its sections
                kept.pop("tags", None)
            yield kept


def gathered(pages: Iterable[str]) -> Iterator[Entry]:
    """An entry for each of the pages that gather what others say."""
    for page in pages:
        title, text = GATHERED[page]
        yield {"location": page, "title": title, "text": text, "boost": 4}


def boost(page: str, entry: Entry) -> float:
    """How much more than others an entry counts: what describes the code, less."""
    return LESS if page.startswith(REFERENCE) else float(entry.get("boost", 1))


def word(place: str, name: str, meaning: str) -> Entry:
    """A word of the glossary."""
    return {"location": f"{PAGE}#{place}", "title": name, "text": meaning, "boost": 2}


def change(script: Path, old: str, new: str, before: str = "") -> None:
    """Change one place of a script of the theme, and put more in front of it."""
    text = script.read_text(encoding="utf-8")
    if text.count(old) != 1:
        raise SearchError(f"{script.name} has {text.count(old)} places '{old}' instead of one.")
    files.write(script, before + text.replace(old, new), synced=False)
