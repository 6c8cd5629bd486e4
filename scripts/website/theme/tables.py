"""Every table scrolls inside a labelled, focusable region of its own and is never cut."""

from __future__ import annotations

import html
import re
from collections import Counter

PIECE = re.compile(
    r"<h[1-6][^>]*>(?P<heading>.*?)</h[1-6]>"
    r'|<div class="table-scroll".*?</div>'
    r'|<table class="highlighttable">.*?</table>'
    r"|(?P<table><table\b[^>]*>.*?</table>)",
    re.DOTALL,
)
CAPTION = re.compile(r"<caption[^>]*>(.*?)</caption>", re.DOTALL)
HEAD = re.compile(r"<thead\b.*?</thead>", re.DOTALL)
ANCHOR = re.compile(r'<a class="headerlink".*?</a>', re.DOTALL)
TAG = re.compile(r"<[^>]*>")
# each row of these says by itself how it is counted
ERRATA = re.compile(r'<table class="ledger errata\b')
COUNTED = re.compile(r"\b(?:G?MACs|multiply-adds|operations|parameters|params|weights|memory)\b")
ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL)
CELL = re.compile(r"<(t[hd])\b([^>]*)>(.*?)</\1>", re.DOTALL)
PLACED = re.compile(r"\b(?:class|style|align|colspan|rowspan)=")
# A figure with its sign, wave, unit or factor; "11 x 11" and "conv1" are none.
FIGURE = re.compile(r"(?:≈ )?[−+-]?\d[\d,.]*\s?(?:[kKMGT]?i?B?|%|×|ms|s)?|[–—-]")


def wrap(page: str, root: str | None = "") -> str:
    """Put each table of a page's content into a scrolling region named after its caption.

    root: how to get from the page to the site's own folder, "" or "../"; None on the page that
        explains how things are counted.
    """
    heading = "Table"
    seen: Counter[str] = Counter()

    def piece(match: re.Match[str]) -> str:
        nonlocal heading
        if match["heading"] is not None:
            heading = plain(ANCHOR.sub("", match["heading"]))
        if match["table"] is None:
            return match[0]
        caption = CAPTION.search(match["table"])
        label = plain(caption[1]) if caption else f"{heading}, table"
        seen[label] += 1
        shown = region(match["table"], label if seen[label] == 1 else f"{label} {seen[label]}")
        return shown + how_counted(match["table"], root)

    return PIECE.sub(piece, page)


def how_counted(table: str, root: str | None) -> str:
    """Below a table of counts a link to how they are counted, where nothing in it leads there."""
    if root is None or "conventions.html" in table or ERRATA.match(table):
        return ""
    firsts = [CELL.search(row) for row in ROW.findall(HEAD.sub("", table))]
    heads = HEAD.findall(table) + [first[3] for first in firsts if first]
    if not any(COUNTED.search(plain(head)) for head in heads):
        return ""
    return f'<p class="counted"><a href="{root}conventions.html">How these are counted</a></p>'


def region(table: str, label: str) -> str:
    if not re.match(r"<table\b[^>]*\bclass=", table):
        table = table.replace("<table", '<table class="ledger"', 1)
    head = HEAD.search(table)
    if head:
        scoped = re.sub(r"<th\b(?![^>]*\bscope=)", '<th scope="col"', head[0])
        table = table.replace(head[0], scoped, 1)
    table = align_figures(table)
    name = html.escape(label, quote=True)
    return f'<div class="table-scroll" role="region" aria-label="{name}" tabindex="0">{table}</div>'


def align_figures(table: str) -> str:
    """Set columns that hold nothing but figures to the right, like their headings."""
    if re.search(r"\b(?:col|row)span=", table):
        return table
    rows = [CELL.findall(row) for row in ROW.findall(table)]
    body = [row for row in rows if any(tag == "td" for tag, _, _ in row)]
    width = max(map(len, rows), default=0)
    columns = {column for column in range(width) if is_figures(body, column)}

    def align(row: re.Match[str]) -> str:
        place = iter(range(width))
        return CELL.sub(lambda cell: aligned(cell, next(place) in columns), row[0])

    return ROW.sub(align, table)


def is_figures(rows: list[list[tuple[str, str, str]]], column: int) -> bool:
    texts = [plain(row[column][2]) for row in rows if column < len(row)]
    filled = [text for text in texts if text]
    return any(map(str.isdigit, "".join(filled))) and all(map(FIGURE.fullmatch, filled))


def aligned(cell: re.Match[str], figures: bool) -> str:
    tag, attributes, content = cell.groups()
    if not figures or PLACED.search(attributes):
        return cell[0]
    return f'<{tag} class="num"{attributes}>{content}</{tag}>'


def plain(fragment: str) -> str:
    return " ".join(html.unescape(TAG.sub("", fragment)).split())
