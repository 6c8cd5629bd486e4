"""Pre-activation residual networks in PyTorch, for ImageNet and for CIFAR-10.

He, Zhang, Ren, Sun, "Identity Mappings in Deep Residual Networks", ECCV 2016, in the
order of the published Torch code: fb.resnet.torch for ImageNet, resnet-1k-layers for CIFAR.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def conv1x1(inplanes: int, planes: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inplanes, planes, kernel_size=1, stride=stride, bias=False)


def conv3x3(inplanes: int, planes: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inplanes, planes, kernel_size=3, stride=stride, padding=1, bias=False)


class PreActBlock(nn.Module):
    """Two 3x3 convolutions, each behind a BN and a ReLU.

    preact: False in the first unit of a network whose stem ends in BN and ReLU.
    """

    expansion = 1

    def __init__(self, inplanes: int, planes: int, stride: int = 1, preact: bool = True) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inplanes) if preact else None
        self.conv1 = conv3x3(inplanes, planes, stride)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv2 = conv3x3(planes, planes)
        self.relu = nn.ReLU(inplace=True)
        changes = stride != 1 or inplanes != planes
        self.downsample = conv1x1(inplanes, planes, stride) if changes else None

    def forward(self, x: Tensor) -> Tensor:
        active = x if self.bn1 is None else self.relu(self.bn1(x))
        out = self.conv1(active)
        out = self.conv2(self.relu(self.bn2(out)))
        # the identity is not activated, the input of a projection is
        out += x if self.downsample is None else self.downsample(active)
        return out


class PreActBottleneck(nn.Module):
    """1x1 down to `planes`, 3x3, 1x1 up to four times as many, each behind a BN and a ReLU."""

    expansion = 4
    stride_in_3x3 = True

    def __init__(self, inplanes: int, planes: int, stride: int = 1, preact: bool = True) -> None:
        super().__init__()
        outplanes = planes * self.expansion
        first, middle = (1, stride) if self.stride_in_3x3 else (stride, 1)
        self.bn1 = nn.BatchNorm2d(inplanes) if preact else None
        self.conv1 = conv1x1(inplanes, planes, first)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv2 = conv3x3(planes, planes, middle)
        self.bn3 = nn.BatchNorm2d(planes)
        self.conv3 = conv1x1(planes, outplanes)
        self.relu = nn.ReLU(inplace=True)
        changes = stride != 1 or inplanes != outplanes
        self.downsample = conv1x1(inplanes, outplanes, stride) if changes else None

    def forward(self, x: Tensor) -> Tensor:
        active = x if self.bn1 is None else self.relu(self.bn1(x))
        out = self.conv1(active)
        out = self.conv2(self.relu(self.bn2(out)))
        out = self.conv3(self.relu(self.bn3(out)))
        out += x if self.downsample is None else self.downsample(active)
        return out


class PreActBottleneckCifar(PreActBottleneck):
    """The stride is in the first 1x1."""

    stride_in_3x3 = False


def make_layer(
    block: type[PreActBlock] | type[PreActBottleneck],
    inplanes: int,
    planes: int,
    blocks: int,
    stride: int = 1,
    preact: bool = True,
) -> nn.Sequential:
    rest = [block(planes * block.expansion, planes) for _ in range(blocks - 1)]
    return nn.Sequential(block(inplanes, planes, stride, preact), *rest)


def initialize(network: nn.Module) -> None:
    """Weights by the rule of He et al. (2015), and the variance that each block then reads.

    Each branch adds a variance of one, so block l reads a sum of l of them. With variances of one
    in all norms the sum would double from block to block in eval mode until it is NaN; a step of
    training replaces these numbers by its own.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    blocks = [m for m in network.modules() if isinstance(m, PreActBlock | PreActBottleneck)]
    for number, block in enumerate(blocks, 1):
        if block.bn1 is not None:
            block.bn1.get_buffer("running_var").fill_(number)


