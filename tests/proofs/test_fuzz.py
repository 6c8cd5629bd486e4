"""Random stacks count alike in Net and in torch, and a fault in Net does not get past them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

import cnnref
from cnnref.net import Net
from proofs.fuzzed.plans import Plan, Step
from proofs.fuzzed.run import each, run
from proofs.fuzzed.stacks import check

CASES, SEED = 200, 0
Fault = Callable[[dict[str, Any]], dict[str, Any]]


@cache
def plans() -> tuple[Plan, ...]:
    return drawn(SEED)


def drawn(seed: int) -> tuple[Plan, ...]:
    found: list[Plan] = []
    each(CASES, seed, found.append)
    return tuple(found)


def test_random_stacks_count_alike() -> None:
    outcomes = [check(plan) for plan in plans()]
    assert [outcome.differences for outcome in outcomes if outcome.differences] == []
    refused = sum(outcome.refused for outcome in outcomes)
    assert CASES // 10 < refused < CASES // 2


def test_the_stacks_hold_every_kind_of_layer() -> None:
    seen = Counter(trait for plan in plans() for trait in traits(plan))
    wanted = {
        *("conv", "max_pool", "avg_pool", "adaptive_avg_pool", "batch_norm", "relu", "linear"),
        *("flatten", "add", "concat", "branch", "rectangular image", "odd image", "ceil_mode"),
        *("groups", "depthwise", "bias", "rectangular kernel", "rectangular stride"),
        *("rectangular padding", "rectangular dilation", "dilated conv", "dilated max_pool"),
    }
    assert {trait for trait in wanted if seen[trait] >= 5} == wanted


def traits(plan: Plan) -> Iterator[str]:
    _, high, wide = plan.input_shape
    yield from ["rectangular image"] * (high != wide) + ["odd image"] * (high % 2)
    reads = Counter(i for step in plan.steps for i in set(step.inputs))
    yield from ["branch"] * (max(reads.values()) > 1)
    for step in plan.steps:
        yield step.op
        yield from traits_of_window(step)


def traits_of_window(step: Step) -> Iterator[str]:
    for field in ("kernel", "stride", "padding", "dilation"):
        value = step.options.get(field, 0)
        if isinstance(value, tuple) and value[0] != value[1]:
            yield f"rectangular {field}"
    if step.options.get("dilation", 1) not in (1, (1, 1)):
        yield f"dilated {step.op}"
    groups = step.options.get("groups", 1)
    yield from ["groups"] * (groups > 1) + ["depthwise"] * (1 < groups == step.features)
    yield from (name for name in ("ceil_mode", "bias") if step.options.get(name))


@pytest.mark.slow
def test_a_seed_is_the_same_plans_each_time() -> None:
    assert drawn(SEED) == plans()
    assert drawn(SEED + 1) != plans()
    assert len(set(map(str, plans()))) > 0.7 * CASES


def without(field: str, value: object) -> Fault:
    return lambda options: options | ({field: value} if field in options else {})


def turned(field: str) -> Fault:
    """Height for width."""

    def change(options: dict[str, Any]) -> dict[str, Any]:
        given = options.get(field)
        return options | ({field: given[::-1]} if isinstance(given, tuple) else {})

    return change


FAULTS: dict[str, tuple[str, Fault]] = {
    "a convolution's padding": ("conv", without("padding", 0)),
    "a convolution's dilation": ("conv", without("dilation", 1)),
    "a convolution's stride": ("conv", without("stride", 1)),
    "a convolution's groups": ("conv", without("groups", 1)),
    "a convolution's bias": ("conv", without("bias", False)),
    "a kernel turned": ("conv", turned("kernel")),
    "a stride turned": ("conv", turned("stride")),
    "a padding turned": ("conv", turned("padding")),
    "a dilation turned": ("conv", turned("dilation")),
    "a max pooling's ceil mode": ("max_pool", without("ceil_mode", False)),
    "a max pooling's dilation": ("max_pool", without("dilation", 1)),
    "an average pooling's ceil mode": ("avg_pool", without("ceil_mode", False)),
    "an average pooling's padding": ("avg_pool", without("padding", 0)),
    "an adaptive pooling's size turned": ("adaptive_avg_pool", turned("size")),
    "a norm's scale and shift": ("batch_norm", without("affine", False)),
    "a linear layer's bias": ("linear", without("bias", False)),
    "a linear layer's check": ("linear", without("in_features", None)),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_net_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    op, fault = FAULTS[name]
    method = getattr(Net, op)
    monkeypatch.setattr(Net, op, lambda net, x, **given: method(net, x, **fault(given)))
    assert any(check(plan).differences for plan in plans() if touched(plan, op))


def touched(plan: Plan, op: str) -> bool:
    return any(step.op == op for step in plan.steps)


def test_a_sum_of_another_order_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    method = Net.add
    monkeypatch.setattr(Net, "add", lambda net, *maps: method(net, *maps[::-1]))
    summed = (check(plan).differences for plan in plans() if touched(plan, "add"))
    assert any("inputs" in line for lines in summed for line in lines)


def test_both_ways_of_disagreeing_on_a_refusal_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan((3, 8, 8), (Step("relu", (0,), 3, {}), Step("relu", (1,), 3, {})))
    assert check(plan) == (False, ())

    def refuse(*_: object) -> None:
        raise cnnref.ShapeError("no.")

    monkeypatch.setattr(Net, "relu", refuse)
    assert check(plan) == (True, ("only Net refuses: no.",))
    monkeypatch.undo()
    vector = Plan((8,), (Step("batch_norm", (0,), 8, {}),))  # built as a BatchNorm2d
    assert [line.split(":")[0] for line in check(vector).differences] == ["only torch refuses"]


@pytest.mark.slow
def test_the_script_counts_and_prints_no_progress_into_a_pipe(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(CASES, SEED) == 0
    refused = sum(check(plan).refused for plan in plans())
    assert capsys.readouterr().out == f"{CASES} cases: {refused} refused, 0 differing\n"


@pytest.mark.slow
def test_the_script_brings_what_differs_down_to_the_simplest(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    method = Net.conv
    bias = {"bias": False}
    monkeypatch.setattr(Net, "conv", lambda net, x, **given: method(net, x, **given | bias))
    assert run(CASES, SEED) == 1
    told = capsys.readouterr().out
    assert run(CASES, SEED) == 1
    assert capsys.readouterr().out == told
    lines = told.splitlines()
    assert lines[0] == "differing; the simplest stack that does:"
    assert "bias_adds is 0 against" in told
    # one convolution of one map of one pixel
    assert lines[-2] == "  0 (1, 1, 1)"
    assert lines[-1].startswith("  1 ('conv', (0,), 1, {'kernel': 1, 'stride': 1, 'padding': 0")
