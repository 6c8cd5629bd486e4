"""Conventions: frozen price lists that turn raw counts into "FLOPs" and into memory.

A convention prices counts per operator and holds no rule of its own, so that one
table answers as the lecture, torch or another tool would.
"""

from collections.abc import Container, Iterable, Mapping
from os import PathLike
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from cnnref.counting.operators import KINDS
from cnnref.counting.price_lists import FULL_COLUMNS, LECTURE_COLUMNS, PRESETS, STORED
from cnnref.counting.shapes import COUNTS, FURTHER
from cnnref.errors import CnnrefError, UnknownNameError, briefly

if TYPE_CHECKING:
    from cnnref.counting.layer import Layer

__all__ = [
    "CONVENTIONS",
    "FULL_COLUMNS",
    "LECTURE_COLUMNS",
    "Convention",
    "convention",
    "conventions",
    "from_dict",
    "from_file",
    "frozen",
]


Prices = Mapping[str, Mapping[str, int]]
KNOWN = frozenset(KINDS)


@briefly
class Convention(NamedTuple):
    """What one source counts.

    prices: kind of layer -> raw count -> price; a kind that is absent costs nothing.
    stores: kind of layer -> raw count -> bytes; a kind that is absent stores nothing.
    operators: the kinds that the source's own tables have a row for; () for all.
    unit: what one counted thing is called ("MAC", "FLOP").
    source: who counts so, with the version where it is a program.
    modules: the classes of modules that the source watches, where it sees no functions; those
        that a class inherits are others. "torch.nn.Module" is any without parts; () sees all.

    Its methods take a layer, one row of a table, and say of it for one image what this source does.
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
    modules: tuple[str, ...] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy has price lists of its own, frozen too: a mapping proxy cannot be pickled."""
        return _restored, tuple(_thawed(field) for field in self)

    @staticmethod
    def from_dict(entries: Mapping[str, Any]) -> "Convention":
        """A convention of your own, from entries such as a TOML file gives.

        entries: a mapping with these keys.

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
        return from_dict(entries)

    def __repr__(self) -> str:
        """One line; the prices are `prices`, and what a notebook shows."""
        return f"<Convention {self.name}: {self.title}, in {self.unit}s>"

    def _repr_html_(self) -> str:
        """What a notebook shows: what is counted, and the price of each count."""
        from cnnref.counting.markup import Line, element, joined, table_lines

        about = f"{self.title}, in {self.unit}s. {self.note} {self.source}."
        rows = (
            Line((op, count.replace("_", " "), str(price)), headed=False)
            for op, terms in self.prices.items()
            for count, price in terms.items()
        )
        heads = ("op", "of each", "price")
        return joined((element("p", about), *table_lines(heads, rows)), "\n")

    def operations(self, layer: "Layer") -> int:
        """Operations of one row: the sum of its counts times their prices."""
        return _price(_terms(self, self.prices, layer), layer)

    def stored_bytes(self, layer: "Layer") -> int:
        """Bytes of the output that this convention keeps for one row, in float32."""
        return _price(_terms(self, self.stores, layer), layer)

    def priced(self, layer: "Layer") -> Mapping[str, int]:
        """The price of each count of a row that has one."""
        return _terms(self, self.prices, layer)

    def stored(self, layer: "Layer") -> Mapping[str, int]:
        """The bytes for one of each count of a row that has some."""
        return _terms(self, self.stores, layer)

    def sees(self, layer: "Layer") -> bool:
        """Whether the source watches what was called; of a row that is not traced, it does."""
        return _sees(self, layer)

    def lists(self, layer: "Layer") -> bool:
        """Whether the source's own table would have this row, or no rule counts it."""
        listed = not self.operators or _kind(self.operators, layer) in self.operators
        return listed or not layer.counted


def _terms(convention: Convention, prices: Prices, layer: "Layer") -> Mapping[str, int]:
    seen = layer.counted and _sees(convention, layer)
    return prices.get(_kind(prices, layer), {}) if seen else {}


def _sees(convention: Convention, layer: "Layer") -> bool:
    if not convention.modules or layer.call is None:
        return True
    module = layer.call.module
    return module in convention.modules or bool(module and "torch.nn.Module" in convention.modules)


def _kind(known: Container[str], layer: "Layer") -> str:
    """The kind of a row; "custom" for what a rule of the user's own counts and no list names."""
    kind = layer.kind
    return kind if kind in known or kind in KNOWN else "custom"


def _price(terms: Mapping[str, int], layer: "Layer") -> int:
    return sum(price * layer.count(count) for count, price in terms.items()) if terms else 0


def frozen(prices: Mapping[str, Mapping[str, int]]) -> Prices:
    """A price list that nobody can change."""
    return MappingProxyType({op: MappingProxyType(dict(terms)) for op, terms in prices.items()})


def _thawed(field: Any) -> Any:
    lists = isinstance(field, Mapping)
    return {kind: dict(terms) for kind, terms in field.items()} if lists else field


def _restored(*fields: Any) -> Convention:
    whole: Iterable[Any] = (frozen(one) if isinstance(one, dict) else one for one in fields)
    return Convention._make(whole)


