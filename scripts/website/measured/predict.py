"""How well a number on paper predicts a measured time: ranks, and factors on held-out networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from statistics import correlation, fmean, median
from typing import NamedTuple

from cnnref.errors import UnknownNameError
from cnnref.measuring.record import Measurement
from cnnref.measuring.roofline import Ceilings, Roofline, roofline
from cnnref.networks.catalog import architecture, table
from cnnref.tables.printable import View
from cnnref.tables.quantities import QUANTITIES, Quantity
from cnnref.tables.table import Table
from studies.machines.record import Record

__all__ = [
    "PREDICTORS",
    "Fit",
    "Measured",
    "Prediction",
    "Predictor",
    "held_out",
    "measured",
    "prediction",
    "rank_correlation",
]


class Measured(NamedTuple):
    """A network as it was measured in one way, with what is known of it on paper.

    seconds: for one image; roof: what the ceilings allow its batch.
    """

    name: str
    seconds: float
    measurement: Measurement
    book: Table
    roof: Roofline | None


class Predictor(NamedTuple):
    """A number on paper: its name in a table, and its terms, each for one image."""

    title: str
    terms: Callable[[Measured], tuple[float, ...]]


class Fit(NamedTuple):
    """What is fitted: seconds = the sum of a price times each term."""

    prices: tuple[float, ...]

    def seconds(self, terms: Sequence[float]) -> float:
        """The time that the terms come to."""
        return sum(price * term for price, term in zip(self.prices, terms, strict=True))


class Prediction(NamedTuple):
    """How well a predictor does over a catalogue.

    ranks: Spearman's correlation of what it predicts with what was measured.
    factor: the median of how many times too long or too short the time of a network is that
        the fit has not seen; worst: the largest, and of which network.
    """

    title: str
    ranks: float
    factor: float
    worst: float
    worst_name: str
    networks: int


def _allowed(one: Measured) -> float:
    assert one.roof is not None
    return one.roof.allowed / one.measurement.batch_size


def _layers(one: Measured) -> float:
    """The layers that move anything: each has to be started, for the whole batch once."""
    assert one.roof is not None
    return sum(1 for row in one.roof if row.moved_bytes) / one.measurement.batch_size


def _counted(quantity: Quantity) -> Predictor:
    title = quantity.noun[0].upper() + quantity.noun[1:]
    return Predictor(title, lambda one: (quantity.of(one.book, View.of("macs")),))


PREDICTORS: Mapping[str, Predictor] = {
    **{key: _counted(QUANTITIES[key]) for key in ("parameters", "activations", "macs")},
    "roofline": Predictor("Roofline", lambda one: (_allowed(one),)),
    "roofline_layers": Predictor(
        "Roofline and number of layers", lambda one: (_allowed(one), _layers(one))
    ),
}


def measured(record: Record, **setting: object) -> list[Measured]:
    """The networks of a record that were measured in one way, in the catalogue's order.

    setting: values of fields of `Measurement`; float32 inference of one image where none is said.
    """
    found = record.measured(**setting)
    return [_measured(one, record.ceiling(one.dtype, one.tf32)) for one in found]


@cache
def _measured(one: Measurement, best: Ceilings | None) -> Measured:
    book = table(one.network, input_size=(one.input_shape[1], one.input_shape[2]))
    roof = best and (
        roofline(one, best) if one.layers else roofline(book, best, batch_size=one.batch_size)
    )
    return Measured(one.network, one.time.median / one.batch_size, one, book, roof)


def prediction(key: str, points: Sequence[Measured]) -> Prediction:
    """How well a predictor of PREDICTORS does.

    Raises:
        UnknownNameError: there is no such predictor.
    """
    if key not in PREDICTORS:
        raise UnknownNameError("predictor", key, PREDICTORS)
    title, terms = PREDICTORS[key]
    inputs = [terms(one) for one in points]
    times = [one.seconds for one in points]
    families = [architecture(one.name).family for one in points]
    guessed = held_out(inputs, times, families)
    factors = [max(a / b, b / a) for a, b in zip(guessed, times, strict=True)]
    worst = max(range(len(points)), key=factors.__getitem__)
    whole = fit(inputs, times)
    ranks = rank_correlation([whole.seconds(one) for one in inputs], times)
    return Prediction(
        title,
        ranks,
        median(factors),
        factors[worst],
        architecture(points[worst].name).title,
        len(points),
    )


def held_out(
    inputs: Sequence[Sequence[float]], times: Sequence[float], groups: Sequence[str]
) -> list[float]:
    """For each network the time that a fit predicts which has seen no network of its group."""
    fits = {}
    for group in dict.fromkeys(groups):
        seen = [number for number, other in enumerate(groups) if other != group]
        fits[group] = fit([inputs[i] for i in seen], [times[i] for i in seen])
    return [fits[group].seconds(terms) for group, terms in zip(groups, inputs, strict=True)]


def fit(inputs: Sequence[Sequence[float]], times: Sequence[float]) -> Fit:
    """The prices of one or two terms.

    Of one: the middle of the networks' own, so that as many times are too long as too short. Of
    two: least squares of the relative errors, and no price below zero.
    """
    if len(inputs[0]) == 1:
        return Fit((median(t / x[0] for x, t in zip(inputs, times, strict=True)),))
    first = [x[0] / t for x, t in zip(inputs, times, strict=True)]
    second = [x[1] / t for x, t in zip(inputs, times, strict=True)]
    return Fit(_least_squares(first, second))


def _least_squares(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """a, b >= 0 for which a * first + b * second is nearest to 1."""
    aa, bb = sum(x * x for x in first), sum(y * y for y in second)
    ab = sum(x * y for x, y in zip(first, second, strict=True))
    a, b = sum(first), sum(second)
    determinant = aa * bb - ab * ab
    if determinant > 0:
        both = ((a * bb - b * ab) / determinant, (b * aa - a * ab) / determinant)
        if min(both) >= 0:
            return both
    # of the squares, one alone leaves all but a * a / aa of them
    return (a / aa, 0.0) if a * a / aa > b * b / bb else (0.0, b / bb)


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> float:
    """Spearman's rank correlation; equal values share their rank.

    >>> rank_correlation([1, 2, 3], [10, 30, 20])
    0.5
    """
    return round(correlation(_ranks(one), _ranks(other)), 12)


def _ranks(values: Sequence[float]) -> list[float]:
    ordered = sorted(values)
    places: dict[float, list[int]] = {}
    for place, value in enumerate(ordered):
        places.setdefault(value, []).append(place)
    return [fmean(places[value]) for value in values]
