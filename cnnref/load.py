"""A torch module from a name on the command line."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnref.catalog import model, names
from cnnref.errors import CnnrefError, MissingExtraError

if TYPE_CHECKING:
    from torch import nn

__all__ = ["load"]


def load(target: str) -> nn.Module:
    """The module that a target builds: "package.module:callable", "file.py:callable" or a name.

    Built on the meta device, so that no memory is taken for its weights.

    Raises:
        CnnrefError: the target cannot be imported, is not callable or does not give a module.
        MissingExtraError: torch is not installed.
    """
    try:
        import torch
    except ModuleNotFoundError:
        raise MissingExtraError("cnnref trace", "torch", "torch") from None

    with torch.device("meta"):
        built = model(target) if target in names() else _callable(target)()
    if not isinstance(built, torch.nn.Module):
        raise CnnrefError(f"{target} gave {type(built).__name__}, not a torch.nn.Module.")
    return built


def _callable(target: str) -> Any:
    place, colon, name = target.rpartition(":")
    if not colon or not place or not name:
        raise CnnrefError(
            f"{target!r} is neither a network of the catalogue nor of the form "
            "package.module:callable or file.py:callable."
        )
    found = getattr(_module(place), name, None)
    if not callable(found):
        raise CnnrefError(f"{place} has no callable {name!r}.")
    return found


def _module(place: str) -> Any:
    path = Path(place)
    if path.suffix == ".py":
        spec = spec_from_file_location(path.stem, path)
        if spec is None or spec.loader is None or not path.is_file():
            raise CnnrefError(f"{place} is not a file that can be read.")
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    # a console script does not have the working directory on its path, python -m does
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return import_module(place)
    except ModuleNotFoundError as error:
        raise CnnrefError(f"{place} cannot be imported: no module named {error.name!r}.") from None
