"""Ask the built site's search, its own index and its own script, as readers do.

Every word of the index must be found; a network's name, a word of the glossary and the phrases
below must have the right page first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cnnref.files import json_of

__all__ = ["INDEX", "Search", "faults", "words"]

INDEX = "search/search_index.json"
# a browser's worker, as far as the search needs one
WORKER = """
globalThis.self = globalThis; var listeners = [], answers = [], warnings = [];
var addEventListener = (kind, listener) => listeners.push(listener);
var postMessage = (message) => answers.push(message);
var console = {warn: (...all) => warnings.push(all.map(String).join(" "))};
var tell = (data) => listeners.forEach((listener) => listener({data}));
var take = () => {
  const found = answers.splice(0).pop().data, said = warnings.splice(0);
  const places = found.items.map((group) => group.map((one) => one.location));
  return JSON.stringify({places, said});
};
var failed = null;
var tellAll = async (queries, patience) => {
  const bad = [];
  for (const query of queries) {
    answers.splice(0); warnings.splice(0); tell({type: 2, data: query});
    for (let turn = 0; !answers.length && turn < patience; turn++) await null;
    const found = answers.length > 0 && answers.pop().data.items.length > 0;
    if (warnings.length) bad.push([query, String(warnings[0])]);
    else if (!found && self.lunr.stopWordFilter(query)) bad.push([query, ""]);
  }
  failed = bad;
};
"""
# turns of its loop that the script may take to answer; it takes a few
PATIENCE = 1000
# what readers ask, and the page or the place on it that should come first
PHRASES = {
    "receptive field": "glossary.html#receptive-field",
    "max pooling": "alexnet.html",
    "what a convolution does": "convolution.html",
    "batch norm": "batch_norm.html",
    "batch normalization": "batch_norm.html",
    "batch normalisation": "glossary.html#batch-normalisation",
    "inception module": "glossary.html#inception-module",
    "1x1 convolution": "one_by_one.html",
    "auxiliary classifier": "glossary.html#auxiliary-classifier",
    "residual networks": "resnet.html",
    "degradation": "glossary.html#degradation",
    "bottleneck": "glossary.html#bottleneck",
    "comparing complexity": "complexity.html",
    "flop counts": "conventions.html",
    "count your own model": "count.html",
    "errata": "errata.html",
    "sources": "sources.html",
    "imagenet challenge": "history.html",
    "after the lecture": "after.html",
    "adding a network": "contributing.html",
    "glossary": "glossary.html",
    "zfnet": "networks/zfnet.html",
    "25,557,032": "networks/resnet50.html",
    "61100840 parameters": "networks/alexnet.html",
    "resnet": "resnet.html",
    "exercises": "exercises.html",
    "answers": "answers.html",
    "to remember": "revise.html",
    "exam": "revise.html",
    "cheat sheet": "revise.html",
    "bibtex": "sources.html#cite-this-site",
    "licence": "sources.html#cite-this-site",
}
# words that one way or the other find the same
ALIKE = (
    ("3×3", "3x3"), ("3 × 3", "3x3"), ("optimization", "optimisation"), ("color", "colour"),
    ("25557032", "25,557,032"), ("license", "licence"),
)  # fmt: skip
ASKED = ("pool", "max pool", "norm", "conv", "relu", "channels", "branch", "top-5", "25,557,032")
MARKUP = re.compile(r"<[^>]*>|&\w+;")
# signs in front of a word are no part of it to those who type it
WORD = re.compile(r"[^\W_][\w.,]*")


class Search:
    """The search of a built site."""

    def __init__(self, site: Path) -> None:
        from py_mini_racer import MiniRacer

        self.index = read(site)
        self.engine = MiniRacer()
        self.engine.eval(WORKER)
        (script,) = site.glob("assets/javascripts/workers/search.*.js")
        self.engine.eval(script.read_text(encoding="utf-8"))
        self._tell({"type": 0, "data": self.index | {"options": {"suggest": False}}})

    def ask(self, query: str) -> tuple[list[list[str]], list[str]]:
        """What is found, a list of places for each page, and what the script warns of."""
        self._tell({"type": 2, "data": query})
        answer = json.loads(str(self.engine.eval("take()")))
        return answer["places"], answer["said"]

    def ask_all(self, queries: list[str]) -> list[tuple[str, str]]:
        """The queries that break the search, with its warning, or that find nothing, with "".

        Words that are too common to be in the index are neither.
        """
        self.engine.eval(f"tellAll({json.dumps(queries)}, {PATIENCE})")
        failed = json.loads(str(self.engine.eval("JSON.stringify(failed)")))
        return [(query, said) for query, said in failed]

    def _tell(self, message: dict[str, Any]) -> None:
        self.engine.eval(f"tell({json.dumps(message)})")

    def close(self) -> None:
        """End the script's engine."""
        self.engine.close()


def read(site: Path) -> dict[str, Any]:
    """The index of a built site."""
    found: dict[str, Any] = json_of(site / INDEX)
    return found


def words(site: Path) -> list[str]:
    """Every word that stands in the index."""
    index = read(site)
    parts = re.compile(index["config"]["separator"])
    texts = (f"{entry['title']} {entry['text']}" for entry in index["docs"])
    bare = (MARKUP.sub(" ", text).lower() for text in texts)
    return sorted({word for text in bare for word in parts.split(text) if WORD.fullmatch(word)})


def faults(site: Path) -> Iterator[str]:
    """What is wrong with the search of a built site."""
    search = Search(site)
    try:
        yield from unanswered(search, words(site))
        for query, wanted in expected(search).items():
            found, _ = search.ask(query)
            top = found[0][:2] if found else []
            if not any(place in wanted or place.partition("#")[0] in wanted for place in top):
                yield f"'{query}' has {top} first instead of {', '.join(wanted)}"
        for one, other in ALIKE:
            if search.ask(one) != search.ask(other):
                yield f"'{one}' and '{other}' find different places"
        first, second = search.ask("resnet")[0], search.ask("resnet bottleneck")[0]
        if not second or len(second) >= len(first):
            yield "more words find more pages: not all of them are wanted"
    finally:
        search.close()


def unanswered(search: Search, asked: Iterable[str]) -> Iterator[str]:
    """Words at which the search fails or finds nothing; it leaves out words like "the"."""
    for query, said in search.ask_all([*ASKED, *asked]):
        if said:
            yield f"'{query}' breaks the search: {said[:80]}"
        else:
            yield f"'{query}' stands on a page and is not found"


def expected(search: Search) -> dict[str, list[str]]:
    """What is asked for, and the places of which one should come first.

    A word of the glossary may be the title of a section or a page as well.
    """
    called: dict[str, list[str]] = {}
    for entry in search.index["docs"]:
        called.setdefault(MARKUP.sub("", entry["title"]).lower(), []).append(entry["location"])
    asked = {query: [place, *called.get(query, ())] for query, place in PHRASES.items()}
    for entry in search.index["docs"]:
        asked |= {name: [entry["location"]] for name in entry.get("tags", ())}
        if entry["location"].startswith("glossary.html#"):
            asked.setdefault(entry["title"], called[entry["title"].lower()])
    return asked
