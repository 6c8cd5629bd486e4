"""The run of scripts/fuzz: so many random stacks, and of those that differ the simplest."""

from __future__ import annotations

import sys
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, given, seed, settings

from proofs.fuzzed.draw import plans
from proofs.fuzzed.plans import Plan
from proofs.fuzzed.stacks import check

__all__ = ["each", "run"]


class DifferenceError(Exception):
    """Net and torch are of two minds about a plan."""

    def __init__(self, plan: Plan, differences: tuple[str, ...]) -> None:
        super().__init__(plan, differences)
        self.plan, self.differences = plan, differences


def each(cases: int, first: int, body: Callable[[Plan], None]) -> None:
    """Do something with so many plans, the same ones for one seed; a failure is made simple."""
    unhurried = settings(
        max_examples=cases,
        phases=(Phase.generate, Phase.shrink),
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )

    @seed(first)
    @unhurried
    @given(plans())
    def do(plan: Plan) -> None:
        body(plan)

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


def differing(found: DifferenceError) -> list[str]:
    """What differs in a plan, and the plan, a line for each step."""
    steps = (f"  {place} {tuple(step)}" for place, step in enumerate(found.plan.steps, 1))
    said = (f"  {line}" for line in found.differences)
    return ["differing; the simplest stack that does:", *said, f"  0 {found.plan[0]}", *steps]


def show(line: str) -> None:
    """Progress, on one line of a terminal that the next one replaces."""
    if sys.stdout.isatty():
        print(f"\r\033[K{line}", end="", flush=True)
