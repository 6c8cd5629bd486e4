"""Lines of a PyTorch model beside the rows that they make; pointing at either shows the other."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from textwrap import dedent
from typing import Any, NamedTuple

import cnnref
from cnnref.counting.units import KILO, MEGA
from cnnref.errors import CnnrefError
from cnnref.networks.catalog import model
from website.facts import lookup
from website.kept import reach
from website.kept.shelf import Shelf, digest
from website.markup import Html, element, in_units, joined, line, table
from website.spoken import network

__all__ = ["MACROS", "Piece", "code_rows", "pieces"]

PIECES = Shelf("classes beside their rows")
# what an operator of Python or a function of torch is called as a row
OPERATORS = {"Add": "add", "Mult": "multiply", "cat": "concat"}
# the number of a module's second row, third row, ...
AGAIN = re.compile(r"#(\d+)$")


class Piece(NamedTuple):
    """A line of a class, and the rows that it makes, by their numbers in its block."""

    text: str
    rows: tuple[int, ...]


def code_rows(key: str, block: str = "") -> Html:
    """The class of a block, without its arguments, beside the block's rows.

    block: a block of the network; without one, the network itself.
    """
    rows = [layer for layer in lookup(key) if layer.block == block or not block]
    made_by = digest(reach.modules(__name__, named=False), reach.books(key), block)
    lines = [_line(piece) for piece in _kept(PIECES.get(made_by, pieces, key, block))]
    shown = element("pre", element("code", joined(lines)))
    body = [
        line(
            layer.name.removeprefix(f"{block}."),
            [
                "×".join(map(str, layer.out_shape)),
                in_units(layer.parameters, KILO, 1),
                in_units(layer.macs, MEGA, 1),
            ],
            data_rows=str(number),
            tabindex="0",
        )
        for number, layer in enumerate(rows)
    ]
    heads = ("layer", "output", "parameters (k)", "M MACs")
    told = table(heads, body, caption=f"{block} of {network(key)}" if block else network(key))
    code = element("div", shown, class_="lines highlight")
    return element("div", code, element("div", told), class_="code-rows")


def _line(piece: Piece) -> Html:
    given = {"data_rows": " ".join(map(str, piece.rows)), "tabindex": "0"} if piece.rows else {}
    return element("span", Html(f"{_coloured(piece.text)}\n"), **given)


def _coloured(text: str) -> str:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    given = PythonLexer(stripnl=False, ensurenl=False)
    return str(highlight(text, given, HtmlFormatter(nowrap=True))).rstrip("\n")


def _kept(found: Sequence[Piece]) -> Iterator[Piece]:
    """The head of the class, and what follows from the first line that makes a row."""
    first = next(number for number, piece in enumerate(found) if piece.rows)
    return chain(found[:1], [Piece("    ...", ())], found[first:])


@cache
def pieces(key: str, block: str = "") -> tuple[Piece, ...]:
    """The lines of the class that makes a block, each with the rows that it makes.

    A module's line is where it is put into `self`, and where it is called in forward; a row
    without a module is its operator's.

    Raises:
        CnnrefError: no module of the model makes these rows alone, or a row has no line.
    """
    book, made = lookup(key), model(key)
    traced = cnnref.trace(made, book.input_shape)
    names = [
        seen.name for seen, row in zip(traced, book, strict=True) if row.block == block or not block
    ]
    path, module = _owner(made, names, key, block)
    owner = _written(type(module))
    text = dedent(inspect.getsource(owner))
    own = [name.removeprefix(f"{path}.") if path else name for name in names]
    by_line: dict[int, list[int]] = {}
    for numbers, rows in _matches(ast.parse(text), own):
        for number in numbers:
            by_line.setdefault(number, []).extend(rows)
    missed = set(range(len(own))) - {row for rows in by_line.values() for row in rows}
    if missed:
        raise CnnrefError(f"{key}: no line of {owner.__name__} makes {own[min(missed)]}.")
    return tuple(
        Piece(shown, tuple(sorted(set(by_line.get(number, ())))))
        for number, shown in enumerate(text.splitlines(), start=1)
    )


def _written(kind: type) -> type:
    """The class that says what runs: where one inherits, that of forward; of torch's none."""
    forward = next(one for one in kind.__mro__ if "forward" in vars(one))
    return kind if forward.__module__.startswith("torch.") else forward


