"""What a model on the command line is given: shapes, example inputs of a file, or weights."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

import cnnref
from cnnref import sources
from cnnref.cli.libraries import own_inputs
from cnnref.errors import CnnrefError

if TYPE_CHECKING:
    from types import SimpleNamespace

    from cnnref.cli.values import Input

__all__ = ["fitted", "given_inputs", "image"]

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
    return IMAGE if size is None else image(size)


def image(size: int | tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a colour image, whose height and width are given together or apart."""
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


# what a file of weights may hold them under, and what wrappers put in front of their names
INSIDE = ("state_dict", "model_state_dict", "model", "module")
WRAPPERS = ("module.", "_orig_mod.")
# how a file of torch.save begins, as a zip file or a pickle
SAVED = (b"PK\x03\x04", b"\x80\x02")
MORE = (
    "holds something else than weights, which is not read, since that may run code: save "
    "module.state_dict() alone."
)
OTHER = "is damaged, or no file of torch.save or safetensors, which weights are read from."
# of names that a line shows
NAMED = 3


def fitted(module: Any, path: str) -> list[str]:
    """Put the weights of a checkpoint into a module; a line for each way in which they differ.

    Raises:
        CnnrefError: the file holds no weights, or more than weights.
    """
    held, mine = _weights(path), module.state_dict(keep_vars=True)
    for prefix in WRAPPERS:
        if held and all(name.startswith(prefix) for name in held) and held.keys() - mine.keys():
            held = {name.removeprefix(prefix): weight for name, weight in held.items()}
    other = {
        name: f"{name} ({_size(weight)}, there {_size(held[name])})"
        for name, weight in mine.items()
        if name in held and held[name].shape != weight.shape
    }
    module.load_state_dict(
        {name: held[name] for name in held if name in mine and name not in other}, strict=False
    )
    # of a weight that has two names, a file may have one
    filled = {id(weight) for name, weight in mine.items() if name in held}
    lacking = [
        name for name, weight in mine.items() if name not in held and id(weight) not in filled
    ]
    return [
        f"{verb} {_named(names)}"
        for verb, names in (
            (f"has what {path} lacks:", lacking),
            (f"lacks what {path} has:", [name for name in held if name not in mine]),
            (f"and {path} differ in shape:", list(other.values())),
        )
        if names
    ]


def _weights(path: str) -> dict[str, Any]:
    """The tensors of a file by their names; nothing in it is run."""
    from torch import Tensor

    try:
        with Path(path).open("rb") as file:
            head = file.read(max(map(len, SAVED)))
    except OSError as error:
        raise CnnrefError(f"--checkpoint {path}: {error.strerror or error}.") from None
    try:
        found = _held(path)
    except ModuleNotFoundError:
        raise CnnrefError(
            f"{path} needs safetensors, which is not installed: pip install safetensors."
        ) from None
    except Exception as error:
        whole = isinstance(error, UnpicklingError) and head.startswith(SAVED)
        raise CnnrefError(f"--checkpoint {path} {MORE if whole else OTHER}") from None
    inner = [found.get(key) for key in INSIDE] if isinstance(found, dict) else []
    for one in (found, *inner):
        if isinstance(one, dict) and one and all(isinstance(held, Tensor) for held in one.values()):
            return one
    raise CnnrefError(
        f"--checkpoint {path} holds no weights by name, as module.state_dict() gives them."
    )


def _held(path: str) -> Any:
    if Path(path).suffix.lower() == ".safetensors":
        from safetensors.torch import load_file

        return dict(load_file(path))
    import torch

    return torch.load(path, map_location="cpu", weights_only=True)


def _size(weight: Any) -> str:
    return " x ".join(map(str, weight.shape)) or "scalar"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
