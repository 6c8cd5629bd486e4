"""From the words of a command line to what is printed and the exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from types import SimpleNamespace

import cnnref
from cnnref.cli.commands import COMMANDS
from cnnref.cli.show import Outcome
from cnnref.cli.streams import complain, put, quiet, say
from cnnref.cli.words import parsed
from cnnref.errors import CnnrefError, UnknownNameError

__all__ = ["main", "outcome"]

EXPECTED = (CnnrefError, OSError, MemoryError, RecursionError, OverflowError, UnicodeError)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    The exit code is 0, or 1 where something differs or a budget is exceeded, or 2 where the
    input is bad: then nothing is on stdout.
    """
    try:
        text, code, said = outcome(sys.argv[1:] if argv is None else argv)
        if text:
            put(text)
        say(said)
    except BrokenPipeError:
        # the reader has seen enough
        quiet(sys.stdout)
        return 0
    except KeyboardInterrupt:
        return 130
    except EXPECTED as error:
        complain(_sentence(error))
        return 2
    return code


def _sentence(error: BaseException) -> str:
    """What stopped a command, be it refused here or by the system."""
    if isinstance(error, CnnrefError):
        return str(error)
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return f"The system refuses: {place}{error.strerror or error}."
    if isinstance(error, MemoryError):
        return "This takes more memory than there is."
    if isinstance(error, RecursionError):
        return "What is given is nested too deeply."
    return f"A value is too large, or has a letter that cannot be written: {error}."


def outcome(argv: Sequence[str]) -> Outcome:
    """What a command line gives.

    Raises:
        CnnrefError: a word of it is not known, or the command refuses its input.
    """
    if not argv:
        from cnnref.cli.help import overview

        return Outcome("", 2, overview())
    first, *rest = argv
    if first == "help":
        first, *rest = [*rest, "--help"]
    if first in ("-h", "--help"):
        from cnnref.cli.help import overview

        return Outcome(overview())
    if first == "--version":
        return Outcome(f"cnnref {cnnref.__version__}\n")
    if first not in COMMANDS:
        raise _unknown(first)
    arguments = parsed(first, rest)
    if arguments is None:
        from cnnref.cli.help import instructions

        return Outcome(instructions(first))
    module, _, function = COMMANDS[first].run.partition(":")
    run: Callable[[SimpleNamespace], Outcome]
    run = getattr(import_module(f"cnnref.cli.{module}"), function)
    return run(arguments)


def _unknown(word: str) -> CnnrefError:
    if not word or word.startswith("-"):
        known = ", ".join(COMMANDS)
        return CnnrefError(f"Give a command: {known}; see 'cnnref --help'.")
    if word in cnnref.names():
        return CnnrefError(f"{word!r} is a network, not a command: cnnref table {word}")
    if ":" in word:
        return CnnrefError(f"{word!r} is not a command: cnnref trace {word}")
    return UnknownNameError("command", word, COMMANDS)
