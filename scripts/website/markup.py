"""The plain HTML table that the pages' macros print; the site's hooks put it into a frame."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

__all__ = ["grid", "line"]


def grid(corner: str, head: Iterable[str], body: Iterable[str], foot: Iterable[str] = ()) -> str:
    """A table of lines under column titles, which are escaped here."""
    titles = "".join(f'<th scope="col">{escape(title)}</th>' for title in (corner, *head))
    end = "".join(foot)
    return (
        f'<table class="ledger"><thead><tr>{titles}</tr></thead><tbody>{"".join(body)}</tbody>'
        + (f"<tfoot>{end}</tfoot>" if end else "")
        + "</table>"
    )


def line(title: str, cells: Iterable[str]) -> str:
    """A row: its title, which is escaped here, and cells of HTML.

    >>> line("5x5 & up", ["1", "<b>2</b>"])
    '<tr><th scope="row">5x5 &amp; up</th><td>1</td><td><b>2</b></td></tr>'
    """
    return (
        f'<tr><th scope="row">{escape(title)}</th>'
        + "".join(f"<td>{cell}</td>" for cell in cells)
        + "</tr>"
    )
