"""For test suites and CI: a network that must stay within a budget, and as it was.

pytest finds a fixture and a marker by itself, once the package is installed: see
`cnnref.testing.plugin`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from warnings import catch_warnings, simplefilter

from cnnref.errors import CnnrefError, shown_by

if TYPE_CHECKING:
    from cnnref.counting.conventions import Convention
    from cnnref.tables.budget import Limit
    from cnnref.tables.table import Table

__all__ = ["assert_budget"]


@shown_by(AssertionError, CnnrefError)
def assert_budget(
    what: Any,
    input_shape: Any = (3, 224, 224),
    *,
    macs: Limit | None = None,
    operations: Limit | None = None,
    parameters: Limit | None = None,
    activations: Limit | None = None,
    peak: Limit | None = None,
    training: Limit | None = None,
    baseline: Table | str | Path | None = None,
    inputs: Any = None,
    convention: Convention | str = "macs",
    dtype: Any = "float32",
    batch_size: int = 1,
    allow_uncounted: bool = False,
    rules: Mapping[Any, Any] | None = None,
    values: str = "auto",
) -> Table:
    """Assert that a network stays within limits: whole numbers, or text as "5G", "200MiB", "+2%".

    what: a `Table`, a `Net`, a catalogued name (none of them needs torch), or a torch.nn.Module,
        which is traced with input_shape or inputs.
    macs, parameters, activations: of the whole network.
    operations: under the convention.
    peak, training: bytes of activations at inference and for the backward pass, of the dtype.
    baseline: a table that the network must still equal, or the JSON file of one. A limit such as
        "+2%" or "-5%" is of what this table has; the rows may then differ.
    batch_size: how many images everything but the parameters is for.
    allow_uncounted: take operators without a rule as free instead of failing.
    rules, values: for the trace of a module, as for `cnnref.trace`. What depends on inputs that
        were made up fails unless values are "always".

    Returns the table, for further assertions.

    Raises:
        AssertionError: a limit is exceeded, or the network is not as it was; a line for each says
            by how much and by which layers.
        CnnrefError: nothing is limited, or a limit is not a number, or the baseline no table.

    >>> import cnnref
    >>> from cnnref.testing import assert_budget
    >>> assert_budget("resnet50", macs="4.1G", parameters="26M", peak="10MiB").macs
    4089184256
    """
    __tracebackhide__ = True
    # pytest loads this package in every run, also of suites that never count
    from cnnref.errors import DataWarning
    from cnnref.sources import as_table, saved
    from cnnref.tables.budget import Budget

    limits = {
        "macs": macs,
        "operations": operations,
        "parameters": parameters,
        "activations": activations,
        "peak": peak,
        "training": training,
    }
    how: dict[str, Any] = {"convention": convention, "dtype": dtype, "batch_size": batch_size}
    before = saved(baseline) if isinstance(baseline, str | Path) else baseline
    budget = Budget(limits, **how, before=before)
    with catch_warnings():
        simplefilter("ignore", DataWarning)
        table = as_table(what, input_shape, inputs=inputs, rules=rules, values=values)
    lines = [str(verdict) for verdict in budget.verdicts(table) if not verdict.kept]
    if not allow_uncounted and (unknown := budget.unknown(table)):
        lines.append(unknown)
    if values != "always" and table.doubt:
        lines.append(f'{table.doubt}; give inputs with values, or values="always"')
    if before is not None:
        name = str(baseline) if isinstance(baseline, str | Path) else f"the {before.name} before"
        otherwise = budget.against(table, name)
        lines += otherwise.lines() if otherwise else []
    if lines:
        raise AssertionError(f"{table.name}: " + f"\n{table.name}: ".join(lines))
    return table
