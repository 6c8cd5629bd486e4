"""AlexNet in PyTorch: torchvision's one tower, that with batch norm, and the two of 2012.

AlexNet: Krizhevsky, "One weird trick for parallelizing convolutional neural networks",
2014, with the filters of his program cuda-convnet2 (footnote 1 of the paper has 384 in conv4),
and as torchvision has it, whose weights load: no normalisation, its padding, its pooling.
BNAlexNet: the one tower with batch normalisation that S. Zagoruyko trained, as
soumith/imagenet-multiGPU.torch defines it in models/alexnetowtbn.lua.
AlexNet2012: Krizhevsky, Sutskever, Hinton, NIPS 2012, for an input of 227.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class AlexNet(nn.Module):
    """3 x 224 x 224 to num_classes scores; any input from 63 on."""

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, kernel_size=11, stride=4, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            # 64 x 27 x 27
            nn.Conv2d(64, 192, kernel_size=5, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            # 192 x 13 x 13
            nn.Conv2d(192, 384, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(256, 256, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            # 256 x 6 x 6
        )
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Linear(4096, num_classes),
            # 1000
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.avgpool(self.features(x))
        return self.classifier(torch.flatten(x, 1))


def conv_norm(
    in_channels: int, out_channels: int, kernel: int, stride: int, padding: int
) -> list[nn.Module]:
    return [
        nn.Conv2d(in_channels, out_channels, kernel, stride, padding),
        nn.BatchNorm2d(out_channels, eps=1e-3),
        nn.ReLU(inplace=True),
    ]


def linear_norm(in_features: int, out_features: int) -> list[nn.Module]:
    return [
        nn.Dropout(0.5),
        nn.Linear(in_features, out_features),
        nn.BatchNorm1d(out_features, eps=1e-3),
        nn.ReLU(),
    ]


class BNAlexNet(nn.Module):
    """3 x 224 x 224 to num_classes scores; its linear layers fix the last maps at 6 x 6."""

    def __init__(self, num_classes: int = 1000) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *conv_norm(3, 64, kernel=11, stride=4, padding=2),
            # 64 x 55 x 55
            nn.MaxPool2d(kernel_size=3, stride=2),
            *conv_norm(64, 192, kernel=5, stride=1, padding=2),
            # 192 x 27 x 27
            nn.MaxPool2d(kernel_size=3, stride=2),
            *conv_norm(192, 384, kernel=3, stride=1, padding=1),
            *conv_norm(384, 256, kernel=3, stride=1, padding=1),
            *conv_norm(256, 256, kernel=3, stride=1, padding=1),
            # 256 x 13 x 13
            nn.MaxPool2d(kernel_size=3, stride=2),
            # 256 x 6 x 6
        )
        self.classifier = nn.Sequential(
            *linear_norm(256 * 6 * 6, 4096),
            *linear_norm(4096, 4096),
            nn.Linear(4096, num_classes),
            # 1000
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(torch.flatten(self.features(x), 1))


class LocalResponseNorm(nn.LocalResponseNorm):
    """The constants of section 3.3: n = 5, alpha = 1e-4, beta = 0.75, k = 2."""

    def __init__(self) -> None:
        # torch divides alpha by n, section 3.3 does not
        super().__init__(size=5, alpha=5e-4, beta=0.75, k=2.0)


class AlexNet2012(nn.Module):
    """3 x 227 x 227 to num_classes scores; groups=2 is the split over two cards."""

    def __init__(self, num_classes: int = 1000, groups: int = 2) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 96, kernel_size=11, stride=4),
            nn.ReLU(inplace=True),
            LocalResponseNorm(),
            # 96 x 55 x 55
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(96, 256, kernel_size=5, padding=2, groups=groups),
            nn.ReLU(inplace=True),
            LocalResponseNorm(),
            # 256 x 27 x 27
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(256, 384, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            # 384 x 13 x 13
            nn.Conv2d(384, 384, kernel_size=3, padding=1, groups=groups),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, kernel_size=3, padding=1, groups=groups),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            # 256 x 6 x 6
        )
        self.classifier = nn.Sequential(
            nn.Linear(256 * 6 * 6, 4096),
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


def alexnet(num_classes: int = 1000) -> AlexNet:
    return AlexNet(num_classes)


def bn_alexnet(num_classes: int = 1000) -> BNAlexNet:
    return BNAlexNet(num_classes)


def alexnet_2012(num_classes: int = 1000) -> AlexNet2012:
    return AlexNet2012(num_classes, groups=2)


def alexnet_2012_nogroups(num_classes: int = 1000) -> AlexNet2012:
    return AlexNet2012(num_classes, groups=1)


if __name__ == "__main__":
    print(alexnet()(torch.zeros(1, 3, 224, 224)).shape)
