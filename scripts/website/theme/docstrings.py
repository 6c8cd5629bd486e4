"""Docstrings as the reference prints them: arguments as a list, examples as code.

A docstring says of each argument or field "name: what it is", with nothing around it. The
reference is made by mkdocstrings, from the files alone and without importing them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from griffe import Extension, Object

__all__ = ["Docstrings", "in_markdown"]

# "name: ", or "one, other: " where several are told of at once
FIELD = re.compile(r"([a-z]\w*(?:, [a-z]\w*)*): (.*)")


class Docstrings(Extension):
    """Rewrites each docstring before it is read as text and sections."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Rewrite the docstring of a module, class, function or attribute."""
        if obj.docstring:
            obj.docstring.value = in_markdown(obj.docstring.value)


def in_markdown(text: str) -> str:
    """A docstring with its examples as blocks of code and its fields as a list of definitions."""
    paragraphs = [
        list(lines)
        for empty, lines in groupby(text.split("\n"), key=lambda line: not line.strip())
        if not empty
    ]
    return "\n\n".join("\n".join(_paragraph(lines)) for lines in paragraphs)


def _paragraph(lines: list[str]) -> Iterator[str]:
    if lines[0].startswith(">>>"):
        yield from ("```pycon", *lines, "```")
    elif FIELD.fullmatch(lines[0]):
        yield from _fields(lines)
    else:
        yield from lines


def _fields(lines: list[str]) -> Iterator[str]:
    entry = ""
    for line in lines:
        field = FIELD.fullmatch(line)
        if not field:
            entry += " " + line.strip()
            continue
        if entry:
            yield from (entry, "")
        names = ", ".join(f"`{name}`" for name in field[1].split(", "))
        yield names
        entry = f":   {field[2]}"
    yield entry
