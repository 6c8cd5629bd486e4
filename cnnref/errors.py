"""The errors that cnnref raises: every one a ValueError with one sentence to act on."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = [
    "CnnrefError",
    "DataWarning",
    "ForwardError",
    "MissingExtraError",
    "RenamedWarning",
    "ShapeError",
    "UncountedWarning",
    "UnknownNameError",
    "quoted",
]


# digits of a number that a sentence can show
LONGEST = 40


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
    ...     cnnref.table("resnet5")
    ... except cnnref.UnknownNameError as error:
    ...     print(error)
    Unknown network 'resnet5': did you mean resnet50 or resnet152 or resnet34?
    """

    def __init__(self, kind: str, name: object, known: Iterable[str]) -> None:
        names = sorted(known)
        super().__init__(f"Unknown {kind} {name!r}: {_advice(str(name), names)}")


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


def _advice(name: str, names: list[str]) -> str:
    # difflib takes longer to import than a table takes to compute
    from difflib import SequenceMatcher, get_close_matches

    lower = {known.lower(): known for known in reversed(names)}
    close = get_close_matches(name.lower(), lower, n=3, cutoff=0.6)
    if close:
        # a far one beside a near one is noise: conv and not conj for conv2d
        near = [SequenceMatcher(None, match, name.lower()).ratio() for match in close]
        close = [match for match, ratio in zip(close, near, strict=True) if near[0] - ratio < 0.15]
        return "did you mean " + " or ".join(lower[match] for match in close) + "?"
    return "known are " + ", ".join(names) + "."
