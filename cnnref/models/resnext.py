"""ResNeXt-50 (32x4d) in PyTorch; torchvision's weights load.

Xie, Girshick, Dollár, Tu, He, "Aggregated Residual Transformations for Deep Neural Networks",
CVPR 2017, Table 1.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Bottleneck(nn.Module):
    """1x1, 3x3 in 32 groups, 1x1 to twice as many channels, beside the identity."""

    def __init__(self, inplanes: int, width: int, stride: int) -> None:
        super().__init__()
        planes = 2 * width
        self.conv1 = nn.Conv2d(inplanes, width, kernel_size=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(
            width, width, kernel_size=3, stride=stride, padding=1, groups=32, bias=False
        )
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, planes, kernel_size=1, bias=False)
        self.bn3 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Module | None = None
        if inplanes != planes:
            self.downsample = nn.Sequential(
                nn.Conv2d(inplanes, planes, kernel_size=1, stride=stride, bias=False),
                nn.BatchNorm2d(planes),
            )

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


def stage(inplanes: int, width: int, blocks: int, stride: int) -> nn.Sequential:
    rest = (Bottleneck(2 * width, width, 1) for _ in range(blocks - 1))
    return nn.Sequential(Bottleneck(inplanes, width, stride), *rest)


class ResNeXt(nn.Module):
    """3 x 224 x 224 to num_classes scores; any other input size too."""

    def __init__(self, num_classes: int = 1000) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.layer1 = stage(64, 128, 3, stride=1)
        self.layer2 = stage(256, 256, 4, stride=2)
        self.layer3 = stage(512, 512, 6, stride=2)
        self.layer4 = stage(1024, 1024, 3, stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(2048, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))
        # 64 x 112 x 112
        x = self.layer1(self.maxpool(x))
        # 256 x 56 x 56
        x = self.layer2(x)
        # 512 x 28 x 28
        x = self.layer3(x)
        # 1024 x 14 x 14
        x = self.layer4(x)
        # 2048 x 7 x 7
        return self.fc(torch.flatten(self.avgpool(x), 1))


def resnext50_32x4d(num_classes: int = 1000) -> ResNeXt:
    return ResNeXt(num_classes)


if __name__ == "__main__":
    print(resnext50_32x4d()(torch.zeros(1, 3, 224, 224)).shape)
