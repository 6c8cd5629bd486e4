"""The exercises of all chapters on one sheet, without their answers and with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from cnnref.errors import CnnrefError
from website.hands import coding
from website.markup import Html, element, joined
from website.places import DOCS
from website.theme.revise import CHAPTERS, OWN_PLACE, TITLE

__all__ = [
    "ANSWERS", "LEVELS", "SHEET", "Exercise", "abreast", "exercises", "levelled", "sheet",
]  # fmt: skip

SHEET, ANSWERS = "exercises.md", "answers.md"
# how hard an exercise is: a circle for each step, as `reading.md` says
LEVELS = ("easy", "medium", "hard")
HEAD = """---
title: {title}
description: {description}
render_macros: true
search: {{exclude: true}}
---

# {title}

{lead} The circles say [how hard an exercise is](reading.md#exercises).
{{ .sheet }}
"""
QUESTIONS = HEAD.format(
    title="Exercises",
    description="The exercises of every chapter on one sheet, without their answers.",
    lead="Those of every chapter, to be printed; the [answers](answers.md) are another sheet, and "
    "in the chapters, where the headings lead, each exercise unfolds its own.",
)
SOLVED = HEAD.format(
    title="Answers",
    description="The exercises of every chapter with their answers, for those who teach.",
    lead="The [exercises](exercises.md) of every chapter, each with its answer.",
)
LEVEL = re.compile(rf' data-level="({"|".join(LEVELS)})"')
BOX = re.compile(
    rf'<details class="exercise"{LEVEL.pattern} markdown>\n'
    r"<summary>(.*?)</summary>\n(.*?)</details>",
    re.DOTALL,
)
# what a chapter names for its own sentences
NAMED = re.compile(r"^\{% set .* %\}$", re.MULTILINE)
# a task in code: on a sheet its parts stand apart
TASK = re.compile(r'\{\{ task\("(\w+)"(?:, "([^"]*)")?\) \}\}')
OPENED = re.compile(r'<details class="exercise"([^>]*)>\s*<summary>')
# what stands behind the exercises of a page
BEHIND = re.compile(r'<(?:h2|div class="takeaways")|\Z')


class Exercise(NamedTuple):
    """An exercise as its chapter has it in Markdown; level: one of LEVELS.

    code: what a task in code starts from; nothing where the exercise is none.
    """

    level: str
    question: str
    code: str
    answer: str


def exercises(chapter: str) -> list[Exercise]:
    """The exercises of a chapter, their links as another page has them.

    chapter: its file below docs/.

    Raises:
        CnnrefError: it has none.
    """
    text = (DOCS / chapter).read_text(encoding="utf-8")
    found = [
        _exercise(level, *(OWN_PLACE.sub(f"{chapter}#", part).strip() for part in parts))
        for level, *parts in BOX.findall(text)
    ]
    if not found:
        raise CnnrefError(f"{chapter} has no exercises: give it some, or leave it off the sheet.")
    return found


def _exercise(level: str, question: str, answer: str) -> Exercise:
    code = "\n".join(coding.skeleton(name) for name, _ in TASK.findall(answer))
    solved = TASK.sub(lambda one: coding.solution(one[1], one[2] or ""), answer)
    return Exercise(level, question, code, solved)


def sheet(*, solved: bool) -> str:
    """The page of all exercises; solved: with their answers."""
    return "\n".join([SOLVED if solved else QUESTIONS, *_chapters(solved)])


def _chapters(solved: bool) -> Iterator[str]:
    for chapter in CHAPTERS:
        text = (DOCS / chapter).read_text(encoding="utf-8")
        title = TITLE.search(text)
        assert title
        yield "\n".join([*NAMED.findall(text), f"## [{title[1]}]({chapter}#exercises)\n"])
        for number, one in enumerate(exercises(chapter), 1):
            asked = f"**{number}.** {' '.join(one.question.split())}{mark(one.level)}"
            yield f"{asked}\n{{ .asked-on-paper }}\n"
            if one.code:
                yield f"{one.code}\n"
            if solved:
                yield f"{one.answer}\n"


def mark(level: str) -> Html:
    """How hard an exercise is, in circles and for those who hear it."""
    steps = LEVELS.index(level) + 1
    shown = "●" * steps + "○" * (len(LEVELS) - steps)
    circles = element("small", shown, role="img", aria_label=level, title=level, class_="level")
    return Html(f"&nbsp;{circles}")


def levelled(page: str) -> str:
    """A page's content with the mark of each exercise after its question.

    Raises:
        CnnrefError: an exercise does not say how hard it is.
    """
    parts, done = [], 0
    for box in OPENED.finditer(page):
        level = LEVEL.search(box[1])
        if level is None:
            raise CnnrefError(
                'an exercise has no level: write data-level="easy", "medium" or "hard".'
            )
        end = page.index("</summary>", box.end())
        parts += [page[done:end], mark(level[1])]
        done = end
    return "".join([*parts, page[done:]])


def abreast(page: str) -> str:
    """A page with its exercises, each with its fields, in a box that sets them abreast."""
    starts = [box.start() for box in OPENED.finditer(page)]
    if not starts:
        return page
    end = next(BEHIND.finditer(page, starts[-1])).start()
    parts = (element("div", Html(page[one:other])) for one, other in pairwise([*starts, end]))
    shown = element("div", joined(parts), class_="exercises")
    return f"{page[: starts[0]]}{shown}\n{page[end:]}"
