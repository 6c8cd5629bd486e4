"""The record of one machine: a JSON file with a schema, checked when it is read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from cnnref import files
from cnnref.counting.units import significant
from cnnref.errors import CnnrefError, MissingExtraError
from cnnref.measuring.record import LayerTime, Machine, Measurement
from cnnref.measuring.roofline import Ceilings, moved_bytes
from cnnref.networks.catalog import names, table
from cnnref.tables.table import Table
from website.data import FOLDER

__all__ = ["SCHEMA", "LeftOut", "Record", "drift", "loads", "read", "write"]

SCHEMA = 1
FILE = FOLDER / "measured.schema.json"
AGAIN = "measure again with scripts/measure; the file is left as it is"


class LeftOut(NamedTuple):
    """A case of the plan that was not measured, and why."""

    network: str
    batch_size: int
    mode: str
    dtype: str
    channels_last: bool
    tf32: bool
    compiled: bool
    reason: str


class Record(NamedTuple):
    """All that was measured on one machine.

    title: a short name of the machine; plan: "full" or "quick".
    code: what the measured code came to; a record of other code is measured again.
    """

    title: str
    plan: str
    date: str
    code: str
    machine: Machine
    ceilings: tuple[Ceilings, ...]
    measurements: tuple[Measurement, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def key(self) -> str:
        """The title as a part of file names and of identifiers."""
        words = "".join(letter if letter.isalnum() else " " for letter in self.title.lower())
        return "-".join(words.split())

    def measured(self, **setting: object) -> Iterator[Measurement]:
        """The networks that were measured in one way, in the catalogue's order.

        setting: values of fields of `Measurement`; float32 inference of one image where none is
            said.
        """
        wanted = {
            "batch_size": 1, "mode": "inference", "dtype": "float32", "channels_last": False,
            "tf32": False, "compiled": False, **setting,
        }  # fmt: skip
        for one in self.measurements:
            if all(getattr(one, name) == value for name, value in wanted.items()):
                yield one

    def ceiling(self, dtype: str, tf32: bool = False) -> Ceilings | None:
        """The ceilings of a dtype, where they were measured."""
        found = (one for one in self.ceilings if (one.dtype, one.tf32) == (dtype, tf32))
        return next(found, None)


@cache
def _schema() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = json.loads(files.text_of(FILE))
    return loaded


def read(path: Path) -> Record:
    """The record that a file holds.

    Raises:
        CnnrefError: the file cannot be read, is broken, or is of another schema; it stays as it is.
    """
    return loads(files.text_of(path), str(path))


def loads(text: str, where: str) -> Record:
    """The record that a text states; where: what a message calls it.

    Raises:
        CnnrefError: the text is no JSON, of another schema, or says something that no record says.
    """
    try:
        plain = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise CnnrefError(f"{where} is not JSON ({error}); {AGAIN}.") from None
    version = plain.get("schema") if isinstance(plain, dict) else None
    if version != SCHEMA:
        raise CnnrefError(f"{where} has schema {version!r}, this code reads {SCHEMA}; {AGAIN}.")
    _validate(plain, where)
    machine = Machine(**plain["machine"])
    return Record(
        title=plain["title"],
        plan=plain["plan"],
        date=plain["date"],
        code=plain["code"],
        machine=machine,
        ceilings=tuple(Ceilings(**one) for one in plain["ceilings"]),
        measurements=tuple(_measurement(one, machine, where) for one in plain["measurements"]),
        left_out=tuple(LeftOut(**one) for one in plain["left_out"]),
    )


def _validate(plain: Any, where: str) -> None:
    try:
        from jsonschema import Draft202012Validator
        from jsonschema.exceptions import best_match
    except ModuleNotFoundError:
        raise MissingExtraError("Reading a record", "jsonschema", "charts") from None
    error = best_match(Draft202012Validator(_schema()).iter_errors(plain))
    if error is not None:
        place = "/".join(map(str, error.absolute_path)) or "the whole"
        said = " ".join(error.message.split())
        raise CnnrefError(f"{where} is broken at {place}: {said[:200]}; {AGAIN}.")


def _measurement(plain: Mapping[str, Any], machine: Machine, where: str) -> Measurement:
    """With the rows' names and counts from the spec, which the file does not repeat."""
    found = Measurement.from_dict({**plain, "layers": ()}, machine)
    seconds = plain["layers"]
    if not seconds:
        return found
    rows = _rows(found)
    if rows is None or len(rows) != len(seconds):
        has = "no" if rows is None else len(rows)
        raise CnnrefError(
            f"{where} is broken at {found.network}: it has {len(seconds)} layers, the spec {has}; "
            f"{AGAIN}."
        )
    layers = (
        LayerTime(row.name, row.op, found.batch_size * row.macs, moved, taken)
        for row, moved, taken in zip(rows, _moved(found, rows), seconds, strict=True)
    )
    return found._replace(layers=tuple(layers))


def _moved(found: Measurement, rows: Table) -> list[int]:
    return [moved_bytes(row, found.dtype, found.batch_size) for row in rows]


def _rows(found: Measurement) -> Table | None:
    return _book(found.network, found.input_shape[1:]) if found.network in names() else None


@cache
def _book(name: str, size: tuple[int, int]) -> Table:
    return table(name, input_size=size)


def dumps(record: Record) -> str:
    """The record as the text of its file: a line for each measurement."""
    head = {
        "schema": SCHEMA,
        "title": record.title,
        "plan": record.plan,
        "date": record.date,
        "code": record.code,
        "machine": record.machine._asdict(),
        "ceilings": [_rounded(one) for one in record.ceilings],
    }
    lines = [f" {json.dumps(name)}: {json.dumps(value)}" for name, value in head.items()]
    lines.append(_listed("measurements", map(_plain, record.measurements)))
    lines.append(_listed("left_out", (one._asdict() for one in record.left_out)))
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _rounded(one: Ceilings) -> dict[str, Any]:
    rates = ("flops_per_second", "bytes_per_second")
    return one._asdict() | {name: significant(getattr(one, name), 5) for name in rates}


def _plain(measurement: Measurement) -> dict[str, Any]:
    seconds = [significant(layer.seconds, 4) for layer in measurement.layers]
    return measurement.to_dict() | {"layers": seconds}


def _listed(name: str, entries: Iterable[Mapping[str, Any]]) -> str:
    lines = ",\n".join(f"  {json.dumps(entry, separators=(',', ':'))}" for entry in entries)
    return f' "{name}": [\n{lines}\n ]' if lines else f' "{name}": []'


def write(record: Record, path: Path) -> None:
    """Write the whole file or nothing, and only what can be read again."""
    text = dumps(record)
    loads(text, str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, text)


def drift(record: Record) -> list[str]:
    """What is exact in a record and no longer what the spec says, a line each."""
    return [line for one in record.measurements for line in _drifted(one, record.title)]


def _drifted(found: Measurement, title: str) -> list[str]:
    rows = _rows(found)
    if rows is None:
        return [f"{title}: no network has the name {found.network}"]
    from cnnref.tables.analysis import element_bytes

    elements = sum(row.counts.elements_out for row in rows)
    exact = {
        "parameters": rows.parameters,
        "macs": rows.macs,
        "output_bytes": elements * element_bytes("drift", found.dtype),
    }
    return [
        f"{title}: {found.network}, {found.setting}: {name} is {getattr(found, name):,} on record "
        f"and {value:,} by the spec"
        for name, value in exact.items()
        if getattr(found, name) not in (value, None)
    ]
