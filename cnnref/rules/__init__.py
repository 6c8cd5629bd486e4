"""What trace counts: one small rule for each function, on the shapes it was given.

A rule takes the result of a call and its arguments, under the function's own parameter
names, and says which operator ran on which tensors and what it counts.
"""

from __future__ import annotations

from typing import Any

from cnnref.rules import attention, matrix, norms, plain, recurrent, windows
from cnnref.rules.operation import Operation, Rule, tensors
from cnnref.rules.plain import by_name

__all__ = ["FUNCTIONS", "SUMMED", "Operation", "Rule", "function_rule", "tensors"]

FUNCTIONS: dict[Any, Rule] = {
    **plain.FUNCTIONS,
    **norms.FUNCTIONS,
    **windows.FUNCTIONS,
    **matrix.FUNCTIONS,
    **attention.FUNCTIONS,
    **recurrent.FUNCTIONS,
}
SUMMED = matrix.SUMMED


def function_rule(func: Any) -> Rule | None:
    """The rule of a function of PyTorch, or None; those that a name tells are found when met."""
    rule = FUNCTIONS.get(func)
    if rule is None and (rule := by_name(func)) is not None:
        FUNCTIONS[func] = rule
    return rule
