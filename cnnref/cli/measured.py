"""The command that measures a network on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cnnref
from cnnref import sources
from cnnref.cli.inputs import given_inputs, image
from cnnref.cli.models import theirs
from cnnref.cli.show import Outcome, delivered, phase, printed, progress
from cnnref.cli.streams import complain
from cnnref.cli.targets import find, make
from cnnref.errors import CnnrefError

if TYPE_CHECKING:
    from types import SimpleNamespace

    from cnnref.measuring.record import Measurement

__all__ = ["measured"]

OPTIONS = ("device", "dtype", "channels_last", "mode", "compile", "tf32", "threads")


def measured(arguments: SimpleNamespace) -> Outcome:
    """`cnnref measure`."""
    layers = arguments.layers or arguments.format not in ("text", "json")
    if layers and (arguments.mode == "training" or arguments.compile):
        raise CnnrefError(
            "Layers have times of their own in an inference that is not compiled; drop --layers, "
            "and print text or JSON."
        )
    if arguments.columns is not None:
        # before anything runs for a minute
        from cnnref.measuring.roofline import COLUMNS
        from cnnref.tables.columns import chosen

        chosen(arguments.columns, (), COLUMNS, "column of layer times")
    found = _measured(arguments, layers)
    if found.doubt and arguments.format != "text":
        complain(f"{found.network}: {found.doubt}.")
    if arguments.format == "json":
        return Outcome(delivered(found.to_json(), arguments))
    if not layers:
        return Outcome(delivered(f"{found}\n", arguments))
    if not found.layers:
        raise CnnrefError(
            f"{arguments.target} calls other functions than its trace shows, so its layers have no "
            "times; drop --layers, and print text or JSON."
        )
    roof = _roof(found)
    if arguments.format != "text":
        return Outcome(printed(roof, arguments))
    return Outcome(delivered(f"{found}\n\n{roof.to_text(columns=arguments.columns)}\n", arguments))


def _measured(arguments: SimpleNamespace, layers: bool) -> Measurement:
    target = arguments.target
    how: dict[str, Any] = {name: getattr(arguments, name) for name in OPTIONS}
    how |= {"layers": layers, "progress": phase}
    if arguments.seconds is not None:
        how["seconds"] = arguments.seconds
    doing = ["loading it"]
    with theirs(target, doing):
        progress(f"loading {target}")
        what = _network(target, dict(arguments.arg or ()))
        inputs = _inputs(target, what, arguments)
        doing.append("measuring it")
        return cnnref.measure(what, **how, **inputs)


def _network(target: str, given: dict[str, Any]) -> Any:
    """A catalogued name as it is; what a callable gives, with the weights that it draws."""
    if target in cnnref.names():
        if given:
            raise CnnrefError(f"--arg is for a callable; {target} is measured as it is catalogued.")
        return target
    found = make(target, find(target), given, build=lambda call, named: call(**named))
    if not sources.is_module(found):
        kind = type(found).__name__
        raise CnnrefError(f"{target} gives a {kind}, which is counted and cannot run.")
    return found


def _inputs(target: str, what: Any, arguments: SimpleNamespace) -> dict[str, Any]:
    batch = arguments.batch_size or 1
    if isinstance(what, str):
        if arguments.input:
            raise CnnrefError(f"--input is for a callable; for {target} give --input-size.")
        size = arguments.input_size
        return {"batch_size": batch} | ({} if size is None else {"input_shape": image(size)})
    found = given_inputs(target, what, arguments)
    if "input_shape" in found:
        return {**found, "batch_size": batch}
    if not arguments.input or any(one.file for one in arguments.input):
        return found
    from cnnref.measuring.subject import drawn

    given = [(one.name, drawn((batch, *one.sizes), one.dtype)) for one in arguments.input]
    named = all(name for name, _ in given)
    return {"inputs": dict(given) if named else tuple(tensor for _, tensor in given)}


def _roof(found: Measurement) -> Any:
    phase("measuring the ceilings of this machine")
    best = cnnref.ceilings(
        found.machine.device, found.dtype, tf32=found.tf32, threads=found.machine.threads
    )
    progress("")
    return cnnref.roofline(found, best)
