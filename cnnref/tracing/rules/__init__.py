"""What trace counts: one small rule for each function, on the shapes it was given.

A rule takes the result of a call and its arguments, under the function's own parameter
names, and says which operator ran on which tensors and what it counts.
"""

from __future__ import annotations

from typing import Any

from cnnref.tracing.rules import attention, estimates, matrix, norms, plain, recurrent, windows
from cnnref.tracing.rules.operation import Operation, Rule, in_real_numbers, tensors
from cnnref.tracing.rules.plain import by_name

__all__ = [
    "FUNCTIONS",
    "SUMMED",
    "Operation",
    "Rule",
    "function_rule",
    "in_real_numbers",
    "tensors",
]


class _Functions(dict[Any, Rule]):
    """Rules by their function; those that a name tells are found when first asked for."""

    def __missing__(self, func: Any) -> Rule:
        rule = by_name(func)
        if rule is None:
            raise KeyError(func)
        self[func] = rule
        return rule

    def __contains__(self, func: object) -> bool:
        return function_rule(func) is not None


FUNCTIONS = _Functions(
    {
        **plain.FUNCTIONS,
        **norms.FUNCTIONS,
        **windows.FUNCTIONS,
        **matrix.FUNCTIONS,
        **attention.FUNCTIONS,
        **estimates.FUNCTIONS,
        **recurrent.FUNCTIONS,
    }
)
SUMMED = matrix.SUMMED


def function_rule(func: Any) -> Rule | None:
    """The rule of a function of PyTorch, or None."""
    try:
        return FUNCTIONS[func]
    except (KeyError, TypeError):  # some callables have no hash
        return None
