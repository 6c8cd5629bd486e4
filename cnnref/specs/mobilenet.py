"""MobileNet: windows on each channel alone and 1x1 convolutions across them; V2 in narrow blocks.

A. G. Howard, M. Zhu, B. Chen, D. Kalenichenko, W. Wang, T. Weyand, M. Andreetto, H. Adam,
"MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications",
arXiv:1704.04861, 2017, Table 1 and Figure 3. Batch normalisation and ReLU follow each convolution,
which has no bias. Table 1 prints a stride of 2 at the last depthwise convolution, and below it a
map as large as before; the stride is 1. It prints no padding either; it is timm's.

M. Sandler, A. Howard, M. Zhu, A. Zhmoginov, L.-C. Chen, "MobileNetV2: Inverted Residuals and Linear
Bottlenecks", arXiv:1801.04381, CVPR 2018, Tables 1 and 2. Each convolution has batch normalisation
and no bias; ReLU6 follows but for the last one of a block. The first block does not widen.
The tables print no padding; it is torchvision's.
"""

from __future__ import annotations

from cnnref.net import FeatureMap, Net

__all__ = ["convolved", "mobilenet_v1", "mobilenet_v2"]

# Table 1 of 2017: channels of a depthwise and a 1x1 convolution, how often, stride of the first
SEPARABLE = ((64, 1, 1), (128, 2, 2), (256, 2, 2), (512, 6, 2), (1024, 2, 2))
# Table 2 of 2018: how much wider a block is inside, channels, blocks, stride of the first
BOTTLENECKS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
STEM, LAST = 32, 1280


def mobilenet_v1(net: Net, num_classes: int = 1000) -> FeatureMap:
    """Table 1 of 2017 with a width of one."""
    with net.stage("conv1"):
        x = convolved(net, net.input, "conv1", STEM, 3, stride=2, activation="relu")
    for stage, (width, blocks, stride) in enumerate(SEPARABLE, 1):
        for number in range(1, blocks + 1):
            name = f"stage{stage}_{number}"
            with net.stage(f"stage{stage}"), net.block(name):
                x = separable(net, x, name, width, stride=stride if number == 1 else 1)
    with net.stage("classifier"):
        x = net.flatten(net.adaptive_avg_pool(x, 1, name="avgpool"), name="flatten")
        return net.linear(x, num_classes, name="classifier")


def separable(net: Net, x: FeatureMap, name: str, width: int, *, stride: int) -> FeatureMap:
    """Figure 3, right: 3x3 on each channel alone, then 1x1."""
    alone = x.shape.channels
    x = convolved(
        net, x, f"{name}.depthwise", alone, 3, stride=stride, groups=alone, activation="relu"
    )
    return convolved(net, x, f"{name}.pointwise", width, 1, activation="relu")


def mobilenet_v2(net: Net, num_classes: int = 1000) -> FeatureMap:
    """Table 2 of 2018 with a width of one."""
    with net.stage("conv0"):
        x = convolved(net, net.input, "conv0", STEM, 3, stride=2)
    for stage, (factor, width, blocks, stride) in enumerate(BOTTLENECKS, 1):
        for number in range(1, blocks + 1):
            name = f"stage{stage}_{number}"
            with net.stage(f"stage{stage}"), net.block(name):
                first = stride if number == 1 else 1
                x = inverted(net, x, name, factor, width, stride=first)
    with net.stage("conv8"):
        x = convolved(net, x, "conv8", LAST, 1)
    with net.stage("classifier"):
        x = net.flatten(net.adaptive_avg_pool(x, 1, name="avgpool"), name="flatten")
        return net.linear(net.dropout(x, name="dropout", p=0.2), num_classes, name="classifier")


def inverted(
    net: Net, x: FeatureMap, name: str, factor: int, width: int, *, stride: int
) -> FeatureMap:
    """Table 1 of 2018: 1x1, 3x3 on each channel alone, 1x1; the identity where shapes allow."""
    y, inner = x, factor * x.shape.channels
    if factor > 1:
        y = convolved(net, y, f"{name}.expand", inner, 1)
    y = convolved(net, y, f"{name}.depthwise", inner, 3, stride=stride, groups=inner)
    y = net.conv(y, width, 1, bias=False, name=f"{name}.project")
    y = net.batch_norm(y, name=f"{name}.project_bn")
    if stride > 1 or x.shape.channels != width:
        return y
    return net.add(x, y, name=f"{name}.add")


def convolved(
    net: Net,
    x: FeatureMap,
    name: str,
    filters: int,
    kernel: int,
    *,
    stride: int = 1,
    groups: int = 1,
    activation: str = "relu6",
) -> FeatureMap:
    """A convolution that keeps the size but for its stride, and what follows it."""
    padding = kernel // 2
    x = net.conv(
        x, filters, kernel, stride=stride, padding=padding, groups=groups, bias=False, name=name
    )
    x = net.batch_norm(x, name=f"{name}_bn")
    made: FeatureMap = getattr(net, activation)(x, name=f"{name}_{activation}")
    return made
