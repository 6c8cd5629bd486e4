"""What of a page is prose that a reader sees: found in macros, code, formulas and attributes.

Each function hands back (place in the text, prose) pairs, or the text with everything else
blanked: the same length and the same lines, so that places stay true.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from jinja2 import Environment, TemplateSyntaxError, nodes

Found = Iterator[tuple[int, str]]


class WorkedOut(NamedTuple):
    """What a page works out of the numbers of macros, which give them as they are to be shown."""

    sign: str

    def __str__(self) -> str:
        return self.sign


SUMS = (nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow)

FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
SHOWN_KEYS = re.compile(r"^(?:title|description): *(.*)$", re.MULTILINE)
FENCE = re.compile(r"^([ \t]*)(```|~~~)[^\n]*\n(.*?)^\1\2", re.DOTALL | re.MULTILINE)
MACRO = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
INLINE_CODE = re.compile(r"`([^`\n]*)`")
# with one of these signs in it, what stands between backticks is code and no quotation
CODE_SIGN = re.compile(r"[=_()\[\]{}<>/\\\"':.]")
ATTRIBUTES = re.compile(r"\{[:#.][^}\n]*\}")
# tags, and attributes of tags that a placeholder cuts in two
MARKUP = re.compile(r"<[^>]*>|[\w-]+=\"[^\"]*\"?")
LIST_NUMBER = re.compile(r"[ \t]*\d+\. ")
# the macros that show a text: from which of their arguments on
SHOWN_FROM = {
    "chart": 1, "choice": 1, "network_strip": 1, "stacks": 1, "block_drawings": 1,
    "block_drawing": 2, "heads_drawing": 0, "fold": 0, "experiment_chart": 1, "seen": 5,
    "learned": 0, "task": 1,
}  # fmt: skip
# the string of this macro is the key of a claim: a name, though it has spaces and numbers in it
KEYED = ("erratum", "terminal")


def blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def keep(match: re.Match[str], group: int) -> str:
    """The match blanked, but for one of its groups."""
    start, end = (place - match.start() for place in match.span(group))
    blanked = blank(match)
    return blanked[:start] + match[group] + blanked[end:]


def front_matter(text: str) -> Found:
    """The title and the description, which the browser and the search show."""
    head = FRONT_MATTER.match(text)
    for entry in SHOWN_KEYS.finditer(head[0] if head else ""):
        yield entry.start(1), entry[1]


def code_blocks(text: str) -> Found:
    """The comments of a code block, and the output that is shown below a prompt."""
    for fence in FENCE.finditer(MACRO.sub(blank, text)):
        below_prompt, place = False, fence.start(3)
        for line in fence[3].splitlines(keepends=True):
            if line.lstrip().startswith((">>>", "...")):
                below_prompt = True
            elif below_prompt and line.strip():
                yield place, line
            comment = re.search(r"(?:^|\s)# (.*)", line)
            if comment:
                yield place + comment.start(1), comment[1]
            place += len(line)


def quotations(text: str) -> Found:
    """What stands between backticks and has no sign of code in it."""
    for match in INLINE_CODE.finditer(text):
        if not CODE_SIGN.search(match[1]):
            # the number in a name such as resnet50 is no quantity
            yield match.start(1), re.sub(r"\b[A-Za-z]+\d\w*", "", match[1])


def attributes(text: str) -> Found:
    """The texts in attribute lists: a title or an alternative."""
    for match in ATTRIBUTES.finditer(text):
        for value in re.finditer(r"\"([^\"]*)\"|'([^']*)'", match[0]):
            yield match.start() + value.start(), value[1] or value[2] or ""


def without_list_numbers(text: str) -> str:
    """The numbers of lists blanked; a line of a paragraph that begins with a number keeps it."""
    lines, before, in_list = [], "", False
    for line in text.splitlines(keepends=True):
        number = LIST_NUMBER.match(line)
        if number and (not before.strip() or in_list):
            line, in_list = blank(number) + line[number.end() :], True
        elif line.strip() and not line[0].isspace() and not before.strip():
            in_list = False
        lines.append(line)
        before = line
    return "".join(lines)


def macros(text: str) -> Iterator[tuple[int, object]]:
    """(line, constant) for each text or number that a macro or statement shows as it stands."""
    try:
        tree = Environment().parse(text)
    except TemplateSyntaxError as error:
        raise ValueError(f"line {error.lineno}: {error.message}") from None
    yield from _shown(tree)


def _shown(node: nodes.Node, place: str = "") -> Iterator[tuple[int, object]]:
    """place: "" outside of a call, "key" in an argument that names something, "text" in others."""
    if isinstance(node, nodes.Const):
        is_text = isinstance(node.value, str)
        is_prose = is_text and (place != "key" or " " in node.value)
        if is_prose or (not is_text and not place and not isinstance(node.value, bool)):
            yield node.lineno, node.value
    elif sign := _sign(node):
        yield node.lineno, WorkedOut(sign)
    elif isinstance(node, nodes.Call):
        yield from _arguments(node)
    elif isinstance(node, nodes.Getitem | nodes.Slice | nodes.Compare | nodes.Test):
        yield from _shown(node.node if isinstance(node, nodes.Getitem) else nodes.Tuple([], "load"))
    else:
        for child in node.iter_child_nodes():
            yield from _shown(child, place)


def _sign(node: nodes.Node) -> str:
    """What a page would work out by itself: a sum, a filter, a function of Jinja's; or ""."""
    if isinstance(node, SUMS):
        return node.operator
    if isinstance(node, nodes.Filter):
        return f"| {node.name}"
    called = node.node if isinstance(node, nodes.Call) else None
    name = called.name if isinstance(called, nodes.Name) else ""
    return f"{name}()" if name in Environment().globals else ""


def _arguments(call: nodes.Call) -> Iterator[tuple[int, object]]:
    name = call.node.name if isinstance(call.node, nodes.Name) else ""
    if name in KEYED:
        return
    yield from _shown(call.node)
    first = SHOWN_FROM.get(name, len(call.args))
    for number, argument in enumerate(call.args):
        is_list = isinstance(argument, nodes.List | nodes.Tuple)
        yield from _shown(argument, "text" if number >= first and not is_list else "key")
    for keyword in call.kwargs:
        yield from _shown(keyword.value, "text" if keyword.key in ("title", "caption") else "key")


def of_python(text: str) -> Iterator[tuple[int, str]]:
    """(line, text) of each sentence in the strings of a program, but for documentation and keys."""
    import ast

    tree = ast.parse(text)
    documentation = {id(part) for node in ast.walk(tree) for part in _documentation(node)}
    keys = {id(key) for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in documentation | keys:
            continue
        if isinstance(node.value, str) and _is_sentence(node.value):
            yield node.lineno, MARKUP.sub(" ", node.value)


def _documentation(node: Any) -> Iterator[Any]:
    import ast

    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body:
        first = node.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            yield first.value


def _is_sentence(text: str) -> bool:
    # a path such as "/conv1/macs" is a key, as is what has no white space
    if text.startswith("/") or "\\" in text or not re.search(r"\s", text.strip()):
        return False
    return len(re.findall(r"[A-Za-z]{2,}", MARKUP.sub(" ", text))) >= 3
