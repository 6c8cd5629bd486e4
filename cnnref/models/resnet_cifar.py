"""Residual networks for CIFAR-10 in PyTorch, and their plain twins.

He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016,
section 4.2: shortcuts without parameters, so that both kinds have the same weights.
The weights start as the paper's do, by the rule of He et al. (2015).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Block(nn.Module):
    """Two 3x3 convolutions beside the identity; a stride of 2 also doubles the channels."""

    def __init__(self, inplanes: int, planes: int, stride: int, shortcut: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inplanes, planes, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.shortcut:
            if out.shape != x.shape:
                # every other pixel, and zeros for the new channels
                x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, out.shape[1] - x.shape[1]))
            out += x
        return self.relu(out)


class ResNetCifar(nn.Module):
    """3 x 32 x 32 to num_classes scores; any other input size too."""

    def __init__(self, depth: int, num_classes: int = 10, shortcut: bool = True) -> None:
        super().__init__()
        assert depth % 6 == 2, "depth is 6n + 2"
        blocks = depth // 6
        self.conv1 = nn.Conv2d(3, 16, kernel_size=3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = self.make_layer(16, 16, blocks, 1, shortcut)
        self.layer2 = self.make_layer(16, 32, blocks, 2, shortcut)
        self.layer3 = self.make_layer(32, 64, blocks, 2, shortcut)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(64, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        if shortcut:
            self.start_statistics()

    def start_statistics(self) -> None:
        """Each branch adds a variance of one, so block l reads a sum of l of them.

        With variances of one in all norms the sum would double from block to block in eval mode
        until it is NaN; a step of training replaces these numbers by its own.
        """
        blocks = [module for module in self.modules() if isinstance(module, Block)]
        for number, block in enumerate(blocks, 1):
            block.bn1.get_buffer("running_var").fill_(number)

    @staticmethod
    def make_layer(
        inplanes: int, planes: int, blocks: int, stride: int, shortcut: bool
    ) -> nn.Sequential:
        rest = [Block(planes, planes, 1, shortcut) for _ in range(blocks - 1)]
        return nn.Sequential(Block(inplanes, planes, stride, shortcut), *rest)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))
        # 16 x 32 x 32
        x = self.layer1(x)
        # 16 x 32 x 32
        x = self.layer2(x)
        # 32 x 16 x 16
        x = self.layer3(x)
        # 64 x 8 x 8
        return self.fc(torch.flatten(self.avgpool(x), 1))


def resnet20_cifar(num_classes: int = 10) -> ResNetCifar:
    return ResNetCifar(20, num_classes)


def resnet32_cifar(num_classes: int = 10) -> ResNetCifar:
    return ResNetCifar(32, num_classes)


def resnet44_cifar(num_classes: int = 10) -> ResNetCifar:
    return ResNetCifar(44, num_classes)


def resnet56_cifar(num_classes: int = 10) -> ResNetCifar:
    return ResNetCifar(56, num_classes)


def resnet110_cifar(num_classes: int = 10) -> ResNetCifar:
    return ResNetCifar(110, num_classes)


def resnet1202_cifar(num_classes: int = 10) -> ResNetCifar:
    return ResNetCifar(1202, num_classes)


def plain20_cifar(num_classes: int = 10) -> ResNetCifar:
    return ResNetCifar(20, num_classes, shortcut=False)


def plain32_cifar(num_classes: int = 10) -> ResNetCifar:
    return ResNetCifar(32, num_classes, shortcut=False)


def plain44_cifar(num_classes: int = 10) -> ResNetCifar:
    return ResNetCifar(44, num_classes, shortcut=False)


def plain56_cifar(num_classes: int = 10) -> ResNetCifar:
    return ResNetCifar(56, num_classes, shortcut=False)


def plain110_cifar(num_classes: int = 10) -> ResNetCifar:
    return ResNetCifar(110, num_classes, shortcut=False)


if __name__ == "__main__":
    print(resnet20_cifar()(torch.zeros(1, 3, 32, 32)).shape)