class PreActResNet(nn.Module):
    """3 x 224 x 224 to num_classes scores; any other input size too."""

    def __init__(
        self,
        block: type[PreActBlock] | type[PreActBottleneck],
        layers: list[int],
        num_classes: int = 1000,
    ) -> None:
        super().__init__()
        wider = block.expansion
        self.conv1 = nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.layer1 = make_layer(block, 64, 64, layers[0], preact=False)
        self.layer2 = make_layer(block, 64 * wider, 128, layers[1], stride=2)
        self.layer3 = make_layer(block, 128 * wider, 256, layers[2], stride=2)
        self.layer4 = make_layer(block, 256 * wider, 512, layers[3], stride=2)
        self.bn_last = nn.BatchNorm2d(512 * wider)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(512 * wider, num_classes)
        initialize(self)

    def forward(self, x: Tensor) -> Tensor:
        # where two shapes stand, the second is of bottlenecks
        x = self.relu(self.bn1(self.conv1(x)))
        # 64 x 112 x 112
        x = self.layer1(self.maxpool(x))
        # 64 x 56 x 56
        # 256 x 56 x 56
        x = self.layer2(x)
        # 128 x 28 x 28
        # 512 x 28 x 28
        x = self.layer3(x)
        # 256 x 14 x 14
        # 1024 x 14 x 14
        x = self.relu(self.bn_last(self.layer4(x)))
        # 512 x 7 x 7
        # 2048 x 7 x 7
        return self.fc(torch.flatten(self.avgpool(x), 1))


class PreActResNetCifar(nn.Module):
    """3 x 32 x 32 to num_classes scores; any other input size too."""

    def __init__(self, depth: int, num_classes: int = 10) -> None:
        super().__init__()
        assert depth % 9 == 2, "depth is 9n + 2"
        blocks = depth // 9
        self.conv1 = conv3x3(3, 16)
        self.layer1 = make_layer(PreActBottleneckCifar, 16, 16, blocks)
        self.layer2 = make_layer(PreActBottleneckCifar, 64, 32, blocks, stride=2)
        self.layer3 = make_layer(PreActBottleneckCifar, 128, 64, blocks, stride=2)
        self.bn_last = nn.BatchNorm2d(256)
        self.relu = nn.ReLU(inplace=True)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(256, num_classes)
        initialize(self)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer1(self.conv1(x))
        # 64 x 32 x 32
        x = self.layer2(x)
        # 128 x 16 x 16
        x = self.relu(self.bn_last(self.layer3(x)))
        # 256 x 8 x 8
        return self.fc(torch.flatten(self.avgpool(x), 1))


def preact_resnet18(num_classes: int = 1000) -> PreActResNet:
    return PreActResNet(PreActBlock, [2, 2, 2, 2], num_classes)


def preact_resnet34(num_classes: int = 1000) -> PreActResNet:
    return PreActResNet(PreActBlock, [3, 4, 6, 3], num_classes)


def preact_resnet50(num_classes: int = 1000) -> PreActResNet:
    return PreActResNet(PreActBottleneck, [3, 4, 6, 3], num_classes)


def preact_resnet101(num_classes: int = 1000) -> PreActResNet:
    return PreActResNet(PreActBottleneck, [3, 4, 23, 3], num_classes)


def preact_resnet152(num_classes: int = 1000) -> PreActResNet:
    return PreActResNet(PreActBottleneck, [3, 8, 36, 3], num_classes)


def preact_resnet200(num_classes: int = 1000) -> PreActResNet:
    return PreActResNet(PreActBottleneck, [3, 24, 36, 3], num_classes)


def preact_resnet164_cifar(num_classes: int = 10) -> PreActResNetCifar:
    return PreActResNetCifar(164, num_classes)


def preact_resnet1001_cifar(num_classes: int = 10) -> PreActResNetCifar:
    return PreActResNetCifar(1001, num_classes)


if __name__ == "__main__":
    print(preact_resnet50()(torch.zeros(1, 3, 224, 224)).shape)
