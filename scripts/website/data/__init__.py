"""What only the site reads: the lecture's claims, challenge results, a paper's table, records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from cnnref.errors import CnnrefError
from cnnref.files import Column, filled, one_of, records, rows, text, whole
from cnnref.networks.published import CERTAINTIES, Source, Value, sources, value
from website.places import GENERATED

__all__ = [
    "CHARTED",
    "FOLDER",
    "NETWORK_COLUMNS",
    "Entry",
    "Module",
    "books",
    "challenge_entry",
    "googlenet_table1",
    "ilsvrc",
    "read",
]

FOLDER = Path(__file__).parent
NETWORK_COLUMNS = (
    "name", "input", "parameters", "macs", "activations", "rows", "rows_differing",
    "sizes_compared",
)  # fmt: skip
ROLES = ("winner", "runner-up", "third", "entry", "paper", "human")

# the networks of the chart of Canziani et al., and the one of "ResNet + Inception": label, then
# the catalogue's networks that go by it, of which a protocol's sources have at most one
CHARTED: Mapping[str, tuple[str, ...]] = {
    "AlexNet (2012)": ("alexnet_2012", "alexnet"),
    "BN-AlexNet": ("bn_alexnet",),
    "BN-NIN": ("bn_nin",),
    "ENet": ("enet",),
    "GoogLeNet": ("googlenet", "googlenet_torchvision"),
    "ResNet-18": ("resnet18", "resnet18_a"),
    "VGG-16": ("vgg16",),
    "VGG-19": ("vgg19",),
    "ResNet-34": ("resnet34",),
    "ResNet-50": ("resnet50", "resnet50_v1"),
    "ResNet-101": ("resnet101", "resnet101_v1"),
    "ResNet-152": ("resnet152", "resnet152_v1"),
    "Inception-v3": ("inception_v3",),
    "Inception-v4": ("inception_v4",),
    "Inception-ResNet-v2": ("inception_resnet_v2",),
}


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


def challenge_entry(
    year: int, role: str = "winner", data: str = "provided", model: str = ""
) -> Entry:
    """One result of the challenge; model: a part of its name where a team has several.

    Raises:
        CnnrefError: the challenge has no such entry.
    """
    found = [
        entry
        for entry in ilsvrc()
        if (entry.year, entry.role, entry.data) == (year, role, data) and model in entry.model
    ]
    if not found:
        raise CnnrefError(f"{year}, {role}, {data}, {model!r}: the challenge has no such entry.")
    return found[0]


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


@cache
def books() -> Mapping[str, Mapping[str, str]]:
    """The rows of networks.csv by name: each network's totals, and how far its books agree."""
    found = records(GENERATED / "networks.csv", dict.fromkeys(NETWORK_COLUMNS, filled))
    return {record["name"]: record for record in found}
