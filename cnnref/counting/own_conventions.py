"""A user's own convention, from a dict or a TOML file; whatever is misspelt is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnnref.counting.conventions import CONVENTIONS, Convention, frozen
from cnnref.counting.layer import COUNTS
from cnnref.counting.operators import KINDS
from cnnref.counting.price_lists import FULL_COLUMNS, STORED
from cnnref.errors import CnnrefError, UnknownNameError

__all__ = ["from_dict", "from_file"]

TEXTS = ("name", "title", "unit", "source", "note")
KEYS = (*TEXTS, "base", "prices", "stores", "own_operators")

Lists = dict[str, Mapping[str, int]]


def from_file(path: str) -> Convention:
    """The convention that a TOML file states.

    Raises:
        CnnrefError: the file cannot be read, or is not TOML, or states no convention.
    """
    import tomllib
    from pathlib import Path

    try:
        entries = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise CnnrefError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CnnrefError(f"{path} cannot be read: it is not text in UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise CnnrefError(f"{path} is not TOML: {error}.") from None
    return _convention(entries, path)


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
    _known(terms, COUNTS, f"count of {kind} in {place}")
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
