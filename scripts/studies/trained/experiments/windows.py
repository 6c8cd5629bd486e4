"""VGG: one 5x5 window against two of 3x3, at one receptive field and at one number of weights.

With C channels a 5x5 has 25 C^2 weights and two 3x3 have 18 C^2; they have as many where the maps
between them have 25/18 of C channels. The last pair has no ReLU between its layers, so what it
computes a 5x5 could compute as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from studies.trained import frame, networks
from studies.trained.frame import Condition, Experiment
from studies.trained.images import Source

# what stands in the place of a window: the width between two 3x3 in 18ths of C, and a ReLU there
UNITS = {
    "5x5": None,
    "two 3x3": (18, True),
    "two 3x3, as many weights": (25, True),
    "two 3x3, no ReLU between": (18, False),
}


@dataclass(frozen=True)
class Settings(frame.Settings):
    """width: channels of all maps, a multiple of 18 so that weights can be equal."""

    width: int = 18


def conditions(_settings: Settings) -> list[dict[str, Any]]:
    return [{"unit": unit} for unit in UNITS]


def unit(name: str, width: int) -> list[Any]:
    """Convolutions without a bias, a batch norm behind the last of them, and a ReLU."""
    from torch import nn

    end = [nn.BatchNorm2d(width), nn.ReLU()]
    pair = UNITS[name]
    if pair is None:
        return [nn.Conv2d(width, width, 5, padding=2, bias=False), *end]
    middle, broken = width * pair[0] // 18, pair[1]
    first = nn.Conv2d(width, middle, 3, padding=1, bias=False)
    between = [nn.BatchNorm2d(middle), nn.ReLU()] if broken else []
    return [first, *between, nn.Conv2d(middle, width, 3, padding=1, bias=False), *end]


def network(condition: Condition, settings: Settings, source: Source) -> Any:
    """A 3x3 to so many channels, and two units with a pooling between them."""
    from torch import nn

    width, name = settings.width, condition["unit"]
    layers = networks.stack(str(width), source.channels)
    layers += [*unit(name, width), nn.MaxPool2d(2), *unit(name, width)]
    return networks.started_by_he(nn.Sequential(*layers, *networks.average(width, source.classes)))


EXPERIMENT = Experiment(
    question="one 5x5 window against two of 3x3",
    settings=Settings(),
    conditions=conditions,
    network=network,
    fast={"seeds": (0,)},
)
