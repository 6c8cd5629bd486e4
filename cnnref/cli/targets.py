"""What a name on the command line stands for: a callable or an object of a file or a module."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from cnnref.cli.commands import ONNX, is_file
from cnnref.cli.libraries import EXPORTED, exported, library_model
from cnnref.errors import CnnrefError, MissingExtraError, UnknownNameError
from cnnref.net import Net
from cnnref.networks.catalog import model, names
from cnnref.sources import built, check_arguments, is_module, saved
from cnnref.tables.onnx.walk import from_onnx
from cnnref.tables.table import Table

__all__ = [
    "find",
    "forget",
    "instead",
    "load",
    "make",
]


FORMS = "package.module:callable or path/to/file.py:callable"
_LOADED: dict[Path, ModuleType] = {}


def load(target: str, arguments: Mapping[str, Any] | None = None, whole: bool = False) -> Any:
    """What a target gives: a torch.nn.Module, a `Net` or a `Table`.

    target: "package.module:callable", "path/to/file.py:callable", a network's name, the JSON
        file of a table, or an ONNX file. The callable may be a function, a class, or something
        that is one of the three already.
    arguments: given to the callable by name.

    whole: with memory for its weights; else modules are built on the meta device where they can
        be.

    Raises:
        CnnrefError: the target cannot be imported, or does not give any of the three.
        UnknownNameError: no network, callable or argument has that name.
        MissingExtraError: torch is not installed, and needed.
    """
    if target in names():
        return _catalogued(target, arguments or {}, whole)
    if is_file(target):
        return from_onnx(target) if target.endswith(ONNX) else saved(target)
    return make(target, find(target), arguments or {}, partial(built, whole=whole))


def _catalogued(name: str, arguments: Mapping[str, Any], whole: bool) -> Any:
    try:
        import torch  # noqa: F401
    except ModuleNotFoundError:
        raise MissingExtraError("cnnref trace", "torch", "torch") from None
    for argument in arguments:
        if argument != "num_classes":
            raise UnknownNameError(f"argument of {name}", argument, ["num_classes"])
    return built(partial(model, name), arguments, whole)


def find(target: str) -> Any:
    """The object that a target names, not called yet.

    Raises:
        CnnrefError: it is of no known form, or cannot be imported.
        UnknownNameError: no network has that name, or the file or module nothing of that name.
    """
    if is_file(target):
        raise CnnrefError(f"{target} is a file of rows, of which nothing can be built or run.")
    if target.endswith(EXPORTED):
        return exported(target).module()
    if (built_by := library_model(target)) is not None:
        return built_by
    if (advice := instead(target)) is not None:
        raise advice
    place, colon, path = target.rpartition(":")
    if not colon or not place or not path:
        raise _formless(target)
    found: Any = _module(place)
    for name in path.split("."):
        if not hasattr(found, name):
            raise _absent(place, name, found)
        place += f"{'.' if ':' in place else ':'}{name}"
        found = getattr(found, name)
    return found


def make(
    target: str,
    found: Any,
    arguments: Mapping[str, Any],
    build: Callable[[Any, Mapping[str, Any]], Any] = built,
) -> Any:
    """What an object gives that a target names.

    build: calls it; on the meta device where it can unless something else is given.

    Raises:
        CnnrefError: it is no network and gives none, or needs arguments that are not given.
    """
    if _is_network(found):
        if arguments:
            raise CnnrefError(f"{target} is built already; it takes no --arg.")
        return found
    if not callable(found):
        kind = type(found).__name__
        raise CnnrefError(f"{target} is {_a(kind)}, not a network or what builds one.")
    check_arguments(target, found, arguments, "--arg NAME=VALUE gives one")
    made = build(found, arguments)
    if not _is_network(made):
        kind = type(made).__name__
        raise CnnrefError(f"{target} gave {_a(kind)}, not a torch.nn.Module, a Net or a Table.")
    return made


def _is_network(found: object) -> bool:
    return isinstance(found, Table | Net) or is_module(found)


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0].lower() in "aeiou" else f"a {kind}"


def _formless(target: str) -> CnnrefError:
    path = Path(target.rstrip(":"))
    if path.suffix == ".py" or "/" in target:
        if not _is_file(path):
            return CnnrefError(f"{target} is not a file that can be read.")
        listed = ", ".join(_offered(_module(str(path)))) or "nothing that can be called"
        return CnnrefError(f"Say what of {path} to build, as {path}:NAME; it has {listed}.")
    module, dot, name = target.rpartition(".")
    if dot and name.isidentifier() and module.replace(".", "_").isidentifier():
        return CnnrefError(
            f"{target!r} is no network of the catalogue; {name} of the module {module} is written "
            f"{module}:{name}."
        )
    unknown = str(UnknownNameError("network", target, names()))
    close = "did you mean" in unknown
    said = unknown if close else f"Unknown network {target!r}: see 'cnnref list'."
    return CnnrefError(f"{said} A model of your own is {FORMS}.")


def _absent(place: str, name: str, found: object) -> CnnrefError:
    offered = _offered(found)
    message = str(UnknownNameError(f"name in {place}", name, offered))
    if "did you mean" in message or 0 < len(offered) < 9:
        return CnnrefError(message)
    return CnnrefError(f"{place} has nothing of the name {name!r}.")


def _offered(found: object) -> list[str]:
    """The names that may be meant: what is built, and what a file itself defines to be called."""
    own = found.__name__ if isinstance(found, ModuleType) else None
    return [
        name
        for name, value in vars(found).items()
        if not name.startswith("_")
        and (_is_network(value) or (callable(value) and own in (None, _home(value, own))))
    ]


def _home(value: object, default: str | None) -> str | None:
    home: str | None = getattr(value, "__module__", default)
    return home


def _module(place: str) -> ModuleType:
    path = Path(place)
    if path.suffix == ".py":
        return _file(path)
    # a console script does not have the working directory on its path, python -m does
    if "" not in sys.path and str(_here()) not in sys.path:
        sys.path.insert(0, str(_here()))
    try:
        return import_module(place)
    except ModuleNotFoundError as error:
        raise _missing(place, error) from None
    except (ValueError, TypeError):
        raise CnnrefError(f"{place!r} is not the name of a module; write {FORMS}.") from None


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise CnnrefError("The working folder is gone.") from None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long
        return False


def _file(path: Path) -> ModuleType:
    spec = spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not _is_file(path):
        raise CnnrefError(f"{path} is not a file that can be read.")
    # once: a class of it is then the same class for all who name it
    known = _LOADED.get(path.resolve())
    if known is not None:
        return known
    module = module_from_spec(spec)
    # its neighbours can be imported, as when it is run; and it can be found, as classes expect
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    sys.modules.setdefault(path.stem, module)
    try:
        spec.loader.exec_module(module)
    except ModuleNotFoundError as error:
        raise _missing(str(path), error) from None
    _LOADED[path.resolve()] = module
    return module


def forget() -> None:
    """Read files anew when they are named again."""
    _LOADED.clear()


def _missing(place: str, error: ModuleNotFoundError) -> CnnrefError:
    name = error.name or ""
    if name == "torch":
        return MissingExtraError(place, "torch", "torch")
    if f"{place}.".startswith(f"{name}."):
        close = str(UnknownNameError("module", name.partition(".")[0], _nearby()))
        advice = close.partition(": ")[2] if "did you mean" in close else "it is not installed."
        return CnnrefError(f"{place} cannot be imported: no module named {name!r}; {advice}")
    return CnnrefError(f"{place} cannot be imported: it needs {name!r}, which is not installed.")


def _nearby() -> Iterable[str]:
    here = _here()
    yield from (path.stem for path in here.glob("*.py"))
    yield from (path.parent.name for path in here.glob("*/__init__.py"))


WEIGHTS = frozenset((".pt", ".pth", ".ckpt", ".bin", ".safetensors", ".h5"))
CALL = re.compile(r"([^()]+:[\w.]+)\((.*)\)")


def instead(target: str) -> CnnrefError | None:
    """The error for a target of a form that is none of ours; None where there is no advice.

    >>> str(instead("own:Net(8)"))
    "'own:Net(8)': arguments stand apart, own:Net --arg NAME=8."
    """
    if call := CALL.fullmatch(target):
        return CnnrefError(f"{target!r}: arguments stand apart, {call[1]}{_arguments(call[2])}.")
    if Path(target).suffix.lower() in WEIGHTS:
        return CnnrefError(
            f"{target!r} names weights, and costs are of code: write a function that gives the "
            "model, as one that loads it, and type FILE.py:FUNCTION."
        )
    return None


def _arguments(written: str) -> str:
    """What was written in parentheses, as options; what has no name gets one from its writer."""
    parts = [part.strip() for part in written.split(",") if part.strip()]
    named = [part.replace(" ", "") if "=" in part else f"NAME={part}" for part in parts]
    return "".join(f" --arg {part}" for part in named)