def _owner(made: Any, names: Sequence[str], key: str, block: str) -> tuple[str, Any]:
    """The innermost module whose path begins all names, and its path."""
    for path, module in sorted(made.named_modules(), key=lambda found: -len(found[0])):
        if names and all(name.startswith(f"{path}.") for name in names if path):
            if block and not path:
                break
            return path, module
    raise CnnrefError(f"{key}: no module alone makes the rows of {block}.")


def _matches(tree: ast.Module, own: Sequence[str]) -> Iterator[tuple[range, list[int]]]:
    """Lines, and the rows that they make."""
    methods = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(methods["__init__"]):
        if isinstance(node, ast.Assign) and (name := _attribute(node.targets[0])):
            yield from _made(name, node.value, own)
    yield from _appended(methods["__init__"], own)
    calls: dict[str, int] = {}
    forward = ast.walk(methods["forward"]) if "forward" in methods else ()
    for node in sorted(forward, key=_place):
        if isinstance(node, ast.Call) and (name := _attribute(node.func)):
            calls[name] = calls.get(name, 0) + 1
            yield _lines(node), _called(name, calls[name], own)
        elif plain := _operator(node):
            yield _lines(node), [n for n, row in enumerate(own) if AGAIN.sub("", row) == plain]


def _made(name: str, value: ast.expr, own: Sequence[str]) -> Iterator[tuple[range, list[int]]]:
    """The lines that make a module of a path; of a Sequential its first, and those of its parts."""
    rows = [n for n, row in enumerate(own) if _within(row, name)]
    sequence = isinstance(value, ast.Call) and ast.unparse(value.func) == "nn.Sequential"
    parts = value.args if isinstance(value, ast.Call) and sequence else []
    # a starred part is several, and the text does not say how many
    if parts and not any(isinstance(part, ast.Starred) for part in parts):
        yield range(value.lineno, value.lineno + 1), rows
        for number, part in enumerate(parts):
            yield from _made(f"{name}.{number}", part, own)
    else:
        yield _lines(value), rows


def _appended(method: ast.AST, own: Sequence[str]) -> Iterator[tuple[range, list[int]]]:
    """The lines that append to a Sequential, where every one of them was run."""
    appends: dict[str, list[ast.Call]] = {}
    for node in sorted(ast.walk(method), key=_place):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".append"):
            appends.setdefault(ast.unparse(node.func).split(".")[1], []).append(node)
    for name, calls in appends.items():
        parts = {row.split(".")[1] for row in own if row.startswith(f"{name}.")}
        if len(parts) == len(calls):
            for number, call in enumerate(calls):
                yield (
                    _lines(call),
                    [n for n, row in enumerate(own) if _within(row, f"{name}.{number}")],
                )


def _within(row: str, name: str) -> bool:
    plain = AGAIN.sub("", row)
    return plain == name or plain.startswith(f"{name}.")


def _called(name: str, time: int, own: Sequence[str]) -> list[int]:
    """The rows of a module's first, second, ... call; all of them, where it is called once."""
    found = [n for n, row in enumerate(own) if _within(row, name)]
    again = {n: int(number[1]) if (number := AGAIN.search(own[n])) else 1 for n in found}
    several = len(set(again.values())) > 1
    return [n for n in found if again[n] == time or not several]


def _operator(node: ast.AST) -> str:
    if isinstance(node, ast.BinOp | ast.AugAssign):
        return OPERATORS.get(type(node.op).__name__, "")
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return OPERATORS.get(node.func.attr, node.func.attr)
    return ""


def _attribute(node: ast.AST) -> str:
    """The x of self.x."""
    own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    return node.attr if own and node.value.id == "self" else ""  # type: ignore[attr-defined]


def _place(node: ast.AST) -> tuple[int, int]:
    # what is called inside ends first, and runs first
    return getattr(node, "end_lineno", None) or 0, getattr(node, "end_col_offset", None) or 0


def _lines(node: ast.AST) -> range:
    first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
    return range(first, last + 1)


MACROS: Mapping[str, Callable[..., object]] = {
    "code_rows": code_rows,
}
