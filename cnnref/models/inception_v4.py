"""Inception-v4 in PyTorch.

Szegedy, Ioffe, Vanhoucke, Alemi, "Inception-v4, Inception-ResNet and the Impact of
Residual Connections on Learning", AAAI 2017, Figures 3 to 9.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def conv(
    in_channels: int,
    out_channels: int,
    kernel_size: int | tuple[int, int],
    stride: int = 1,
    padding: int | tuple[int, int] = 0,
) -> nn.Sequential:
    """A convolution without a bias, a batch norm, and a ReLU."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, bias=False),
        nn.BatchNorm2d(out_channels, eps=0.001),
        nn.ReLU(inplace=True),
    )


class Parallel(nn.Module):
    """Branches on one input, stacked along their channels."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.branches], 1)


def stem() -> nn.Sequential:
    """Figure 3: 3 x 299 x 299 to 384 x 35 x 35."""
    return nn.Sequential(
        conv(3, 32, 3, stride=2),
        conv(32, 32, 3),
        conv(32, 64, 3, padding=1),
        # 64 x 147 x 147
        Parallel(nn.MaxPool2d(3, stride=2), conv(64, 96, 3, stride=2)),
        # 160 x 73 x 73
        Parallel(
            nn.Sequential(conv(160, 64, 1), conv(64, 96, 3)),
            nn.Sequential(
                conv(160, 64, 1),
                conv(64, 64, (1, 7), padding=(0, 3)),
                conv(64, 64, (7, 1), padding=(3, 0)),
                conv(64, 96, 3),
            ),
        ),
        # 192 x 71 x 71
        Parallel(conv(192, 192, 3, stride=2), nn.MaxPool2d(3, stride=2)),
    )


def inception_a() -> Parallel:
    """Figure 4, on 384 x 35 x 35."""
    return Parallel(
        conv(384, 96, 1),
        nn.Sequential(conv(384, 64, 1), conv(64, 96, 3, padding=1)),
        nn.Sequential(conv(384, 64, 1), conv(64, 96, 3, padding=1), conv(96, 96, 3, padding=1)),
        nn.Sequential(average(), conv(384, 96, 1)),
    )


def reduction_a() -> Parallel:
    """Figure 7, 384 x 35 x 35 to 1024 x 17 x 17."""
    return Parallel(
        conv(384, 384, 3, stride=2),
        nn.Sequential(conv(384, 192, 1), conv(192, 224, 3, padding=1), conv(224, 256, 3, stride=2)),
        nn.MaxPool2d(3, stride=2),
    )


def inception_b() -> Parallel:
    """Figure 5, on 1024 x 17 x 17."""
    return Parallel(
        conv(1024, 384, 1),
        nn.Sequential(
            conv(1024, 192, 1),
            conv(192, 224, (1, 7), padding=(0, 3)),
            conv(224, 256, (7, 1), padding=(3, 0)),
        ),
        nn.Sequential(
            conv(1024, 192, 1),
            conv(192, 192, (7, 1), padding=(3, 0)),
            conv(192, 224, (1, 7), padding=(0, 3)),
            conv(224, 224, (7, 1), padding=(3, 0)),
            conv(224, 256, (1, 7), padding=(0, 3)),
        ),
        nn.Sequential(average(), conv(1024, 128, 1)),
    )


def reduction_b() -> Parallel:
    """Figure 8, 1024 x 17 x 17 to 1536 x 8 x 8."""
    return Parallel(
        nn.Sequential(conv(1024, 192, 1), conv(192, 192, 3, stride=2)),
        nn.Sequential(
            conv(1024, 256, 1),
            conv(256, 256, (1, 7), padding=(0, 3)),
            conv(256, 320, (7, 1), padding=(3, 0)),
            conv(320, 320, 3, stride=2),
        ),
        nn.MaxPool2d(3, stride=2),
    )


def inception_c() -> Parallel:
    """Figure 6, on 1536 x 8 x 8."""
    return Parallel(
        conv(1536, 256, 1),
        nn.Sequential(
            conv(1536, 384, 1),
            Parallel(
                conv(384, 256, (1, 3), padding=(0, 1)), conv(384, 256, (3, 1), padding=(1, 0))
            ),
        ),
        nn.Sequential(
            conv(1536, 384, 1),
            conv(384, 448, (3, 1), padding=(1, 0)),
            conv(448, 512, (1, 3), padding=(0, 1)),
            Parallel(
                conv(512, 256, (1, 3), padding=(0, 1)), conv(512, 256, (3, 1), padding=(1, 0))
            ),
        ),
        nn.Sequential(average(), conv(1536, 256, 1)),
    )


def average() -> nn.AvgPool2d:
    return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)


class InceptionV4(nn.Module):
    """3 x 299 x 299 to num_classes scores; any input from 75 on."""

    def __init__(self, num_classes: int = 1000) -> None:
        super().__init__()
        self.stem = stem()
        self.inception_a = nn.Sequential(*(inception_a() for _ in range(4)))
        self.reduction_a = reduction_a()
        self.inception_b = nn.Sequential(*(inception_b() for _ in range(7)))
        self.reduction_b = reduction_b()
        self.inception_c = nn.Sequential(*(inception_c() for _ in range(3)))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.2)
        self.fc = nn.Linear(1536, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        # 3 x 299 x 299
        x = self.inception_a(self.stem(x))
        # 384 x 35 x 35
        x = self.inception_b(self.reduction_a(x))
        # 1024 x 17 x 17
        x = self.inception_c(self.reduction_b(x))
        # 1536 x 8 x 8
        x = self.dropout(torch.flatten(self.avgpool(x), 1))
        # 1536
        return self.fc(x)


def inception_v4(num_classes: int = 1000) -> InceptionV4:
    return InceptionV4(num_classes)


if __name__ == "__main__":
    print(inception_v4().eval()(torch.zeros(1, 3, 299, 299)).shape)
