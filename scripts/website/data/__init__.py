"""What only the site reads: the lecture's claims, challenge results, a paper's table, records."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from cnnref.networks.published import Source, Value, read_csv, sources, value

__all__ = ["FOLDER", "Entry", "Module", "googlenet_table1", "ilsvrc", "rows"]

FOLDER = Path(__file__).parent


class Entry(NamedTuple):
    """One result of the ImageNet challenge, or one that its charts are drawn with.

    layers: a number as text, "shallow", or "" where it is not known.
    role: winner, runner-up, third, entry, paper or human.
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
    return tuple(
        Entry(int(year), team, model, layers, value(error), by_key[key], *rest)
        for year, team, model, layers, error, key, *rest in rows("ilsvrc")
    )


@cache
def googlenet_table1() -> tuple[Module, ...]:
    """Table 1 of the GoogLeNet paper, the rows that have parameters, as printed."""
    return tuple(
        Module(layer, config, output, value(params), value(ops))
        for layer, config, output, params, ops in rows("googlenet_table1")
    )


def rows(name: str) -> Iterator[list[str]]:
    """The rows of one file, without its head."""
    return read_csv(FOLDER / f"{name}.csv")
