"""ShuffleNetV2: half of the channels pass a block as they are, and a shuffle mixes the halves.

N. Ma, X. Zhang, H.-T. Zheng, J. Sun, "ShuffleNet V2: Practical Guidelines for Efficient CNN
Architecture Design", arXiv:1807.11164, ECCV 2018, Table 5, column 1x, and Figure 3 (c) and (d).
Batch normalisation follows each convolution, which has no bias, and ReLU the 1x1 ones. Table 5
prints no padding; it is torchvision's.
"""

from __future__ import annotations

from cnnref.net import FeatureMap, Net
from cnnref.specs.mobilenet import convolved

__all__ = ["shufflenet_v2_x1_0"]

# Table 5: channels, and how many blocks of which the first halves the maps
STAGES = (("stage2", 116, 4), ("stage3", 232, 8), ("stage4", 464, 4))
STEM, LAST = 24, 1024


def shufflenet_v2_x1_0(net: Net, num_classes: int = 1000) -> FeatureMap:
    """Table 5 with a width of one."""
    with net.stage("conv1"):
        x = convolved(net, net.input, "conv1", STEM, 3, stride=2, activation="relu")
        x = net.max_pool(x, 3, stride=2, padding=1, name="maxpool")
    for stage, width, blocks in STAGES:
        for number in range(1, blocks + 1):
            name = f"{stage}_{number}"
            with net.stage(stage), net.block(name):
                x = halving(net, x, name, width) if number == 1 else keeping(net, x, name)
    with net.stage("conv5"):
        x = convolved(net, x, "conv5", LAST, 1, activation="relu")
    with net.stage("classifier"):
        return net.linear(net.mean(x, name="globalpool"), num_classes, name="fc")


def keeping(net: Net, x: FeatureMap, name: str) -> FeatureMap:
    """Figure 3 (c): one half as it is beside three convolutions of the other."""
    kept, worked = net.split(x, 2, name=f"{name}.split")
    worked = branch(net, worked, name, worked.shape.channels, stride=1)
    return net.shuffle(net.concat(kept, worked, name=f"{name}.concat"), 2, name=f"{name}.shuffle")


def halving(net: Net, x: FeatureMap, name: str, width: int) -> FeatureMap:
    """Figure 3 (d): two branches, each from the whole map to half of the new channels."""
    left = depthwise(net, x, f"{name}.left_depthwise", stride=2)
    left = convolved(net, left, f"{name}.left_pointwise", width // 2, 1, activation="relu")
    right = branch(net, x, name, width // 2, stride=2)
    return net.shuffle(net.concat(left, right, name=f"{name}.concat"), 2, name=f"{name}.shuffle")


def branch(net: Net, x: FeatureMap, name: str, width: int, *, stride: int) -> FeatureMap:
    """1x1, 3x3 on each channel alone, 1x1."""
    x = convolved(net, x, f"{name}.pointwise1", width, 1, activation="relu")
    x = depthwise(net, x, f"{name}.depthwise", stride=stride)
    return convolved(net, x, f"{name}.pointwise2", width, 1, activation="relu")


def depthwise(net: Net, x: FeatureMap, name: str, *, stride: int) -> FeatureMap:
    """3x3 on each channel alone, without a ReLU."""
    channels = x.shape.channels
    x = net.conv(x, channels, 3, stride=stride, padding=1, groups=channels, bias=False, name=name)
    return net.batch_norm(x, name=f"{name}_bn")