_STORED = frozen(STORED)


def _preset(entry: Mapping[str, Any]) -> Convention:
    stores = frozen(entry["stores"]) if "stores" in entry else _STORED
    whole = {"operators": (), "columns": FULL_COLUMNS, **entry}
    return Convention(**whole | {"prices": frozen(entry["prices"]), "stores": stores})


CONVENTIONS: Mapping[str, Convention] = MappingProxyType(
    {entry["name"]: _preset(entry) for entry in PRESETS}
)


def conventions() -> tuple[str, ...]:
    """The names of all conventions.

    >>> import cnnref
    >>> cnnref.conventions()[:3]
    ('macs', 'estimates', 'flops')
    """
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
        return from_file(str(name))
    raise UnknownNameError("convention", name, CONVENTIONS) from None


TEXTS = ("name", "title", "unit", "source", "note")
KEYS = (*TEXTS, "base", "prices", "stores", "own_operators")
Lists = dict[str, Mapping[str, int]]


def from_file(path: str) -> Convention:
    """The convention that a TOML file states.

    Raises:
        CnnrefError: the file cannot be read, or is not TOML, or states no convention.
    """
    from pathlib import Path

    from cnnref.files import toml_of

    return _convention(toml_of(Path(path)), path)


def from_dict(entries: Mapping[str, Any]) -> Convention:
    """The convention that a mapping states; see `Convention.from_dict`.

    Raises:
        CnnrefError: the mapping states no convention.
    """
    if not isinstance(entries, Mapping):
        raise CnnrefError(f"A convention is made of a mapping, but got {entries!r}.")
    return _convention(entries, "the convention")


def _convention(entries: Mapping[str, Any], place: str) -> Convention:
    _known(entries, KEYS, f"key in {place}")
    for key in TEXTS:
        if key in entries and (not isinstance(entries[key], str) or not entries[key].strip()):
            raise CnnrefError(f"{place}: {key} must be a text, but is {entries[key]!r}.")
    if "name" not in entries:
        raise CnnrefError(f"{place}: name is missing; say what the convention is called.")
    name = entries["name"]
    if name in CONVENTIONS:
        raise CnnrefError(f"{place}: {name} is the name of a preset; choose another.")
    base = _base(entries, place)
    if base is None and not entries.get("prices"):
        raise CnnrefError(f"{place}: prices are missing; give some, or a base to start from.")
    own = _own_operators(entries, place)
    return Convention(
        name=name,
        title=entries.get("title", name),
        unit=entries.get("unit", base.unit if base else "operation"),
        prices=frozen(_merged(base and base.prices, entries, "prices", own, place)),
        stores=frozen(_merged(base.stores if base else STORED, entries, "stores", own, place)),
        operators=base.operators if base else (),
        columns=base.columns if base else FULL_COLUMNS,
        source=entries.get("source", place if place.endswith(".toml") else "stated by its user"),
        note=entries.get("note", f"As {base.name}, but for what it states itself." if base else ""),
        modules=base.modules if base else (),
    )


def _base(entries: Mapping[str, Any], place: str) -> Convention | None:
    if "base" not in entries:
        return None
    base = entries["base"]
    if not isinstance(base, str) or base not in CONVENTIONS:
        raise UnknownNameError(f"base in {place}", base, CONVENTIONS)
    return CONVENTIONS[base]


def _own_operators(entries: Mapping[str, Any], place: str) -> tuple[str, ...]:
    own = entries.get("own_operators", ())
    if not isinstance(own, list | tuple) or not all(isinstance(name, str) for name in own):
        raise CnnrefError(f"{place}: own_operators must be a list of names, but is {own!r}.")
    return tuple(own)


def _merged(
    base: Mapping[str, Mapping[str, int]] | None,
    entries: Mapping[str, Any],
    key: str,
    own: tuple[str, ...],
    place: str,
) -> Lists:
    """The base's list with what the entries state in place of it, kind by kind."""
    stated = entries.get(key, {})
    if not isinstance(stated, Mapping):
        raise CnnrefError(f"{place}: {key} must be a table of kinds, but is {stated!r}.")
    _known(stated, (*KINDS, *own), f"operator in {key} of {place}")
    for kind, terms in stated.items():
        _check_terms(kind, terms, f"{key} of {place}")
    whole = {**(base or {}), **stated}
    return {kind: terms for kind, terms in whole.items() if terms}


def _check_terms(kind: str, terms: object, place: str) -> None:
    if not isinstance(terms, Mapping):
        raise CnnrefError(
            f"{place}: {kind} must state its counts, such as {{ elements_out = 1 }}, "
            f"but is {terms!r}."
        )
    _known(terms, (*COUNTS, *FURTHER), f"count of {kind} in {place}")
    for count, price in terms.items():
        if type(price) is not int:
            raise CnnrefError(
                f"{place}: the price of {count} for {kind} must be a whole number, "
                f"but is {price!r}."
            )


def _known(names: Mapping[str, Any], known: tuple[str, ...], what: str) -> None:
    for name in names:
        if name not in known:
            raise UnknownNameError(what, name, known)
