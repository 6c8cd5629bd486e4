"""ZFNet in PyTorch: Figure 3, and the variant of Table 2 (b) with 512, 1024 and 512 maps.

Zeiler, Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014. The
paddings and the rounding of the poolings are those that give the sizes of Figure 3; the
contrast normalisation, whose constants Figure 3 does not give, is AlexNet's.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ContrastNorm(nn.LocalResponseNorm):
    """Across maps, with the constants of Krizhevsky et al. 2012."""

    def __init__(self) -> None:
        # torch divides alpha by n, AlexNet's paper (section 3.3) does not
        super().__init__(size=5, alpha=5e-4, beta=0.75, k=2.0)


class ZFNet(nn.Module):
    """3 x 224 x 224 to num_classes scores; any input from 207 to 238."""

    def __init__(
        self, num_classes: int = 1000, conv3: int = 384, conv4: int = 384, conv5: int = 256
    ) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 96, kernel_size=7, stride=2, padding=1),
            nn.ReLU(inplace=True),
            # 96 x 110 x 110
            nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True),
            ContrastNorm(),
            # 96 x 55 x 55
            nn.Conv2d(96, 256, kernel_size=5, stride=2),
            nn.ReLU(inplace=True),
            # 256 x 26 x 26
            nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True),
            ContrastNorm(),
            # 256 x 13 x 13
            nn.Conv2d(256, conv3, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(conv3, conv4, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(conv4, conv5, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True),
            # 256 x 6 x 6
        )
        self.classifier = nn.Sequential(
            nn.Linear(conv5 * 6 * 6, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.Linear(4096, num_classes),
            # 1000
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(torch.flatten(self.features(x), 1))


def zfnet(num_classes: int = 1000) -> ZFNet:
    return ZFNet(num_classes)


def zfnet_b(num_classes: int = 1000) -> ZFNet:
    return ZFNet(num_classes, conv3=512, conv4=1024, conv5=512)


if __name__ == "__main__":
    print(zfnet()(torch.zeros(1, 3, 224, 224)).shape)
