"""Batch normalisation: what do small batches do to it?

Every run sees the same number of images, and the learning rate is in proportion to the batch, so
that one image moves the weights as far in each.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from studies.trained import frame, images
from studies.trained.experiments.batch_norm import network
from studies.trained.frame import Condition, Experiment, Task
from studies.trained.images import Source


@dataclass(frozen=True)
class Settings(frame.Settings):
    """images: of one run in all. points: of its curve. rate: for a batch of the largest size."""

    batches: tuple[int, ...] = (1, 2, 8, 64)
    images: int = 4800
    points: int = 20
    rate: float = 0.1
    noise: float = 0.3
    size: int = 10


def conditions(settings: Settings) -> list[dict[str, Any]]:
    return [{"norm": norm, "batch": size} for norm in (True, False) for size in settings.batches]


def own(condition: Condition, settings: Settings) -> Settings:
    steps = settings.images // condition["batch"]
    return replace(
        settings,
        batch=condition["batch"],
        rate=settings.rate * condition["batch"] / settings.batches[-1],
        steps=steps,
        drop=steps * 4 // 5,
        last=max(steps // 10, 1),
        every=max(steps // settings.points, 1),
    )


def by_the_batch(model: Any, task: Task, source: Source) -> dict[str, Any]:
    """Errors with the statistics of the batch in place of the running ones, a batch as trained."""
    import torch

    if not task.condition["norm"]:
        return {}
    tested, classes = source.test()
    size = task.condition["batch"]
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 0.0
    with torch.no_grad():
        parts = zip(tested.split(size), classes.split(size), strict=True)
        return {"wrong_by_the_batch": sum(int((model(x).argmax(1) != y).sum()) for x, y in parts)}


EXPERIMENT = Experiment(
    question="with and without batch norm over a grid of batch sizes",
    settings=Settings(),
    conditions=conditions,
    network=network,
    fast={"images": 128, "points": 4, "seeds": (0,)},
    source=images.Glyphs,
    own=own,
    further=by_the_batch,
)
