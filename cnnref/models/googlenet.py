"""GoogLeNet in PyTorch: the paper's, and torchvision's, whose weights load.

Szegedy et al., "Going Deeper with Convolutions", CVPR 2015, Table 1, Figure 3 and
section 5. Torchvision's network has a batch norm in every convolution and no other
normalisation, a 3x3 window where Table 1 has 5x5, and adaptive average pooling.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class BasicConv2d(nn.Module):
    """A convolution and a ReLU; torchvision's has a batch norm in place of the bias."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int, stride: int = 1, *, norm: bool
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels, out_channels, kernel, stride, padding=kernel // 2, bias=not norm
        )
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001) if norm else nn.Identity()
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.bn(self.conv(x)))


class Inception(nn.Module):
    """Four branches on one input, stacked along their channels."""

    def __init__(
        self,
        in_channels: int,
        ch1x1: int,
        ch3x3red: int,
        ch3x3: int,
        ch5x5red: int,
        ch5x5: int,
        pool_proj: int,
        *,
        norm: bool,
    ) -> None:
        super().__init__()
        self.branch1 = BasicConv2d(in_channels, ch1x1, 1, norm=norm)
        self.branch2 = nn.Sequential(
            BasicConv2d(in_channels, ch3x3red, 1, norm=norm),
            BasicConv2d(ch3x3red, ch3x3, 3, norm=norm),
        )
        self.branch3 = nn.Sequential(
            BasicConv2d(in_channels, ch5x5red, 1, norm=norm),
            BasicConv2d(ch5x5red, ch5x5, 3 if norm else 5, norm=norm),
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, stride=1, padding=1, ceil_mode=norm),
            BasicConv2d(in_channels, pool_proj, 1, norm=norm),
        )

    def forward(self, x: Tensor) -> Tensor:
        branches = [self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)]
        return torch.cat(branches, 1)


class InceptionAux(nn.Module):
    """A classifier on a 14 x 14 map in the middle of the network."""

    def __init__(self, in_channels: int, num_classes: int, *, norm: bool) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(4) if norm else nn.AvgPool2d(5, stride=3)
        self.conv = BasicConv2d(in_channels, 128, 1, norm=norm)
        self.fc1 = nn.Linear(2048, 1024)
        self.relu = nn.ReLU(inplace=True)
        self.dropout = nn.Dropout(0.7)
        self.fc2 = nn.Linear(1024, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        # 512 x 14 x 14, in the second head 528 x 14 x 14
        x = self.conv(self.pool(x))
        # 128 x 4 x 4
        x = self.relu(self.fc1(torch.flatten(x, 1)))
        # 1024
        return self.fc2(self.dropout(x))


class GoogLeNet(nn.Module):
    """3 x 224 x 224 to num_classes scores.

    norm: torchvision's network; the paper's unless given.
    heads: has the two auxiliary heads, which run in training.
    heads_at_inference: they always run. Scores are then those of the network, of the
        second head and of the first, in torchvision's order.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        *,
        norm: bool = False,
        heads: bool = False,
        heads_at_inference: bool = False,
    ) -> None:
        super().__init__()
        self.heads = heads
        self.heads_at_inference = heads_at_inference
        self.conv1 = BasicConv2d(3, 64, 7, stride=2, norm=norm)
        self.maxpool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.norm1 = nn.Identity() if norm else nn.LocalResponseNorm(5)
        self.conv2 = BasicConv2d(64, 64, 1, norm=norm)
        self.conv3 = BasicConv2d(64, 192, 3, norm=norm)
        self.norm2 = nn.Identity() if norm else nn.LocalResponseNorm(5)
        self.maxpool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)

        self.inception3a = Inception(192, 64, 96, 128, 16, 32, 32, norm=norm)
        self.inception3b = Inception(256, 128, 128, 192, 32, 96, 64, norm=norm)
        self.maxpool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)

        self.inception4a = Inception(480, 192, 96, 208, 16, 48, 64, norm=norm)
        self.inception4b = Inception(512, 160, 112, 224, 24, 64, 64, norm=norm)
        self.inception4c = Inception(512, 128, 128, 256, 24, 64, 64, norm=norm)
        self.inception4d = Inception(512, 112, 144, 288, 32, 64, 64, norm=norm)
        self.inception4e = Inception(528, 256, 160, 320, 32, 128, 128, norm=norm)
        self.maxpool4 = nn.MaxPool2d(2 if norm else 3, stride=2, ceil_mode=True)

        self.inception5a = Inception(832, 256, 160, 320, 32, 128, 128, norm=norm)
        self.inception5b = Inception(832, 384, 192, 384, 48, 128, 128, norm=norm)

        if heads:
            self.aux1 = InceptionAux(512, num_classes, norm=norm)
            self.aux2 = InceptionAux(528, num_classes, norm=norm)

        self.avgpool = nn.AdaptiveAvgPool2d(1) if norm else nn.AvgPool2d(7, stride=1)
        self.dropout = nn.Dropout(0.2 if norm else 0.4)
        self.fc = nn.Linear(1024, num_classes)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor, Tensor]:
        run_heads = self.heads and (self.training or self.heads_at_inference)
        # 3 x 224 x 224
        x = self.norm1(self.maxpool1(self.conv1(x)))
        # 64 x 56 x 56
        x = self.maxpool2(self.norm2(self.conv3(self.conv2(x))))
        # 192 x 28 x 28
        x = self.inception3b(self.inception3a(x))
        # 480 x 28 x 28
        x = self.inception4a(self.maxpool3(x))
        # 512 x 14 x 14
        aux1 = self.aux1(x) if run_heads else None
        x = self.inception4d(self.inception4c(self.inception4b(x)))
        # 528 x 14 x 14
        aux2 = self.aux2(x) if run_heads else None
        x = self.maxpool4(self.inception4e(x))
        # 832 x 7 x 7
        x = self.inception5b(self.inception5a(x))
        # 1024 x 7 x 7
        x = torch.flatten(self.avgpool(x), 1)
        # 1024
        x = self.fc(self.dropout(x))
        return x if aux1 is None or aux2 is None else (x, aux2, aux1)


def googlenet(num_classes: int = 1000) -> GoogLeNet:
    return GoogLeNet(num_classes)


def googlenet_aux(num_classes: int = 1000) -> GoogLeNet:
    return GoogLeNet(num_classes, heads=True, heads_at_inference=True)


def googlenet_torchvision(num_classes: int = 1000) -> GoogLeNet:
    return GoogLeNet(num_classes, norm=True, heads=True)


def googlenet_torchvision_aux(num_classes: int = 1000) -> GoogLeNet:
    return GoogLeNet(num_classes, norm=True, heads=True, heads_at_inference=True)


if __name__ == "__main__":
    print(googlenet().eval()(torch.zeros(1, 3, 224, 224)).shape)
