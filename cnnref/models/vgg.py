"""VGG in PyTorch, with and without batch norm; torchvision's weights load.

Simonyan, Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
Recognition", ICLR 2015, Table 1: configurations A, B, D and E.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

# a number is a 3x3 convolution with that many filters, "M" a 2x2 max pooling
CONFIGURATIONS = {
    "A": "64 M 128 M 256 256 M 512 512 M 512 512 M",
    "B": "64 64 M 128 128 M 256 256 M 512 512 M 512 512 M",
    "D": "64 64 M 128 128 M 256 256 256 M 512 512 512 M 512 512 512 M",
    "E": "64 64 M 128 128 M 256 256 256 256 M 512 512 512 512 M 512 512 512 512 M",
}


def make_features(configuration: str, batch_norm: bool) -> nn.Sequential:
    """The convolutions of one configuration, 3 x 224 x 224 to 512 x 7 x 7."""
    layers: list[nn.Module] = []
    channels = 3
    for item in CONFIGURATIONS[configuration].split():
        if item == "M":
            layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
            continue
        layers.append(nn.Conv2d(channels, int(item), kernel_size=3, padding=1))
        if batch_norm:
            layers.append(nn.BatchNorm2d(int(item)))
        layers.append(nn.ReLU(inplace=True))
        channels = int(item)
    return nn.Sequential(*layers)


class VGG(nn.Module):
    """3 x 224 x 224 to num_classes scores; any input from 32 on."""

    def __init__(self, features: nn.Module, num_classes: int = 1000) -> None:
        super().__init__()
        self.features = features
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(True),
            nn.Dropout(),
            nn.Linear(4096, 4096),
            nn.ReLU(True),
            nn.Dropout(),
            nn.Linear(4096, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        # 512 x 7 x 7
        x = torch.flatten(self.avgpool(x), 1)
        # 25088
        return self.classifier(x)


def vgg11(num_classes: int = 1000) -> VGG:
    return VGG(make_features("A", batch_norm=False), num_classes)


def vgg13(num_classes: int = 1000) -> VGG:
    return VGG(make_features("B", batch_norm=False), num_classes)


def vgg16(num_classes: int = 1000) -> VGG:
    return VGG(make_features("D", batch_norm=False), num_classes)


def vgg19(num_classes: int = 1000) -> VGG:
    return VGG(make_features("E", batch_norm=False), num_classes)


def vgg11_bn(num_classes: int = 1000) -> VGG:
    return VGG(make_features("A", batch_norm=True), num_classes)


def vgg13_bn(num_classes: int = 1000) -> VGG:
    return VGG(make_features("B", batch_norm=True), num_classes)


def vgg16_bn(num_classes: int = 1000) -> VGG:
    return VGG(make_features("D", batch_norm=True), num_classes)


def vgg19_bn(num_classes: int = 1000) -> VGG:
    return VGG(make_features("E", batch_norm=True), num_classes)


if __name__ == "__main__":
    print(vgg11()(torch.zeros(1, 3, 224, 224)).shape)
