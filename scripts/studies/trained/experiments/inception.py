"""GoogLeNet: a plain inception module against a reduced one that does as much work.

A reduced module narrows its input by a 1x1 before its wide windows and behind its pooling. What
that saves goes into more filters: for the same multiply-adds a plain module has fewer.
"""

from __future__ import annotations

from typing import Any

from studies.trained import networks
from studies.trained.frame import Condition, Experiment, Settings
from studies.trained.images import Source

STEM = 32
# filters of the 1x1, 3x3 and 5x5 of two plain modules in a row
PLAIN = {
    "plain, as much work": ((6, 10, 2), (6, 9, 1)),
    "plain, as many filters": ((16, 24, 8), (16, 24, 8)),
}
# those of a reduced one in the order of the package's module
REDUCED = (16, 12, 24, 4, 8, 8)


def conditions(_settings: Settings) -> list[dict[str, Any]]:
    return [{"module": name} for name in ("reduced", *PLAIN)]


def plain(channels: int, filters: tuple[int, int, int]) -> Any:
    """Three windows and a pooling on one input, stacked along their channels."""
    import torch
    from torch import nn

    from cnnref.models.googlenet import BasicConv2d

    class Plain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            windows = zip(filters, (1, 3, 5), strict=True)
            branches = [BasicConv2d(channels, count, edge, norm=False) for count, edge in windows]
            self.branches = nn.ModuleList([*branches, nn.MaxPool2d(3, stride=1, padding=1)])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cat([branch(x) for branch in self.branches], 1)

    return Plain()


def modules(name: str) -> tuple[list[Any], int]:
    """Two modules in a row, and how many channels come out."""
    from cnnref.models.googlenet import Inception

    found, channels = [], STEM
    for number in range(2):
        if name == "reduced":
            found.append(Inception(channels, *REDUCED, norm=False))
            channels = REDUCED[0] + REDUCED[2] + REDUCED[4] + REDUCED[5]
        else:
            found.append(plain(channels, PLAIN[name][number]))
            channels += sum(PLAIN[name][number])
    return found, channels


def network(condition: Condition, _settings: Settings, source: Source) -> Any:
    from torch import nn

    inside, channels = modules(condition["module"])
    stem = networks.stack(f"{STEM} M", source.channels, norm=False)
    layers = [*stem, *inside, *networks.average(channels, source.classes)]
    return networks.started_by_he(nn.Sequential(*layers), "fan_in")


EXPERIMENT = Experiment(
    question="plain against reduced inception modules at equal work",
    settings=Settings(),
    conditions=conditions,
    network=network,
    fast={"seeds": (0,)},
)
