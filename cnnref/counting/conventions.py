"""Conventions: frozen price lists that turn raw counts into "FLOPs" and into memory.

A convention prices counts per operator and holds no rule of its own, so that one
table answers as the lecture, torch or another tool would.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from cnnref.counting.layer import Layer
from cnnref.counting.operators import KINDS
from cnnref.counting.price_lists import FULL_COLUMNS, LECTURE_COLUMNS, PRESETS, STORED
from cnnref.errors import UnknownNameError

if TYPE_CHECKING:
    from os import PathLike

__all__ = [
    "CONVENTIONS",
    "FULL_COLUMNS",
    "LECTURE_COLUMNS",
    "Convention",
    "convention",
    "conventions",
    "frozen",
]

Prices = Mapping[str, Mapping[str, int]]
KNOWN = frozenset(KINDS)


class Convention(NamedTuple):
    """What one source counts.

    prices: kind of layer -> raw count -> price; a kind that is absent costs nothing.
    stores: kind of layer -> raw count -> bytes; a kind that is absent stores nothing.
    operators: the kinds that the source's own tables have a row for; () for all.
    unit: what one counted thing is called ("MAC", "FLOP").
    source: who counts so, with the version where it is a program.
    """

    name: str
    title: str
    unit: str
    prices: Prices
    stores: Prices
    operators: tuple[str, ...]
    columns: tuple[str, ...]
    source: str
    note: str

    @staticmethod
    def from_dict(entries: Mapping[str, Any]) -> Convention:
        """A convention of your own, from a mapping such as a TOML file gives.

        name: what it is called; not the name of a preset.
        base: a preset whose prices, and all else, hold where nothing is said; optional.
        prices: kind of layer -> raw count -> whole number; {} makes a kind free.
        stores: kind of layer -> raw count -> bytes; optional.
        title, unit, source, note: texts; optional.
        own_operators: operators outside cnnref's vocabulary that prices may name; optional.

        Raises:
            UnknownNameError: a key, kind, count or base is misspelt; the message names what is
                close.
            CnnrefError: a value is not of its kind.

        >>> mine = Convention.from_dict({"name": "mine", "base": "macs",
        ...                              "prices": {"relu": {"elements_out": 1}}})
        >>> mine.prices["conv"]["macs"], mine.prices["relu"]["elements_out"]
        (1, 1)
        """
        from cnnref.counting.own_conventions import from_dict

        return from_dict(entries)

    def flops(self, layer: Layer) -> int:
        """Operations of one row: the sum of its counts times their prices."""
        return _price(_terms(self.prices, layer), layer)

    def activation_bytes(self, layer: Layer) -> int:
        """Bytes of the output that this convention keeps for one row, in float32."""
        return _price(_terms(self.stores, layer), layer)

    def priced(self, layer: Layer) -> Mapping[str, int]:
        """The price of each count of a row that has one."""
        return _terms(self.prices, layer)

    def stored(self, layer: Layer) -> Mapping[str, int]:
        """The bytes for one of each count of a row that has some."""
        return _terms(self.stores, layer)

    def lists(self, layer: Layer) -> bool:
        """Whether the source's own table would have this row, or no rule counts it."""
        listed = not self.operators or _kind(self.operators, layer) in self.operators
        return listed or not layer.counted


def _terms(prices: Prices, layer: Layer) -> Mapping[str, int]:
    return prices.get(_kind(prices, layer), {}) if layer.counted else {}


def _kind(known: Container[str], layer: Layer) -> str:
    """The kind of a row; "custom" for what a rule of the user's own counts and no list names."""
    kind = layer.kind
    return kind if kind in known or kind in KNOWN else "custom"


def _price(terms: Mapping[str, int], layer: Layer) -> int:
    return sum(price * getattr(layer.counts, count) for count, price in terms.items())


def frozen(prices: Mapping[str, Mapping[str, int]]) -> Prices:
    """A price list that nobody can change."""
    return MappingProxyType({op: MappingProxyType(dict(terms)) for op, terms in prices.items()})


_STORED = frozen(STORED)


def _preset(entry: Mapping[str, Any]) -> Convention:
    stores = frozen(entry["stores"]) if "stores" in entry else _STORED
    whole = {"operators": (), "columns": FULL_COLUMNS, **entry}
    return Convention(**whole | {"prices": frozen(entry["prices"]), "stores": stores})


CONVENTIONS: Mapping[str, Convention] = MappingProxyType(
    {entry["name"]: _preset(entry) for entry in PRESETS}
)


def conventions() -> tuple[str, ...]:
    """The names of all conventions."""
    return tuple(CONVENTIONS)


def convention(name: Convention | str | PathLike[str]) -> Convention:
    """A convention by its name, or by the path of a TOML file that ends in .toml.

    A Convention is handed back as it is.

    Raises:
        UnknownNameError: no convention has that name; the message names close matches.
        CnnrefError: the file cannot be read, or says something that no convention says.

    >>> convention("lecture").unit
    'flop'
    """
    if isinstance(name, Convention):
        return name
    if isinstance(name, str) and name in CONVENTIONS:
        return CONVENTIONS[name]
    if str(name).endswith(".toml"):
        from cnnref.counting.own_conventions import from_file

        return from_file(str(name))
    raise UnknownNameError("convention", name, CONVENTIONS) from None
