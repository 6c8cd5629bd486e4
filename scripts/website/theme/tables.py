"""Every table scrolls inside a labelled, focusable region of its own and is never cut."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import zip_longest
from typing import TYPE_CHECKING

from cnnref.networks.catalog import architecture, names
from website.markup import Html, element, fold, link, region
from website.theme.source import Source, words

if TYPE_CHECKING:
    from bs4 import Tag

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
# a region that is there already, and lines of code beside their numbers
FRAMED = ("table-scroll", "highlighttable")
CONVENTIONS = "conventions.html"
COUNTED = re.compile(r"\b(?:G?MACs|multiply-adds|operations|parameters|params|weights|memory)\b")
PLACED = {"class", "style", "align", "colspan", "rowspan"}
# A figure with its sign, wave, unit or factor; "11 x 11" and "conv1" are none.
FIGURE = re.compile(r"(?:≈ )?[−+-]?\d[\d,.]*\s?(?:[kKMGT]?i?B?|%|×|ms|s)?|[–—-]")
# a table with sentences in its cells, which the search reads
SENTENCES = "prose"
# a table with more rows can be filtered, above itself
FILTERED_FROM = 20
# the fewest rows of a table that is worth a file
TAKEN_FROM = 3
# where the button for that comes: among blocks that stand, a new one has all of them styled anew
TAKE = element("div", class_="take")
# headings of columns that a phone folds where there are others: what they hold is said elsewhere
SECOND = frozenset((
    "C", "H/W", "filters", "kernel", "stride", "pad", "out C",
    "out H/W", "name", "year", "layers", "input", "rows",
    "rows that differ", "what it is", "field", "operator", "ms allowed", "bound by", "unit", "mode",
    "sees (pixels)", "step (pixels)", "activations (M)", "protocol", "library", "models",
))  # fmt: skip
# the fewest columns of a table in which some are folded
FOLDED_FROM = 5
# how wide the column of text is, a letter of a table on an average, and what a cell has around
# itself, in root ems; a cell of figures stays on one line
MEASURE, LETTER, AROUND = 36.0, 0.37, 1.05
# a text is rather broken than set in a column that is narrower than this many letters
BROKEN = 16
# and on a phone one of more letters than this is
LONG = 2 * BROKEN
# where a title goes in its link
LINKED = "@"
# where a table goes in its region
TABLE = Html("<table>")


def wrap(page: str, root: str | None = "") -> str:
    """Put each table of a page's content into a scrolling region named after its caption.

    root: how to get from the page to the site's own folder, "" or "../"; None on the page that
        explains how things are counted.
    """
    if TABLE.rstrip(">") not in page:
        return page
    source = Source(page)
    heading, seen = "Table", Counter[str]()
    for tag in source.soup.find_all([*HEADINGS, "table"]):
        if tag.name in HEADINGS:
            heading = title(tag)
        elif not is_framed(tag):
            label = words(tag.caption) if tag.caption else f"{heading}, table"
            seen[label] += 1
            frame(source, tag, label if seen[label] == 1 else f"{label} {seen[label]}", root)
    return str(source)


def title(heading: Tag) -> str:
    """The words of a heading without the link to itself."""
    own = (text for text in heading.strings if not text.find_parent("a", class_="headerlink"))
    return " ".join("".join(own).split())


def is_framed(table: Tag) -> bool:
    """Whether a table has its frame already, or stands in one."""
    own = table.get_attribute_list("class")
    return any(kind in own or table.find_parent(class_=kind) for kind in FRAMED)


def frame(source: Source, table: Tag, label: str, root: str | None) -> None:
    """Add what a table lacks: its class, the scope and the side of its cells, its region."""
    if table.has_attr("class"):
        figures_alone = SENTENCES not in table.get_attribute_list("class")
        source.add_attributes(table, data_search_exclude=figures_alone or None)
    else:
        source.add_attributes(table, class_="ledger")
    rows = [row.find_all(["th", "td"], recursive=False) for row in table.find_all("tr")]
    figures, second = figure_columns(table, rows), second_columns([*map(words, rows[0])])
    for row in rows:
        for column, cell in enumerate(row):
            above = cell.name == "th" and cell.find_parent("thead") and not cell.has_attr("scope")
            right = column in figures and not PLACED & cell.attrs.keys()
            plain = cell.name == "td" and not (cell.has_attr("class") or cell.br)
            long = plain and len(words(cell)) > LONG
            source.add_attributes(
                cell,
                class_="num" if right else "long" if long else None,
                scope="col" if above else None,
                data_second=(column in second and not cell.has_attr("colspan")) or None,
            )
    link_networks(source, table, root or "")
    # an erratum's sentences are given more room than they need
    told = "errata" in table.get_attribute_list("class")
    wide = told or least_width([[*map(words, row)] for row in rows]) > MEASURE
    before, _, after = region(label, TABLE, wide=wide).partition(TABLE)
    place = element("p", class_="table-filter") if is_filtered(table) else ""
    place += fold(len(second)) if second else ""
    take = TAKE if len(table.select("tbody > tr")) >= TAKEN_FROM else ""
    source.put_around(table, place + before, after + take + how_counted(table, root))


def least_width(rows: Sequence[Sequence[str]]) -> float:
    """How wide a table is at least, in root ems, by the texts of its cells.

    >>> least_width([["layer", "cost"], ["conv1", "1,234,567"]]) < MEASURE
    True
    """
    columns = [*zip_longest(*rows, fillvalue="")]
    return sum(AROUND + LETTER * max(map(unbroken, column)) for column in columns)


def unbroken(text: str) -> int:
    """How many letters of a cell stand on one line at least."""
    longest_word = max(map(len, text.split()), default=0)
    return len(text) if FIGURE.fullmatch(text) else max(longest_word, min(len(text), BROKEN))


def second_columns(heads: Sequence[str]) -> set[int]:
    """The columns that a phone folds, by the words of the headings."""
    found = {column for column, head in enumerate(heads) if column and head in SECOND}
    return found if len(heads) >= FOLDED_FROM else set()


def link_networks(source: Source, table: Tag, root: str) -> None:
    """Let the name of a network, alone in the first cell of a row, lead to its page."""
    for first in table.select("tbody > tr > :first-child"):
        name = networks().get(words(first))
        if name and not first.find(True):
            before, _, after = link(LINKED, f"{root}networks/{name}.html").partition(LINKED)
            source.put_inside(first, before, after)


@cache
def networks() -> dict[str, str]:
    """The names of the networks by their titles."""
    return {architecture(name).title: name for name in names()}


def is_filtered(table: Tag) -> bool:
    """Whether a table has so many rows, each alike, that a reader looks for some of them."""
    plain = not table.select_one("tbody [colspan], tbody [rowspan], thead [colspan]")
    bodies, heads = table.find_all("tbody"), table.select("thead > tr")
    rows = len(table.select("tbody > tr"))
    return plain and len(bodies) == len(heads) == 1 and rows >= FILTERED_FROM


def how_counted(table: Tag, root: str | None) -> str:
    """Below a table of counts a link to how they are counted, where nothing in it leads there."""
    # each row of the errata says by itself how it is counted, and sentences are no counts
    silent = root is None or {"errata", SENTENCES} & set(table.get_attribute_list("class"))
    if silent or table.select_one(f'a[href*="{CONVENTIONS}"]'):
        return ""
    firsts = [row.find(["th", "td"]) for row in table.find_all("tr")]
    heads = [*table.select("thead :is(th, td)"), *(first for first in firsts if first)]
    if not any(COUNTED.search(words(head)) for head in heads):
        return ""
    return element("p", link("How these are counted", f"{root}{CONVENTIONS}"), class_="counted")


def figure_columns(table: Tag, rows: Sequence[Sequence[Tag]]) -> set[int]:
    """The columns that hold nothing but figures; they stand to the right, like their headings."""
    if table.select_one("[colspan], [rowspan]"):
        return set()
    body = [row for row in rows if any(cell.name == "td" for cell in row)]
    width = max(map(len, rows), default=0)
    return {
        column
        for column in range(width)
        if is_figures([words(row[column]) for row in body if column < len(row)])
    }


def is_figures(texts: Sequence[str]) -> bool:
    """Whether a column holds numbers alone."""
    filled = [text for text in texts if text]
    return any(map(str.isdigit, "".join(filled))) and all(map(FIGURE.fullmatch, filled))
