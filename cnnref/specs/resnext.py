"""ResNeXt-50 (32x4d): a residual network whose 3x3 convolutions are cut into groups.

S. Xie, R. Girshick, P. Dollár, Z. Tu, K. He, "Aggregated Residual Transformations for Deep Neural
Networks", arXiv:1611.05431, CVPR 2017, Table 1, right column. A block is 1x1, 3x3 in 32 groups of
4 channels (in conv2), and 1x1, each with batch normalisation and no bias; the shortcut is added
before the last ReLU. The first block of conv3, conv4 and conv5 halves the maps in its 3x3
convolution (section 4). Table 1 prints no padding; it is torchvision's.
"""

from __future__ import annotations

from cnnref.net import FeatureMap, Net
from cnnref.specs.resnet import head, stem

__all__ = ["resnext50_32x4d"]

# Table 1: how many blocks, the filters of the first two convolutions, those of the last
STAGES = (
    ("conv2", 3, 128, 256),
    ("conv3", 4, 256, 512),
    ("conv4", 6, 512, 1024),
    ("conv5", 3, 1024, 2048),
)
CARDINALITY = 32


def resnext50_32x4d(net: Net, num_classes: int = 1000) -> FeatureMap:
    """The right column of Table 1."""
    x = stem(net)
    for stage, blocks, inner, outer in STAGES:
        for number in range(1, blocks + 1):
            name = f"{stage}_{number}"
            stride = 2 if number == 1 and stage != "conv2" else 1
            with net.stage(stage), net.block(name):
                x = aggregated(net, x, name, inner, outer, stride)
    return head(net, x, num_classes)


def aggregated(
    net: Net, x: FeatureMap, name: str, inner: int, outer: int, stride: int
) -> FeatureMap:
    """Figure 3(c): the groups side by side, as one grouped convolution."""
    y = net.conv(x, inner, 1, bias=False, name=f"{name}.conv1")
    y = net.relu(net.batch_norm(y, name=f"{name}.bn1"), name=f"{name}.relu1")
    y = net.conv(
        y, inner, 3, stride=stride, padding=1, groups=CARDINALITY, bias=False, name=f"{name}.conv2"
    )
    y = net.relu(net.batch_norm(y, name=f"{name}.bn2"), name=f"{name}.relu2")
    y = net.conv(y, outer, 1, bias=False, name=f"{name}.conv3")
    y = net.batch_norm(y, name=f"{name}.bn3")
    if x.shape.channels != outer:
        x = net.conv(x, outer, 1, stride=stride, bias=False, name=f"{name}.projection")
        x = net.batch_norm(x, name=f"{name}.projection_bn")
    return net.relu(net.add(y, x, name=f"{name}.add"), name=f"{name}.relu3")
