"""Faults in the rules of counting: every operator, number, comparison, term and name, in turn.

Each faulty copy of a file of rules runs beside the sound one, in a module of its own, and brute
force judges it as it judges the sound one.
"""

from __future__ import annotations

import ast
import copy
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, NamedTuple

from cnnref.counting import arithmetic, upsampling
from proofs.planted import enlarged, oracle
from proofs.planted.change import LIVE, MISSED, REFUSED, Finding
from proofs.planted.oracle import Checks, check

__all__ = ["RULES", "Mutant", "mutants", "plant"]

# the files of rules, and what brute force says of each
RULES: dict[ModuleType, Checks] = {arithmetic: oracle.CHECKS, upsampling: enlarged.CHECKS}
# lines of one call of a rule; none of the sound ones takes half of them
STEPS = 120
OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add, ast.Mult),
    ast.Mult: (ast.Add, ast.Sub, ast.FloorDiv),
    ast.FloorDiv: (ast.Mult, ast.Mod),
    ast.Mod: (ast.FloorDiv, ast.Mult),
}
COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
EXCHANGED = {
    "any": "all",
    "all": "any",
    "sum": "prod",
    "prod": "sum",
    "elements": "channels",
    "channels": "elements",
}


Change = Callable[[Any], Any]


class Mutant(NamedTuple):
    """A faulty copy of the rules: the function, the line, what was done, and how it is made."""

    function: str
    line: int
    what: str
    make: Callable[[], ast.Module]


def plant(rules: ModuleType, *, sample: int | None = None, seed: int = 0) -> Iterator[Finding]:
    """Plant every fault in every rule of a file, or a seeded draw of them."""
    found = list(mutants(Path(str(rules.__file__)).read_text(encoding="utf-8")))
    if sample is not None and sample < len(found):
        found = random.Random(seed).sample(found, sample)
    for mutant in found:
        yield judged(rules, mutant)


def judged(sound: ModuleType, mutant: Mutant) -> Finding:
    """What brute force says of a faulty copy."""
    place = f"{sound.__name__.rpartition('.')[2]}.{mutant.function}, line {mutant.line}"
    try:
        rules = module(mutant.make(), sound.__name__)
    except Exception:  # a copy that does not even load is told from a sound one
        return Finding(place, mutant.what, REFUSED)
    with ending(sound.__name__):
        found = check(rules, RULES[sound])
    return Finding(place, mutant.what, LIVE if found else MISSED)


@contextmanager
def ending(file: str) -> Iterator[None]:
    """What is in a file is stopped where one call takes too many steps: a fault may have no end."""

    def called(frame: FrameType, _: str, __: object) -> Any:
        if frame.f_code.co_filename != file:
            return None
        left = iter(range(STEPS))

        def step(*_: object) -> Any:
            next(left)  # past the last it raises
            return step

        return step

    before = sys.gettrace()
    sys.settrace(called)
    try:
        yield
    finally:
        sys.settrace(before)


def module(tree: ast.Module, name: str) -> ModuleType:
    """The rules of a tree, as a module."""
    made = ModuleType(name)
    exec(compile(tree, name, "exec"), vars(made))
    return made


def mutants(source: str) -> Iterator[Mutant]:
    """Every faulty copy of the rules, one fault in each."""
    tree = ast.parse(source)
    for place, function in enumerate(functions(tree)):
        for number, node in enumerate(inside(function)):
            for what, change in changes(node, parameters(function)):
                make = partial(spoilt, tree, place, number, change)
                yield Mutant(function.name, node.lineno, what, make)


def functions(tree: ast.Module) -> list[ast.FunctionDef]:
    return [node for node in tree.body if isinstance(node, ast.FunctionDef)]


def spoilt(tree: ast.Module, place: int, number: int, change: Change) -> ast.Module:
    """A copy in which one node of one function is another."""
    made = copy.deepcopy(tree)
    change(list(inside(functions(made)[place]))[number])
    ast.fix_missing_locations(made)
    return made


def inside(function: ast.FunctionDef) -> Iterator[Any]:
    """What a function computes with: no docstring, no annotation, no decorator."""
    defaults = [*function.args.defaults, *(one for one in function.args.kw_defaults if one)]
    body = function.body[1:] if ast.get_docstring(function) else function.body
    for part in (*defaults, *body):
        yield from (node for node in ast.walk(part) if hasattr(node, "lineno"))


def parameters(function: ast.FunctionDef) -> list[str]:
    return [argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)]


def changes(node: Any, names: list[str]) -> Iterator[tuple[str, Any]]:
    """The faults of one node: in words, and as a function that spoils it."""
    for kind, planted in PLANTED.items():
        if isinstance(node, kind):
            yield from planted(node, names)


