"""Plain and residual networks of growing depth: how far training gets, and what there is to find.

The two kinds are the package's own blocks with the shortcut off or on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from studies.trained import frame, networks
from studies.trained.frame import Condition, Experiment, Task
from studies.trained.images import Source

KINDS = ("plain", "residual")


@dataclass(frozen=True)
class Settings(frame.Settings):
    """width: filters of the first stage; the next two have two and four times as many."""

    depths: tuple[int, ...] = (8, 14, 20, 32, 44)
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    steps: int = 600
    drop: int = 480
    last: int = 100
    every: int = 20
    batch: int = 64
    width: int = 8


def conditions(settings: Settings) -> list[dict[str, Any]]:
    return [{"depth": depth, "kind": kind} for depth in settings.depths for kind in KINDS]


def network(condition: Condition, settings: Settings, source: Source) -> Any:
    """6n + 2 layers: a convolution, three stages of n blocks, and one fully-connected layer."""
    from torch import nn

    from cnnref.models.resnet_cifar import Block

    depth, shortcut = condition["depth"], condition["kind"] == "residual"
    if depth % 6 != 2 or depth < 8:
        raise ValueError(f"a depth of {depth} is not 6n + 2; take 8, 14, 20 and so on")
    width = settings.width
    stem = nn.Conv2d(source.channels, width, 3, padding=1, bias=False)
    blocks: list[nn.Module] = []
    inplanes = width
    for planes, first in ((width, 1), (2 * width, 2), (4 * width, 2)):
        for number in range(depth // 6):
            stride = first if number == 0 else 1
            blocks.append(Block(inplanes, planes, stride, shortcut))
            inplanes = planes
    head = networks.average(inplanes, source.classes)
    layers = nn.Sequential(stem, nn.BatchNorm2d(width), nn.ReLU(), nn.Sequential(*blocks), *head)
    return networks.started_by_he(layers)


def copied(model: Any, task: Task, source: Source) -> dict[str, Any]:
    """What the deepest plain network errs when it holds the shallowest one and identities."""
    depths = task.settings.depths
    if task.condition != {"depth": depths[0], "kind": "plain"}:
        return {}
    deep = deepened(model, depths[-1], task.settings, source)
    return {"wrong_copied_into_deepest": frame.wrong(deep, *source.test())}


def deepened(shallow: Any, depth: int, settings: Settings, source: Source) -> Any:
    """A plain network of more layers that computes what a trained one does: the rest is identity.

    A block is the identity on what a ReLU hands it when its kernels copy each channel and its
    norms undo nothing but their own epsilon.
    """
    import torch
    from torch import nn

    deep = network({"depth": depth, "kind": "plain"}, settings, source).eval()
    old, new = shallow[3], deep[3]
    for place in (0, 1, -1):
        deep[place].load_state_dict(shallow[place].state_dict())
    per_old, per_new = len(old) // 3, len(new) // 3
    with torch.no_grad():
        for number, block in enumerate(new):
            stage, inside = divmod(number, per_new)
            if inside < per_old:
                block.load_state_dict(old[stage * per_old + inside].state_dict())
                continue
            for conv, norm in ((block.conv1, block.bn1), (block.conv2, block.bn2)):
                nn.init.dirac_(conv.weight)
                norm.weight.fill_((1 + norm.eps) ** 0.5)
    return deep


EXPERIMENT = Experiment(
    question="plain and residual networks of growing depth, trained on drawn glyphs",
    settings=Settings(),
    conditions=conditions,
    network=network,
    fast={"depths": (8, 14), "seeds": (0,)},
    further=copied,
)
