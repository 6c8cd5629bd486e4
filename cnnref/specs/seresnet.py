"""SE-ResNet-50: ResNet-50 with a gate for each channel at the end of every block.

J. Hu, L. Shen, G. Sun, "Squeeze-and-Excitation Networks", arXiv:1709.01507, CVPR 2018, Table 1,
second column: a gate squeezes to a sixteenth of its channels and stands before the addition
(Figure 3). Table 1 prints no padding and does not say which convolution of a block has the stride;
as in this catalogue's ResNet-50 and in timm's seresnet50 it is the 3x3.
"""

from __future__ import annotations

from cnnref.net import FeatureMap, Net
from cnnref.specs.resnet import head, stem
from cnnref.specs.squeeze import gate

__all__ = ["seresnet50"]

# Table 1: how many blocks, and the filters of their first two convolutions
STAGES = (("conv2", 3, 64), ("conv3", 4, 128), ("conv4", 6, 256), ("conv5", 3, 512))
REDUCTION = 16


def seresnet50(net: Net, num_classes: int = 1000) -> FeatureMap:
    """The second column of Table 1."""
    x = stem(net)
    for stage, blocks, width in STAGES:
        for number in range(1, blocks + 1):
            name = f"{stage}_{number}"
            stride = 2 if number == 1 and stage != "conv2" else 1
            with net.stage(stage), net.block(name):
                x = block(net, x, name, width, stride=stride)
    return head(net, x, num_classes)


def block(net: Net, x: FeatureMap, name: str, width: int, *, stride: int) -> FeatureMap:
    """Figure 3, right: a bottleneck, its gate, and then the shortcut."""
    outer = 4 * width
    y = net.conv(x, width, 1, bias=False, name=f"{name}.conv1")
    y = net.relu(net.batch_norm(y, name=f"{name}.bn1"), name=f"{name}.relu1")
    y = net.conv(y, width, 3, stride=stride, padding=1, bias=False, name=f"{name}.conv2")
    y = net.relu(net.batch_norm(y, name=f"{name}.bn2"), name=f"{name}.relu2")
    y = net.conv(y, outer, 1, bias=False, name=f"{name}.conv3")
    y = net.batch_norm(y, name=f"{name}.bn3")
    y = gate(net, y, f"{name}.gate", outer // REDUCTION)
    if x.shape.channels != outer:
        x = net.conv(x, outer, 1, stride=stride, bias=False, name=f"{name}.projection")
        x = net.batch_norm(x, name=f"{name}.projection_bn")
    return net.relu(net.add(y, x, name=f"{name}.add"), name=f"{name}.relu3")
