"""Models of other libraries by their names, and exported programs by their files."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

from cnnref.errors import CnnrefError, MissingExtraError, UnknownNameError
from cnnref.sources import takes

__all__ = ["EXPORTED", "exported", "library_model", "own_inputs"]

# timm:resnet50, timm/resnet50, timm.create_model:resnet50, torchvision:resnet50
NAMED = re.compile(
    r"(timm|torchvision)(?:\.create_model|\.models)?[:/](?!create_model$|models[:/.])([\w.]+)"
)
EXPORTED = ".pt2"


def library_model(target: str) -> Callable[..., Any] | None:
    """What builds the model of a library that a target names; None where it names none.

    Raises:
        CnnrefError: the library is not installed, or cannot be imported.
        UnknownNameError: it has no model of that name.
    """
    named = NAMED.fullmatch(target)
    if named is None:
        return None
    library, name = named.groups()
    home = _home(target, library)
    if name not in home.list_models() and name.partition(".")[0] not in home.list_models():
        raise UnknownNameError(f"model of {library}", name, home.list_models())
    if library == "timm":
        return partial(home.create_model, name, pretrained=False)
    how = {"weights": None}
    if takes(home.get_model_builder(name), "weights_backbone"):
        how["weights_backbone"] = None
    return partial(home.get_model, name, **how)


def _home(target: str, library: str) -> Any:
    """The module of a library in which its models are listed."""
    try:
        return import_module("torchvision.models" if library == "torchvision" else library)
    except ModuleNotFoundError as error:
        needed = (error.name or library).partition(".")[0]
        if needed == "torch":
            raise MissingExtraError(target, "torch", "torch") from None
        raise CnnrefError(
            f"{target} needs {needed}, which is not installed: pip install {needed}."
        ) from None
    except RuntimeError as error:
        raise CnnrefError(
            f"{target}: {library} does not fit the torch that is installed: {error}."
        ) from None


@cache
def exported(path: str) -> Any:
    """The program that torch.export wrote to a file.

    Raises:
        CnnrefError: there is no such file, or it holds something else.
        MissingExtraError: torch is not installed.
    """
    try:
        import torch
    except ModuleNotFoundError:
        raise MissingExtraError(path, "torch", "torch") from None
    if not Path(path).is_file():
        raise CnnrefError(f"{path} is not a file that can be read.")
    try:
        return torch.export.load(path)
    except Exception as error:
        first = str(error).partition("\n")[0]
        raise CnnrefError(f"{path} is no program that torch.export.save wrote: {first}") from None


def own_inputs(target: str, module: Any) -> dict[str, Any] | None:
    """What a model takes by default: what it was exported with, or what its library says."""
    if target.endswith(EXPORTED):
        args, kwargs = exported(target).example_inputs
        return {"inputs": kwargs or args}
    size = getattr(module, "default_cfg", {}).get("input_size") if NAMED.fullmatch(target) else None
    return {"input_shape": tuple(size)} if size else None
