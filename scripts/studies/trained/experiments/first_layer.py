"""ZFNet: a first window of 11 with stride 4 against one of 7 with stride 2, on stripes.

Both sizes are crossed, so that what the window does can be told from what the stride does. Where
the first stride is 2, the second convolution has one of 2 as well, as in ZFNet, and the maps behind
it are of one size. The filters, maps and gradients of seed 0 are kept to be drawn.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from studies.trained import frame, images, networks
from studies.trained.frame import Condition, Experiment, Task
from studies.trained.images import Source

# how many test images are shown with their gradients
SHOWN = 6


@dataclass(frozen=True)
class Settings(frame.Settings):
    """windows and strides: of the first convolution. filters: how many it has."""

    windows: tuple[int, ...] = (11, 7)
    strides: tuple[int, ...] = (4, 2)
    filters: int = 16
    size: int = 32
    glyph: int = 3
    noise: float = 0.8


def conditions(settings: Settings) -> list[dict[str, Any]]:
    pairs = ((window, stride) for window in settings.windows for stride in settings.strides)
    return [{"window": window, "stride": stride} for window, stride in pairs]


def network(condition: Condition, settings: Settings, source: Source) -> Any:
    from torch import nn

    window, stride = condition["window"], condition["stride"]
    first = nn.Conv2d(source.channels, settings.filters, window, stride, padding=window // 2)
    second = nn.Conv2d(settings.filters, 32, 3, 4 // stride, padding=1)
    head = networks.average(32, source.classes)
    layers = [first, nn.ReLU(), second, nn.ReLU(), *head]
    return networks.started_by_he(nn.Sequential(*layers), "fan_in")


def looked_into(model: Any, task: Task, source: Source) -> dict[str, Any]:
    tested, classes = source.test()
    # what a shift by one pixel moves in at an edge has moved out at the other
    moved = tested.roll(1, 3)
    found: dict[str, Any] = {
        "folded": folded(model[0], tested[:256]),
        "changed_by_a_shift": frame.wrong(model, moved, answers(model, tested)),
    }
    if task.seed == 0:
        found["pictures"] = pictures(model, tested[:SHOWN], classes[:SHOWN])
    return found


def answers(model: Any, tested: Any) -> Any:
    import torch

    with torch.no_grad():
        return model.eval()(tested).argmax(1)


def folded(first: Any, tested: Any) -> float:
    """The share of the first layer's response that its stride takes for another, coarser one.

    The response is computed at every pixel; what varies faster than the stride can follow, with
    less than two samples for a wave, is what the sampled map shows as a wave that is not there.
    """
    import torch
    from torch.nn.functional import conv2d

    with torch.no_grad():
        full = conv2d(tested, first.weight, padding="same")
    power = torch.fft.fft2(full - full.mean((2, 3), keepdim=True)).abs().square().sum((0, 1))
    waves = torch.fft.fftfreq(full.shape[-1]).abs()
    fast = torch.maximum(waves[:, None], waves[None]) > 0.5 / first.stride[0]
    return round(float(power[fast].sum() / power.sum()), 4)


def pictures(model: Any, shown: Any, classes: Any) -> dict[str, Any]:
    """The first layer's filters, its maps of the first image, and gradients down to the pixels."""
    import torch

    pixels = shown.clone().requires_grad_()
    scores = model.eval()(pixels)
    scores.gather(1, classes[:, None]).sum().backward()
    with torch.no_grad():
        maps = model[1](model[0](shown[:1]))[0]
    return {
        "classes": classes.tolist(),
        "filters": packed(model[0].weight.detach().mean(1)),
        "maps": packed(maps),
        "images": packed(shown.mean(1)),
        "gradients": packed(pixels.grad.mean(1) if pixels.grad is not None else pixels),
    }


def packed(pictures: Any) -> dict[str, Any]:
    """Pictures (N, height, width) as bytes, each from black, minus its largest size, to white."""
    import torch

    largest = pictures.abs().amax((1, 2), keepdim=True).clamp(min=1e-9)
    grey = (127.5 + 127.5 * pictures / largest).round().to(torch.uint8)
    return {
        "shape": list(pictures.shape),
        "bytes": base64.b64encode(grey.numpy().tobytes()).decode(),
    }


EXPERIMENT = Experiment(
    question="the first window and its stride, on stripes",
    settings=Settings(),
    conditions=conditions,
    network=network,
    fast={"seeds": (0,)},
    source=images.Stripes,
    further=looked_into,
)
