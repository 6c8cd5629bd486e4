"""After the lecture: depthwise separable convolutions against full ones at equal multiply-adds.

As in MobileNet a 3x3 on each channel by itself and a 1x1 across the channels stand in the place of
a full 3x3, each with batch norm and ReLU. It costs less, so the network can be wider.
"""

from __future__ import annotations

from typing import Any

from studies.trained import networks
from studies.trained.frame import Condition, Experiment, Settings
from studies.trained.images import Source

# widths of the two stages; those of the third network make its multiply-adds the first one's
KINDS = {
    "full": (16, 32),
    "separable, as wide": (16, 32),
    "separable, as much work": (41, 103),
}


def conditions(_settings: Settings) -> list[dict[str, Any]]:
    return [{"kind": kind} for kind in KINDS]


def separable(channels: int, planes: int) -> list[Any]:
    from torch import nn

    depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
    pointwise = nn.Conv2d(channels, planes, 1, bias=False)
    ends = ([nn.BatchNorm2d(count), nn.ReLU()] for count in (channels, planes))
    return [depthwise, *next(ends), pointwise, *next(ends)]


def network(condition: Condition, _settings: Settings, source: Source) -> Any:
    """A full 3x3 on the image, one layer of the kind on its maps, one behind a pooling."""
    from torch import nn

    kind = condition["kind"]
    first, second = KINDS[kind]
    layers = networks.stack(str(first), source.channels)
    for channels, planes in ((first, first), (first, second)):
        full = networks.stack(str(planes), channels)
        layers += full if kind == "full" else separable(channels, planes)
        layers += [nn.MaxPool2d(2)] if planes == first else []
    return networks.started_by_he(nn.Sequential(*layers, *networks.average(second, source.classes)))


EXPERIMENT = Experiment(
    question="depthwise separable against full convolutions at equal multiply-adds",
    settings=Settings(),
    conditions=conditions,
    network=network,
    fast={"seeds": (0,)},
)
