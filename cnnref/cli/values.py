"""The values of options: text to what commands take, refused in a sentence that shows the form."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

from cnnref.cli.commands import (
    BARS,
    CHARTS,
    FORMATS,
    GROUPINGS,
    MODES,
    PICTURES,
    SHELLS,
    SUFFIXES,
    WHEN,
)
from cnnref.counting.conventions import convention
from cnnref.errors import CnnrefError, UnknownNameError

__all__ = ["Input", "convert"]


DIGITS = 18


class Input(NamedTuple):
    """One --input: the name of the argument, its sizes without the batch, its dtype; or a file."""

    name: str
    sizes: tuple[int, ...]
    dtype: str
    file: str = ""


# of example inputs
FILES = (".npz", ".npy", ".pt", ".pth", ".json")


def convert(command: str, arguments: SimpleNamespace) -> None:
    """Put in place of each option's text what it means.

    Raises:
        CnnrefError: a value is not of its option's form.
        UnknownNameError: a value is not one of its option's names.
    """
    for name, text in vars(arguments).items():
        change = SEVERAL.get(name) if command == "sweep" else None
        change = change or CONVERTERS.get(name)
        if change is not None and text is not None:
            several = isinstance(text, list)
            setattr(arguments, name, [change(one) for one in text] if several else change(text))
    if hasattr(arguments, "format") and arguments.format is None:
        ending = (arguments.output or "").rpartition(".")[2].lower()
        arguments.format = SUFFIXES.get(ending, "text")


def _is_whole(text: str) -> bool:
    """Whether a text is a whole number without a sign, and no longer than any size is."""
    if not text.isdecimal():
        return False
    if len(text) > DIGITS:
        raise CnnrefError(f"A number of {len(text)} digits is given; {DIGITS} are the most.")
    return True


def _place(text: str) -> str:
    """A path that stays the same when the working folder changes."""
    from pathlib import Path

    try:
        return str(Path(text).absolute())
    except FileNotFoundError:
        raise CnnrefError("The working folder is gone: give --output a path from /.") from None


def _size(text: str) -> int | tuple[int, ...]:
    sizes = text.lower().split("x")
    if len(sizes) > 2 or not all(map(_is_whole, sizes)):
        raise CnnrefError(f"--input-size must be N or HEIGHTxWIDTH in pixels, but is {text!r}.")
    return int(sizes[0]) if len(sizes) == 1 else tuple(map(int, sizes))


def _sizes(text: str) -> list[int | tuple[int, ...]]:
    return [_size(part) for part in text.split(",")]


def _input(text: str) -> Input:
    name, equals, rest = text.rpartition("=")
    if rest.lower().endswith(FILES) and (not equals or name.isidentifier()):
        return Input(name, (), "", rest)
    sizes, colon, dtype = rest.partition(":")
    axes = sizes.lower().replace("x", ",").split(",") if sizes else []
    named = not equals or name.isidentifier()
    if not named or not all(_is_whole(axis) and int(axis) for axis in axes) or not rest:
        raise CnnrefError(
            "--input must be [NAME=]SIZES[:DTYPE], positive whole numbers without the batch such "
            f"as 3,224,224 or ids=128:int64, or a file ({', '.join(FILES)}), but is {text!r}."
        )
    if colon:
        from cnnref.tables.analysis import DTYPES

        if dtype not in DTYPES:
            raise UnknownNameError("dtype of --input", dtype, DTYPES)
    return Input(name, tuple(map(int, axes)), dtype)


def _assignment(option: str) -> Callable[[str], tuple[str, Any]]:
    def assignment(text: str) -> tuple[str, Any]:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            form = "NAME=V1,V2" if option == "--vary" else "NAME=VALUE"
            raise CnnrefError(f"{option} must be {form}, but is {text!r}.")
        return name, _several(value) if option == "--vary" else literal(value)

    return assignment


def literal(text: str) -> Any:
    """A number, a tuple, True, None or whatever Python would read; any other text as it is."""
    from ast import literal_eval

    _is_whole(text.strip().lstrip("+-"))
    try:
        return literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


def _several(text: str) -> list[Any]:
    """The values between commas that are in no bracket."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [literal(part) for part in parts]


def _keys(text: str) -> str:
    """Keys between commas, each by what it is called now."""
    from cnnref.cli.streams import complain
    from cnnref.tables.columns import split

    return ",".join(map("".join, split(text, complain)))


def _conventions(text: str) -> list[Any]:
    """Conventions between commas, or every preset."""
    from cnnref.tables.by_convention import chosen_conventions

    return chosen_conventions(None if text == "all" else text)


def _baseline(text: str) -> tuple[str, Any]:
    """A table of a file, which is read before anything runs, and the file's name."""
    from cnnref.sources import saved

    return text, saved(text)


def _whole(option: str) -> Callable[[str], int]:
    def whole(text: str) -> int:
        if not _is_whole(text) or not int(text):
            raise CnnrefError(f"{option} must be a positive whole number, but is {text!r}.")
        return int(text)

    return whole


def _seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < float("inf"):
        raise CnnrefError(f"--seconds must be a positive number, but is {text!r}.")
    return found


def _wholes(text: str) -> list[int]:
    return [_whole("--batch-size")(part) for part in text.split(",")]


def _one_of(kind: str, known: tuple[str, ...]) -> Callable[[str], str]:
    def one(text: str) -> str:
        if text not in known:
            raise UnknownNameError(kind, text, known)
        return text

    return one


def _dtype(text: str) -> str:
    if text != "float32":
        from cnnref.tables.analysis import element_bytes

        element_bytes("--dtype", text)
    return text


# argparse would hide what these say, so they run after it
CONVERTERS: dict[str, Callable[[str], Any]] = {
    "input_size": _size,
    "input": _input,
    "num_classes": _whole("--num-classes"),
    "arg": _assignment("--arg"),
    "vary": _assignment("--vary"),
    "by_convention": _conventions,
    "columns": _keys,
    "sort": _keys,
    "top": _whole("--top"),
    "depth": _whole("--depth"),
    "batch_size": _whole("--batch-size"),
    "group": _one_of("grouping", GROUPINGS),
    "by": _one_of("grouping of bars", BARS),
    "kind": _one_of("kind of picture", tuple(dict.fromkeys((*PICTURES, *CHARTS)))),
    "format": lambda text: _one_of("format", FORMATS)(SUFFIXES.get(text, text)),
    "shell": _one_of("shell", SHELLS),
    "dtype": _dtype,
    "output": _place,
    "baseline": _baseline,
    "mode": _one_of("mode", MODES),
    "values": _one_of("values", WHEN),
    "threads": _whole("--threads"),
    "seconds": _seconds,
    "convention": convention,
}
# what a sweep takes several of
SEVERAL: dict[str, Callable[[str], Any]] = {"input_size": _sizes, "batch_size": _wholes}
