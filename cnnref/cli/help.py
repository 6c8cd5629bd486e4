"""The help texts: argparse lays them out."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from typing import Any

from cnnref.cli.commands import COMMANDS, MANY, OPTIONS, SECTIONS, WORDS

__all__ = ["instructions", "overview"]

ABOUT = """usage: cnnref COMMAND ...

What a convolutional network costs, layer by layer, and why.
"""
SHOWN = ("list", "table", "explain", "trace", "compare", "sweep")


def instructions(name: str) -> str:
    """The help of a command."""
    return _parser(name).format_help()


def _parser(name: str) -> ArgumentParser:
    def style(prog: str) -> RawDescriptionHelpFormatter:
        # without a width, argparse loads shutil
        return RawDescriptionHelpFormatter(prog, width=79, max_help_position=26)

    command = COMMANDS[name]
    usage = " ".join([f"cnnref {name}", *map(_placed, command.words)])
    parser = ArgumentParser(
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
        from cnnref.tables.sweep import MEASURES

        return list(MEASURES)
    if name == "measure":
        from cnnref.measuring.roofline import COLUMNS as TIMES

        return list(TIMES)
    from cnnref.tables.columns import COLUMNS

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
