"""The streams of the process: what is printed, what is said, and what a user's code prints."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from typing import TextIO

from cnnref.counting.units import visible
from cnnref.errors import CnnrefError

__all__ = ["aside", "closed", "coloured", "complain", "ended", "put", "quiet", "say"]

# what is quoted, and what has no space in it, as a path has none
LONG = r"'[^']{161,}'|\"[^\"]{161,}\"|[^\s'\"]{301,}"
ENDS = 60


def put(text: str) -> None:
    """Print on standard output, all of it or nothing.

    Raises:
        CnnrefError: it is closed or full, or its encoding lacks a letter.
        BrokenPipeError: nobody reads it any more.
    """
    if sys.stdout is None:
        raise CnnrefError("Standard output is closed: give --output FILE.")
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding, getattr(sys.stdout, "errors", None) or "strict")
        sys.stdout.write(text)
        sys.stdout.flush()
    except UnicodeEncodeError as error:
        letter = ascii(error.object[error.start])
        raise CnnrefError(
            f"Standard output is in {encoding}, which has no {letter}: set PYTHONIOENCODING=utf-8, "
            "or print JSON."
        ) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        quiet(sys.stdout)
        raise CnnrefError(f"Standard output cannot be written: {error.strerror}.") from None


def say(text: str) -> None:
    """Print on standard error, if anybody listens, as it is."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        quiet(sys.stderr)


def complain(message: str) -> None:
    """One line on stderr; a word that is very long shows its ends."""
    name = "\x1b[31mcnnref:\x1b[0m" if coloured(sys.stderr) else "cnnref:"
    short = re.sub(LONG, lambda found: f"{found[0][:ENDS]}...{found[0][-ENDS:]}", message)
    say(f"{name} {visible(short)}\n")


def coloured(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal that shows colours, or FORCE_COLOR says so; not NO_COLOR."""
    if stream is None or os.environ.get("NO_COLOR"):
        return False
    forced = os.environ.get("FORCE_COLOR", "0") not in ("", "0")
    return forced or (stream.isatty() and os.environ.get("TERM") != "dumb")


def quiet(stream: TextIO) -> None:
    """Keep the interpreter from writing at its end what could not be written."""
    with suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)


def closed() -> None:
    """What is printed from now on, as code that runs at the very end does, goes to stderr."""
    with suppress(OSError, ValueError, AttributeError):
        out = sys.__stdout__.fileno()  # type: ignore[union-attr]
        sys.__stdout__.flush()  # type: ignore[union-attr]
        try:
            os.dup2(sys.__stderr__.fileno(), out)  # type: ignore[union-attr]
        except (OSError, ValueError, AttributeError):
            quiet(sys.__stdout__)  # type: ignore[arg-type]


def ended() -> None:
    """What code prints at the very end is no failure where nobody takes it."""
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None and not stream.closed:
            try:
                stream.flush()
            except OSError:
                quiet(stream)


@contextmanager
def aside() -> Iterator[None]:
    """What is printed meanwhile, also past Python, goes to standard error."""
    with ExitStack() as stack:
        stack.enter_context(redirect_stdout(sys.stderr))
        with suppress(OSError, ValueError, AttributeError):
            out, err = sys.__stdout__.fileno(), sys.__stderr__.fileno()  # type: ignore[union-attr]
            kept = os.dup(out)
            stack.callback(_back, kept, out)
            os.dup2(err, out)
        yield


def _back(kept: int, out: int) -> None:
    from ctypes import CDLL

    with suppress(OSError, AttributeError, TypeError):
        # what a library of C still holds back
        CDLL(None).fflush(None)
    os.dup2(kept, out)
    os.close(kept)
