"""The reference: each public name and each option is there once, and examples are code."""

import ast
import inspect
import re
import textwrap
from collections import Counter
from pathlib import Path

import pytest

import cnnref
import cnnref.testing
import cnnref.typing
from cnnref.cli.commands import COMMANDS, OPTIONS
from cnnref.cli.help import COLUMNS_SAY, instructions
from cnnref.errors import ShapeError
from website.chapters.commands import commands
from website.places import DOCS
from website.theme.docstrings import FIELD, in_markdown

PACKAGE = Path(cnnref.__file__).parent
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


def functions(thing):
    """A function itself, or the methods and properties of a class that it defines, by name."""
    if not isinstance(thing, type):
        return {"": inspect.unwrap(thing)}
    own = {name: getattr(one, "__func__", one) for name, one in vars(thing).items()}
    own = {name: inspect.unwrap(one) for name, one in own.items() if callable(one)}
    return {name: one for name, one in own.items() if name[0] != "_" and inspect.isfunction(one)}


def unsaid(function, owner=""):
    """Parameters that neither a docstring nor that of its class names, and errors that it raises.

    owner: the docstring of the class.
    """
    text = f"{inspect.getdoc(function)} {owner}"
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    raised = {
        node.exc.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
    }
    ours = {name for name in raised if hasattr(cnnref, name)}
    given = {*inspect.signature(function).parameters} - {"self", "cls"}
    return {name for name in given | ours if not re.search(rf"\b{name}\b", text)}


@pytest.mark.parametrize("name", PUBLIC)
def test_every_parameter_and_every_error_is_said(name):
    thing = PUBLIC[name]
    # arguments of every writer are said at what all of them inherit
    owner = " ".join(filter(None, (vars(one).get("__doc__") for one in _classes(thing))))
    found = {key: unsaid(one, owner) for key, one in functions(thing).items()}
    assert {key: names for key, names in found.items() if names} == {}


def _classes(thing):
    return thing.__mro__ if isinstance(thing, type) else ()


def test_what_is_not_said_is_seen():
    def bare(width, depth):
        """The width alone."""
        if depth:
            raise cnnref.ShapeError("deep")
        raise ShapeError("wide")

    assert unsaid(bare) == {"depth", "ShapeError"}
    assert unsaid(bare, "depth, or a ShapeError") == set()


# what a number counts or is measured in, in the words of the glossary
UNIT = re.compile(
    r"\b(MACs?|multipl\w+|FLOPs?|operations?|bytes|elements?|numbers?|pixels|positions|seconds|rows?"
    r"|images?|channels|parts?|parameters|layers|adds|counts?|cores|processors|times|year|classes"
    r"|convolutions|unit)\b",
    re.IGNORECASE,
)


def entries(text):
    """What a docstring says of each argument or field, by name."""
    found, names = {}, []
    for line in inspect.cleandoc(text).split("\n"):
        if field := FIELD.fullmatch(line):
            names = field[1].split(", ")
            found |= dict.fromkeys(names, field[2])
        elif line.startswith(" "):
            found |= {name: f"{found[name]} {line.strip()}" for name in names}
        else:
            names = []
    return found


def is_number(annotation):
    """Whether something is an amount or several, and nothing with a name or a truth value."""
    text = str(getattr(annotation, "__forward_arg__", getattr(annotation, "__name__", annotation)))
    return re.match(r"(tuple\[)?(int|float)\b", str(annotation) if "[" in text else text)


