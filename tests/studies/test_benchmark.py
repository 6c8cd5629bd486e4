"""Each counter of the benchmark is timed in a process of its own, on a network that all count."""

import pytest

from cnnref.networks.catalog import table
from studies.peers.benchmark_runs import BARE, JIT, OURS, PACKAGES, case, child


@pytest.mark.slow
@pytest.mark.parametrize("tool", [BARE, OURS, *PACKAGES])
def test_every_tool_is_timed(tool: str) -> None:
    found = case(tool, "alexnet", "cpu" if tool in JIT else "meta")
    assert found["call_ms"] > 0
    assert found["following_ms"] > 0 or tool == BARE
    assert found["process_s"] > found["call_ms"] / 1000
    assert found["peak_mib"] >= found["before_mib"] > 0
    assert (found["total"] > table("alexnet").macs / 2) is (tool != BARE)


@pytest.mark.slow
def test_a_tool_is_timed_on_deeper_networks() -> None:
    growth = child("growth", OURS, "meta")["growth"]
    assert [one["convolutions"] for one in growth] == sorted(one["convolutions"] for one in growth)
    assert all(one["processor_ms"] > 0 for one in growth)


@pytest.mark.slow
def test_what_fails_is_told_with_its_last_line() -> None:
    with pytest.raises(RuntimeError, match="once nobody alexnet meta failed: KeyError: 'nobody'"):
        child("once", "nobody", "alexnet", "meta")
