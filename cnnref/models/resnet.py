"""Residual networks in PyTorch, 18 to 152 layers; torchvision's weights load.

He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, Table 1.
The bottlenecks of resnet50, 101 and 152 halve the maps in their 3x3 convolution, as
torchvision does; those of the `_v1` networks in their first 1x1, as in the models that the
authors published (KaimingHe/deep-residual-networks).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def conv1x1(inplanes: int, planes: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inplanes, planes, kernel_size=1, stride=stride, bias=False)


def conv3x3(inplanes: int, planes: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inplanes, planes, kernel_size=3, stride=stride, padding=1, bias=False)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside the identity, or beside `downsample`."""

    expansion = 1

    def __init__(
        self, inplanes: int, planes: int, stride: int = 1, downsample: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.conv1 = conv3x3(inplanes, planes, stride)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = conv3x3(planes, planes)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


class PlainBlock(BasicBlock):
    """The same two convolutions with nothing beside them."""

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(out)))


class Bottleneck(nn.Module):
    """1x1 down to `planes`, 3x3, 1x1 up to four times as many."""

    expansion = 4
    stride_in_3x3 = True

    def __init__(
        self, inplanes: int, planes: int, stride: int = 1, downsample: nn.Module | None = None
    ) -> None:
        super().__init__()
        first, middle = (1, stride) if self.stride_in_3x3 else (stride, 1)
        self.conv1 = conv1x1(inplanes, planes, first)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = conv3x3(planes, planes, middle)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = conv1x1(planes, planes * self.expansion)
        self.bn3 = nn.BatchNorm2d(planes * self.expansion)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


class BottleneckV1(Bottleneck):
    """As in KaimingHe/deep-residual-networks: the stride is in the first 1x1."""

    stride_in_3x3 = False


class ZeroPad(nn.Module):
    """Option A: every other pixel, and zeros for the new channels."""

    def __init__(self, inplanes: int, planes: int, stride: int) -> None:
        super().__init__()
        self.new = planes - inplanes
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        x = x[:, :, :: self.stride, :: self.stride]
        return F.pad(x, (0, 0, 0, 0, 0, self.new))


class ResNet(nn.Module):
    """3 x 224 x 224 to num_classes scores; any other input size too.

    layers: blocks in each of the four stages.
    option: the shortcuts, "A" padded, "B" projected where the shape changes, "C" all projected.
    """

    def __init__(
        self,
        block: type[BasicBlock] | type[Bottleneck],
        layers: list[int],
        num_classes: int = 1000,
        option: str = "B",
    ) -> None:
        super().__init__()
        self.inplanes = 64
        self.option = option
        self.conv1 = nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.layer1 = self.make_layer(block, 64, layers[0])
        self.layer2 = self.make_layer(block, 128, layers[1], stride=2)
        self.layer3 = self.make_layer(block, 256, layers[2], stride=2)
        self.layer4 = self.make_layer(block, 512, layers[3], stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(512 * block.expansion, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def make_layer(
        self,
        block: type[BasicBlock] | type[Bottleneck],
        planes: int,
        blocks: int,
        stride: int = 1,
    ) -> nn.Sequential:
        stage = nn.Sequential()
        for _ in range(blocks):
            downsample = None
            if block is not PlainBlock:
                downsample = self.make_downsample(planes * block.expansion, stride)
            stage.append(block(self.inplanes, planes, stride, downsample))
            self.inplanes, stride = planes * block.expansion, 1
        return stage

    def make_downsample(self, planes: int, stride: int) -> nn.Module | None:
        changes = stride != 1 or self.inplanes != planes
        if not changes and self.option != "C":
            return None
        if self.option == "A":
            return ZeroPad(self.inplanes, planes, stride)
        return nn.Sequential(conv1x1(self.inplanes, planes, stride), nn.BatchNorm2d(planes))

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
        x = self.layer4(x)
        # 512 x 7 x 7
        # 2048 x 7 x 7
        return self.fc(torch.flatten(self.avgpool(x), 1))


def resnet18(num_classes: int = 1000) -> ResNet:
    return ResNet(BasicBlock, [2, 2, 2, 2], num_classes)


def resnet34(num_classes: int = 1000) -> ResNet:
    return ResNet(BasicBlock, [3, 4, 6, 3], num_classes)


def resnet50(num_classes: int = 1000) -> ResNet:
    return ResNet(Bottleneck, [3, 4, 6, 3], num_classes)


def resnet101(num_classes: int = 1000) -> ResNet:
    return ResNet(Bottleneck, [3, 4, 23, 3], num_classes)


def resnet152(num_classes: int = 1000) -> ResNet:
    return ResNet(Bottleneck, [3, 8, 36, 3], num_classes)


def resnet50_v1(num_classes: int = 1000) -> ResNet:
    return ResNet(BottleneckV1, [3, 4, 6, 3], num_classes)


def resnet101_v1(num_classes: int = 1000) -> ResNet:
    return ResNet(BottleneckV1, [3, 4, 23, 3], num_classes)


def resnet152_v1(num_classes: int = 1000) -> ResNet:
    return ResNet(BottleneckV1, [3, 8, 36, 3], num_classes)


def resnet18_a(num_classes: int = 1000) -> ResNet:
    return ResNet(BasicBlock, [2, 2, 2, 2], num_classes, option="A")


def resnet34_a(num_classes: int = 1000) -> ResNet:
    return ResNet(BasicBlock, [3, 4, 6, 3], num_classes, option="A")


def resnet34_c(num_classes: int = 1000) -> ResNet:
    return ResNet(BasicBlock, [3, 4, 6, 3], num_classes, option="C")


def plain18(num_classes: int = 1000) -> ResNet:
    return ResNet(PlainBlock, [2, 2, 2, 2], num_classes)


def plain34(num_classes: int = 1000) -> ResNet:
    return ResNet(PlainBlock, [3, 4, 6, 3], num_classes)


if __name__ == "__main__":
    print(resnet50()(torch.zeros(1, 3, 224, 224)).shape)
