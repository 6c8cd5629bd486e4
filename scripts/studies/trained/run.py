"""The command line of the experiments: which there are, and running some of them in turn."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from cnnref.errors import CnnrefError, UnknownNameError
from studies import output
from studies.trained import frame

# in the order of the lecture
NAMES = (
    "nonlinearities", "first_layer", "windows", "inception", "heads", "auxiliary", "batch_norm",
    "batch_sizes", "degradation", "start", "preactivation", "depthwise",
)  # fmt: skip
# a run that only shows that everything works
SMALLEST = {"steps": 6, "drop": 4, "last": 2, "every": 2, "test_images": 40}


def main(given: argparse.Namespace) -> int:
    if not given.names:
        print("\n".join(f"{name:16} {frame.experiment(name).question}" for name in NAMES))
    for name in chosen(given.names):
        settings = changed(smallest(name) if given.fast else full(name), given.set)
        record = frame.record(name, settings, given.jobs, folder(given.data))
        if given.output:
            target = Path(given.output) / f"{name}.json"
            write(record, target)
            print(f"written to {target}")
    return 0


def chosen(names: Sequence[str]) -> Sequence[str]:
    """The experiments that are meant, in the order in which they are named.

    Raises:
        UnknownNameError: there is no such experiment.
    """
    for name in names:
        if name not in (*NAMES, "all"):
            raise UnknownNameError("experiment", name, NAMES)
    return NAMES if "all" in names else names


def full(name: str) -> Any:
    return frame.experiment(name).settings


def smallest(name: str) -> Any:
    return replace(full(name), **(SMALLEST | dict(frame.experiment(name).fast)))


def changed(settings: Any, texts: Sequence[str]) -> Any:
    """Settings with the values that a person gave; the rate drops after four fifths of the steps.

    Raises:
        CnnrefError: a text is no setting with a value of its kind.
    """
    known = {field.name: getattr(settings, field.name) for field in fields(settings)}
    values = {}
    for text in texts:
        name, _, value = text.partition("=")
        if name not in known:
            raise UnknownNameError("setting", name, known)
        values[name] = _value(text, value, known[name])
    if "steps" in values:
        values.setdefault("drop", values["steps"] * 4 // 5)
    return replace(settings, **values)


def _value(text: str, value: str, old: Any) -> Any:
    try:
        if isinstance(old, tuple):
            return tuple(type(old[0])(part) for part in value.split(","))
        return type(old)(value)
    except ValueError:
        kind = "numbers with commas" if isinstance(old, tuple) else "a number"
        raise CnnrefError(f"{text!r} is no setting: behind the = there stands {kind}.") from None


def folder(data: Sequence[str] | None) -> str:
    """Where the photographs lie, if some are asked for.

    Raises:
        UnknownNameError: they are of another set.
    """
    kind, path = data or ("cifar10", "")
    if kind != "cifar10":
        raise UnknownNameError("set of images", kind, ("cifar10",))
    return path and str(Path(path).resolve())


def write(record: dict[str, Any], target: Path) -> None:
    # a run is one line, so that a new record can be compared with the old one
    runs = ",\n  ".join(json.dumps(run) for run in record["runs"])
    head = json.dumps(record | {"runs": []}, indent=1)
    output.write(target, head.replace('"runs": []', f'"runs": [\n  {runs}]') + "\n")
