"""Words to arguments by argparse, and the help texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from cnnref.cli.commands import COMMANDS, OPTIONS, SECTIONS, WORDS
from cnnref.cli.values import convert
from cnnref.errors import CnnrefError, UnknownNameError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["overview", "parsed"]

MANY = {"NAMES": "*", "WORD": "?"}
ABOUT = """usage: cnnref COMMAND ...

What a convolutional network costs, layer by layer, and why.
"""
SHOWN = ("list", "table", "explain", "trace", "compare", "sweep")


def parsed(command: str, words: Sequence[str]) -> Namespace:
    """The arguments of a command, each converted and checked.

    Raises:
        CnnrefError: a word is missing or too many, or a value is not what it must be.
        UnknownNameError: the command has no such option.
        SystemExit: a help text was asked for, and printed.
    """
    arguments, extras = _parser(command).parse_known_args(words)
    for word in extras:
        if word.startswith("-"):
            known = (*COMMANDS[command].options, "--help")
            raise UnknownNameError(f"option of {command}", word.partition("=")[0], known)
        raise CnnrefError(f"{word!r} is too many; see 'cnnref {command} --help'.")
    convert(command, arguments)
    return arguments


def _parser(name: str) -> ArgumentParser:
    # argparse takes longer to import than most tables to compute, and imports need neither
    from argparse import ArgumentParser, RawDescriptionHelpFormatter

    class Parser(ArgumentParser):
        def error(self, message: str) -> NoReturn:
            raise CnnrefError(f"{message}; see '{self.prog} --help'.")

    def style(prog: str) -> RawDescriptionHelpFormatter:
        # without a width, argparse loads shutil
        return RawDescriptionHelpFormatter(prog, width=79, max_help_position=26)

    command = COMMANDS[name]
    usage = " ".join([f"cnnref {name}", *map(_placed, command.words)])
    parser = Parser(
        prog=f"cnnref {name}",
        usage=usage + " [OPTIONS]" * bool(command.options),
        description=f"{command.summary[0].upper()}{command.summary[1:]}.",
        epilog=_epilog(name),
        formatter_class=style,
        allow_abbrev=False,
    )
    for word in command.words:
        many: dict[str, Any] = {"nargs": MANY[word]} if word in MANY else {}
        parser.add_argument(word.lower(), metavar=word, help=WORDS[word], **many)
    for title, options in SECTIONS.items():
        chosen = [option for option in options if option in command.options]
        section = parser.add_argument_group(title) if chosen else parser
        for option in chosen:
            section.add_argument(option, **OPTIONS[option])
    return parser


def _placed(word: str) -> str:
    return {"*": f"[{word} ...]", "?": f"[{word}]"}.get(MANY.get(word, ""), word)


def _epilog(name: str) -> str:
    command = COMMANDS[name]
    lines = ["examples:", *(f"  cnnref {example}" for example in command.examples)]
    if "--columns" in command.options:
        lines += ["", *_listed("columns", _columns(name))]
    return "\n".join(lines)


def _columns(name: str) -> list[str]:
    if name == "sweep":
        from cnnref.sweeping import MEASURES

        return list(MEASURES)
    from cnnref.columns import COLUMNS

    return list(COLUMNS)


def _listed(title: str, words: Sequence[str]) -> list[str]:
    lines = [f"{title}:"]
    for word in words:
        if len(lines) == 1 or len(lines[-1]) + len(word) > 76:
            lines.append(" ")
        lines[-1] += f" {word}" + "," * (word != words[-1])
    return lines


def overview() -> str:
    """The help of the program: the commands in groups, and examples."""
    groups: dict[str, list[str]] = {}
    for name, command in COMMANDS.items():
        groups.setdefault(command.group, []).append(f"  {name:<12} {command.summary}")
    lines = [line for title, body in groups.items() for line in (f"\n{title}:", *body)]
    examples = [f"  cnnref {COMMANDS[name].examples[0]}" for name in SHOWN]
    more = ["\nexamples:", *examples, "  cnnref table resnet50 --collapse"]
    tail = ["\noptions:", "  -h, --help   show this help, or with a command its own"]
    return "\n".join(
        [ABOUT + lines[0], *lines[1:], *more, *tail, "  --version    show the version\n"]
    )
