"""EfficientNet-B0 in PyTorch; torchvision's weights load.

Tan, Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019,
Table 1. Whole blocks are not left out in training, as they are there.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ConvNormSiLU(nn.Sequential):
    """A convolution, its batch normalisation and SiLU."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(outputs),
            nn.SiLU(inplace=True),
        )


class Gate(nn.Module):
    """Each channel times a number between zero and one, computed from the means of all."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.activation = nn.SiLU(inplace=True)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        gate = self.fc2(self.activation(self.fc1(self.avgpool(x))))
        return torch.sigmoid(gate) * x


class MBConv(nn.Module):
    """Wide inside, narrow outside, with a gate; the identity where the shapes are one."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, factor: int) -> None:
        super().__init__()
        inner = factor * inputs
        self.keeps = stride == 1 and inputs == outputs
        self.block = nn.Sequential()
        if factor > 1:
            self.block.append(ConvNormSiLU(inputs, inner, 1))
        self.block.append(ConvNormSiLU(inner, inner, kernel, stride, groups=inner))
        self.block.append(Gate(inner, inputs // 4))
        self.block.append(
            nn.Sequential(nn.Conv2d(inner, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x) + x if self.keeps else self.block(x)


def stage(
    factor: int, kernel: int, inputs: int, outputs: int, blocks: int, stride: int
) -> nn.Sequential:
    """One line of Table 1."""
    made = nn.Sequential(MBConv(inputs, outputs, kernel, stride, factor))
    for _ in range(blocks - 1):
        made.append(MBConv(outputs, outputs, kernel, 1, factor))
    return made


class EfficientNet(nn.Module):
    """3 x 224 x 224 to num_classes scores; any other input size too."""

    def __init__(self, num_classes: int = 1000) -> None:
        super().__init__()
        self.features = nn.Sequential(
            ConvNormSiLU(3, 32, 3, stride=2),
            # 32 x 112 x 112
            stage(1, 3, 32, 16, blocks=1, stride=1),
            # 16 x 112 x 112
            stage(6, 3, 16, 24, blocks=2, stride=2),
            # 24 x 56 x 56
            stage(6, 5, 24, 40, blocks=2, stride=2),
            # 40 x 28 x 28
            stage(6, 3, 40, 80, blocks=3, stride=2),
            # 80 x 14 x 14
            stage(6, 5, 80, 112, blocks=3, stride=1),
            # 112 x 14 x 14
            stage(6, 5, 112, 192, blocks=4, stride=2),
            # 192 x 7 x 7
            stage(6, 3, 192, 320, blocks=1, stride=1),
            # 320 x 7 x 7
            ConvNormSiLU(320, 1280, 1),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, num_classes))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")

    def forward(self, x: Tensor) -> Tensor:
        x = self.avgpool(self.features(x))
        return self.classifier(torch.flatten(x, 1))


def efficientnet_b0(num_classes: int = 1000) -> EfficientNet:
    return EfficientNet(num_classes)


if __name__ == "__main__":
    print(efficientnet_b0()(torch.zeros(1, 3, 224, 224)).shape)