# --- one kind of node after another --------------------------------------------------------------


def _operation(node: ast.BinOp, _: list[str]) -> Iterator[tuple[str, Any]]:
    for other in OPERATORS.get(type(node.op), ()):
        words = f"{ast.unparse(node)}: {_name(node.op)} to {_name(other())}"
        yield words, lambda one, op=other: setattr(one, "op", op())
    yield f"{ast.unparse(node)}: only the left term", lambda one: _become(one, one.left)
    yield f"{ast.unparse(node)}: only the right term", lambda one: _become(one, one.right)


def _step(node: ast.AugAssign, _: list[str]) -> Iterator[tuple[str, Any]]:
    for other in OPERATORS[type(node.op)]:
        yield f"{ast.unparse(node)}: another step", lambda one, op=other: setattr(one, "op", op())


def _sign(node: ast.UnaryOp, _: list[str]) -> Iterator[tuple[str, Any]]:
    yield f"{ast.unparse(node)}: without the sign", lambda one: _become(one, one.operand)


def _comparison(node: ast.Compare, _: list[str]) -> Iterator[tuple[str, Any]]:
    for other in COMPARISONS:
        if type(node.ops[0]) is not other:
            words = f"{ast.unparse(node)}: {_name(other())}"
            yield words, lambda one, op=other: setattr(one, "ops", [op()])


def _logic(node: ast.BoolOp, _: list[str]) -> Iterator[tuple[str, Any]]:
    other = ast.And if isinstance(node.op, ast.Or) else ast.Or
    yield f"{ast.unparse(node)}: and for or", lambda one: setattr(one, "op", other())
    for place in range(len(node.values)):
        words = f"{ast.unparse(node)}: only term {place}"
        yield words, lambda one, at=place: _become(one, one.values[at])


def _constant(node: ast.Constant, _: list[str]) -> Iterator[tuple[str, Any]]:
    if isinstance(node.value, bool):
        yield f"{node.value} flipped", lambda one: setattr(one, "value", not one.value)
    elif isinstance(node.value, int):
        for step in (1, -1):
            words = f"{node.value} to {node.value + step}"
            yield words, lambda one, by=step: setattr(one, "value", one.value + by)


def _choice(node: ast.IfExp, _: list[str]) -> Iterator[tuple[str, Any]]:
    yield f"{ast.unparse(node)}: always the first", lambda one: _become(one, one.body)
    yield f"{ast.unparse(node)}: always the second", lambda one: _become(one, one.orelse)


def _condition(node: ast.If, _: list[str]) -> Iterator[tuple[str, Any]]:
    for value in (True, False):
        words = f"if {ast.unparse(node.test)}: always {value}"
        yield words, lambda one, v=value: setattr(one, "test", ast.Constant(v))


def _call(node: ast.Call, _: list[str]) -> Iterator[tuple[str, Any]]:
    for place, keyword in enumerate(node.keywords):
        if keyword.arg:
            words = f"{ast.unparse(node.func)}(...) without {keyword.arg}"
            yield words, lambda one, at=place: one.keywords.pop(at)


def _read(node: ast.Name, names: list[str]) -> Iterator[tuple[str, Any]]:
    if not isinstance(node.ctx, ast.Load):
        return
    if node.id in EXCHANGED:
        yield (
            f"{EXCHANGED[node.id]} for {node.id}",
            lambda one: setattr(one, "id", EXCHANGED[one.id]),
        )
    if node.id in names:
        for other in names:
            if other != node.id:
                yield f"{other} for {node.id}", lambda one, to=other: setattr(one, "id", to)


def _attribute(node: ast.Attribute, _: list[str]) -> Iterator[tuple[str, Any]]:
    if node.attr in EXCHANGED:
        words = f"{ast.unparse(node)}: {EXCHANGED[node.attr]}"
        yield words, lambda one: setattr(one, "attr", EXCHANGED[one.attr])


PLANTED: dict[type[ast.AST], Any] = {
    ast.BinOp: _operation,
    ast.AugAssign: _step,
    ast.UnaryOp: _sign,
    ast.Compare: _comparison,
    ast.BoolOp: _logic,
    ast.Constant: _constant,
    ast.IfExp: _choice,
    ast.If: _condition,
    ast.Call: _call,
    ast.Name: _read,
    ast.Attribute: _attribute,
}


def _become(node: Any, other: Any) -> None:
    """Make a node another in place, wherever it hangs."""
    vars(node).clear()
    vars(node).update(vars(other))
    node.__class__ = other.__class__


def _name(operator: Any) -> str:
    return type(operator).__name__
