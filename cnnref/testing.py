"""For test suites: a network that must stay within a budget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnnref.counting.conventions import Convention
from cnnref.sources import as_table
from cnnref.tables.budget import Budget, Limit
from cnnref.tables.table import Table

__all__ = ["assert_budget"]


def assert_budget(
    what: Any,
    *,
    macs: Limit | None = None,
    operations: Limit | None = None,
    parameters: Limit | None = None,
    activations: Limit | None = None,
    peak: Limit | None = None,
    training: Limit | None = None,
    input_shape: tuple[int, ...] = (3, 224, 224),
    inputs: Any = None,
    convention: Convention | str = "macs",
    dtype: Any = "float32",
    batch_size: int = 1,
    allow_uncounted: bool = False,
    rules: Mapping[Any, Any] | None = None,
) -> Table:
    """Assert that a network stays within limits: whole numbers, or text such as "5G" or "200MiB".

    what: a `Table`, a `Net`, a catalogued name (none of them needs torch), or a torch.nn.Module,
        which is traced with input_shape or inputs.
    macs, parameters, activations: of the whole network.
    operations: under the convention.
    peak, training: bytes of activations at inference and for the backward pass, of the dtype.
    batch_size: how many images everything but the parameters is for.
    allow_uncounted: take operators without a rule as free instead of failing.
    rules: rules of your own for the trace of a module, as for `cnnref.trace`.

    Returns the table, for further assertions.

    Raises:
        AssertionError: a limit is exceeded; a line for each says by how much and by which layers.
        CnnrefError: nothing is limited, or a limit is not a number.

    >>> import cnnref
    >>> from cnnref.testing import assert_budget
    >>> assert_budget("resnet50", macs="4.1G", parameters="26M", peak="10MiB").macs
    4089184256
    """
    __tracebackhide__ = True
    limits = {
        "macs": macs,
        "operations": operations,
        "parameters": parameters,
        "activations": activations,
        "peak": peak,
        "training": training,
    }
    budget = Budget(limits, convention=convention, dtype=dtype, batch_size=batch_size)
    table = as_table(what, input_shape, inputs=inputs, rules=rules)
    lines = [str(verdict) for verdict in budget.verdicts(table) if not verdict.kept]
    if not allow_uncounted and (unknown := budget.unknown(table)):
        lines.append(unknown)
    if lines:
        raise AssertionError(f"{table.name}: " + f"\n{table.name}: ".join(lines))
    return table
