"""DenseNet-121 in PyTorch; torchvision's weights load.

Huang, Liu, van der Maaten, Weinberger, "Densely Connected Convolutional Networks", CVPR 2017,
Table 1.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class DenseLayer(nn.Module):
    """From all maps so far to 32 new ones, by way of 128."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(channels, 128, kernel_size=1, bias=False)
        self.norm2 = nn.BatchNorm2d(128)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(128, 32, kernel_size=3, padding=1, bias=False)

    def forward(self, maps: list[Tensor]) -> Tensor:
        x = self.conv1(self.relu1(self.norm1(torch.cat(maps, 1))))
        return self.conv2(self.relu2(self.norm2(x)))


class DenseBlock(nn.ModuleDict):
    """Layers that each read the block's input and the outputs of all layers before."""

    def __init__(self, channels: int, layers: int) -> None:
        super().__init__()
        for n in range(layers):
            self[f"denselayer{n + 1}"] = DenseLayer(channels + 32 * n)

    def forward(self, x: Tensor) -> Tensor:
        maps = [x]
        for layer in self.values():
            maps.append(layer(maps))
        return torch.cat(maps, 1)


class Transition(nn.Sequential):
    """Half as many maps, of half the size."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv = nn.Conv2d(channels, channels // 2, kernel_size=1, bias=False)
        self.pool = nn.AvgPool2d(kernel_size=2, stride=2)


class DenseNet(nn.Module):
    """3 x 224 x 224 to num_classes scores; other sizes from 29 on too."""

    def __init__(self, num_classes: int = 1000) -> None:
        super().__init__()
        self.features = nn.Sequential()
        add = self.features.add_module
        add("conv0", nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3, bias=False))
        add("norm0", nn.BatchNorm2d(64))
        add("relu0", nn.ReLU(inplace=True))
        # 64 x 112 x 112
        add("pool0", nn.MaxPool2d(kernel_size=3, stride=2, padding=1))
        add("denseblock1", DenseBlock(64, 6))
        # 256 x 56 x 56
        add("transition1", Transition(256))
        add("denseblock2", DenseBlock(128, 12))
        # 512 x 28 x 28
        add("transition2", Transition(512))
        add("denseblock3", DenseBlock(256, 24))
        # 1024 x 14 x 14
        add("transition3", Transition(1024))
        add("denseblock4", DenseBlock(512, 16))
        # 1024 x 7 x 7
        add("norm5", nn.BatchNorm2d(1024))
        self.relu = nn.ReLU(inplace=True)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.classifier = nn.Linear(1024, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)

    def forward(self, x: Tensor) -> Tensor:
        x = self.avgpool(self.relu(self.features(x)))
        return self.classifier(torch.flatten(x, 1))


def densenet121(num_classes: int = 1000) -> DenseNet:
    return DenseNet(num_classes)


if __name__ == "__main__":
    print(densenet121()(torch.zeros(1, 3, 224, 224)).shape)
