"""Inception-ResNet-v2 in PyTorch, as its authors published it.

Szegedy, Ioffe, Vanhoucke, Alemi, "Inception-v4, Inception-ResNet and the Impact of
Residual Connections on Learning", AAAI 2017, Figures 7 and 15 to 19.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ConvBN(nn.Module):
    """A convolution without a bias, a batch norm, and a ReLU."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.bn(self.conv(x)))


class Residual(nn.Module):
    """relu(x + scale * linear(branches(x))); the last block of the network has no ReLU."""

    def __init__(
        self, channels: int, stacked: int, scale: float, *branches: nn.Module, last: bool = False
    ) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.linear = nn.Conv2d(stacked, channels, kernel_size=1)
        self.scale = scale
        self.relu = nn.Identity() if last else nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y = torch.cat([branch(x) for branch in self.branches], 1)
        return self.relu(self.linear(y) * self.scale + x)


class Block35(Residual):
    """Figure 16, on 320 x 35 x 35."""

    def __init__(self) -> None:
        branch0 = ConvBN(320, 32, 1)
        branch1 = nn.Sequential(ConvBN(320, 32, 1), ConvBN(32, 32, 3, padding=1))
        branch2 = nn.Sequential(
            ConvBN(320, 32, 1), ConvBN(32, 48, 3, padding=1), ConvBN(48, 64, 3, padding=1)
        )
        super().__init__(320, 32 + 32 + 64, 0.17, branch0, branch1, branch2)


class Block17(Residual):
    """Figure 17, on 1088 x 17 x 17."""

    def __init__(self) -> None:
        branch0 = ConvBN(1088, 192, 1)
        branch1 = nn.Sequential(
            ConvBN(1088, 128, 1),
            ConvBN(128, 160, (1, 7), padding=(0, 3)),
            ConvBN(160, 192, (7, 1), padding=(3, 0)),
        )
        super().__init__(1088, 192 + 192, 0.10, branch0, branch1)


class Block8(Residual):
    """Figure 19, on 2080 x 8 x 8."""

    def __init__(self, last: bool = False) -> None:
        branch0 = ConvBN(2080, 192, 1)
        branch1 = nn.Sequential(
            ConvBN(2080, 192, 1),
            ConvBN(192, 224, (1, 3), padding=(0, 1)),
            ConvBN(224, 256, (3, 1), padding=(1, 0)),
        )
        scale = 1.0 if last else 0.20
        super().__init__(2080, 192 + 256, scale, branch0, branch1, last=last)


class Mixed5b(nn.Module):
    """192 x 35 x 35 to 320 x 35 x 35."""

    def __init__(self) -> None:
        super().__init__()
        self.branch0 = ConvBN(192, 96, 1)
        self.branch1 = nn.Sequential(ConvBN(192, 48, 1), ConvBN(48, 64, 5, padding=2))
        self.branch2 = nn.Sequential(
            ConvBN(192, 64, 1), ConvBN(64, 96, 3, padding=1), ConvBN(96, 96, 3, padding=1)
        )
        self.branch3 = nn.Sequential(
            nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False), ConvBN(192, 64, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        branches = [self.branch0(x), self.branch1(x), self.branch2(x), self.branch3(x)]
        return torch.cat(branches, 1)


class Mixed6a(nn.Module):
    """Figure 7, 320 x 35 x 35 to 1088 x 17 x 17."""

    def __init__(self) -> None:
        super().__init__()
        self.branch0 = ConvBN(320, 384, 3, stride=2)
        self.branch1 = nn.Sequential(
            ConvBN(320, 256, 1), ConvBN(256, 256, 3, padding=1), ConvBN(256, 384, 3, stride=2)
        )
        self.branch2 = nn.MaxPool2d(3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.branch0(x), self.branch1(x), self.branch2(x)], 1)


class Mixed7a(nn.Module):
    """Figure 18, 1088 x 17 x 17 to 2080 x 8 x 8."""

    def __init__(self) -> None:
        super().__init__()
        self.branch0 = nn.Sequential(ConvBN(1088, 256, 1), ConvBN(256, 384, 3, stride=2))
        self.branch1 = nn.Sequential(ConvBN(1088, 256, 1), ConvBN(256, 288, 3, stride=2))
        self.branch2 = nn.Sequential(
            ConvBN(1088, 256, 1), ConvBN(256, 288, 3, padding=1), ConvBN(288, 320, 3, stride=2)
        )
        self.branch3 = nn.MaxPool2d(3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        branches = [self.branch0(x), self.branch1(x), self.branch2(x), self.branch3(x)]
        return torch.cat(branches, 1)


class InceptionResNetV2(nn.Module):
    """3 x 299 x 299 to num_classes scores; any input from 75 on."""

    def __init__(self, num_classes: int = 1000) -> None:
        super().__init__()
        self.conv2d_1a = ConvBN(3, 32, 3, stride=2)
        self.conv2d_2a = ConvBN(32, 32, 3)
        self.conv2d_2b = ConvBN(32, 64, 3, padding=1)
        self.maxpool_3a = nn.MaxPool2d(3, stride=2)
        self.conv2d_3b = ConvBN(64, 80, 1)
        self.conv2d_4a = ConvBN(80, 192, 3)
        self.maxpool_5a = nn.MaxPool2d(3, stride=2)
        self.mixed_5b = Mixed5b()
        self.blocks_35 = nn.Sequential(*(Block35() for _ in range(10)))
        self.mixed_6a = Mixed6a()
        self.blocks_17 = nn.Sequential(*(Block17() for _ in range(20)))
        self.mixed_7a = Mixed7a()
        self.blocks_8 = nn.Sequential(*(Block8() for _ in range(9)), Block8(last=True))
        self.conv2d_7b = ConvBN(2080, 1536, 1)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.2)
        self.fc = nn.Linear(1536, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        # 3 x 299 x 299
        x = self.conv2d_2b(self.conv2d_2a(self.conv2d_1a(x)))
        # 64 x 147 x 147
        x = self.conv2d_4a(self.conv2d_3b(self.maxpool_3a(x)))
        # 192 x 71 x 71
        x = self.blocks_35(self.mixed_5b(self.maxpool_5a(x)))
        # 320 x 35 x 35
        x = self.blocks_17(self.mixed_6a(x))
        # 1088 x 17 x 17
        x = self.conv2d_7b(self.blocks_8(self.mixed_7a(x)))
        # 1536 x 8 x 8
        x = self.dropout(torch.flatten(self.avgpool(x), 1))
        # 1536
        return self.fc(x)


def inception_resnet_v2(num_classes: int = 1000) -> InceptionResNetV2:
    return InceptionResNetV2(num_classes)


if __name__ == "__main__":
    print(inception_resnet_v2().eval()(torch.zeros(1, 3, 299, 299)).shape)
