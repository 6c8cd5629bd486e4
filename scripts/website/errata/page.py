"""What the pages print of the errata: the mark beside a number, counts, lists and tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from cnnref.counting.markup import Linked
from cnnref.errors import CnnrefError, UnknownNameError
from cnnref.tables.formats import Grid
from website.errata.claims import VERDICTS, Claim, Erratum, errata, erratum, remarks
from website.errata.judges.cells import TABLES
from website.facts import lookup
from website.markup import Html, Line, cell, data, element, joined, line, link, table

__all__ = [
    "CSV_COLUMNS",
    "MACROS",
    "PAGE",
    "besides",
    "count",
    "items",
    "mark",
    "marked",
    "rows",
    "slides",
    "stated",
    "tables",
]

PAGE = "errata.html"
# the chapters of the lecture whose pages have another name
PAGES = {"Residual Networks": "resnet", "Comparing Complexity": "complexity"}
SENTENCE = "claim"
UNIT = re.compile(r"[GM]FLOP\b|\(MB\)")
# a plain error of the lecture, and what holds under another convention or with exceptions
LOUD, QUIET = "erratum", "erratum mild"
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
        yield (*entry.claim[1:6], entry.computed, entry.verdict, entry.explanation)


def mark(key: str, root: str = "") -> str:
    """A small mark beside a right value: what the lecture has, linked to its erratum.

    What is wrong gets the sign ≠. What holds with exceptions, or under another convention or
    in another word, gets a quiet mark.

    root: how to get from the page to the site's own folder, "" or "../".

    Raises:
        UnknownNameError: no claim has that key.
        CnnrefError: the lecture's value agrees, so that there is nothing to mark.
    """
    entry = erratum(key)
    if entry.verdict == "agrees":
        raise CnnrefError(f"{key}: the lecture's value agrees; take the mark off.")
    stated = "" if entry.claim.quantity == SENTENCE else _with_unit(entry.claim)
    if entry.partly:
        return _link(entry, "lecture: with exceptions", root, QUIET)
    if entry.verdict == "wrong":
        return _link(entry, f"≠ {stated or 'lecture'}", root, LOUD)
    return _link(entry, f"lecture: {stated}" if stated else "lecture", root, QUIET)


def _with_unit(claim: Claim) -> str:
    """What is stated, with the unit that the name of its row has, such as "VGG-16 GFLOP"."""
    found = UNIT.search(f"{claim.row} {claim.quantity}")
    return f"{claim.stated} {found[0].strip('()')}" if found else claim.stated


def _link(entry: Erratum, shown: str, root: str, kind: str) -> Html:
    return link(_text(shown), f"{root}{PAGE}#{entry.anchor}", kind, _said(entry, shown))


def _said(entry: Erratum, shown: str) -> str:
    # what is heard begins with what is seen
    return f"{shown.replace('^', '')}: {alternative(entry)}"


def marked(grid: Grid, key: str) -> Grid:
    """A table of the lecture's columns, each cell that the lecture has otherwise made a mark."""
    cells = [[*row] for row in grid.cells]
    for entry in errata():
        place = TABLES.get((entry.claim.chapter, entry.claim.place))
        if place is not None and place.key == key and entry.verdict != "agrees":
            name = f"{lookup(key).name}-{place.rows[entry.claim.row]}"
            # an excerpt may lack the row
            for row in (cells[n] for n, other in enumerate(grid.ids) if other == name):
                column = COLUMNS.index(entry.claim.quantity)
                row[column] = _marked_cell(row[column], entry)
    return grid._replace(cells=cells)


def _marked_cell(shown: str, entry: Erratum) -> str:
    if shown.replace(",", "") == entry.claim.stated.replace(",", ""):
        return shown
    to = f"{PAGE}#{entry.anchor}"
    kind = LOUD if entry.verdict == "wrong" else QUIET
    return Linked(shown, to, f"{kind} in-cell", _said(entry, shown))


