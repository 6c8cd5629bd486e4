"""MobileNetV2 in PyTorch; torchvision's weights load.

Sandler, Howard, Zhu, Zhmoginov, Chen, "MobileNetV2: Inverted Residuals and Linear Bottlenecks",
CVPR 2018, Tables 1 and 2.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ConvNormReLU(nn.Sequential):
    """A convolution, its batch normalisation and a ReLU that stops at six."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU6(inplace=True),
        )


class InvertedResidual(nn.Module):
    """Wide inside, narrow outside; the identity where input and output have one shape."""

    def __init__(self, inputs: int, outputs: int, stride: int, factor: int) -> None:
        super().__init__()
        inner = factor * inputs
        self.keeps = stride == 1 and inputs == outputs
        self.conv = nn.Sequential()
        if factor > 1:
            self.conv.append(ConvNormReLU(inputs, inner, 1))
        self.conv.append(ConvNormReLU(inner, inner, 3, stride, groups=inner))
        self.conv.append(nn.Conv2d(inner, outputs, 1, bias=False))
        self.conv.append(nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.keeps else self.conv(x)


class MobileNetV2(nn.Module):
    """3 x 224 x 224 to num_classes scores; any other input size too."""

    def __init__(self, num_classes: int = 1000) -> None:
        super().__init__()
        self.features = nn.Sequential(ConvNormReLU(3, 32, 3, stride=2))
        # 32 x 112 x 112
        self.add(1, 32, 16, blocks=1, stride=1)
        # 16 x 112 x 112
        self.add(6, 16, 24, blocks=2, stride=2)
        # 24 x 56 x 56
        self.add(6, 24, 32, blocks=3, stride=2)
        # 32 x 28 x 28
        self.add(6, 32, 64, blocks=4, stride=2)
        # 64 x 14 x 14
        self.add(6, 64, 96, blocks=3, stride=1)
        # 96 x 14 x 14
        self.add(6, 96, 160, blocks=3, stride=2)
        # 160 x 7 x 7
        self.add(6, 160, 320, blocks=1, stride=1)
        # 320 x 7 x 7
        self.features.append(ConvNormReLU(320, 1280, 1))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, num_classes))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")

    def add(self, factor: int, inputs: int, outputs: int, blocks: int, stride: int) -> None:
        """One line of Table 2."""
        self.features.append(InvertedResidual(inputs, outputs, stride, factor))
        for _ in range(blocks - 1):
            self.features.append(InvertedResidual(outputs, outputs, 1, factor))

    def forward(self, x: Tensor) -> Tensor:
        x = self.avgpool(self.features(x))
        return self.classifier(torch.flatten(x, 1))


def mobilenet_v2(num_classes: int = 1000) -> MobileNetV2:
    return MobileNetV2(num_classes)


if __name__ == "__main__":
    print(mobilenet_v2()(torch.zeros(1, 3, 224, 224)).shape)
