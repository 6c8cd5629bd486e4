"""RegNetX-400MF and RegNetY-400MF in PyTorch; torchvision's weights load.

Radosavovic, Kosaraju, Girshick, He, Dollár, "Designing Network Design Spaces", CVPR 2020.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ConvNorm(nn.Sequential):
    """A convolution and its batch normalisation."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int, groups: int = 1
    ) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(outputs),
        )


class ConvNormReLU(ConvNorm):
    """The same with a ReLU."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int, groups: int = 1
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride, groups)
        self.append(nn.ReLU(inplace=True))


class Gate(nn.Module):
    """Each channel times a number between zero and one, computed from the means of all."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.activation = nn.ReLU(inplace=True)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        gate = self.fc2(self.activation(self.fc1(self.avgpool(x))))
        return torch.sigmoid(gate) * x


class Transform(nn.Sequential):
    """1x1, 3x3 in groups of some channels, the gate of the Y family, 1x1."""

    def __init__(self, inputs: int, width: int, stride: int, group: int, gated: bool) -> None:
        super().__init__()
        self.a = ConvNormReLU(inputs, width, 1, 1)
        self.b = ConvNormReLU(width, width, 3, stride, groups=width // group)
        if gated:
            self.se = Gate(width, inputs // 4)
        self.c = ConvNorm(width, width, 1, 1)


class Block(nn.Module):
    """The transform beside the identity, or beside a projection where the shape changes."""

    def __init__(self, inputs: int, width: int, stride: int, group: int, gated: bool) -> None:
        super().__init__()
        changes = inputs != width or stride != 1
        self.proj = ConvNorm(inputs, width, 1, stride) if changes else None
        self.f = Transform(inputs, width, stride, group, gated)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.proj is None else self.proj(x)
        return self.activation(shortcut + self.f(x))


class RegNet(nn.Module):
    """3 x 224 x 224 to num_classes scores; any other input size too.

    stages: the channels and the number of blocks of each, whose first block halves the maps.
    group: how many channels of a 3x3 belong together.
    gated: with a gate behind each 3x3.
    """

    def __init__(
        self, stages: list[tuple[int, int]], group: int, *, gated: bool, num_classes: int
    ) -> None:
        super().__init__()
        self.stem = ConvNormReLU(3, 32, 3, 2)
        self.trunk_output = nn.Sequential()
        inputs = 32
        for number, (width, blocks) in enumerate(stages, 1):
            stage = nn.Sequential()
            for n in range(blocks):
                block = Block(inputs, width, 1 if n else 2, group, gated)
                stage.add_module(f"block{number}-{n}", block)
                inputs = width
            self.trunk_output.add_module(f"block{number}", stage)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(inputs, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        x = self.avgpool(self.trunk_output(self.stem(x)))
        return self.fc(torch.flatten(x, 1))


def regnet_x_400mf(num_classes: int = 1000) -> RegNet:
    stages = [
        (32, 1),
        # 32 x 56 x 56
        (64, 2),
        # 64 x 28 x 28
        (160, 7),
        # 160 x 14 x 14
        (400, 12),
        # 400 x 7 x 7
    ]
    return RegNet(stages, 16, gated=False, num_classes=num_classes)


def regnet_y_400mf(num_classes: int = 1000) -> RegNet:
    stages = [
        (48, 1),
        # 48 x 56 x 56
        (104, 3),
        # 104 x 28 x 28
        (208, 6),
        # 208 x 14 x 14
        (440, 6),
        # 440 x 7 x 7
    ]
    return RegNet(stages, 8, gated=True, num_classes=num_classes)


if __name__ == "__main__":
    print(regnet_x_400mf()(torch.zeros(1, 3, 224, 224)).shape)
