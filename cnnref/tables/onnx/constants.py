"""Arithmetic of the few numbers that say a shape: what exporters compute sizes with."""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor, prod
from typing import Any

from cnnref.tables.onnx.calls import Call, Found, float32

__all__ = ["computed"]

# a bias of zeros, which exporters make of one zero, may be as long
MOST = 1 << 14


def _divide(a: float, b: float) -> float:
    whole = isinstance(a, int) and isinstance(b, int)
    # whole numbers are cut towards zero
    return int(Fraction(int(a), int(b))) if whole else a / b


PAIRS: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add, "Sub": operator.sub, "Mul": operator.mul, "Div": _divide,
    "Mod": operator.mod, "Max": max, "Min": min, "Equal": operator.eq, "Greater": operator.gt,
    "Less": operator.lt, "And": lambda a, b: a and b, "Or": lambda a, b: a or b,
    "GreaterOrEqual": operator.ge, "LessOrEqual": operator.le,
}  # fmt: skip
SINGLE: dict[str, Callable[[Any], Any]] = {
    "Floor": lambda a: float(floor(a)), "Ceil": lambda a: float(ceil(a)), "Neg": operator.neg,
    "Abs": abs, "Not": operator.not_, "Relu": lambda a: max(a, type(a)(0)),
}  # fmt: skip
TOTALS: dict[str, Callable[[Any], Any]] = {
    "ReduceProd": prod, "ReduceSum": sum, "ReduceMax": max, "ReduceMin": min,
}  # fmt: skip
TRUTH = 9
WHOLE = frozenset((2, 3, 4, 5, 6, 7, 12, 13))


def computed(call: Call, found: Found) -> tuple[float, ...] | None:
    """The numbers of an output whose inputs' numbers are all known; None where they are not."""
    if found.data is not None:
        return _cast(call) if call.node.op in ("Cast", "CastLike") else found.data
    op, parts = call.node.op, [value.data for value in call.values if value is not None]
    known = [part for part in parts if part is not None]
    if not known or len(known) < len(parts) or not found.outs or prod(found.outs[0]) > MOST:
        return None
    if op in SINGLE and len(known) == 1:
        return tuple(map(SINGLE[op], known[0]))
    if op in TOTALS and prod(found.outs[0]) == 1 and known[0]:
        return (TOTALS[op](known[0]),)
    if op == "Range" and len(known) == 3:
        start, _, step = (part[0] for part in known)
        return tuple(start + step * i for i in range(found.outs[0][0]))
    count = max(map(len, known))
    if len(found.outs[0]) > 1 or any(len(part) not in (1, count) for part in known):
        return None
    rows = [part * count if len(part) == 1 else part for part in known]
    if op == "Where" and len(rows) == 3:
        return tuple(a if chosen else b for chosen, a, b in zip(*rows, strict=True))
    if op == "Expand":
        return known[0] * prod(found.outs[0]) if len(known[0]) == 1 else known[0]
    if op not in PAIRS or len(rows) != 2 or (op in ("Div", "Mod") and 0 in rows[1]):
        return None
    made = map(PAIRS[op], *rows)
    return tuple(float32(number) if isinstance(number, float) else number for number in made)


def _cast(call: Call) -> tuple[float, ...]:
    """The same numbers, true, whole or not as the dtype says; a map is taken as one of floats."""
    if call.whole("to") == TRUTH:
        return tuple(map(bool, call.data(0)))
    is_whole = call.whole("to") in WHOLE
    if call.node.op == "CastLike":
        like = call.value(1)
        is_whole = any(not tensor.floating for tensor in like.tensors)
        if like.data:
            is_whole = isinstance(like.data[0], int)
    return tuple(map(int if is_whole else float, call.data(0)))
