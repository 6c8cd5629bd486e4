"""Every published figure, and beside it what is computed, as a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cnnref.networks.catalog import names
from cnnref.networks.published import Figure, figures
from website.citations import comparable, confirm

__all__ = ["COLUMNS", "line", "lines", "verdict"]

COLUMNS = (
    "name", "title", "quantity", "printed", "unit", "source", "certainty", "computed", "verdict",
    "note",
)  # fmt: skip


def lines(shown: Iterable[Figure] | None = None) -> Iterator[tuple[object, ...]]:
    """A line for each figure of the package's data."""
    return map(line, figures() if shown is None else shown)


def line(figure: Figure) -> tuple[object, ...]:
    """A figure, the computed value where there is one, and why it differs where it does.

    >>> from cnnref.networks.published import published
    >>> line(published("vgg16_c")[0])[7:9]
    (133638952, 'agrees')
    """
    said = verdict(figure)
    found = confirm(figure) if said in ("agrees", "differs") else None
    return (
        figure.name,
        figure.title,
        figure.quantity,
        figure.value.text,
        figure.unit,
        figure.source.key,
        figure.certainty,
        found.computed if found else "",
        said,
        (found.reason if found else "") or figure.note,
    )


def verdict(figure: Figure) -> str:
    """How a figure stands to what is computed.

    agrees, differs: it is compared, and the catalogue's network gives it or not.
    not rebuilt: it could be computed, of a network that the catalogue does not have.
    cited: nothing computes an error, an accuracy or the size of a file.
    """
    if not comparable(figure):
        return "cited"
    if figure.name not in names():
        return "not rebuilt"
    return "agrees" if confirm(figure).agrees else "differs"
