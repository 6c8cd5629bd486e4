"""The commands on models that are not catalogued: trace and sweep."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from warnings import catch_warnings, simplefilter

import cnnref
from cnnref import sources
from cnnref.cli.commands import HUB, ONNX, is_file
from cnnref.cli.inputs import fitted, given_inputs, image
from cnnref.cli.show import Outcome, printed, progress, rows
from cnnref.cli.streams import aside, complain, say
from cnnref.cli.targets import find, load, make
from cnnref.errors import CnnrefError, DataWarning, ForwardError, UncountedWarning
from cnnref.tables.table import Table

if TYPE_CHECKING:
    from types import SimpleNamespace

    from cnnref.counting.layer import Layer

__all__ = ["swept", "theirs", "traced", "traced_table"]

Found = TypeVar("Found")
# names that a sweep has for itself
OWN = {"input_size", "batch_size", "input_shape", "inputs", "progress", "rules", "values"}


def traced(arguments: SimpleNamespace) -> Outcome:
    """`cnnref trace`."""
    arguments.misfits = []
    found = rows(traced_table(arguments.target, arguments), arguments)
    return found._replace(code=max(found.code, int(bool(arguments.misfits))))


def swept(arguments: SimpleNamespace) -> Outcome:
    """`cnnref sweep`."""
    target, given, vary = arguments.target, dict(arguments.arg or ()), dict(arguments.vary or ())
    for word in OWN & {*given, *vary}:
        raise CnnrefError(f"{word!r} is an option of the sweep itself, not an argument to vary.")
    if not vary and arguments.input_size is None and not arguments.batch_size:
        raise CnnrefError(
            "Nothing varies: give --input-size 128,224, --batch-size 1,8 or --vary NAME=V1,V2."
        )
    for word in {*given} & {*vary}:
        raise CnnrefError(f"{word!r} is in --arg and in --vary: give it once.")
    how = {"input_size": arguments.input_size, "batch_size": arguments.batch_size or 1, **vary}
    if target in cnnref.names():
        for option in ("input", "rules"):
            if getattr(arguments, option):
                raise CnnrefError(f"--{option} is for a callable; the spec of {target} takes none.")
        return Outcome(printed(cnnref.sweep(target, progress=progress, **how, **given), arguments))
    with theirs(target, ["sweeping it"]):
        what = _with(target, find(target), given)
        inputs = given_inputs(target, None, arguments)
        inputs |= {"rules": _rules(arguments), "values": arguments.values}
        found = _unwarned(lambda: cnnref.sweep(what, progress=progress, **how, **inputs))
    doubt = next((point.table.doubt for point in found if point.table.doubt), "")
    if doubt:
        complain(f"{doubt}.")
    lacking = next((point.table for point in found if point.table.uncounted), None)
    if lacking is not None:
        complain(f"no rule counts {_where(lacking)}; the totals are incomplete.")
    return Outcome(printed(found, arguments))


def _with(target: str, found: Any, given: dict[str, Any]) -> Any:
    """A callable with some of its arguments given; what is built already, as it is."""
    if not callable(found) or sources.is_module(found):
        return make(target, found, given)
    what = partial(found, **given)
    what.__name__ = target  # type: ignore[attr-defined]
    return what


def traced_table(target: str, arguments: SimpleNamespace) -> Table:
    """The table of what a target gives, with inputs as the options say.

    Raises:
        CnnrefError: it gives no network, the inputs do not fit, or its own code fails; then
            what it raised is shown on stderr.
    """
    doing = ["loading it"]
    with theirs(target, doing):
        progress(f"loading {target}")
        if target.endswith(ONNX):
            return _told(_unwarned(lambda: _read(target, arguments)))
        words = _arguments(target, arguments)
        held, looks = getattr(arguments, "checkpoint", None), _looks(arguments)
        network = load(target, words, whole=bool(held) or looks)
        if not sources.is_module(network):
            return _stated(target, network, arguments)
        if held:
            arguments.misfits = fitted(network, held)
            for line in arguments.misfits:
                complain(f"{target} {line}.")
        inputs = given_inputs(target, network, arguments)
        shape = inputs.get("input_shape")
        given = f" with input {' x '.join(map(str, shape))}" if shape else ""
        by_default = not arguments.input and not arguments.input_size and shape
        doing.append(f"tracing it{given}" + " (the default: give --input)" * bool(by_default))
        progress(f"tracing {target}{given}")
        inputs |= {"rules": _rules(arguments), "sparsity": looks}

        def build(whole: bool) -> Any:
            return load(target, words, whole=True) if whole and not held else network

        def trace(module: Any, values: str) -> Table:
            return _trace(module, arguments, values=values, **inputs)

        return _told(sources.with_values(build, arguments.values, trace))


def _arguments(target: str, arguments: SimpleNamespace) -> dict[str, Any]:
    if is_file(target):
        _refuse(target, arguments, ("input", "input_size", "arg", "rules", "num_classes"))
    given = dict(arguments.arg or ())
    if target in cnnref.names():
        if arguments.num_classes is not None:
            given["num_classes"] = arguments.num_classes
        return given
    if arguments.num_classes is not None:
        raise CnnrefError(
            "--num-classes is for networks of the catalogue; a callable takes "
            f"--arg num_classes={arguments.num_classes} if it has such an argument."
        )
    for option in ("config", "online"):
        if asked := getattr(arguments, option, None):
            if not target.startswith(HUB):
                raise CnnrefError(f"--{option} is for {HUB}NAME; {target} takes none.")
            given[option] = asked
    if arguments.input_size is not None and sources.takes(find(target), "input_size"):
        given.setdefault("input_size", arguments.input_size)
    return given


def _looks(arguments: SimpleNamespace) -> bool:
    """Whether a column is asked for that only values of weights can fill."""
    asked = [getattr(arguments, name, None) or "" for name in ("columns", "sort")]
    keys = {key.lstrip("+") for text in asked for key in text.split(",")}
    return bool(keys & {"sparsity", "nonzero_macs"})


def _stated(target: str, network: Any, arguments: SimpleNamespace) -> Table:
    sized = arguments.input_size is not None and not sources.takes(find(target), "input_size")
    if arguments.input or sized or arguments.rules:
        option = "--input" if arguments.input else "--input-size" if sized else "--rules"
        why = "whose rows are stated" if option == "--rules" else "which has an input of its own"
        raise CnnrefError(f"{target} gives a {type(network).__name__}, {why}; drop {option}.")
    return sources.as_table(network)


def _refuse(target: str, arguments: SimpleNamespace, options: Sequence[str]) -> None:
    for option in options:
        if getattr(arguments, option):
            flag = f"--{option.replace('_', '-')}"
            raise CnnrefError(f"{target} is a file, whose rows are stated; drop {flag}.")


def _read(target: str, arguments: SimpleNamespace) -> Table:
    """The rows of an ONNX file, at the sizes that the options say."""
    _refuse(target, arguments, ("arg", "rules", "num_classes"))
    given, size = arguments.input or (), arguments.input_size
    if (given and size is not None) or any(one.file or one.dtype for one in given):
        raise CnnrefError(f"{target} is read by sizes: give --input SIZES or --input-size N.")
    if any(one.name for one in given) or len(given) > 1:
        named: Any = {one.name: one.sizes for one in given}
    else:
        named = given[0].sizes if given else None if size is None else image(size)
    return cnnref.from_onnx(target, named, strict=arguments.strict)


def _rules(arguments: SimpleNamespace) -> Mapping[Any, Any] | None:
    """The rules that --rules names."""
    if arguments.rules is None:
        return None
    found = find(arguments.rules)
    if not isinstance(found, Mapping):
        raise CnnrefError(f"--rules {arguments.rules} is no mapping, but {found!r}.")
    return found


def _trace(module: Any, arguments: SimpleNamespace, values: str, **inputs: Any) -> Table:
    try:
        how = {"strict": arguments.strict, "values": values}
        how["mode"] = getattr(arguments, "mode", "inference")
        return _unwarned(lambda: cnnref.trace(module, **inputs, **how))
    except Exception as error:
        again = values == "never" != arguments.values and getattr(error, "asked", "")
        if again or not arguments.partial or len(getattr(error, "table", ())) < 2:
            raise
        progress("")
        complain("; ".join([str(error).rstrip("."), *error.__notes__]))
        return error.table  # type: ignore[attr-defined, no-any-return]


def _told(table: Table) -> Table:
    """A table, when it is said what it does not hold."""
    progress("")
    if table.uncounted:
        complain(f"no rule counts {_where(table.uncounted)}; the totals are incomplete.")
    if table.estimated:
        complain(f"{_where(table.estimated)} has an estimate; --convention estimates counts it.")
    if table.doubt:
        complain(f"{table.doubt}.")
    return table


def _unwarned(call: Callable[[], Found]) -> Found:
    """What a call gives, without the warnings about uncounted rows: they are said in one line."""
    with catch_warnings():
        simplefilter("ignore", DataWarning)
        simplefilter("ignore", UncountedWarning)
        return call()


def _where(rows: Iterable[Layer]) -> str:
    places: dict[str, list[str]] = {}
    for layer in rows:
        places.setdefault(layer.op, []).append(layer.name)
    return ", ".join(
        f"{op} (row {names[0]}" + f" and {len(names) - 1} more" * (len(names) > 1) + ")"
        for op, names in places.items()
    )


@contextmanager
def theirs(target: str, doing: list[str]) -> Iterator[None]:
    """Run a user's code: what it prints is no part of a table, what it raises is shown whole."""
    try:
        with aside():
            yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        progress("")
        if isinstance(error, CnnrefError) and not isinstance(error, ForwardError):
            raise _placed(error, doing) from None
        notes = [" ".join(note.split()).rstrip(".") for note in getattr(error, "__notes__", ())]
        raised = error.__cause__ if isinstance(error, ForwardError) and error.__cause__ else error
        say(_shown(raised))
        failed = f"{target} failed with the {type(raised).__name__} above while"
        sentence = "; ".join([f"{failed} {doing[-1]}", *notes]) + "."
        raise CnnrefError(sentence + _rest(error, doing)) from None
    finally:
        progress("")


