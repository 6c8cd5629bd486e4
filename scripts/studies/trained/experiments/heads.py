"""GoogLeNet: a fully-connected head against the global average, also at input sizes never seen.

The fully-connected head reads a map of 3 x 3, to which other sizes are averaged first; at the size
of training this average changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from studies.trained import frame, networks
from studies.trained.frame import Condition, Experiment, Task
from studies.trained.images import Glyphs, Source

LAYERS, WIDTH = "16 16 M 32 32 M", 32
CONNECTED, AVERAGE = "fully connected", "global average"


@dataclass(frozen=True)
class Settings(frame.Settings):
    """sizes: what a trained network is tried at besides. hidden: units of the connected head."""

    sizes: tuple[int, ...] = (8, 16, 20, 24)
    hidden: int = 128


def conditions(_settings: Settings) -> list[dict[str, Any]]:
    return [{"head": head} for head in (CONNECTED, AVERAGE)]


def network(condition: Condition, settings: Settings, source: Source) -> Any:
    from torch import nn

    layers = networks.stack(LAYERS, source.channels)
    if condition["head"] == AVERAGE:
        head = networks.average(WIDTH, source.classes)
    else:
        edge = source.size // 4
        head = [nn.AdaptiveAvgPool2d(edge), nn.Flatten()]
        head += [nn.Linear(WIDTH * edge**2, settings.hidden), nn.ReLU()]
        head += [nn.Linear(settings.hidden, source.classes)]
    return networks.started_by_he(nn.Sequential(*layers, *head))


def at_other_sizes(model: Any, task: Task, source: Source) -> dict[str, Any]:
    """Errors on new images of other sizes: drawn with more room, or photographs scaled."""
    sizes = task.settings.sizes
    return {"wrong_at": {str(n): frame.wrong(model, *of_size(source, task, n)) for n in sizes}}


def of_size(source: Source, task: Task, size: int) -> tuple[Any, Any]:
    from torch.nn.functional import interpolate

    if not task.folder:
        return Glyphs(task.settings, size).test()
    tested, classes = source.test()
    scaled = (source.size * size // task.settings.size,) * 2
    return interpolate(tested, scaled, mode="bilinear", antialias=True), classes


EXPERIMENT = Experiment(
    question="a fully-connected head against the global average, also at other input sizes",
    settings=Settings(),
    conditions=conditions,
    network=network,
    fast={"seeds": (0,), "sizes": (16,)},
    further=at_other_sizes,
)
