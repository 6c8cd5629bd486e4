"""VGG's configuration C in PyTorch: 1x1 convolutions close the stages 3, 4 and 5.

Simonyan, Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
Recognition", ICLR 2015, Table 1.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def conv(in_channels: int, out_channels: int, kernel_size: int) -> nn.Sequential:
    """A convolution that keeps the size of its maps, and a ReLU."""
    padding = (kernel_size - 1) // 2
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, padding=padding),
        nn.ReLU(inplace=True),
    )


class VGGC(nn.Module):
    """3 x 224 x 224 to num_classes scores; any input from 32 on."""

    def __init__(self, num_classes: int = 1000) -> None:
        super().__init__()
        self.features = nn.Sequential(
            conv(3, 64, 3),
            conv(64, 64, 3),
            nn.MaxPool2d(2, 2),
            # 64 x 112 x 112
            conv(64, 128, 3),
            conv(128, 128, 3),
            nn.MaxPool2d(2, 2),
            # 128 x 56 x 56
            conv(128, 256, 3),
            conv(256, 256, 3),
            conv(256, 256, 1),
            nn.MaxPool2d(2, 2),
            # 256 x 28 x 28
            conv(256, 512, 3),
            conv(512, 512, 3),
            conv(512, 512, 1),
            nn.MaxPool2d(2, 2),
            # 512 x 14 x 14
            conv(512, 512, 3),
            conv(512, 512, 3),
            conv(512, 512, 1),
            nn.MaxPool2d(2, 2),
            # 512 x 7 x 7
        )
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.Linear(4096, num_classes),
            # 1000
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.avgpool(self.features(x))
        return self.classifier(torch.flatten(x, 1))


def vgg16_c(num_classes: int = 1000) -> VGGC:
    return VGGC(num_classes)


if __name__ == "__main__":
    print(vgg16_c()(torch.zeros(1, 3, 224, 224)).shape)
