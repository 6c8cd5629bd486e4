"""Faults in the published data: each number of each row, each row gone and there twice.

What is compared with a computed value, the comparison has to see. All other figures are cited:
nothing computes them, and a change of one shows in the generated file of all figures, which is
committed. GoogLeNet's Table 1 is held against its own filters, row by row.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

from cnnref.files import rows, text
from cnnref.networks.published import Published, Value, figures
from proofs.planted.change import LIVE, MISSED, Finding
from proofs.table_1 import wrong as wrong_in_table_1
from website.chapters.googlenet.table1 import lines as lines_of_table_1
from website.citations import (
    COLUMNS,
    UNITS,
    Key,
    agrees,
    comparable,
    computed,
    key,
    known_differences,
    line,
    verdict,
)
from website.data import Module, googlenet_table1
from website.places import GENERATED

__all__ = ["BOOKS", "idle", "plant", "repeated", "unexplained"]

BOOKS = ("figures compared", "figures cited", "known differences", "GoogLeNet Table 1")
FILE = GENERATED / "figures.csv"
Known = Mapping[Key, str]


class Planted(NamedTuple):
    """A fault in the data: where, what, and whether what looks at the data sees it."""

    place: str
    what: str
    sees: Callable[[], bool]


def plant(book: str, *, sample: int | None = None, seed: int = 0) -> Iterator[Finding]:
    """Plant every fault of one kind of data, or a seeded draw of them."""
    found = list(FAULTS[book]())
    if sample is not None and sample < len(found):
        found = random.Random(f"{book} {seed}").sample(found, sample)
    for place, what, sees in found:
        yield Finding(f"{book}, {place}", what, LIVE if sees() else MISSED)


# --- what the tests look at ----------------------------------------------------------------------


def unexplained(shown: Iterable[Published], known: Known) -> list[tuple[object, ...]]:
    """The figures that differ from what is computed and stand in no list of known ones."""
    return [
        (*key(figure), computed(figure))
        for figure in shown
        if key(figure) not in known and not agrees(figure.value.text, figure.unit, computed(figure))
    ]


def idle(shown: Iterable[Published], known: Known) -> list[Key]:
    """The known differences that no figure has."""
    differing = {
        key(figure)
        for figure in shown
        if not agrees(figure.value.text, figure.unit, computed(figure))
    }
    return [entry for entry in known if entry not in differing]


def repeated(rows: Sequence[object]) -> list[object]:
    """The rows that stand in the data more than once."""
    return [row for row, times in Counter(rows).items() if times > 1]


def compared() -> list[Published]:
    """The figures that the catalogue answers."""
    return [figure for figure in figures() if verdict(figure) in ("agrees", "differs")]


# --- faults --------------------------------------------------------------------------------------


def of_compared() -> Iterator[Planted]:
    """The comparison with computed values sees a figure that is another one."""
    known = known_differences()
    for figure in compared():
        others = [entry for entry in known if entry[:3] == key(figure)[:3]]
        own = {entry: known[entry] for entry in others}
        place = " ".join(key(figure))
        for what, other in changed(figure):
            # another bound may be as true: that one is another shows in the file
            bound = figure.value.text.startswith("<")
            yield Planted(place, what, partial(seen, other, own, bound))
        yield Planted(place, "dropped", partial(gone, figure))
        yield Planted(place, "twice", partial(some, repeated, [*figures(), figure]))


def of_cited() -> Iterator[Planted]:
    """The generated file shows a figure that is another one."""
    for figure in [one for one in figures() if verdict(one) not in ("agrees", "differs")]:
        place = " ".join(key(figure))
        for what, other in changed(figure):
            yield Planted(place, what, partial(strange, other))
        yield Planted(place, "dropped", partial(gone, figure))
        yield Planted(place, "twice", partial(some, repeated, [*figures(), figure]))


def seen(other: Published, known: Known, bound: bool) -> bool:
    return bool(unexplained([other], known) or idle([other], known) or (bound and strange(other)))


def strange(other: Published) -> bool:
    return not in_file([other])


def gone(figure: Published) -> bool:
    return not in_file([figure], without=True)


def some(find: Callable[..., Sequence[object]], *given: object) -> bool:
    return bool(find(*given))


def changed(figure: Published) -> Iterator[tuple[str, Published]]:
    """A figure with another last digit, or another unit."""
    for step in (1, -1):
        text = stepped(figure.value.text, step)
        value = Value(text, float(text.removeprefix("<")))
        yield f"value {text}", figure._replace(value=value)
    for unit in UNITS:
        if comparable(figure) and UNITS[unit] != UNITS[figure.unit]:
            yield f"unit {unit}", figure._replace(unit=unit)


def stepped(text: str, step: int) -> str:
    """A printed number whose last digit is one more or one less."""
    bound = "<" if text.startswith("<") else ""
    digits = text.removeprefix(bound)
    whole = str(int(digits.replace(".", "")) + step).zfill(len(digits.replace(".", "")))
    behind = len(digits.partition(".")[2])
    return bound + (f"{whole[:-behind]}.{whole[-behind:]}" if behind else whole)


def in_file(shown: Iterable[Published], *, without: bool = False) -> bool:
    """Whether the committed file has just the lines that the data makes.

    without: the data is asked without these figures, instead of the figures alone.
    """
    if without:
        rest = list(figures())
        for figure in shown:
            rest.remove(figure)
        return Counter(map(_text, rest)) == Counter(_lines())
    return all(_text(figure) in _lines() for figure in shown)


@cache
def _text(figure: Published) -> tuple[str, ...]:
    return tuple(map(str, line(figure)))


@cache
def _lines() -> list[tuple[str, ...]]:
    return list(rows(FILE, dict.fromkeys(COLUMNS, text)))


def of_known() -> Iterator[Planted]:
    """An entry that is not of a figure as printed is idle, and its figure unexplained."""
    known, shown = known_differences(), compared()
    for entry in known:
        place = " ".join(entry)
        rest = {other: why for other, why in known.items() if other != entry}
        yield Planted(place, "dropped", partial(some, unexplained, shown, rest))
        for number, part in enumerate(entry):
            other: Any = (*entry[:number], f"{part}0", *entry[number + 1 :])
            left = {**rest, other: known[entry]}
            yield Planted(place, f"{part}0 for {part}", partial(some, idle, shown, left))


def of_table_1() -> Iterator[Planted]:
    """Each row of Table 1 is as computed from its filters, or its difference is explained."""
    for row in googlenet_table1():
        for field in ("params_k", "ops_m", "output", "config"):
            for what, other in _other_numbers(row, field):
                yield Planted(row.layer, what, partial(miscounted, other))
        rest = [other for other in googlenet_table1() if other != row]
        yield Planted(row.layer, "dropped", partial(short, rest))
        yield Planted(row.layer, "twice", partial(some, repeated, [*googlenet_table1(), row]))


def miscounted(row: Module) -> bool:
    return bool(wrong_in_table_1(lines_of_table_1([row])))


def short(rows: Sequence[Module]) -> bool:
    return len(rows) != 12


def _other_numbers(row: Module, field: str) -> Iterator[tuple[str, Module]]:
    text = str(getattr(row, field))
    for place in (place for place, letter in enumerate(text) if letter.isdigit()):
        other = f"{text[:place]}{(int(text[place]) + 1) % 10}{text[place + 1 :]}"
        value: Any = Value(other, float(other)) if field in ("params_k", "ops_m") else other
        yield f"{field} {other} for {text}", row._replace(**{field: value})


FAULTS: dict[str, Callable[[], Iterator[Planted]]] = {
    "figures compared": of_compared,
    "figures cited": of_cited,
    "known differences": of_known,
    "GoogLeNet Table 1": of_table_1,
}
