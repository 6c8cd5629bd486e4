"""ShuffleNetV2 in PyTorch; torchvision's weights load.

Ma, Zhang, Zheng, Sun, "ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design",
ECCV 2018, Table 5 and Figure 3 (c) and (d).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def pointwise(inputs: int, outputs: int) -> list[nn.Module]:
    """A 1x1 convolution, its batch normalisation and a ReLU."""
    conv = nn.Conv2d(inputs, outputs, 1, bias=False)
    return [conv, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]


def depthwise(channels: int, stride: int) -> list[nn.Module]:
    """A 3x3 window on each channel alone, and its batch normalisation."""
    conv = nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False)
    return [conv, nn.BatchNorm2d(channels)]


class Unit(nn.Module):
    """Half of the channels as they are beside a branch of the other half, then shuffled."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.branch2 = nn.Sequential(
            *pointwise(half, half), *depthwise(half, stride=1), *pointwise(half, half)
        )

    def forward(self, x: Tensor) -> Tensor:
        kept, worked = x.chunk(2, dim=1)
        x = torch.cat((kept, self.branch2(worked)), dim=1)
        return nn.functional.channel_shuffle(x, 2)


class HalvingUnit(nn.Module):
    """Two branches of all channels, each with a stride of two, then shuffled."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        half = outputs // 2
        self.branch1 = nn.Sequential(*depthwise(inputs, stride=2), *pointwise(inputs, half))
        self.branch2 = nn.Sequential(
            *pointwise(inputs, half), *depthwise(half, stride=2), *pointwise(half, half)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat((self.branch1(x), self.branch2(x)), dim=1)
        return nn.functional.channel_shuffle(x, 2)


def stage(inputs: int, outputs: int, units: int) -> nn.Sequential:
    """One line of Table 5."""
    return nn.Sequential(HalvingUnit(inputs, outputs), *(Unit(outputs) for _ in range(units - 1)))


class ShuffleNetV2(nn.Module):
    """3 x 224 x 224 to num_classes scores; any other input size too."""

    def __init__(self, num_classes: int = 1000) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(
            nn.Conv2d(3, 24, 3, 2, 1, bias=False), nn.BatchNorm2d(24), nn.ReLU(inplace=True)
        )
        # 24 x 112 x 112
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        # 24 x 56 x 56
        self.stage2 = stage(24, 116, units=4)
        # 116 x 28 x 28
        self.stage3 = stage(116, 232, units=8)
        # 232 x 14 x 14
        self.stage4 = stage(232, 464, units=4)
        # 464 x 7 x 7
        self.conv5 = nn.Sequential(*pointwise(464, 1024))
        self.fc = nn.Linear(1024, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.conv1(x))
        x = self.stage4(self.stage3(self.stage2(x)))
        return self.fc(self.conv5(x).mean([2, 3]))


def shufflenet_v2_x1_0(num_classes: int = 1000) -> ShuffleNetV2:
    return ShuffleNetV2(num_classes)


if __name__ == "__main__":
    print(shufflenet_v2_x1_0()(torch.zeros(1, 3, 224, 224)).shape)
