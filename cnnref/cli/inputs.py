"""What a model on the command line is called with: shapes, or the example inputs of a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cnnref
from cnnref import sources
from cnnref.cli.libraries import own_inputs
from cnnref.errors import CnnrefError

if TYPE_CHECKING:
    from types import SimpleNamespace

    from cnnref.cli.values import Input

__all__ = ["given_inputs"]

IMAGE = (3, 224, 224)


def given_inputs(target: str, module: Any, arguments: SimpleNamespace) -> dict[str, Any]:
    """What `trace` is given: the shape of one image, or example tensors."""
    given: Sequence[Input] = arguments.input or ()
    # of a sweep the sizes are given apart
    size = arguments.input_size if module is not None else None
    if given and size is not None:
        raise CnnrefError("--input and --input-size exclude each other: give one of them.")
    if not given:
        found = own_inputs(target, module) if size is None else None
        return _checked(target, module, found or {"input_shape": _image(target, size)})
    first = given[0]
    if len(given) == 1 and not (first.name or first.dtype or first.file):
        return _checked(target, module, {"input_shape": first.sizes})
    return _checked(target, module, {"inputs": _examples(given, module)})


def _examples(given: Sequence[Input], module: Any) -> Any:
    """Several inputs by name, or in a row."""
    named: dict[str, Any] = {}
    placed: list[Any] = []
    for one in given:
        found = read(one.file) if one.file else sources.example(one.sizes, one.dtype, module)
        if one.name:
            named[one.name] = found
        elif isinstance(found, dict):
            named |= found
        else:
            placed += found if isinstance(found, list | tuple) else [found]
    if named and placed:
        raise CnnrefError("Name every --input or none of them: NAME=SIZES.")
    return named or tuple(placed)


def _checked(target: str, module: Any, found: dict[str, Any]) -> dict[str, Any]:
    inputs = found.get("inputs", (None,))
    if module is not None:
        names = list(inputs) if isinstance(inputs, dict) else len(inputs)
        sources.check_inputs(target, module, names)
    return found


def _image(target: str, size: Any) -> tuple[int, ...]:
    if size is None and target in cnnref.names():
        size = cnnref.architecture(target).input_size
    if size is None:
        return IMAGE
    return (3, *(size if isinstance(size, tuple) else (size, size)))


def read(path: str) -> Any:
    """The example inputs of a file: a tensor, several in a row, or several by name.

    Raises:
        CnnrefError: it cannot be read as what its ending says.
    """
    kind = Path(path).suffix.lower()
    try:
        return _READERS[kind](path)
    except OSError as error:
        raise CnnrefError(f"--input {path}: {error.strerror or error}.") from None
    except Exception as error:
        first = str(error).partition("\n")[0].rstrip(".")
        raise CnnrefError(f"--input {path} holds no inputs of the form {kind}: {first}.") from None


def _arrays(path: str) -> Any:
    import numpy as np
    import torch

    held = np.load(path, allow_pickle=False)
    if not hasattr(held, "files"):
        return torch.from_numpy(held)
    found = {name: torch.from_numpy(held[name]) for name in held.files}
    # without names NumPy numbers them
    numbered = all(name == f"arr_{number}" for number, name in enumerate(found))
    return list(found.values()) if numbered else found


def _tensors(path: str) -> Any:
    import torch

    found = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(found, dict | list | tuple | torch.Tensor):
        raise TypeError(f"it holds a {type(found).__name__}")
    return found


def _numbers(path: str) -> Any:
    """A mapping of names to nested lists, as a tokenizer gives it, or one nested list."""
    import torch

    found = json.loads(Path(path).read_text(encoding="utf-8"))
    if isinstance(found, dict):
        return {name: torch.tensor(value) for name, value in found.items()}
    return torch.tensor(found)


_READERS: dict[str, Callable[[str], Any]] = {
    ".npz": _arrays,
    ".npy": _arrays,
    ".pt": _tensors,
    ".pth": _tensors,
    ".json": _numbers,
}
