"""Small networks that several experiments take: a stack in VGG's manner, and very deep ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from studies.trained.images import Source


def stack(
    text: str,
    channels: int,
    *,
    norm: bool = True,
    activation: Callable[[], Any] | None = None,
) -> list[Any]:
    """Layers in order: a number is a 3x3 convolution with so many filters, "M" a 2x2 max pooling.

    activation: behind each convolution; a ReLU unless given.
    """
    from torch import nn

    layers: list[Any] = []
    for part in text.split():
        if part == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        layers.append(nn.Conv2d(channels, int(part), 3, padding=1, bias=not norm))
        channels = int(part)
        layers += [nn.BatchNorm2d(channels)] if norm else []
        layers.append((activation or nn.ReLU)())
    return layers


def average(channels: int, classes: int) -> list[Any]:
    """A head: the global average of each channel, and one fully-connected layer."""
    from torch import nn

    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes)]


def started_by_he(model: Any, mode: Literal["fan_in", "fan_out"] = "fan_out") -> Any:
    """The model, its convolutions' weights drawn by the rule of He et al. (2015).

    mode: "fan_out" keeps the spread of the gradients, "fan_in" that of the maps; where a norm
        follows each convolution either will do.
    """
    from torch import nn

    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode=mode, nonlinearity="relu")
    return model


# the blocks of very deep networks, each of two 3x3 convolutions
PLAIN, ORIGINAL, BEFORE = "plain", "original", "pre-activation"
BARE = "plain, without batch norm"


def deep(kind: str, depth: int, width: int, source: Source) -> Any:
    """A convolution, blocks of two of one width and size, and a fully-connected layer.

    No block changes the shape, so every shortcut is a copy.
    """
    from torch import nn

    count = (depth - 2) // 2
    if depth % 2 or not count:
        raise ValueError(f"a depth of {depth} is not 2n + 2; take 4, 20, 110 and so on")
    stem = [nn.Conv2d(source.channels, width, 3, padding=1, bias=False)]
    ends = [nn.BatchNorm2d(width), nn.ReLU()]
    blocks = [nn.Sequential(*(block(kind, width) for _ in range(count)))]
    first, last = ([], ends) if kind == BEFORE else (ends, [])
    layers = [*stem, *first, *blocks, *last, *average(width, source.classes)]
    model = started_by_he(nn.Sequential(*layers))
    return model if kind != BARE else without_norms(model)


def block(kind: str, width: int) -> Any:
    """One block of the package's, which leaves the shape as it is."""
    from cnnref.models.preact_resnet import PreActBlock
    from cnnref.models.resnet_cifar import Block

    if kind == BEFORE:
        return PreActBlock(width, width)
    return Block(width, width, 1, kind == ORIGINAL)


def without_norms(model: Any) -> Any:
    """The model with the identity in the place of each batch norm."""
    from torch import nn

    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, name, nn.Identity())
    return model