def unmeasured(thing):
    """The fields, properties and methods of a class that are numbers of no unit that it says."""
    said = entries(" ".join(filter(None, [vars(thing).get("__doc__")])))
    fields = {
        name: f"{name.replace('_', ' ')}: {said.get(name, '')}" * (name in said)
        for name, kind in vars(thing).get("__annotations__", {}).items()
        if name[0] != "_" and is_number(kind)
    }
    own = {name: getattr(one, "fget", one) for name, one in vars(thing).items() if name[0] != "_"}
    own = {name: getattr(one, "__func__", one) for name, one in own.items()}
    members = {
        name: inspect.getdoc(one) or ""
        for name, one in own.items()
        if inspect.isfunction(inspect.unwrap(one))
        and is_number(inspect.signature(one).return_annotation)
    }
    return {name for name, text in (fields | members).items() if not UNIT.search(text)}


@pytest.mark.parametrize("name", [name for name, one in PUBLIC.items() if isinstance(one, type)])
def test_every_number_has_a_unit(name):
    assert unmeasured(PUBLIC[name]) == set()


def test_a_number_without_a_unit_is_seen():
    class Bare:
        """A thing.

        width: how wide it is.
        depth: how deep it is,
            in rows.
        """

        width: "int"
        height: int
        depth: "tuple[int, ...]"
        label: str

        @property
        def speed(self) -> float:
            """How fast it is."""

        def weight(self) -> "int | None":
            """Bytes on a disk."""

    assert unmeasured(Bare) == {"width", "height", "speed"}


# where in a source the numbers of a network are
PLACE = re.compile(
    r"\b(Tables?|Figures?|Sections?|Appendix|footnote|definition|code|script)\b", re.IGNORECASE
)


def unsourced(text, place=True):
    """Which of a title, a year and a place the docstring of a network's file does not name."""
    wanted = {"title": r'"[^"]+"', "year": r"\b(19|20)\d\d\b"}
    wanted |= {"place": PLACE} if place else {}
    return {what for what, pattern in wanted.items() if not re.search(pattern, text)}


@pytest.mark.parametrize("book", ["specs", "models"])
def test_every_file_of_a_book_names_its_source(book):
    """The place is named once, at the spec."""
    files = sorted((PACKAGE / book).glob("[!_]*.py"))
    assert len(files) > 20
    texts = {path.name: ast.get_docstring(ast.parse(path.read_text("utf-8"))) for path in files}
    found = {name: unsourced(text, place=book == "specs") for name, text in texts.items()}
    assert {name: lacks for name, lacks in found.items() if lacks} == {}


def test_a_file_without_a_source_is_seen():
    assert unsourced("ResNet, as everybody knows.") == {"title", "year", "place"}
    assert unsourced('A. Author, "Deep Networks", 2015, Table 1.') == set()


def test_every_command_and_every_option_is_on_its_page():
    text = commands()
    assert re.findall(r"^## cnnref (\S+) ", text, re.MULTILINE) == list(COMMANDS)
    told = re.findall(r"\{: #option(--\S+) \}", text)
    assert sorted(told) == sorted(OPTIONS)
    linked = re.findall(r"\]\(#option(--[\w-]+)\)", text)
    assert Counter(linked) == Counter(o for one in COMMANDS.values() for o in one.options)
    for command in COMMANDS.values():
        assert all(f"\ncnnref {example}\n" in text for example in command.examples)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_page_of_commands_has_the_usage_that_help_shows(command):
    usage = instructions(command).splitlines()[0].removeprefix("usage: ")
    assert f"```text\n{usage.replace(' ...]', ']')}\n```" in commands()


def test_every_column_is_on_the_page_of_commands():
    told = commands().partition("\n## Columns\n")[2]
    assert re.findall(r"^`(\w+)`\n:   \S", told, re.MULTILINE) == list(COLUMNS_SAY)


def test_a_docstring_becomes_code_and_definitions():
    text = "A sum.\n\na, b: what is\n    added.\nc: left\n\n>>> 1 + 1\n2\n\nRaises:\n    E: no."
    assert in_markdown(text) == (
        "A sum.\n\n`a`, `b`\n:   what is added.\n\n`c`\n:   left\n\n"
        "```pycon\n>>> 1 + 1\n2\n```\n\nRaises:\n    E: no."
    )
