"""Batch normalisation: which learning rates does a network bear with it, and which without?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from studies.trained import frame, networks
from studies.trained.frame import Condition, Experiment
from studies.trained.images import Source

LAYERS = "8 8 M 16 16 M 32 32"


@dataclass(frozen=True)
class Settings(frame.Settings):
    """rates: of learning, at the start."""

    rates: tuple[float, ...] = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
    noise: float = 0.3


def conditions(settings: Settings) -> list[dict[str, Any]]:
    return [{"norm": norm, "rate": rate} for norm in (True, False) for rate in settings.rates]


def network(condition: Condition, _settings: Any, source: Source) -> Any:
    """Six convolutions with or without batch norm; those without have a bias."""
    from torch import nn

    layers = networks.stack(LAYERS, source.channels, norm=condition["norm"])
    model = nn.Sequential(*layers, *networks.average(32, source.classes))
    return networks.started_by_he(model, "fan_in")


EXPERIMENT = Experiment(
    question="with and without batch norm over a grid of learning rates",
    settings=Settings(),
    conditions=conditions,
    network=network,
    fast={"rates": (0.1, 3.0), "seeds": (0,)},
)
