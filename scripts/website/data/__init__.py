"""What only the site reads: the lecture's claims, challenge results, a paper's table, records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from cnnref.files import Column, filled, one_of, rows, text, whole
from cnnref.networks.published import CERTAINTIES, Source, Value, sources, value

__all__ = ["FOLDER", "Entry", "Module", "googlenet_table1", "ilsvrc", "read"]

FOLDER = Path(__file__).parent
ROLES = ("winner", "runner-up", "third", "entry", "paper", "human")


class Entry(NamedTuple):
    """One result of the ImageNet challenge, or one that its charts are drawn with.

    layers: a number as text, "shallow", or "" where it is not known.
    role: one of ROLES.
    data: provided, outside data, or what was added.
    """

    year: int
    team: str
    model: str
    layers: str
    top5_error: Value
    source: Source
    role: str
    data: str
    certainty: str
    note: str


class Module(NamedTuple):
    """One row of Table 1 of the GoogLeNet paper as printed; its K is 1,024 parameters.

    config: the filters, #1x1; #3x3 reduce; #3x3; #5x5 reduce; #5x5; pool proj.
    """

    layer: str
    config: str
    output: str
    params_k: Value
    ops_m: Value


@cache
def ilsvrc() -> tuple[Entry, ...]:
    """The ImageNet challenge by year, with the human reference."""
    by_key = {source.key: source for source in sources()}
    columns = {
        "year": whole,
        "team": filled,
        "model": text,
        "layers": text,
        "top5_error_pct": value,
        "source": one_of(by_key),
        "role": one_of(ROLES),
        "data": text,
        "certainty": one_of(CERTAINTIES),
        "note": text,
    }
    return tuple(
        Entry(year, team, model, layers, error, by_key[key], *rest)
        for year, team, model, layers, error, key, *rest in read("ilsvrc", columns)
    )


@cache
def googlenet_table1() -> tuple[Module, ...]:
    """Table 1 of the GoogLeNet paper, the rows that have parameters, as printed."""
    columns = {"layer": filled, "config": text, "output": filled, "params_k": value, "ops_m": value}
    return tuple(Module(*row) for row in read("googlenet_table1", columns))


def read(name: str, columns: Mapping[str, Column]) -> Iterator[tuple[Any, ...]]:
    """The rows of one file.

    Raises:
        CnnrefError: it cannot be read, or a cell is not as its column says.
    """
    return rows(FOLDER / f"{name}.csv", columns)
