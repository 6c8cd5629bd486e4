"""BN-Inception in PyTorch.

Ioffe, Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal
Covariate Shift", ICML 2015, Figure 5. The projections behind the poolings of 4c and 4d have 96
filters, as in the network that Google published: the 128 of the figure do not give its maps.
The auxiliary head is that of soumith/imagenet-multiGPU.torch, models/googlenetbn.lua.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ConvBN(nn.Module):
    """A centred convolution without a bias, a batch norm, and a ReLU."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels, out_channels, kernel, stride, padding=kernel // 2, bias=False
        )
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.bn(self.conv(x)))


def double_3x3(in_channels: int, reduce: int, width: int, stride: int = 1) -> nn.Sequential:
    """What stands for a 5x5: a reduction and two 3x3, the second of which has the stride."""
    return nn.Sequential(
        ConvBN(in_channels, reduce, 1),
        ConvBN(reduce, width, 3),
        ConvBN(width, width, 3, stride),
    )


class Inception(nn.Module):
    """Four branches on one input, stacked along their channels."""

    def __init__(
        self,
        in_channels: int,
        ch1x1: int,
        ch3x3red: int,
        ch3x3: int,
        double_red: int,
        double: int,
        pool_proj: int,
        *,
        pool: type[nn.AvgPool2d | nn.MaxPool2d] = nn.AvgPool2d,
    ) -> None:
        super().__init__()
        self.branch1 = ConvBN(in_channels, ch1x1, 1)
        self.branch2 = nn.Sequential(ConvBN(in_channels, ch3x3red, 1), ConvBN(ch3x3red, ch3x3, 3))
        self.branch3 = double_3x3(in_channels, double_red, double)
        self.branch4 = nn.Sequential(
            pool(3, stride=1, padding=1), ConvBN(in_channels, pool_proj, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        branches = [self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)]
        return torch.cat(branches, 1)


class Reduction(nn.Module):
    """Half the height and width; the pooled input passes through beside two branches."""

    def __init__(
        self, in_channels: int, ch3x3red: int, ch3x3: int, double_red: int, double: int
    ) -> None:
        super().__init__()
        self.branch1 = nn.Sequential(
            ConvBN(in_channels, ch3x3red, 1), ConvBN(ch3x3red, ch3x3, 3, stride=2)
        )
        self.branch2 = double_3x3(in_channels, double_red, double, stride=2)
        self.branch3 = nn.MaxPool2d(3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.branch1(x), self.branch2(x), self.branch3(x)], 1)


class Head(nn.Module):
    """A classifier on a 14 x 14 map in the middle of the network."""

    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(5, stride=3)
        self.conv = ConvBN(in_channels, 128, 1)
        self.fc1 = nn.Linear(2048, 768)
        self.relu = nn.ReLU()
        self.fc2 = nn.Linear(768, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(self.pool(x))
        # 128 x 4 x 4
        x = self.relu(self.fc1(torch.flatten(x, 1)))
        # 768
        return self.fc2(x)


class BNInception(nn.Module):
    """3 x 224 x 224 to num_classes scores; any input from 193 to 224.

    head: has the auxiliary head and runs it, as training does. Scores are then those of the
        network and those of the head.
    """

    def __init__(self, num_classes: int = 1000, *, head: bool = False) -> None:
        super().__init__()
        # the first half of the separable convolution: 8 filters on each colour
        self.depthwise = nn.Conv2d(3, 24, 7, stride=2, padding=3, groups=3, bias=False)
        self.conv1 = ConvBN(24, 64, 1)
        self.pool1 = nn.MaxPool2d(3, stride=2, padding=1)
        self.conv2_reduce = ConvBN(64, 64, 1)
        self.conv2 = ConvBN(64, 192, 3)
        self.pool2 = nn.MaxPool2d(3, stride=2, padding=1)

        self.inception3a = Inception(192, 64, 64, 64, 64, 96, 32)
        self.inception3b = Inception(256, 64, 64, 96, 64, 96, 64)
        self.inception3c = Reduction(320, 128, 160, 64, 96)

        self.inception4a = Inception(576, 224, 64, 96, 96, 128, 128)
        self.inception4b = Inception(576, 192, 96, 128, 96, 128, 128)
        self.inception4c = Inception(576, 160, 128, 160, 128, 160, 96)
        self.inception4d = Inception(576, 96, 128, 192, 160, 192, 96)
        self.inception4e = Reduction(576, 128, 192, 192, 256)

        self.inception5a = Inception(1024, 352, 192, 320, 160, 224, 128)
        self.inception5b = Inception(1024, 352, 192, 320, 192, 224, 128, pool=nn.MaxPool2d)

        self.aux = Head(576, num_classes) if head else None
        self.avgpool = nn.AvgPool2d(7, stride=1)
        self.fc = nn.Linear(1024, num_classes)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        x = self.conv1(self.depthwise(x))
        # 64 x 112 x 112
        x = self.conv2(self.conv2_reduce(self.pool1(x)))
        # 192 x 56 x 56
        x = self.inception3b(self.inception3a(self.pool2(x)))
        # 320 x 28 x 28
        x = self.inception3c(x)
        # 576 x 14 x 14
        x = self.inception4d(self.inception4c(self.inception4b(self.inception4a(x))))
        # 576 x 14 x 14
        aux = None if self.aux is None else self.aux(x)
        x = self.inception4e(x)
        # 1024 x 7 x 7
        x = self.inception5b(self.inception5a(x))
        # 1024 x 7 x 7
        x = torch.flatten(self.avgpool(x), 1)
        # 1024
        x = self.fc(x)
        return x if aux is None else (x, aux)


def bn_inception(num_classes: int = 1000) -> BNInception:
    return BNInception(num_classes)


def bn_inception_aux(num_classes: int = 1000) -> BNInception:
    return BNInception(num_classes, head=True)


if __name__ == "__main__":
    print(bn_inception().eval()(torch.zeros(1, 3, 224, 224)).shape)
