"""GoogLeNet: do auxiliary heads help a deep network to train, with and without batch norm?

A head reads the maps before each pooling, by their average; its loss counts three tenths of the
last one's, as in the paper, and it is gone in use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from studies.trained import frame, networks
from studies.trained.frame import Condition, Experiment
from studies.trained.images import Source


@dataclass(frozen=True)
class Settings(frame.Settings):
    """depth: convolutions of each of three stages. share: of an auxiliary head in the loss."""

    depth: int = 3
    width: int = 8
    share: float = 0.3
    rate: float = 0.02
    noise: float = 0.3


def conditions(_settings: Settings) -> list[dict[str, Any]]:
    return [{"norm": norm, "heads": heads} for norm in (False, True) for heads in (False, True)]


def network(condition: Condition, settings: Settings, source: Source) -> Any:
    """Three stages of 3x3 convolutions with poolings between them; scores, in training of all."""
    from torch import nn

    norm, width = condition["norm"], settings.width

    class Stages(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stages, self.heads = nn.ModuleList(), nn.ModuleList()
            channels = source.channels
            for number in range(3):
                planes = width * 2**number
                text = " ".join([str(planes)] * settings.depth)
                self.stages.append(nn.Sequential(*networks.stack(text, channels, norm=norm)))
                self.heads.append(nn.Sequential(*networks.average(planes, source.classes)))
                channels = planes
            self.pool = nn.MaxPool2d(2)
            if not condition["heads"]:
                self.heads = self.heads[-1:]

        def forward(self, x: Any) -> Any:
            maps: list[Any] = []
            for stage in self.stages:
                maps.append(stage(self.pool(maps[-1]) if maps else x))
            if not self.training:
                return self.heads[-1](maps[-1])
            pairs = zip(self.heads, maps[-len(self.heads) :], strict=True)
            return [head(part) for head, part in pairs][::-1]

    model = networks.started_by_he(Stages(), "fan_in")
    model.share = settings.share
    return model


def losses_of(model: Any, batch: Any, classes: Any) -> tuple[Any, Any]:
    """The loss of the last head and a share of the others'; and that of the last head alone."""
    from torch.nn.functional import cross_entropy

    last, *others = [cross_entropy(scores, classes) for scores in model(batch)]
    return last + model.share * sum(others), last


EXPERIMENT = Experiment(
    question="auxiliary heads with and without batch norm",
    settings=Settings(),
    conditions=conditions,
    network=network,
    fast={"seeds": (0,)},
    losses_of=losses_of,
)
