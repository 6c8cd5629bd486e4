"""Every command of the command line with its words, its options and examples that run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from cnnref.cli.commands import COMMANDS, MANY, OPTIONS, SECTIONS, WORDS
from cnnref.cli.help import COLUMNS_SAY, columns
from website.markup import in_markdown

__all__ = ["MACROS", "commands"]


def commands() -> str:
    """A section for each command, then what each option takes, and what each column holds."""
    return "\n".join([*_commands(), "## Options", "", *_options(), "## Columns", "", *_columns()])


def _commands() -> Iterator[str]:
    for name, command in COMMANDS.items():
        words = " ".join(f"[{word}]" if word in MANY else word for word in command.words)
        yield from (
            f"## cnnref {name} {{ #cnnref-{name} }}",
            "",
            f"{_sentence(command.summary)}",
            "",
        )
        usage = " ".join(filter(None, ["cnnref", name, words, "[OPTIONS]" * bool(command.options)]))
        yield from ("```text", usage, "```", "")
        for word in command.words:
            yield from (f"`{word}`", f":   {in_markdown(WORDS[word])}", "")
        if command.options:
            links = ", ".join(f"[`{option}`](#option{option})" for option in command.options)
            yield from (f"Options: {links}.", "")
        examples = (f"cnnref {example}" for example in command.examples)
        yield from ("```sh", *examples, "```", "")


def _options() -> Iterator[str]:
    for title, options in SECTIONS.items():
        yield from (f"### {title[0].upper()}{title[1:]}", "")
        for option in options:
            told = OPTIONS[option]
            value = f" {told['metavar']}" if "metavar" in told else ""
            yield f"`{option}{value}`{{: #option{option} }}"
            yield from (f":   {in_markdown(_sentence(told['help']))}", "")


def _columns() -> Iterator[str]:
    """The keys of --columns in tables, then those of times alone."""
    yield from ("What the keys of `--columns` stand for, and of `columns=` in Python.", "")
    for key in dict.fromkeys((*columns("table"), *columns("sweep"), *columns("measure"))):
        yield from (f"`{key}`", f":   {in_markdown(_sentence(COLUMNS_SAY[key]))}", "")


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}" + "." * (not text.endswith("."))


MACROS: Mapping[str, Callable[..., object]] = {"commands": commands}
