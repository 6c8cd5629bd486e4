"""Residual networks: what arrives at each layer before the first step, and what a block can be.

Nothing is trained. The gradient of the loss on one batch is taken at every convolution, and a block
is set by hand to hand its input on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from studies.trained import frame, networks
from studies.trained.frame import Condition, Experiment, Task
from studies.trained.images import Source

KINDS = (networks.BARE, networks.PLAIN, networks.ORIGINAL, networks.BEFORE)


@dataclass(frozen=True)
class Settings(frame.Settings):
    """width: of all maps. depths: weighted layers from the image to the scores."""

    depths: tuple[int, ...] = (20, 56, 110)
    steps: int = 0
    drop: int = 0
    batch: int = 64
    width: int = 8
    size: int = 8


def conditions(settings: Settings) -> list[dict[str, Any]]:
    return [{"kind": kind, "depth": depth} for kind in KINDS for depth in settings.depths]


def network(condition: Condition, settings: Settings, source: Source) -> Any:
    return networks.deep(condition["kind"], condition["depth"], settings.width, source)


def looked_at(model: Any, task: Task, source: Source) -> dict[str, Any]:
    """The gradient's length at each convolution, and how much a block set by hand changes a map."""
    import torch
    from torch import nn

    stream = torch.Generator().manual_seed(1000 + task.seed)
    batch = source.draw(task.settings.batch, stream)
    frame.losses_of(model.train(), *batch)[0].backward()
    convolutions = [part for part in model.modules() if isinstance(part, nn.Conv2d)]
    lengths = [
        part.weight.grad.norm().item() for part in convolutions if part.weight.grad is not None
    ]
    maps = torch.randn(16, task.settings.width, 8, 8, generator=stream)
    block = by_hand(task.condition["kind"], task.settings.width)
    return {
        "gradients": [float(f"{length:.3g}") for length in lengths],
        "changed_of_both_signs": changed(block, maps),
        "changed_of_no_sign": changed(block, maps.relu()),
    }


def by_hand(kind: str, width: int) -> Any:
    """A block as near to the identity as its form lets it be.

    With a shortcut all kernels are zero; without, each copies its channel and the norms undo
    nothing but their own epsilon.
    """
    import torch
    from torch import nn

    block = networks.block(kind, width).eval()
    start = nn.init.zeros_ if kind in (networks.ORIGINAL, networks.BEFORE) else nn.init.dirac_
    with torch.no_grad():
        for part in block.modules():
            if isinstance(part, nn.Conv2d):
                start(part.weight)
            elif isinstance(part, nn.BatchNorm2d) and start is nn.init.dirac_:
                part.weight.fill_((1 + part.eps) ** 0.5)
    return block


def changed(block: Any, maps: Any) -> float:
    """The share of a map's values that a block does not hand on as they are."""
    import torch

    with torch.no_grad():
        same = torch.isclose(block(maps.clone()), maps, rtol=1e-4, atol=1e-5)
    return round(1 - same.float().mean().item(), 4)


EXPERIMENT = Experiment(
    question="gradients by depth before the first step, and identities built by hand",
    settings=Settings(),
    conditions=conditions,
    network=network,
    fast={"depths": (20,), "seeds": (0,), "steps": 0, "drop": 0},
    further=looked_at,
)
