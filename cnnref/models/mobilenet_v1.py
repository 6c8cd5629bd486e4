"""MobileNet, the first of its name, in PyTorch.

Howard, Zhu, Chen, Kalenichenko, Wang, Weyand, Andreetto, Adam, "MobileNets: Efficient Convolutional
Neural Networks for Mobile Vision Applications", 2017, Table 1. Its last depthwise convolution keeps
the size, as the row behind it reads.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ConvNormReLU(nn.Sequential):
    """A convolution, its batch normalisation and a ReLU."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class Separable(nn.Sequential):
    """Figure 3, right: a 3x3 window on each channel alone, then 1x1 across them."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.depthwise = ConvNormReLU(inputs, inputs, 3, stride, groups=inputs)
        self.pointwise = ConvNormReLU(inputs, outputs, 1)


class MobileNetV1(nn.Module):
    """3 x 224 x 224 to num_classes scores; any other input size too."""

    def __init__(self, num_classes: int = 1000) -> None:
        super().__init__()
        self.features = nn.Sequential(
            ConvNormReLU(3, 32, 3, stride=2),
            # 32 x 112 x 112
            Separable(32, 64),
            # 64 x 112 x 112
            Separable(64, 128, stride=2),
            Separable(128, 128),
            # 128 x 56 x 56
            Separable(128, 256, stride=2),
            Separable(256, 256),
            # 256 x 28 x 28
            Separable(256, 512, stride=2),
            Separable(512, 512),
            Separable(512, 512),
            Separable(512, 512),
            Separable(512, 512),
            Separable(512, 512),
            # 512 x 14 x 14
            Separable(512, 1024, stride=2),
            Separable(1024, 1024),
            # 1024 x 7 x 7
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(1024, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        x = self.avgpool(self.features(x))
        return self.classifier(torch.flatten(x, 1))


def mobilenet_v1(num_classes: int = 1000) -> MobileNetV1:
    return MobileNetV1(num_classes)


if __name__ == "__main__":
    print(mobilenet_v1()(torch.zeros(1, 3, 224, 224)).shape)
