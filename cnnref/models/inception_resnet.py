"""Inception-ResNet in PyTorch: v1 as in Figure 15, v2 as Google published it.

Szegedy, Ioffe, Vanhoucke, Alemi, "Inception-v4, Inception-ResNet and the Impact of
Residual Connections on Learning", AAAI 2017, Figures 7 and 10 to 19.
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
    """relu(x + linear(branches(x))); v2 scales the residual, and its last block has no ReLU."""

    def __init__(
        self,
        channels: int,
        stacked: int,
        scale: float | None,
        *branches: nn.Module,
        last: bool = False,
    ) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.linear = nn.Conv2d(stacked, channels, kernel_size=1)
        self.scale = scale
        self.relu = nn.Identity() if last else nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y = self.linear(torch.cat([branch(x) for branch in self.branches], 1))
        if self.scale is not None:
            y = y * self.scale
        return self.relu(y + x)


class Block35(Residual):
    """Figure 16, on 320 x 35 x 35; v1: Figure 10, on 256."""

    def __init__(
        self, channels: int = 320, c: int = 48, d: int = 64, scale: float | None = 0.17
    ) -> None:
        branch0 = ConvBN(channels, 32, 1)
        branch1 = nn.Sequential(ConvBN(channels, 32, 1), ConvBN(32, 32, 3, padding=1))
        branch2 = nn.Sequential(
            ConvBN(channels, 32, 1), ConvBN(32, c, 3, padding=1), ConvBN(c, d, 3, padding=1)
        )
        super().__init__(channels, 32 + 32 + d, scale, branch0, branch1, branch2)


class Block17(Residual):
    """Figure 17, on 1088 x 17 x 17; v1: Figure 11, on 896."""

    def __init__(
        self, channels: int = 1088, a: int = 192, c: int = 160, scale: float | None = 0.10
    ) -> None:
        branch0 = ConvBN(channels, a, 1)
        branch1 = nn.Sequential(
            ConvBN(channels, 128, 1),
            ConvBN(128, c, (1, 7), padding=(0, 3)),
            ConvBN(c, a, (7, 1), padding=(3, 0)),
        )
        super().__init__(channels, a + a, scale, branch0, branch1)


class Block8(Residual):
    """Figure 19, on 2080 x 8 x 8; v1: Figure 13, on 1792."""

    def __init__(
        self,
        channels: int = 2080,
        c: int = 224,
        d: int = 256,
        scale: float | None = 0.20,
        *,
        last: bool = False,
    ) -> None:
        branch0 = ConvBN(channels, 192, 1)
        branch1 = nn.Sequential(
            ConvBN(channels, 192, 1),
            ConvBN(192, c, (1, 3), padding=(0, 1)),
            ConvBN(c, d, (3, 1), padding=(1, 0)),
        )
        super().__init__(channels, 192 + d, scale, branch0, branch1, last=last)


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
    """Figure 7: 320 x 35 x 35 to 1088 x 17 x 17; in v1 256 x 35 x 35 to 896 x 17 x 17."""

    def __init__(self, channels: int, k: int, m: int) -> None:
        super().__init__()
        self.branch0 = ConvBN(channels, 384, 3, stride=2)
        self.branch1 = nn.Sequential(
            ConvBN(channels, k, 1), ConvBN(k, k, 3, padding=1), ConvBN(k, m, 3, stride=2)
        )
        self.branch2 = nn.MaxPool2d(3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.branch0(x), self.branch1(x), self.branch2(x)], 1)


class Mixed7a(nn.Module):
    """Figure 18: 1088 x 17 x 17 to 2080 x 8 x 8; Figure 12: 896 to 1792 x 8 x 8."""

    def __init__(self, channels: int, b: int, c: int) -> None:
        super().__init__()
        self.branch0 = nn.Sequential(ConvBN(channels, 256, 1), ConvBN(256, 384, 3, stride=2))
        self.branch1 = nn.Sequential(ConvBN(channels, 256, 1), ConvBN(256, b, 3, stride=2))
        self.branch2 = nn.Sequential(
            ConvBN(channels, 256, 1), ConvBN(256, b, 3, padding=1), ConvBN(b, c, 3, stride=2)
        )
        self.branch3 = nn.MaxPool2d(3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        branches = [self.branch0(x), self.branch1(x), self.branch2(x), self.branch3(x)]
        return torch.cat(branches, 1)


class InceptionResNetV1(nn.Module):
    """3 x 299 x 299 to num_classes scores; any input from 75 on. Figures 14 and 15."""

    def __init__(self, num_classes: int = 1000) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            ConvBN(3, 32, 3, stride=2),
            ConvBN(32, 32, 3),
            ConvBN(32, 64, 3, padding=1),
            # 64 x 147 x 147
            nn.MaxPool2d(3, stride=2),
            ConvBN(64, 80, 1),
            ConvBN(80, 192, 3),
            # 192 x 71 x 71
            ConvBN(192, 256, 3, stride=2),
            # 256 x 35 x 35
        )
        self.blocks_35 = nn.Sequential(*(Block35(256, 32, 32, None) for _ in range(5)))
        self.mixed_6a = Mixed6a(256, 192, 256)
        self.blocks_17 = nn.Sequential(*(Block17(896, 128, 128, None) for _ in range(10)))
        self.mixed_7a = Mixed7a(896, 256, 256)
        self.blocks_8 = nn.Sequential(*(Block8(1792, 192, 192, None) for _ in range(5)))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.2)
        self.fc = nn.Linear(1792, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks_35(self.stem(x))
        # 256 x 35 x 35
        x = self.blocks_17(self.mixed_6a(x))
        # 896 x 17 x 17
        x = self.blocks_8(self.mixed_7a(x))
        # 1792 x 8 x 8
        x = self.dropout(torch.flatten(self.avgpool(x), 1))
        # 1792
        return self.fc(x)


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
        self.mixed_6a = Mixed6a(320, 256, 384)
        self.blocks_17 = nn.Sequential(*(Block17() for _ in range(20)))
        self.mixed_7a = Mixed7a(1088, 288, 320)
        self.blocks_8 = nn.Sequential(*(Block8() for _ in range(9)), Block8(scale=1.0, last=True))
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


def inception_resnet_v1(num_classes: int = 1000) -> InceptionResNetV1:
    return InceptionResNetV1(num_classes)


def inception_resnet_v2(num_classes: int = 1000) -> InceptionResNetV2:
    return InceptionResNetV2(num_classes)


if __name__ == "__main__":
    print(inception_resnet_v2().eval()(torch.zeros(1, 3, 299, 299)).shape)
