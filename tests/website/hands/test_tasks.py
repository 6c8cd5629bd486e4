"""Tasks in code: each solution meets its asserts, and nothing else does."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter

import pytest

from cnnref.errors import UnknownNameError
from proofs.mutants import Mutant, mutants
from website.hands import coding, inside, playground, tasks
from website.places import DOCS
from website.theme.revise import CHAPTERS

ASKED = re.compile(r'\{\{ task\("(\w+)"')
# chapters without a task in code: nothing is computed there that another chapter does not teach
NONE = {"history.md", "resnet_variants.md"}


def source(name: str) -> str:
    return (tasks.FOLDER / f"{name}.py").read_text(encoding="utf-8")


def held(code: str) -> bool:
    """Whether a program runs to its end."""
    try:
        exec(compile(code, "task", "exec"), {"__name__": "task"})
    except Exception:
        return False
    return True


def changes(name: str) -> list[Mutant]:
    """Every small change of a solution; the asserts stay as they are."""
    text = source(name)
    functions = [one for one in ast.parse(text).body if isinstance(one, ast.FunctionDef)]
    last = max(one.end_lineno or 0 for one in functions)
    return [one for one in mutants(name, text) if one.line <= last]


@pytest.mark.parametrize("name", tasks.names())
def test_the_solution_meets_its_asserts_and_the_emptied_one_does_not(name: str) -> None:
    found = tasks.of(name)
    assert "assert " in found.skeleton
    assert "assert " not in found.solution
    assert held(source(name))
    assert not held(found.skeleton)


@pytest.mark.parametrize("name", tasks.names())
def test_the_solution_fills_what_is_shown(name: str) -> None:
    found = tasks.of(name)
    emptied = found.skeleton[found.skeleton.index("def ") :].partition(tasks.TO_FILL)
    filled = found.skeleton.replace("".join(emptied[:2]), found.solution)
    assert emptied[1] == tasks.TO_FILL
    assert filled.strip() == source(name).partition("\n\n")[2].strip()
    assert max(map(len, source(name).splitlines())) <= 88


@pytest.mark.parametrize("name", tasks.names())
def test_no_small_slip_meets_the_asserts(name: str) -> None:
    found = changes(name)
    assert found
    kept = [str(one) for one in found if held(one.applied(source(name).encode()).decode())]
    assert kept == []


def test_asserts_that_look_at_nothing_are_seen() -> None:
    loose = source("heads").partition("\n\n\nfor ")[0]
    assert held(loose)
    assert all(held(one.applied(loose.encode()).decode()) for one in mutants("heads", loose))


def test_every_task_is_asked_once_and_by_nearly_every_chapter() -> None:
    asked = {name: ASKED.findall((DOCS / name).read_text(encoding="utf-8")) for name in CHAPTERS}
    assert Counter(one for found in asked.values() for one in found) == Counter(tasks.names())
    assert {name for name, found in asked.items() if not found} == NONE


def test_an_unknown_task_is_named() -> None:
    with pytest.raises(UnknownNameError, match=r"^Unknown task in code 'peek': did you mean peak"):
        tasks.of("peek")


@pytest.mark.parametrize("name", tasks.names())
def test_a_task_without_torch_is_played(name: str) -> None:
    place = f"{playground.EXERCISE}{name}"
    texts = playground.texts()
    assert (place in texts) == ("import torch" not in source(name))
    shown = coding.task(name)
    to_play = not playground.absence() and place in texts
    assert (f'href="playground.html#{place}"' in shown) == to_play
    assert shown.index("your lines") < shown.index("<summary>A solution")
    if place in texts:
        title, begun = texts[place]
        assert title == tasks.of(name).title
        assert _told(begun)["error"]
        filled = begun.replace(tasks.of(name).skeleton, source(name))
        assert _told(filled)["cells"] == [[1, title, "Every assert holds.\n"]]


def _told(code: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(inside.run(json.dumps({"code": code})))
    return found