def alternative(entry: Erratum) -> str:
    """What a mark says to those who hear it, in a sentence or two."""
    stated, first = entry.claim.stated, entry.cause.split(". ")[0].rstrip(".")
    if entry.claim.quantity == SENTENCE:
        truth = "only partly true" if entry.partly else f"a matter of {entry.verdict}"
        truth = "wrong" if entry.verdict == "wrong" and not entry.partly else truth
        return f"the lecture says {quoted(entry.claim)}, which is {truth}. {first}."
    if entry.verdict == "wrong":
        return f"the lecture has {stated}, which is wrong; it is {entry.computed}."
    return f"the lecture has {stated} by another convention. {first}."


def quoted(claim: Claim) -> str:
    """A sentence of the lecture: its own words between quotation marks, else ours without."""
    return " … ".join(f"“{words}”" for words in claim.quotes) or claim.stated


def count(verdict: str = "", *, partly: bool | None = None) -> str:
    """How many claims have a verdict, or how many there are, as a number in a sentence.

    Raises:
        UnknownNameError: there is no such verdict.
    """
    if verdict and verdict not in VERDICTS:
        raise UnknownNameError("verdict", verdict, VERDICTS)
    number = len(_chosen(verdict, partly))
    named = f"{verdict or 'all'} claims of errata.csv"
    return data(number, f"{number:,}", f"{named} = {number:,}")


def items(verdict: str, *, partly: bool = False) -> str:
    """The claims with a verdict, each with what is right and why, linked to its row."""
    return element("div", *map(_item, _chosen(verdict, partly)), class_="errata-list")


def tables(level: int = 3) -> str:
    """Every claim, a table for each place of the lecture; each row has the claim's anchor."""
    places = dict.fromkeys(entry.claim[1:3] for entry in errata())
    return "\n".join(_place(chapter, place, level) for chapter, place in places)


def stated(key: str) -> Html:
    """What the lecture states, as it does, linked to its row.

    Raises:
        UnknownNameError: no claim has that key.
    """
    entry = erratum(key)
    return link(_text(entry.claim.stated), f"{PAGE}#{entry.anchor}")


def slides(chapter: str) -> str:
    """What a chapter of the lecture has otherwise: what it says, what is right, and why.

    Raises:
        UnknownNameError: the lecture has no such chapter.
    """
    entries = [entry for entry in errata() if entry.claim.chapter == chapter]
    if not entries:
        raise UnknownNameError("chapter", chapter, (entry.claim.chapter for entry in errata()))
    wrong = [element("li", *_difference(entry)) for entry in entries if entry.verdict == "wrong"]
    others = sum(entry.verdict in ("convention", "wording") for entry in entries)
    right = sum(entry.verdict == "agrees" for entry in entries)
    return element(
        "section",
        element("ul", *wrong),
        element("p", _among(chapter, right, others)),
        class_="slides",
    )


def _difference(entry: Erratum) -> tuple[str, ...]:
    name = link(_place_of(entry), f"{PAGE}#{entry.anchor}")
    computed = element("strong", _text(entry.computed), class_="computed")
    why = element("span", _why(entry, PAGE), class_="why")
    if entry.claim.quantity == SENTENCE:
        held = " It holds with exceptions: " if entry.partly else " It does not hold: "
        return name, ": ", _stated(quoted(entry.claim)), held, computed, ". ", why
    stated = _stated(_text(_with_unit(entry.claim)))
    return name, ": the lecture has ", stated, ", but it is ", computed, ". ", why


def _stated(text: str) -> Html:
    return element("span", text, class_="stated")


def _place_of(entry: Erratum) -> str:
    place, row, quantity = entry.claim[2:5]
    parts = (place, row, "" if quantity == SENTENCE else quantity)
    return ", ".join(part for part in parts if part)


def _among(chapter: str, right: int, others: int) -> Html:
    counts = (
        data(
            right, f"{right:,}" if right else "none", f"claims of {chapter} that agree = {right:,}"
        ),
        data(others, f"{others:,}", f"claims of {chapter} by another convention = {others:,}"),
    )
    return joined([
        "Of the other values and sentences in this part of the lecture, ", counts[0],
        " agree as they stand, and ",
        counts[1], " under another convention or in other words. ",
        link("The errata list all of them, with reasons", PAGE), ".",
    ])  # fmt: skip


