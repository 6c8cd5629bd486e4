"""Tasks in code as pages show them: on a chapter with a solution to unfold, on a sheet in parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from website.hands import playground, tasks
from website.markup import Html, element, joined, link

__all__ = ["MACROS", "skeleton", "solution", "task"]


def skeleton(name: str) -> str:
    """What a reader of a sheet starts from, in Markdown."""
    return _fenced(tasks.of(name).skeleton)


def solution(name: str, why: str = "") -> str:
    """The lines that fill it, in Markdown, and what is said to them."""
    return "\n\n".join(filter(None, (_fenced(tasks.of(name).solution), why)))


def task(name: str, why: str = "") -> str:
    """A task on its chapter's page, in Markdown: what to start from, and a solution to unfold.

    why: what is said to the solution.
    """
    parts = (element("summary", "A solution"), Html(f"\n\n{solution(name, why)}\n\n"))
    folded = element("details", joined(parts), class_="solution", markdown="1")
    return "\n\n".join(filter(None, (skeleton(name), _played(name), folded)))


def _played(name: str) -> Html:
    place = f"{playground.EXERCISE}{name}"
    if playground.absence() or place not in playground.texts():
        return Html("")
    return element("p", link("Open it in the playground", f"playground.html#{place}"))


def _fenced(code: str) -> str:
    return f"```python\n{code}\n```"


MACROS: Mapping[str, Callable[..., object]] = {"task": task}
