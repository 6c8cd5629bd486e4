"""Residual networks: the original order of a block against pre-activation, at great depth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from studies.trained import frame, networks
from studies.trained.experiments.start import network
from studies.trained.frame import Experiment

KINDS = (networks.ORIGINAL, networks.BEFORE)


@dataclass(frozen=True)
class Settings(frame.Settings):
    """width: of all maps. depths: weighted layers from the image to the scores."""

    depths: tuple[int, ...] = (20, 110)
    steps: int = 150
    drop: int = 120
    width: int = 8
    size: int = 8


def conditions(settings: Settings) -> list[dict[str, Any]]:
    return [{"kind": kind, "depth": depth} for kind in KINDS for depth in settings.depths]


EXPERIMENT = Experiment(
    question="original against pre-activation blocks at great depth",
    settings=Settings(),
    conditions=conditions,
    network=network,
    fast={"depths": (20,), "seeds": (0,)},
)
