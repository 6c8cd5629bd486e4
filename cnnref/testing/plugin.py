"""Budgets in pytest: a marker that states limits, and a fixture that holds a network to them.

The marker takes limits as `cnnref.testing.assert_budget` does, names of budgets in
pyproject.toml, or both; what stands nearer to the test goes before.

    @pytest.mark.budget("small", macs="100M")
    def test_the_network_stays_small(within_budget):
        within_budget(Net(), (3, 96, 96))
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from cnnref.testing import assert_budget
from cnnref.testing.stated import budget, limits

__all__ = ["pytest_configure", "within_budget"]

MARKER = (
    "budget(*names, **limits): the limits of within_budget: those of [tool.cnnref.budget.NAME] in "
    "pyproject.toml, and others as cnnref.testing.assert_budget takes them"
)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", MARKER)


@pytest.fixture
def within_budget(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """What asserts that a network is within the limits of the test's marker.

    It takes a network and its input as `cnnref.testing.assert_budget` does, and more limits.
    """
    found: dict[str, Any] = {}
    for mark in reversed(list(request.node.iter_markers("budget"))):
        for name in mark.args:
            found |= limits(budget(name, request.path.parent))
        found |= mark.kwargs
    return partial(assert_budget, **found)
