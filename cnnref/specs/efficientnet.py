"""EfficientNet-B0: MobileNetV2's blocks with gates, in sizes that a search found.

M. Tan, Q. V. Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
arXiv:1905.11946, ICML 2019, Table 1. Each convolution but those of the gates has batch
normalisation and no bias; SiLU follows but for the last one of a block. A gate squeezes to a
quarter of the channels that its block reads. Table 1 prints no padding and no stride; they are
torchvision's, whose maps have the sizes of the table.
"""

from __future__ import annotations

from functools import partial

from cnnref.net import FeatureMap, Net
from cnnref.specs.mobilenet import convolved as convolution
from cnnref.specs.squeeze import gate

__all__ = ["efficientnet_b0"]

# Table 1: how much wider the block is inside, its kernel, channels, how many blocks, stride
BLOCKS = (
    (1, 3, 16, 1, 1),
    (6, 3, 24, 2, 2),
    (6, 5, 40, 2, 2),
    (6, 3, 80, 3, 2),
    (6, 5, 112, 3, 1),
    (6, 5, 192, 4, 2),
    (6, 3, 320, 1, 1),
)
STEM, LAST = 32, 1280
convolved = partial(convolution, activation="silu")


def efficientnet_b0(net: Net, num_classes: int = 1000) -> FeatureMap:
    """Table 1, from top to bottom."""
    with net.stage("stem"):
        x = convolved(net, net.input, "stem", STEM, 3, stride=2)
    for stage, (factor, kernel, width, blocks, stride) in enumerate(BLOCKS, 1):
        for number in range(1, blocks + 1):
            name = f"stage{stage}_{number}"
            with net.stage(f"stage{stage}"), net.block(name):
                first = stride if number == 1 else 1
                x = gated(net, x, name, factor, kernel, width, stride=first)
    with net.stage("head"):
        x = convolved(net, x, "head", LAST, 1)
    with net.stage("classifier"):
        x = net.flatten(net.adaptive_avg_pool(x, 1, name="avgpool"), name="flatten")
        return net.linear(net.dropout(x, name="dropout", p=0.2), num_classes, name="classifier")


def gated(
    net: Net, x: FeatureMap, name: str, factor: int, kernel: int, width: int, *, stride: int
) -> FeatureMap:
    """1x1, a window on each channel alone, the gate, 1x1; beside the identity where it fits."""
    channels = x.shape.channels
    y, inner = x, factor * channels
    if factor > 1:
        y = convolved(net, y, f"{name}.expand", inner, 1)
    y = convolved(net, y, f"{name}.depthwise", inner, kernel, stride=stride, groups=inner)
    y = gate(net, y, f"{name}.gate", channels // 4, activation="silu")
    y = net.conv(y, width, 1, bias=False, name=f"{name}.project")
    y = net.batch_norm(y, name=f"{name}.project_bn")
    if stride > 1 or channels != width:
        return y
    return net.add(y, x, name=f"{name}.add")
