"""VGG in configuration C: as VGG-16, but the last convolution of stages 3, 4 and 5 is 1x1.

K. Simonyan, A. Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
Recognition", arXiv:1409.1556, ICLR 2015, Table 1, column C.

Every other convolution is 3x3 with padding 1. torchvision does not have this network;
the adaptive pooling before fc6 is that of its other VGG networks, a copy at 224.
"""

from __future__ import annotations

from cnnref.net import FeatureMap, Net

__all__ = ["vgg16_c"]

# Table 1, column C: the (kernel, filters) of each convolution, a row for each stage
C = (
    ((3, 64), (3, 64)),
    ((3, 128), (3, 128)),
    ((3, 256), (3, 256), (1, 256)),
    ((3, 512), (3, 512), (1, 512)),
    ((3, 512), (3, 512), (1, 512)),
)


def vgg16_c(net: Net, num_classes: int = 1000) -> FeatureMap:
    """Thirteen convolutions in five stages, then three fully-connected layers."""
    x = net.input
    for number, stage in enumerate(C, 1):
        with net.stage(f"conv{number}"):
            for place, (kernel, filters) in enumerate(stage, 1):
                name = f"{number}_{place}"
                x = net.conv(x, filters, kernel, padding=kernel // 2, name=f"conv{name}")
                x = net.relu(x, name=f"relu{name}")
            x = net.max_pool(x, 2, stride=2, name=f"pool{number}")
    with net.stage("conv5"):
        x = net.adaptive_avg_pool(x, 7, name="avgpool")
    with net.stage("fc6"):
        x = net.flatten(x, name="flatten")
    for number, width in ((6, 512 * 7 * 7), (7, 4096)):
        with net.stage(f"fc{number}"):
            x = net.linear(x, 4096, in_features=width, name=f"fc{number}")
            x = net.relu(x, name=f"relu{number}")
            x = net.dropout(x, name=f"drop{number}")
    with net.stage("fc8"):
        return net.linear(x, num_classes, in_features=4096, name="fc8")
