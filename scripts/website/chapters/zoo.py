"""What the page about the zoos shows of the records under docs/zoo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from statistics import median
from typing import Any

from cnnref.files import filled, json_of, number, records, text, whole
from studies.zoo.outcomes import Entry, outcome
from website.markup import element, joined, line, table
from website.places import DOCS

ZOO = DOCS / "zoo"
COUNTED = ("rows", "parameters", "module_parameters", "macs", "torch_macs")
COLUMNS = {
    **dict.fromkeys(("library", "family", "name"), filled),
    **dict.fromkeys(("part", "input"), text),
    **dict.fromkeys(COUNTED, whole),
    **dict.fromkeys(("stated", "uncounted"), text),
    **dict.fromkeys(("seconds", "torch_seconds"), number),
    "peak_mib": whole,
    "error": text,
}


@cache
def entries() -> tuple[dict[str, Any], ...]:
    """The rows of zoo.csv, one for each model."""
    return tuple(records(ZOO / "zoo.csv", COLUMNS))


def zoo(what: str) -> str:
    """One number of the summary, with its thousands set apart."""
    value = json_of(ZOO / "zoo.json")
    for key in what.split("."):
        value = value[key]
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def families() -> str:
    """Each family with its number of models, how many agree, and the range of their costs."""
    groups: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries():
        groups.setdefault((entry["library"], entry["family"]), []).append(entry)
    lines = []
    for (library, family), group in groups.items():
        costs = [int(entry["macs"]) / 1e9 for entry in group if not entry["error"]]
        cells = [
            library,
            str(len(group)),
            str(sum(outcome(entry) == "equal" for entry in group)),
            _range(costs),
            f"{median(1e3 * float(entry['seconds']) for entry in group):.0f}",
        ]
        lines.append(line(family.replace("_", " "), cells))
    return table(("family", "library", "models", "equal", "GMACs", "ms, median"), lines)


def exceptions() -> str:
    """The models that are not equal, with what came of them."""
    lines = [
        line(entry["name"], [entry["library"], outcome(entry)])
        for entry in entries()
        if outcome(entry) != "equal"
    ]
    if not lines:
        return element("p", "None.")
    return table(("model", "library", "what came of it"), lines, kind="prose")


def finder() -> str:
    """A field to look a model up; a script shows it and fills the table."""
    field = element("input", type="search", autocomplete="off", spellcheck="false")
    asked = element("label", "Part of a model's name ", field)
    said = element("p", aria_live="polite")
    models = {"class_": "finder", "data_models": "zoo/models.js"}
    form = element("form", asked, said, **models, hidden=True)
    return joined([form, element("div", class_="finder-found")])


def _range(costs: list[float]) -> str:
    if not costs:
        return "–"
    low, high = (f"{cost:,.2f}" for cost in (min(costs), max(costs)))
    return low if low == high else f"{low} to {high}"


MACROS: Mapping[str, Callable[..., object]] = {
    "zoo": zoo,
    "zoo_exceptions": exceptions,
    "zoo_families": families,
    "zoo_finder": finder,
}
