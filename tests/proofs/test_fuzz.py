"""Random stacks count alike in Net and in torch, and a fault in Net does not get past them."""

from __future__ import annotations

import runpy
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import cnnref
from cnnref.net import Net
from proofs.fuzzed.stacks import Plan, Step, check, draw

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "fuzz"
run = runpy.run_path(str(SCRIPT), run_name="fuzz")["run"]
CASES = range(150)
Fault = Callable[[dict[str, Any]], dict[str, Any]]


@cache
def plans() -> tuple[Plan, ...]:
    return tuple(draw(seed) for seed in CASES)


def test_random_stacks_count_alike() -> None:
    outcomes = [check(plan) for plan in plans()]
    differing = {
        f"scripts/fuzz 1 --seed {seed}": outcome.differences
        for seed, outcome in zip(CASES, outcomes, strict=True)
        if outcome.differences
    }
    assert not differing
    refused = sum(outcome.refused for outcome in outcomes)
    assert len(CASES) // 10 < refused < len(CASES) // 2


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


def test_a_seed_is_the_same_plan_each_time() -> None:
    assert [draw(seed) for seed in CASES] == list(plans())
    assert len(set(map(str, plans()))) == len(CASES)


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


def test_the_script_counts_and_prints_no_progress_into_a_pipe(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(range(7, 27)) == 0
    refused = sum(check(plan).refused for plan in plans()[7:27])
    assert capsys.readouterr().out == f"20 cases: {refused} refused, 0 differing\n"


def test_the_script_names_the_seed_that_fails_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    method = Net.conv
    bias = {"bias": False}
    monkeypatch.setattr(Net, "conv", lambda net, x, **given: method(net, x, **given | bias))
    assert run(range(20)) == 1
    out = capsys.readouterr().out
    seeds = [int(line.split()[1]) for line in out.splitlines() if line.startswith("seed ")]
    assert out.splitlines()[-1].endswith(f" {len(seeds)} differing")
    assert run(range(seeds[-1], seeds[-1] + 1)) == 1
    alone = capsys.readouterr().out
    assert f"scripts/fuzz 1 --seed {seeds[-1]}" in alone
    assert "bias_adds is 0 against" in alone
    assert alone.endswith("1 cases: 0 refused, 1 differing\n")
