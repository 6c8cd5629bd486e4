"""ENet's classifier for ImageNet in PyTorch.

Paszke, Chaurasia, Kim, Culurciello, "ENet", 2016; the classifier of Canziani, Paszke and
Culurciello, "An Analysis of Deep Neural Network Models for Practical Applications", with
the numbers of the definition that its authors published for Torch 7 (branch e_data of
e-lab/imagenet-multiGPU.torch).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Bottleneck(nn.Module):
    """Project, convolve, expand; the other branch pools and fills up with zeros."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        internal_scale: int = 4,
        downsample: bool = False,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        internal = out_channels // internal_scale
        stride = 2 if downsample else 1
        self.main = nn.Sequential(
            nn.Conv2d(in_channels, internal, kernel_size=stride, stride=stride, bias=False),
            nn.BatchNorm2d(internal, eps=1e-3),
            nn.PReLU(internal),
            nn.Conv2d(internal, internal, kernel_size=3, padding=1),
            nn.BatchNorm2d(internal, eps=1e-3),
            nn.PReLU(internal),
            nn.Conv2d(internal, out_channels, kernel_size=1, bias=False),
            nn.BatchNorm2d(out_channels, eps=1e-3),
            nn.Dropout2d(dropout),
        )
        self.pool = nn.MaxPool2d(kernel_size=2, stride=2) if downsample else nn.Identity()
        self.extra = out_channels - in_channels
        self.prelu = nn.PReLU(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        main = self.main(x)
        other = self.pool(x)
        if self.extra:
            other = F.pad(other, (0, 0, 0, 0, 0, self.extra))
        return self.prelu(main + other)


class InitialBlock(nn.Module):
    """13 filters beside the pooled image, 16 channels at half the size."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 13, kernel_size=3, stride=2, padding=1)
        self.pool = nn.MaxPool2d(kernel_size=2, stride=2)
        self.norm = nn.BatchNorm2d(16, eps=1e-3)
        self.prelu = nn.PReLU(16)

    def forward(self, x: Tensor) -> Tensor:
        return self.prelu(self.norm(torch.cat([self.conv(x), self.pool(x)], 1)))


class ENet(nn.Module):
    """3 x 224 x 224 to num_classes scores; any even input from 32 on."""

    def __init__(self, num_classes: int = 1000) -> None:
        super().__init__()
        self.features = nn.Sequential(
            InitialBlock(),
            # 16 x 112 x 112
            Bottleneck(16, 64, internal_scale=1, downsample=True, dropout=0.01),
            Bottleneck(64, 128, dropout=0.01),
            Bottleneck(128, 128, dropout=0.01),
            # 128 x 56 x 56
            Bottleneck(128, 256, downsample=True, dropout=0.01),
            Bottleneck(256, 256, dropout=0.01),
            Bottleneck(256, 256),
            # 256 x 28 x 28
            Bottleneck(256, 512, downsample=True),
            Bottleneck(512, 512),
            Bottleneck(512, 512),
            # 512 x 14 x 14
            Bottleneck(512, 1024, downsample=True),
            Bottleneck(1024, 1024),
            Bottleneck(1024, 1024),
            # 1024 x 7 x 7
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(1024, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


def enet(num_classes: int = 1000) -> ENet:
    return ENet(num_classes)


if __name__ == "__main__":
    print(enet()(torch.zeros(1, 3, 224, 224)).shape)
