"""What the pages print of the errata: the mark beside a number, counts, lists and tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from html import escape

from cnnref.errors import CnnrefError, UnknownNameError
from website.errata.claims import VERDICTS, Erratum, errata, erratum, remarks
from website.errata.judges.cells import TABLES
from website.facts import lookup

__all__ = [
    "CSV_COLUMNS",
    "PAGE",
    "besides",
    "count",
    "items",
    "mark",
    "marked",
    "rows",
    "tables",
]

PAGE = "errata.html"
SENTENCE = "claim"
# the columns of the lecture's own tables, by the names that its claims have
COLUMNS = (
    "layer", "in C", "in H/W", "filters", "kernel", "stride", "pad", "out C", "out H/W",
    "memory (KB)", "params (k)", "flop (M)",
)  # fmt: skip
CSV_COLUMNS = (
    "chapter", "place", "row", "quantity", "stated", "computed", "verdict", "cause",
)  # fmt: skip


def rows() -> Iterator[tuple[str, ...]]:
    """The rows of errata.csv."""
    for entry in errata():
        yield (*entry.claim[1:], entry.computed, entry.verdict, entry.explanation)


def mark(key: str, root: str = "") -> str:
    """A small mark beside a right value: what the lecture has, linked to its erratum.

    What is wrong gets the sign ≠; what another convention or another word explains does not.

    root: how to get from the page to the site's own folder, "" or "../".

    Raises:
        UnknownNameError: no claim has that key.
        CnnrefError: the lecture's value agrees, so that there is nothing to mark.
    """
    entry = erratum(key)
    if entry.verdict == "agrees":
        raise CnnrefError(f"{key}: the lecture's value agrees; take the mark off.")
    stated = "" if entry.claim.quantity == SENTENCE else entry.claim.stated
    if entry.verdict == "wrong":
        return _link(entry, f"≠ {stated or 'lecture'}", root, "erratum")
    return _link(entry, f"lecture: {stated}" if stated else "lecture", root, "erratum mild")


def _link(entry: Erratum, shown: str, root: str, kind: str) -> str:
    # what is heard begins with what is seen
    said = escape(f"{shown.replace('^', '')}: {alternative(entry)}", quote=True)
    return (
        f'<a class="{kind}" href="{root}{PAGE}#{entry.anchor}" aria-label="{said}" '
        f'title="{said}">{_text(shown)}</a>'
    )


def marked(ledger: str, key: str, root: str = "") -> str:
    """A table of the lecture's columns, each cell that the lecture has otherwise made a mark."""
    for entry in errata():
        place = TABLES.get((entry.claim.chapter, entry.claim.place))
        if place is not None and place.key == key and entry.verdict != "agrees":
            name = f"{lookup(key).name}-{place.rows[entry.claim.row]}"
            line = re.compile(rf'(?<=<tr id="{re.escape(name)}">).*?(?=</tr>)')
            ledger = line.sub(partial(_marked_line, entry=entry, root=root), ledger)
    return ledger


def _marked_line(line: re.Match[str], entry: Erratum, root: str) -> str:
    cells = re.findall(r"<t[dh]\b[^>]*>.*?</t[dh]>", line[0])
    column = COLUMNS.index(entry.claim.quantity)
    opened, shown, closed = re.split(r"(?<=\">)([^<]*)(?=</)", cells[column], maxsplit=1)
    if shown.replace(",", "") != entry.claim.stated.replace(",", ""):
        link = _link(entry, shown, root, "erratum in-cell")
        cells[column] = f"{opened}{link}{closed}"
    return "".join(cells)


def alternative(entry: Erratum) -> str:
    """What a mark says to those who hear it, in a sentence or two."""
    stated, first = entry.claim.stated, entry.cause.split(". ")[0].rstrip(".")
    if entry.claim.quantity == SENTENCE:
        truth = "only partly true" if entry.partly else f"a matter of {entry.verdict}"
        truth = "wrong" if entry.verdict == "wrong" and not entry.partly else truth
        return f"the lecture says “{stated}”, which is {truth}. {first}."
    if entry.verdict == "wrong":
        return f"the lecture has {stated}, which is wrong; it is {entry.computed}."
    return f"the lecture has {stated} by another convention. {first}."


