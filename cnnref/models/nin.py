"""Network in Network for ImageNet in PyTorch, as published and with batch normalisation.

NIN: Lin, Chen, Yan, "Network In Network", ICLR 2014, with the numbers of the Caffe network
nin_imagenet that M. Lin published. BNNIN: the network that S. Zagoruyko trained, which Canziani et
al. 2016 compare. The last pooling takes the whole map, which is 6x6 and 7x7 at 224.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def mlpconv(conv: nn.Conv2d, outputs: int | None = None) -> nn.Sequential:
    """A convolution and two 1x1 convolutions, each with a ReLU."""
    width = conv.out_channels
    return nn.Sequential(
        conv,
        nn.ReLU(inplace=True),
        nn.Conv2d(width, width, kernel_size=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(width, width if outputs is None else outputs, kernel_size=1),
        nn.ReLU(inplace=True),
    )


class NIN(nn.Module):
    """3 x 224 x 224 to num_classes scores; any input from 39 on."""

    def __init__(self, num_classes: int = 1000) -> None:
        super().__init__()
        self.features = nn.Sequential(
            mlpconv(nn.Conv2d(3, 96, kernel_size=11, stride=4)),
            # 96 x 54 x 54
            nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True),
            mlpconv(nn.Conv2d(96, 256, kernel_size=5, padding=2)),
            # 256 x 27 x 27
            nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True),
            mlpconv(nn.Conv2d(256, 384, kernel_size=3, padding=1)),
            # 384 x 13 x 13
            nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True),
            nn.Dropout(0.5),
            mlpconv(nn.Conv2d(384, 1024, kernel_size=3, padding=1), outputs=num_classes),
            # 1000 x 6 x 6
        )
        self.pool = nn.AdaptiveAvgPool2d(1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.flatten(self.pool(self.features(x)), 1)


def conv_norm(
    in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0
) -> nn.Sequential:
    """A convolution, which keeps its bias, a batch normalisation and a ReLU."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding),
        nn.BatchNorm2d(out_channels, eps=1e-3),
        nn.ReLU(inplace=True),
    )


class BNNIN(nn.Module):
    """3 x 224 x 224 to num_classes scores; any input from 1 on."""

    def __init__(self, num_classes: int = 1000) -> None:
        super().__init__()
        self.features = nn.Sequential(
            conv_norm(3, 96, 11, stride=4, padding=5),
            conv_norm(96, 96, 1),
            conv_norm(96, 96, 1),
            # 96 x 56 x 56
            nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
            conv_norm(96, 256, 5, padding=2),
            conv_norm(256, 256, 1),
            conv_norm(256, 256, 1),
            # 256 x 28 x 28
            nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
            conv_norm(256, 384, 3, padding=1),
            conv_norm(384, 384, 1),
            conv_norm(384, 384, 1),
            # 384 x 14 x 14
            nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
            conv_norm(384, 1024, 3, padding=1),
            conv_norm(1024, 1024, 1),
            conv_norm(1024, 1024, 1),
            # 1024 x 7 x 7
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(1024, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(torch.flatten(self.pool(self.features(x)), 1))


def nin(num_classes: int = 1000) -> NIN:
    return NIN(num_classes)


def bn_nin(num_classes: int = 1000) -> BNNIN:
    return BNNIN(num_classes)


if __name__ == "__main__":
    print(nin()(torch.zeros(1, 3, 224, 224)).shape)