def besides() -> str:
    """What the notes say besides the claims: each sentence with its verdict and its own anchor."""
    return element("div", *map(_remark, remarks()), class_="errata-list")


def _remark(entry: Erratum) -> Html:
    computed = element("strong", entry.computed)
    heading = link(f"{entry.claim.chapter}: {quoted(entry.claim)}", f"#{entry.anchor}")
    return element(
        "section",
        element("p", heading, class_="errata-claim"),
        element("p", _verdict(entry, _named(entry).capitalize()), ". Computed: ", computed, "."),
        *([element("p", _why(entry))] if entry.cause else []),
        id=entry.anchor,
    )


def _verdict(entry: Erratum, word: str) -> Html:
    return element("span", word, class_=f"verdict {entry.verdict}")


def _chosen(verdict: str, partly: bool | None) -> list[Erratum]:
    return [
        entry
        for entry in errata()
        if verdict in ("", entry.verdict) and partly in (None, entry.partly)
    ]


def _item(entry: Erratum) -> Html:
    claim = link(_where(entry), f"#{entry.anchor}")
    place = element("p", claim, " (", _back(entry), ")", class_="errata-claim")
    return element("section", place, element("p", *_values(entry)), element("p", _why(entry)))


def _back(entry: Erratum) -> Html:
    """The way from an erratum to the chapter that has it."""
    part = "#where-the-slides-differ" if entry.verdict == "wrong" else ""
    chapter = entry.claim.chapter
    page = PAGES.get(chapter, chapter.casefold())
    return link("in the chapter", f"{page}.html{part}")


def _values(entry: Erratum) -> tuple[str, ...]:
    computed = element("strong", _text(entry.computed))
    if entry.claim.quantity == SENTENCE:
        return f"{quoted(entry.claim)} Computed: ", computed, "."
    return "Stated: ", element("s", _text(entry.claim.stated)), ". Computed: ", computed, "."


def _where(entry: Erratum) -> str:
    chapter, place, row, quantity = entry.claim[1:5]
    parts = (chapter, place, row, "" if quantity == SENTENCE else quantity)
    return " › ".join(part for part in parts if part)


def _why(entry: Erratum, page: str = "") -> Html:
    roots = [erratum(key) for key in entry.roots]
    links = joined((link(_where(root), f"{page}#{root.anchor}") for root in roots), " and ")
    follows = [" It follows from ", links, "."] if links else []
    return joined([entry.cause, *follows])


def _place(chapter: str, place: str, level: int) -> str:
    entries = [entry for entry in errata() if entry.claim[1:3] == (chapter, place)]
    title = f"{chapter}: {place}"
    slug = re.sub(r"[^a-z0-9]+", "-", f"claims {title}".lower())
    titles = ("claim", "stated", "computed", "verdict", "why")
    heading = element(f"h{level}", title, id=slug)
    return joined([heading, table(titles, _lines(entries), kind="errata longnames")])


def _lines(entries: Iterable[Erratum]) -> Iterator[Line]:
    for entry in entries:
        row, quantity = entry.claim[3:5]
        sentence = quantity == SENTENCE
        stated = quoted(entry.claim)
        name = " › ".join(part for part in (row, "sentence" if sentence else quantity) if part)
        wide = "wrap" if sentence else ""
        cells = (
            cell(_text(stated), wide),
            cell(_text(entry.computed), wide),
            _verdict(entry, _named(entry)),
            cell(_why(entry), "wrap"),
        )
        yield line(link(name, f"#{entry.anchor}"), cells, id=entry.anchor)


def _named(entry: Erratum) -> str:
    return "partly true" if entry.partly else entry.verdict


def _text(statement: str) -> Html:
    """A statement with its powers raised."""
    first, *raised = re.split(r"\^(?=\d)", statement)
    powers = (part for text in raised for part in (element("sup", text[0]), text[1:]))
    return joined([first, *powers])


MACROS: Mapping[str, Callable[..., object]] = {
    "errata_besides": besides,
    "errata_count": count,
    "errata_items": items,
    "errata_tables": tables,
}
