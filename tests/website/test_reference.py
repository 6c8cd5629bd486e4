"""The reference: each public name and each option is there once, and examples are code."""

import re
from collections import Counter

import pytest

import cnnref
import cnnref.testing
import cnnref.typing
from cnnref.cli.commands import COMMANDS, OPTIONS
from website.chapters.commands import commands
from website.places import DOCS
from website.theme.docstrings import in_markdown

PAGES = sorted((DOCS / "reference").glob("*.md"))
PUBLIC = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module in (cnnref, cnnref.typing, cnnref.testing)
    for name in module.__all__
}


def shown(text):
    """The names that a page lets mkdocstrings describe."""
    return re.findall(r"^::: (\S+)$", text, re.MULTILINE)


def test_every_public_name_is_described_once():
    found = Counter(name for page in PAGES for name in shown(page.read_text(encoding="utf-8")))
    assert found == dict.fromkeys(PUBLIC, 1)


def test_a_name_is_found_on_a_line_of_its_own():
    assert shown("::: cnnref.trace\nsee ::: cnnref.table\n\n::: cnnref.Net\n") == [
        "cnnref.trace", "cnnref.Net",
    ]  # fmt: skip


def documented(thing):
    """The docstrings of a name and of its own methods."""
    own = vars(thing).items() if isinstance(thing, type) else ()
    members = [member for name, member in own if not name.startswith("_")]
    return [one.__doc__ or "" for one in (thing, *members)]


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_has_an_example_and_its_methods_a_sentence(name):
    texts = documented(PUBLIC[name])
    assert any(">>> " in text for text in texts)
    assert all(texts)


def test_a_name_without_an_example_is_seen():
    class Bare:
        """Says nothing more."""

        def method(self):
            pass

    assert documented(Bare) == ["Says nothing more.", ""]


def test_every_command_and_every_option_is_on_its_page():
    text = commands()
    assert re.findall(r"^## cnnref (\S+) ", text, re.MULTILINE) == list(COMMANDS)
    told = re.findall(r"\{: #option(--\S+) \}", text)
    assert sorted(told) == sorted(OPTIONS)
    linked = re.findall(r"\]\(#option(--[\w-]+)\)", text)
    assert Counter(linked) == Counter(o for one in COMMANDS.values() for o in one.options)
    for command in COMMANDS.values():
        assert all(f"\ncnnref {example}\n" in text for example in command.examples)


def test_a_docstring_becomes_code_and_definitions():
    text = "A sum.\n\na, b: what is\n    added.\nc: left\n\n>>> 1 + 1\n2\n\nRaises:\n    E: no."
    assert in_markdown(text) == (
        "A sum.\n\n`a`, `b`\n:   what is added.\n\n`c`\n:   left\n\n"
        "```pycon\n>>> 1 + 1\n2\n```\n\nRaises:\n    E: no."
    )
