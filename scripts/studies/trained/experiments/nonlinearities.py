"""AlexNet: how fast does a network train with ReLUs, and how fast with a sigmoid or a tanh?

Each starts with weights of the spread that suits its slope, and each is tried at several learning
rates, since what is too fast for one may be right for another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from studies.trained import frame, networks
from studies.trained.frame import Condition, Experiment
from studies.trained.images import Source

LAYERS = "8 8 M 16 16 M 32"


@dataclass(frozen=True)
class Settings(frame.Settings):
    """kinds: names of torch's functions. rates: of learning, at the start."""

    kinds: tuple[str, ...] = ("relu", "tanh", "sigmoid")
    rates: tuple[float, ...] = (0.01, 0.03, 0.1, 0.3, 1.0)
    noise: float = 0.3


def conditions(settings: Settings) -> list[dict[str, Any]]:
    return [{"kind": kind, "rate": rate} for kind in settings.kinds for rate in settings.rates]


def network(condition: Condition, _settings: Settings, source: Source) -> Any:
    from torch import nn

    kinds = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
    kind = condition["kind"]
    layers = networks.stack(LAYERS, source.channels, norm=False, activation=kinds[kind])
    model = nn.Sequential(*layers, *networks.average(32, source.classes))
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity=kind)
    return model


EXPERIMENT = Experiment(
    question="ReLU, tanh and sigmoid over a grid of learning rates",
    settings=Settings(),
    conditions=conditions,
    network=network,
    fast={"rates": (0.1,), "seeds": (0,)},
)