def _placed(error: CnnrefError, doing: Sequence[str]) -> CnnrefError:
    """What cnnref itself refuses, with the layer where it did, if there is one."""
    notes = getattr(error, "__notes__", ())
    sentence = "; ".join([str(error).rstrip("."), *notes])
    return CnnrefError(sentence + _rest(error, doing)) if notes else error


def _rest(error: BaseException, doing: Sequence[str]) -> str:
    """How to see the rows that there are."""
    rows = len(getattr(error, "table", ())) - 1
    many = f"{rows} row{'s' * (rows > 1)} until then"
    return f" --partial shows the {many}." if rows > 0 and "sweep" not in doing[-1] else ""


def _shown(error: BaseException) -> str:
    """A traceback without the frames that are not the user's: ours, torch's and the importer's."""
    import traceback

    ours = Path(cnnref.__file__).parent
    torch = getattr(sys.modules.get("torch"), "__file__", None)
    hidden = tuple(str(path) for path in (ours, torch and Path(torch).parent) if path)
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith((*hidden, "<frozen "))
    ]
    head = ["Traceback (most recent call last):\n"] if frames else []
    body = [*traceback.format_list(frames)]
    told = traceback.TracebackException.from_exception(error)
    told.__notes__ = None
    return "".join([*head, *body, *told.format_exception_only()])
