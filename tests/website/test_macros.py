"""Where the macros stand: one that one page uses in that page's file, another with its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace

import jinja2
import pytest
from jinja2 import nodes

from website.macros import PAGES, SHARED, define_env, gathered
from website.places import DOCS

# the macros of one page, and the pages that they stand for
OF_TWO_PAGES = {
    "count": {"count.md", "detection.md"},
    "index": {"index.md", "networks/index.md"},
    "resnet": {"resnet.md", "resnet_variants.md"},
}
USERS = {
    page.relative_to(DOCS).as_posix(): page.read_text(encoding="utf-8")
    for page in DOCS.rglob("*.md")
    if "generated" not in page.parts
}


def called(text: str) -> set[str]:
    """The names that a page calls as macros."""
    tree = jinja2.Environment().parse(text)
    names = (call.node for call in tree.find_all(nodes.Call))
    return {name.name for name in names if isinstance(name, nodes.Name)}


def users(pages: Mapping[str, str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for page, text in pages.items():
        for name in called(text) if "render_macros: true" in text else ():
            found.setdefault(name, set()).add(page)
    return found


def misplaced(
    of_pages: Mapping[str, Mapping[str, object]],
    shared: Mapping[str, object],
    used: Mapping[str, set[str]],
) -> set[str]:
    """The macros that other pages use than the one that they stand with, and the lonely shared."""
    wrong = {name for name in shared if len(used.get(name, ())) < 2}
    for page, macros in of_pages.items():
        own = OF_TWO_PAGES.get(page, {f"{page}.md"})
        wrong |= {name for name in macros if not used.get(name) or not used[name] <= own}
    return wrong


def test_a_macro_stands_with_the_pages_that_use_it() -> None:
    of_pages = {page: module.MACROS for page, module in PAGES.items()}
    assert misplaced(of_pages, gathered(SHARED), users(USERS)) == set()


def defined() -> set[str]:
    """The names that the plugin makes known to pages."""
    found: set[str] = set()

    def macro(function: Callable[..., object], name: str = "") -> None:
        found.add(name or function.__name__)

    define_env(SimpleNamespace(macro=macro))
    return found


def test_every_macro_that_a_page_calls_is_there() -> None:
    assert users(USERS).keys() - defined() == set()
    assert users({"a.md": "render_macros: true {{ alchemy() }}"}).keys() - defined() == {"alchemy"}


def test_a_macro_in_the_wrong_place_is_seen() -> None:
    front = "---\nrender_macros: true\n---\n"
    used = users({"a.md": front + "{{ one() }} {{ two() }}", "b.md": front + "{% set x = two() %}"})
    assert used == {"one": {"a.md"}, "two": {"a.md", "b.md"}}
    nothing: dict[str, Callable[[], str]] = {}
    assert misplaced({"a": {"one": str}}, {"two": str}, used) == set()
    assert misplaced({"b": {"one": str}}, nothing, used) == {"one"}
    assert misplaced({"a": {"two": str, "three": str}}, {"one": str}, used) == {
        "one", "two", "three",
    }  # fmt: skip


def test_two_macros_of_one_name_are_refused() -> None:
    first, second = (SimpleNamespace(__name__=name, MACROS={"n": str}) for name in "ab")
    with pytest.raises(ValueError, match=r"^b: there is another macro n\.$"):
        gathered([first, second])
