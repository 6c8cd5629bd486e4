"""The run of scripts/fuzz: so many random cases, and of those that fail the simplest."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from proofs.fuzzed.calls import call_fault, calls
from proofs.fuzzed.draw import plans
from proofs.fuzzed.lines import folder, line_fault, lines
from proofs.fuzzed.plans import Plan
from proofs.fuzzed.stacks import check

__all__ = ["KINDS", "each", "run"]

Drawn = TypeVar("Drawn")


class BrokenWordError(Exception):
    """A call or a command line did what none may do."""

    def __init__(self, case: object, fault: str) -> None:
        super().__init__(case, fault)
        self.case, self.fault = case, fault


class DifferenceError(Exception):
    """Net and torch are of two minds about a plan."""

    def __init__(self, plan: Plan, differences: tuple[str, ...]) -> None:
        super().__init__(plan, differences)
        self.plan, self.differences = plan, differences


def each(cases: int, first: int, body: Callable[[Plan], None]) -> None:
    """Do something with so many plans; see `every`."""
    every(plans(), cases, first, body)


def every(
    drawn: SearchStrategy[Drawn], cases: int, first: int, body: Callable[[Drawn], None]
) -> None:
    """Do something with so many cases, the same ones for one seed; a failure is made simple."""
    unhurried = settings(
        max_examples=cases,
        phases=(Phase.generate, Phase.shrink),
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )

    @seed(first)
    @unhurried
    @given(drawn)
    def do(case: Drawn) -> None:
        body(case)

    do()


def run(cases: int, first: int) -> int:
    """Check so many plans; 1 if any differs, and the simplest found is printed."""
    seen, refused = 0, 0

    def alike(plan: Plan) -> None:
        nonlocal seen, refused
        outcome = check(plan)
        seen, refused = seen + 1, refused + outcome.refused
        show(f"{seen}/{cases}")
        if outcome.differences:
            raise DifferenceError(plan, outcome.differences)

    try:
        each(cases, first, alike)
    except DifferenceError as found:
        show("")
        print(*differing(found), sep="\n")
        return 1
    show("")
    print(f"{seen} cases: {refused} refused, 0 differing")
    return 0


def words_kept(
    drawn: SearchStrategy[Drawn], fault: Callable[[Drawn], str], cases: int, first: int
) -> int:
    """Try so many calls or lines in a folder of their own; 1 if any breaks its word."""
    seen = 0

    def kept(case: Drawn) -> None:
        nonlocal seen
        seen += 1
        show(f"{seen}/{cases}")
        if found := fault(case):
            raise BrokenWordError(case, found)

    with TemporaryDirectory() as place, folder(Path(place), first), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            every(drawn, cases, first, kept)
        except BrokenWordError as found:
            show("")
            print(f"{found.case}: {found.fault}")
            return 1
    show("")
    print(f"{seen} cases: each answered, or said why not")
    return 0


# what can be drawn, and how it is tried
KINDS: dict[str, Callable[[int, int], int]] = {
    "stacks": run,
    "calls": partial(words_kept, calls(), call_fault),
    "lines": partial(words_kept, lines(), line_fault),
}


def differing(found: DifferenceError) -> list[str]:
    """What differs in a plan, and the plan, a line for each step."""
    steps = (f"  {place} {tuple(step)}" for place, step in enumerate(found.plan.steps, 1))
    said = (f"  {line}" for line in found.differences)
    return ["differing; the simplest stack that does:", *said, f"  0 {found.plan[0]}", *steps]


def show(line: str) -> None:
    """Progress, on one line of a terminal that the next one replaces."""
    if sys.stdout.isatty():
        print(f"\r\033[K{line}", end="", flush=True)
