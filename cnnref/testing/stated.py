"""The budgets that a project states in its pyproject.toml.

    [tool.cnnref.budget.small]
    target = "model.py:Net"       # what to count, as on the command line
    input = "3,96,96"
    macs = "100M"
    parameters = "100k"
    baseline = "costs.json"       # what `cnnref trace model.py:Net --output costs.json` wrote

Limits are those of `cnnref.testing.assert_budget`; every other key is an option of `cnnref trace`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from cnnref.errors import CnnrefError, UnknownNameError

__all__ = ["FILE", "OPTIONS", "Stated", "budget", "budgets", "limits", "words"]

FILE = "pyproject.toml"
# options of `cnnref trace` that say how to count; what a table looks like is no part of a budget
OPTIONS = (
    "input", "input_size", "num_classes", "arg", "strict", "rules", "convention", "dtype",
    "batch_size", "allow_uncounted", "baseline",
)  # fmt: skip


class Stated(NamedTuple):
    """One budget: its name, the folder that its paths are of, and what is said of it."""

    name: str
    folder: Path
    given: Mapping[str, Any]


def budgets(start: Path) -> list[Stated]:
    """The budgets in the nearest pyproject.toml, in a folder or above it, that states any.

    Raises:
        CnnrefError: there is none, or one of its budgets is not a table.
        UnknownNameError: a budget has a key that is none.
    """
    files = [path for one in (start, *start.parents) if (path := one / FILE).is_file()]
    for file in files:
        found = _stated(file)
        if found:
            return [_checked(Stated(name, file.parent, it), file) for name, it in found.items()]
    if not files:
        raise CnnrefError(f"There is no {FILE} in {start} or above it.")
    raise CnnrefError(f"{files[0]} states no budget: [tool.cnnref.budget.NAME] does.")


def _stated(file: Path) -> Mapping[str, Any]:
    from cnnref.files import toml_of

    found = toml_of(file)
    for key in ("tool", "cnnref", "budget"):
        found = found.get(key, {}) if isinstance(found, dict) else {}
    return found if isinstance(found, dict) else {}


def budget(name: str, start: Path) -> Stated:
    """The budget of a name.

    Raises:
        UnknownNameError: none has that name.
        CnnrefError: as for `budgets`.
    """
    found = {one.name: one for one in budgets(start)}
    if name not in found:
        raise UnknownNameError(f"budget of {FILE}", name, found)
    return found[name]


def limits(stated: Stated) -> dict[str, Any]:
    """A budget as `cnnref.testing.assert_budget` takes it, but for what it is held against."""
    from cnnref.tables.budget import LIMITS

    taken = (*LIMITS, "convention", "dtype", "batch_size", "allow_uncounted")
    found = {key: stated.given[key] for key in taken if key in stated.given}
    if "baseline" in stated.given:
        found["baseline"] = stated.folder / stated.given["baseline"]
    return found


def words(stated: Stated, update: bool = False) -> list[str]:
    """The words of `cnnref trace` that a budget stands for.

    update: without its baseline, which is about to be written.
    """
    if "target" not in stated.given:
        raise CnnrefError(f'{stated.name}: say what to count, as target = "model.py:Net".')
    left = {"target", "baseline"} if update else {"target"}
    given = {key: value for key, value in stated.given.items() if key not in left}
    return [str(stated.given["target"]), *_options(given)]


def _options(given: Mapping[str, Any]) -> Iterator[str]:
    for key, value in given.items():
        option = f"--{key.replace('_', '-')}" if key in OPTIONS else f"--max-{key}"
        if isinstance(value, bool):
            yield from [option] * value
        elif isinstance(value, dict):
            yield from (word for name, one in value.items() for word in (option, f"{name}={one}"))
        else:
            several = value if isinstance(value, list) else [value]
            yield from (word for one in several for word in (option, str(one)))


def _checked(stated: Stated, file: Path) -> Stated:
    from cnnref.tables.budget import LIMITS
    from cnnref.tables.quantities import current

    where = f"[tool.cnnref.budget.{stated.name}]"
    if not isinstance(stated.given, dict):
        raise CnnrefError(f"{file}: a budget has a name, as {where}.")
    known = ("target", *LIMITS, *OPTIONS)
    given = {current(key.replace("-", "_")): value for key, value in stated.given.items()}
    for key in given:
        if key not in known:
            raise UnknownNameError(f"key of {where}", key, known)
    return stated._replace(given=given)
