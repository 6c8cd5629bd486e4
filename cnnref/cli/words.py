"""The words of a command line to arguments.

Not by argparse: it takes longer to import than most tables to compute.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace

from cnnref.cli.commands import COMMANDS, FORMATS, MANY, OPTIONS, SUFFIXES
from cnnref.cli.values import convert
from cnnref.errors import CnnrefError, UnknownNameError

__all__ = ["parsed"]


def parsed(command: str, words: Sequence[str]) -> SimpleNamespace | None:
    """The arguments of a command, each converted and checked; None where help is asked for.

    Raises:
        CnnrefError: a word is missing or too many, or a value is not what it must be.
        UnknownNameError: the command has no such option.
    """
    see = f"see 'cnnref {command} --help'."
    found = {_attribute(option): OPTIONS[option].get("default") for option in _known(command)}
    placed: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in ("-h", "--help"):
            return None
        if word == "--":
            placed.extend(rest)
        elif word.startswith("-"):
            _set(found, command, word, rest, see)
        else:
            placed.append(word)
    arguments = SimpleNamespace(**found, **_placed(command, placed, see))
    convert(command, arguments)
    return arguments


def _known(command: str) -> tuple[str, ...]:
    return COMMANDS[command].options


def _attribute(option: str) -> str:
    return option[2:].replace("-", "_")


def _set(found: dict[str, object], command: str, word: str, rest: Iterator[str], see: str) -> None:
    option, equals, value = word.partition("=")
    option = _renamed(option)
    if option not in _known(command):
        written = SUFFIXES.get(option[2:], option[2:])
        if written in FORMATS and "--format" in _known(command):
            raise CnnrefError(
                f"Unknown option of {command} {option!r}: a format is given as --format {written}."
            )
        raise UnknownNameError(f"option of {command}", option, (*_known(command), "--help"))
    action, name = OPTIONS[option].get("action"), _attribute(option)
    if action == "store_true":
        if equals:
            raise CnnrefError(f"{option} takes no value, but is given {value!r}; {see}")
        found[name] = True
        return
    given = value if equals else next(rest, None)
    if given is None or (not equals and given in (*_known(command), "--help")):
        raise CnnrefError(f"{option} needs a value; {see}")
    before = found[name]
    several = before if isinstance(before, list) else []
    found[name] = [*several, given] if action == "append" else given


def _renamed(option: str) -> str:
    """A budget by what its quantity is called now."""
    start, key = option[:6], option[6:]
    if start != "--max-":
        return option
    from cnnref.cli.streams import complain
    from cnnref.tables.quantities import current

    return start + current(key, complain, start)


def _placed(command: str, words: list[str], see: str) -> dict[str, object]:
    """The words that are no options by what they stand for."""
    found: dict[str, object] = {}
    wanted = COMMANDS[command].words
    for place, name in enumerate(wanted):
        if MANY.get(name) == "*":
            found[name.lower()], words = words, []
        elif words:
            found[name.lower()], *words = words
        elif name in MANY:
            found[name.lower()] = None
        else:
            lacking = wanted[place:]
            verb = "is" if len(lacking) == 1 else "are"
            raise CnnrefError(f"{' and '.join(lacking)} {verb} missing; {see}")
    if words:
        raise CnnrefError(f"{words[0]!r} is too many; {_hint(command, words[0], see)}")
    return found


def _hint(command: str, word: str, see: str) -> str:
    """What a word may have been meant as that is one too many."""
    if word.isdecimal():
        return "sizes have commas between them, as in --input 3,224,224."
    name, equals, _ = word.partition("=")
    if equals and name.isidentifier() and "--arg" in COMMANDS[command].options:
        return f"an argument is given as --arg {word}."
    return see
