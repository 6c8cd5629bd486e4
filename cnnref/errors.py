"""The errors that cnnref raises: every one a ValueError with one sentence to act on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from types import FunctionType, TracebackType
from typing import Any, TypeVar, cast

__all__ = [
    "CnnrefError",
    "DataWarning",
    "ForwardError",
    "MissingExtraError",
    "RenamedWarning",
    "ShapeError",
    "UncountedWarning",
    "UnknownNameError",
    "brief",
    "briefly",
    "outside",
    "quoted",
    "shown_by",
]

Kind = TypeVar("Kind")
Function = TypeVar("Function", bound=Callable[..., Any])
OWN, TORCH = ("cnnref",), ("cnnref", "torch")


# digits of a number that a sentence can show
LONGEST = 40
# so many names stand in a sentence, and so many of a list that is longer
ALL, SOME = 40, 8
# letters of a name that has an ending, and of what may be the beginning of a family
LONG, FAMILY = 8, 4


def quoted(value: object) -> str:
    """A value as it stands in a sentence; of a number that is too long for one, its length.

    >>> quoted("3"), quoted(10**99)
    ("'3'", 'a whole number of 329 bits')
    """
    if isinstance(value, int) and abs(value) >= 10**LONGEST:
        return f"a whole number of {value.bit_length()} bits"
    return repr(value)


class CnnrefError(ValueError):
    """Anything that cnnref refuses.

    >>> import cnnref
    >>> try:
    ...     cnnref.table("alexnet", num_classes=0)
    ... except cnnref.CnnrefError as error:
    ...     print(error)
    alexnet: num_classes must be a positive whole number, but is 0.
    """


class ShapeError(CnnrefError):
    """A layer that does not fit its input; the message names the layer and the shapes.

    >>> import cnnref
    >>> net = cnnref.Net((3, 8, 8))
    >>> try:
    ...     net.conv(net.input, 4, kernel=11)
    ... except cnnref.ShapeError as error:
    ...     print(error)
    conv1: a window of 11 does not fit 8 with padding 0 (input 3 x 8 x 8).
    """


class ForwardError(CnnrefError, RuntimeError):
    """What PyTorch raised while a trace ran forward; `table` holds the rows until then.

    >>> import cnnref
    >>> from torch import nn
    >>> try:
    ...     cnnref.trace(nn.Sequential(nn.Conv2d(3, 8, 3), nn.Linear(9, 2)), (3, 8, 8))
    ... except cnnref.ForwardError as error:
    ...     print([row.name for row in error.table])
    ['0', '1.stopped']
    """


class UnknownNameError(CnnrefError):
    """A name that is not in a list; the message names the close matches.

    >>> import cnnref
    >>> try:
    ...     cnnref.table("bn_vgg16")
    ... except cnnref.UnknownNameError as error:
    ...     print(error)
    Unknown network 'bn_vgg16': did you mean vgg16_bn?
    """

    def __init__(self, kind: str, name: object, known: Iterable[str], otherwise: str = "") -> None:
        names = sorted(known)
        close = _close(str(name), names)
        advice = otherwise or (f"known are {_some(names)}." if names else "there is none.")
        if close:
            advice = f"did you mean {' or '.join(close)}?"
        super().__init__(f"Unknown {kind} {name!r}: {advice}")


def _some(names: Sequence[str]) -> str:
    """All names where they are few, else the first and how many more there are."""
    if len(names) <= ALL:
        return ", ".join(names)
    return f"{', '.join(names[:SOME])} and {len(names) - SOME:,} more"


class MissingExtraError(CnnrefError, ImportError):
    """An optional package that is not installed; the message names the extra that brings it.

    >>> import cnnref
    >>> print(cnnref.MissingExtraError("A chart", "altair", "charts"))
    A chart needs altair, which is not installed: pip install 'cnnref[charts]'.
    """

    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(
            f"{what} needs {package}, which is not installed: pip install 'cnnref[{extra}]'."
        )


class UncountedWarning(UserWarning):
    """An operator without a rule ran, or with an estimate alone: no total has what it costs.

    >>> import cnnref
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", cnnref.UncountedWarning)  # rows stay marked
    """


class DataWarning(UserWarning):
    """Rows depend on inputs that were made up, since forward asks for their values.

    >>> import cnnref
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", cnnref.DataWarning)  # refuse inputs that are made up
    """


class RenamedWarning(UserWarning):
    """A key that still works and is called something else now; the message names it.

    >>> import cnnref
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", cnnref.RenamedWarning)  # find old keys in a test suite
    """


def _close(name: str, names: list[str]) -> list[str]:
    """What may have been meant: the same words in any order, a family, a slip, a word in common."""
    # difflib takes longer to import than a table takes to compute
    from difflib import SequenceMatcher, get_close_matches

    same = [known for known in names if _words(known) == _words(name)]
    begun = [known for known in names if known.lower().startswith(name.lower())]
    if same or (begun and len(name) >= FAMILY and name.isalpha()):
        return same or sorted(begun, key=len)[:3]
    lower = {known.lower(): known for known in reversed(names)}
    # of a long name two thirds are often an ending that many have, as googlenet and mobilenet
    cutoff = 0.6 if len(name) < LONG else 0.7
    close = get_close_matches(name.lower(), lower, n=3, cutoff=cutoff)
    # a far one beside a near one is noise: conv and not conj for conv2d
    near = [SequenceMatcher(None, match, name.lower()).ratio() for match in close]
    close = [match for match, ratio in zip(close, near, strict=True) if near[0] - ratio < 0.15]
    return [lower[match] for match in close] or _alike(name, names)


def _alike(name: str, names: list[str]) -> list[str]:
    """Names that have all words of another name, or of whose words it has all; the shortest."""
    mine = set(_words(name))
    found = [
        one for one in names if mine and (mine <= set(_words(one)) or set(_words(one)) <= mine)
    ]
    return sorted(found, key=len)[:3]


def _words(name: str) -> list[str]:
    """The words and numbers of a name, in an order of their own.

    >>> _words("ResNet-V1-50") == _words("resnet50_v1")
    True
    """
    import re

    return sorted(re.findall(r"[a-z]+|\d+", name.lower()))


def shown_by(*refusals: type[Exception]) -> Callable[[Function], Function]:
    """A decorator: an error of such a kind shows the lines of the caller, and none of cnnref's own.

    Of what a user's forward raised, PyTorch's own frames are left out too. This frame is the one
    that Python adds where an error is raised again; pytest and IPython hide it.
    """

    def decorate(function: Function) -> Function:
        @wraps(function)
        def call(*given: Any, **named: Any) -> Any:
            __tracebackhide__ = True
            try:
                return function(*given, **named)
            except refusals as error:
                cause = error.__cause__
                if cause is not None:
                    cause.__traceback__ = _without(cause.__traceback__, TORCH)
                raise error.with_traceback(_without(error.__traceback__, OWN)) from cause

        return cast("Function", call)

    return decorate


brief = shown_by(CnnrefError)


def briefly(kind: type[Kind]) -> type[Kind]:
    """A class that is made, indexed and asked as such a function is called."""
    for name, method in list(vars(kind).items()):
        if name.startswith("_") and name not in ("__init__", "__getitem__"):
            continue
        short = shown_by(CnnrefError, IndexError) if name == "__getitem__" else brief
        if isinstance(method, FunctionType):
            setattr(kind, name, short(method))
        elif isinstance(method, classmethod | staticmethod):
            setattr(kind, name, type(method)(short(method.__func__)))
    return kind


def _without(found: TracebackType | None, packages: tuple[str, ...]) -> TracebackType | None:
    """A traceback without the frames of some packages."""
    kept = []
    while found is not None:
        if _package(found.tb_frame.f_globals) not in packages:
            kept.append(found)
        found = found.tb_next
    rest = None
    for one in reversed(kept):
        rest = TracebackType(rest, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return rest


def _package(names: dict[str, Any]) -> str:
    return str(names.get("__name__", "")).partition(".")[0]


def outside() -> int:
    """How many calls above the caller's own the first line outside this package is, for a warning.

    That is a line that a reader can change.
    """
    depth, frame = 1, sys._getframe(1)  # noqa: SLF001
    while frame.f_back and _package(frame.f_globals) == "cnnref":
        depth, frame = depth + 1, frame.f_back
    return depth
