"""The lecture's claims against computed values: every cell and sentence gets a verdict.

data/claims.csv holds what the lecture states, and data/remarks.csv what its notes say besides,
in sentences. The judges of `website.errata.judges` compute what it
should be, and where it is something else try to arrive at the lecture's value by computation.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from cnnref.errors import UnknownNameError
from cnnref.files import filled, text
from website.data import read

__all__ = [
    "VERDICTS",
    "Claim",
    "Erratum",
    "claims",
    "errata",
    "erratum",
    "judged",
    "quotations",
    "remarks",
    "said_besides",
]

VERDICTS = ("wrong", "convention", "wording", "agrees")


class Claim(NamedTuple):
    """One thing that the lecture states: a cell of a table, a formula, a sentence.

    key: its path, "AlexNet/full table/conv4/flop (M)"; of sentences that share a place the
        number is added, "AlexNet/summary/claim#2".
    stated: the number or formula as it stands there; a sentence in our words.
    quotes: the notes' own words for a sentence, piece by piece.
    """

    key: str
    chapter: str
    place: str
    row: str
    quantity: str
    stated: str
    quotes: tuple[str, ...] = ()


class Erratum(NamedTuple):
    """A claim, what was computed beside it, and the verdict.

    computed: the right value, written as the lecture writes its own.
    verdict: "agrees"; "convention", where it agrees only under one that the cause names;
        "wrong"; or "wording".
    cause: why, in sentences; "" where there is nothing to say.
    roots: the keys of the claims whose error this one carries on.
    partly: whether a wrong sentence is true of some of what it speaks of.
    """

    claim: Claim
    computed: str
    verdict: str
    cause: str
    roots: tuple[str, ...] = ()
    partly: bool = False

    @property
    def key(self) -> str:
        """The path of the claim."""
        return self.claim.key

    @property
    def anchor(self) -> str:
        """The id of its row on the errata page."""
        words = re.sub(r"[^a-z0-9]+", "-", self.key.lower().replace("'", "-out"))
        return "claim-" + words.strip("-")

    @property
    def explanation(self) -> str:
        """The cause, with the claims that it follows from."""
        if not self.roots:
            return self.cause
        return f"{self.cause} Root: {' and '.join(self.roots)}."


@cache
def claims() -> tuple[Claim, ...]:
    """What the lecture states, in the order of its chapters."""
    columns = {
        "chapter": filled,
        "place": filled,
        "row": text,
        "quantity": filled,
        "stated": filled,
    }
    return tuple(_keyed(list(read("claims", columns))))


@cache
def said_besides() -> tuple[Claim, ...]:
    """What the notes say besides, in sentences; "claim" is the quantity of each."""
    columns = {"chapter": filled, "place": filled, "stated": filled}
    rows = read("remarks", columns)
    said = [(chapter, place, "", "claim", stated) for chapter, place, stated in rows]
    return tuple(_keyed(said, "notes/"))


def _keyed(rows: Sequence[tuple[str, ...]], before: str = "") -> Iterator[Claim]:
    paths = [before + "/".join(part for part in row[:4] if part) for row in rows]
    several = {path for path, times in Counter(paths).items() if times > 1}
    seen: Counter[str] = Counter()
    for path, row in zip(paths, rows, strict=True):
        seen[path] += 1
        key = f"{path}#{seen[path]}" if path in several else path
        chapter, place, line, quantity, stated = row
        quotes = tuple(words for words, _ in quotations().get(key, ()))
        yield Claim(key, chapter, place, line, quantity, stated, quotes)


@cache
def quotations() -> dict[str, tuple[tuple[str, str], ...]]:
    """By the key of a claim: the words that are quoted, and the line of the notes they are from."""
    columns = dict.fromkeys(("key", "quote", "line"), filled)
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for key, words, line in read("quotes", columns):
        found[key] = (*found.get(key, ()), (words, line))
    return found


@cache
def errata() -> tuple[Erratum, ...]:
    """Every claim with its verdict, in the order of the claims."""
    return tuple(judged(claims()))


@cache
def remarks() -> tuple[Erratum, ...]:
    """What the notes say besides, with its verdict, in the order of the chapters."""
    return tuple(judged(said_besides()))


def erratum(key: str) -> Erratum:
    """The verdict on one claim, or on one that the notes make besides ("notes/ZFNet/...").

    Raises:
        UnknownNameError: no claim has that key; the message names close matches.

    >>> erratum("AlexNet/full table/conv4/flop (M)").computed
    '150'
    """
    found = {entry.key: entry for entry in (*errata(), *remarks())}
    if key not in found:
        raise UnknownNameError("claim", key, found)
    return found[key]


def judged(statements: Iterable[Claim]) -> Iterator[Erratum]:
    """The verdicts on claims; those that a ratio is built on are looked up among them.

    Raises:
        UnknownNameError: no judge knows a claim.
    """
    from website.errata.judges import judge

    known = {claim.key: claim for claim in statements}
    for claim in known.values():
        ruling = judge(claim, known)
        yield Erratum(claim, *ruling)
