"""Sentences of pages that state what an experiment showed, each if its record bears it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import fmean

from cnnref.errors import CnnrefError, UnknownNameError
from website.experiments.records import Run, number, numbers, pairs, record, runs, shown, spread
from website.markup import data

__all__ = ["MACROS", "outcome", "seen", "setting_of"]

Chosen = Mapping[str, object]
Fault = str


def seen(name: str, what: str, left: Chosen, sign: str, right: Chosen | float, text: str) -> str:
    """The sentence, if the record bears it.

    sign: "<" and ">" compare each run of the left with the run on the right that has its seed and
        its other values; "mean <" and "mean >" the means over all seeds; "overlaps" says that the
        two ranges from the least to the most seed have a part in common.
    right: a condition as the left, or a number.

    Raises:
        CnnrefError: the record does not bear it, with the runs that say so.
    """
    if sign not in SIGNS:
        raise UnknownNameError("comparison", sign, SIGNS)
    fault = SIGNS[sign](name, what, left, right)
    if fault:
        raise CnnrefError(f"the record of {name} does not bear {text!r}: {what}, {fault}.")
    return text


def _each(lower: bool) -> Callable[[str, str, Chosen, Chosen | float], Fault]:
    def compare(name: str, what: str, left: Chosen, right: Chosen | float) -> Fault:
        for seed, one, other in _numbers(name, what, left, right):
            if not (one < other if lower else one > other):
                return (
                    f"seed {seed}: {one:.4g} is not {'less' if lower else 'more'} than {other:.4g}"
                )
        return ""

    return compare


def _numbers(
    name: str, what: str, left: Chosen, right: Chosen | float
) -> list[tuple[int, float, float]]:
    def of(run: Run) -> float:
        return number(name, run, what)

    if isinstance(right, Mapping):
        found = [(one["seed"], of(one), of(other)) for one, other in pairs(name, left, right)]
    else:
        found = [(one["seed"], of(one), right) for one in runs(name, left)]
    if not found:
        raise CnnrefError(f"the record of {name} has no runs to compare {left} with {right}.")
    return found


def _mean(lower: bool) -> Callable[[str, str, Chosen, Chosen | float], Fault]:
    def compare(name: str, what: str, left: Chosen, right: Chosen | float) -> Fault:
        one = fmean(numbers(name, left, what))
        other = fmean(numbers(name, right, what)) if isinstance(right, Mapping) else right
        if one < other if lower else one > other:
            return ""
        return f"a mean of {one:.4g} is not {'less' if lower else 'more'} than {other:.4g}"

    return compare


def _overlaps(name: str, what: str, left: Chosen, right: Chosen | float) -> Fault:
    if not isinstance(right, Mapping):
        raise CnnrefError(f"a range overlaps that of another condition, not {right}.")
    one, other = numbers(name, left, what), numbers(name, right, what)
    apart = max(min(one), min(other)) > min(max(one), max(other))
    return f"{min(one):.4g} to {max(one):.4g} and {min(other):.4g} to {max(other):.4g}" * apart


SIGNS: Mapping[str, Callable[[str, str, Chosen, Chosen | float], Fault]] = {
    "<": _each(lower=True),
    ">": _each(lower=False),
    "mean <": _mean(lower=True),
    "mean >": _mean(lower=False),
    "overlaps": _overlaps,
}


def outcome(name: str, what: str, chosen: Chosen) -> str:
    """The mean over the seeds of one measure, with the least and the most of them in its title."""
    mean = shown(fmean(numbers(name, chosen, what)), what)
    return data(mean, mean, f"{what}: {spread(name, chosen, what)} over the seeds")


def setting_of(name: str, key: str, place: int | None = None) -> str:
    """One setting of an experiment, or one place of a setting that has several values."""
    value = record(name)["settings"][key]
    value = value if place is None else value[place]
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return data(text, text, f"setting {key}")


MACROS: Mapping[str, Callable[..., object]] = {
    "outcome": outcome,
    "seen": seen,
    "setting_of": setting_of,
}