def count(verdict: str = "", *, partly: bool | None = None) -> str:
    """How many claims have a verdict, or how many there are, as a number in a sentence.

    Raises:
        UnknownNameError: there is no such verdict.
    """
    if verdict and verdict not in VERDICTS:
        raise UnknownNameError("verdict", verdict, VERDICTS)
    number = len(_chosen(verdict, partly))
    named = f"{verdict or 'all'} claims of errata.csv"
    return f'<data value="{number}" title="{escape(named)} = {number:,}">{number:,}</data>'


def items(verdict: str, *, partly: bool = False) -> str:
    """The claims with a verdict, each with what is right and why, linked to its row."""
    entries = "".join(_item(entry) for entry in _chosen(verdict, partly))
    return f'<div class="errata-list">{entries}</div>'


def tables(level: int = 3) -> str:
    """Every claim, a table for each place of the lecture; each row has the claim's anchor."""
    places = dict.fromkeys(entry.claim[1:3] for entry in errata())
    return "\n".join(_place(chapter, place, level) for chapter, place in places)


def besides() -> str:
    """What the notes say besides the claims: each sentence with its verdict and its own anchor."""
    entries = "".join(
        f'<section id="{entry.anchor}"><p class="errata-claim"><a href="#{entry.anchor}">'
        f"{escape(entry.claim.chapter)}: “{escape(entry.claim.stated)}”</a></p>"
        f'<p><span class="verdict {entry.verdict}">{_named(entry).capitalize()}</span>. '
        f"Computed: <strong>{escape(entry.computed)}</strong>.</p>"
        + (f"<p>{_why(entry)}</p>" if entry.cause else "")
        + "</section>"
        for entry in remarks()
    )
    return f'<div class="errata-list">{entries}</div>'


def _chosen(verdict: str, partly: bool | None) -> list[Erratum]:
    return [
        entry
        for entry in errata()
        if verdict in ("", entry.verdict) and partly in (None, entry.partly)
    ]


def _item(entry: Erratum) -> str:
    return (
        f'<section><p class="errata-claim"><a href="#{entry.anchor}">{escape(_where(entry))}</a>'
        f"</p><p>{_values(entry)}</p><p>{_why(entry)}</p></section>"
    )


def _values(entry: Erratum) -> str:
    computed = f"<strong>{_text(entry.computed)}</strong>"
    if entry.claim.quantity == SENTENCE:
        return f"“{escape(entry.claim.stated)}” Computed: {computed}."
    return f"Stated: <s>{_text(entry.claim.stated)}</s>. Computed: {computed}."


def _where(entry: Erratum) -> str:
    _, chapter, place, row, quantity, _ = entry.claim
    parts = (chapter, place, row, "" if quantity == SENTENCE else quantity)
    return " › ".join(part for part in parts if part)


def _why(entry: Erratum) -> str:
    roots = [erratum(key) for key in entry.roots]
    links = " and ".join(f'<a href="#{root.anchor}">{escape(_where(root))}</a>' for root in roots)
    return escape(entry.cause) + (f" It follows from {links}." if links else "")


def _place(chapter: str, place: str, level: int) -> str:
    entries = [entry for entry in errata() if entry.claim[1:3] == (chapter, place)]
    title = f"{chapter}: {place}"
    slug = re.sub(r"[^a-z0-9]+", "-", f"claims {title}".lower())
    titles = ("claim", "stated", "computed", "verdict", "why")
    head = "".join(f'<th scope="col">{title}</th>' for title in titles)
    return (
        f'<h{level} id="{slug}">{escape(title)}</h{level}><table class="ledger errata longnames">'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(_lines(entries))}</tbody></table>"
    )


def _lines(entries: Iterable[Erratum]) -> Iterator[str]:
    for entry in entries:
        row, quantity, stated = entry.claim[3:]
        sentence = quantity == SENTENCE
        name = " › ".join(part for part in (row, "sentence" if sentence else quantity) if part)
        wide = ' class="wrap"' if sentence else ""
        yield (
            f'<tr id="{entry.anchor}"><th scope="row"><a href="#{entry.anchor}">'
            f"{escape(name)}</a></th><td{wide}>{_text(stated)}</td>"
            f"<td{wide}>{_text(entry.computed)}</td>"
            f'<td><span class="verdict {entry.verdict}">{_named(entry)}</span></td>'
            f'<td class="wrap">{_why(entry)}</td></tr>'
        )


def _named(entry: Erratum) -> str:
    return "partly true" if entry.partly else entry.verdict


def _text(statement: str) -> str:
    return re.sub(r"\^(\d)", r"<sup>\1</sup>", escape(statement))
