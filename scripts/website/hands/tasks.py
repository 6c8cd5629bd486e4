"""Tasks in code: what a reader starts from, the asserts that judge it, and a solution.

Each is a program of docs/lessons/tasks. It runs: its functions are a solution, and the asserts
below them hold. What a reader starts from is the same program with its functions emptied.
"""

from __future__ import annotations

import ast
from functools import cache
from typing import NamedTuple

from cnnref.errors import UnknownNameError
from cnnref.files import text_of
from website.places import DOCS

__all__ = ["FOLDER", "TO_FILL", "Task", "names", "of"]

FOLDER = DOCS / "lessons" / "tasks"
TO_FILL = "    ...  # your lines"


class Task(NamedTuple):
    """A task in code, as Python: its title, what is to be filled in, and what fills it."""

    title: str
    skeleton: str
    solution: str


def names() -> tuple[str, ...]:
    """All tasks in code, which are the names of their files."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.py")))


@cache
def of(name: str) -> Task:
    """A task by its name.

    Raises:
        UnknownNameError: no file of the tasks has that name.
    """
    if name not in names():
        raise UnknownNameError("task in code", name, names())
    text = text_of(FOLDER / f"{name}.py")
    tree, lines = ast.parse(text), text.splitlines()
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    solution = "\n\n\n".join(ast.get_source_segment(text, one) or "" for one in functions)
    for one in reversed(functions):
        lines[one.body[0].end_lineno : one.end_lineno] = [TO_FILL]
    begun = "\n".join(lines[tree.body[0].end_lineno or 0 :]).strip()
    return Task(ast.get_docstring(tree) or "", begun, solution)
