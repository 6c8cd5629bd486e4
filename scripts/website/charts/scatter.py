"""What pictures of points share: their inner area, an axis's ticks, where the labels go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from math import ceil, floor, log10
from typing import Any

from website.charts.bubbles import Bubble, Place, placed
from website.charts.draw import WIDTHS
from website.kept import reach
from website.kept.shelf import Shelf, digest

__all__ = [
    "either",
    "fraction",
    "inner",
    "label",
    "log_ticks",
    "place_labels",
]


Domain = tuple[float, float]
IS_NARROW = "width < 400"


def inner(margins: Mapping[str, int]) -> dict[str, int]:
    """The width inside the axes, wide and narrow, in pixels.

    >>> inner({"wide": 55, "narrow": 55})
    {'wide': 625, 'narrow': 245}
    """
    return {size: WIDTHS[size] - margin for size, margin in margins.items()}


def either(alt: Any, narrow: object, wide: object) -> Any:
    """One value on a phone and another elsewhere."""
    return alt.ExprRef(f"{IS_NARROW} ? {narrow} : {wide}")


def fraction(value: float, domain: Domain, scale: str = "log") -> float:
    """How far along an axis a value is, from 0 to 1.

    >>> fraction(10, (1, 100)), fraction(25, (0, 100), "linear")
    (0.5, 0.25)
    """
    if scale == "log":
        value, low, high = map(log10, (value, *domain))
    else:
        low, high = domain
    return (value - low) / (high - low)


def log_ticks(domain: Domain) -> list[float]:
    """One, two and five of each power of ten inside a domain.

    >>> log_ticks((3, 60))
    [5.0, 10.0, 20.0, 50.0]
    """
    low, high = domain
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    ticks = (float(f"{step}e{power}") for power in powers for step in (1, 2, 5))
    return [tick for tick in ticks if low <= tick <= high]


def label(
    rows: Sequence[dict[str, Any]],
    bubble: Callable[[str, int, Mapping[str, Any]], Bubble],
    sizes: Mapping[str, int],
    height: int,
    font: Mapping[str, int],
) -> None:
    """Write into each row where its label goes, wide and narrow, so that none covers another.

    bubble: of a size, its inner width and a row, where its point is.
    sizes: the inner widths, as `inner` gives them; font: the size of the letters, in pixels.
    """
    for size, width in sizes.items():
        points = [bubble(size, width, row) for row in rows]
        for row, place in zip(rows, place_labels(points, width, height, font[size]), strict=True):
            row[size] = list(place)


PLACED = Shelf("places of labels")


def place_labels(
    bubbles: Sequence[Bubble], width: float, height: float, font: float
) -> tuple[Place, ...]:
    """Where the name of each bubble goes: what `placed` says of them, which is kept."""
    given = (tuple(bubbles), width, height, font)
    found: tuple[Place, ...] = PLACED.get(digest(_made_by(), given), placed, *given)
    return found


@cache
def _made_by() -> str:
    return reach.closure((placed.__module__,), named=False)
