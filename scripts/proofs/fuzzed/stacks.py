"""Random stacks of layers, stated through Net and built in torch, and what differs between them.

What a plan holds is said in `plans`; one that does not fit has to be refused by both sides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from cnnref import ShapeError, Table, compare, trace
from cnnref.net import Net
from proofs.fuzzed.plans import Plan

__all__ = ["Outcome", "build", "check", "state"]

REFUSALS = (RuntimeError, ValueError, IndexError)


class Outcome(NamedTuple):
    """Whether Net refuses a plan, and each way in which torch is of another mind."""

    refused: bool
    differences: tuple[str, ...]


# --- a plan, stated and built -------------------------------------------------------------------


def state(plan: Plan) -> Table:
    """The plan through Net."""
    net = Net(plan.input_shape)
    maps = [net.input]
    for step in plan.steps:
        options = step.options
        if step.op == "linear":
            options = options | {"in_features": step.features}
        maps.append(getattr(net, step.op)(*(maps[i] for i in step.inputs), **options))
    return net.table()


class Stack(nn.Module):
    """The plan as a module."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.reads = [step.inputs for step in plan.steps]
        self.layers = nn.ModuleList(BUILD[step.op](step.features, step.options) for step in plan[1])

    def forward(self, image: Tensor) -> Tensor:
        maps = [image]
        for layer, reads in zip(self.layers, self.reads, strict=True):
            maps.append(layer(*(maps[i] for i in reads)))
        return maps[-1]


class Join(nn.Module):
    """A sum, or a stack along the channels."""

    def __init__(self, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *maps: Tensor) -> Tensor:
        return self.function(*maps)


def _conv(features: int, given: dict[str, Any]) -> nn.Module:
    rest = {key: value for key, value in given.items() if key not in ("filters", "kernel")}
    return nn.Conv2d(features, given["filters"], given["kernel"], **rest)


def _max_pool(_: int, given: dict[str, Any]) -> nn.Module:
    return nn.MaxPool2d(**_renamed(given))


def _avg_pool(_: int, given: dict[str, Any]) -> nn.Module:
    return nn.AvgPool2d(**_renamed(given))


def _renamed(given: dict[str, Any]) -> dict[str, Any]:
    return {"kernel_size" if key == "kernel" else key: value for key, value in given.items()}


def _concat(*maps: Tensor) -> Tensor:
    return torch.cat(maps, 1)


BUILD: dict[str, Callable[[int, dict[str, Any]], nn.Module]] = {
    "conv": _conv,
    "max_pool": _max_pool,
    "avg_pool": _avg_pool,
    "adaptive_avg_pool": lambda _, given: nn.AdaptiveAvgPool2d(given["size"]),
    "batch_norm": lambda features, given: nn.BatchNorm2d(features, **given),
    "relu": lambda *_: nn.ReLU(),
    "flatten": lambda *_: nn.Flatten(),
    "linear": lambda features, given: nn.Linear(features, given["features"], bias=given["bias"]),
    "add": lambda *_: Join(torch.add),
    "concat": lambda *_: Join(_concat),
}


def build(plan: Plan, device: str = "meta") -> Stack:
    """The plan in torch, at inference.

    Raises:
        ValueError: torch refuses a layer before it has seen an image.
    """
    with torch.device(device):
        return Stack(plan).eval()


# --- both sides ---------------------------------------------------------------------------------


def check(plan: Plan) -> Outcome:
    """State the plan, build it, and compare all that both of them say."""
    try:
        table = state(plan)
    except ShapeError as error:
        return Outcome(True, (f"only Net refuses: {error}",) if _runs(plan) else ())
    image = torch.empty(1, *plan.input_shape, device="meta")
    try:
        stack = build(plan)
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            result = stack(image)
    except REFUSALS as error:
        return Outcome(False, (f"only torch refuses: {error}",))
    differences = [str(line) for line in compare(table, trace(stack, plan.input_shape))]
    totals = {
        "output": (tuple(table[-1].out_shape), tuple(result.shape[1:])),
        "parameters": (table.parameters, sum(part.numel() for part in stack.parameters())),
        "macs": (table.macs, counter.get_total_flops() // 2),
    }
    differences += [f"{name}: {a} against torch's {b}" for name, (a, b) in totals.items() if a != b]
    return Outcome(False, tuple(differences))


def _runs(plan: Plan) -> bool:
    # with numbers, on the processor: what torch refuses there is refused in earnest
    try:
        with torch.no_grad():
            build(plan, "cpu")(torch.zeros(1, *plan.input_shape))
    except REFUSALS:
        return False
    return True
