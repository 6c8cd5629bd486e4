"""DenseNet-121: every layer of a block reads the maps of all layers before it.

G. Huang, Z. Liu, L. van der Maaten, K. Weinberger, "Densely Connected Convolutional Networks",
arXiv:1608.06993, CVPR 2017, Table 1, first column: growth rate 32, bottlenecks of four times as
many channels, and transitions that halve the channels (DenseNet-BC). Each convolution but the first
has batch normalisation and ReLU in front of it and no bias; the last block is followed by both.
Table 1 prints no padding; it is torchvision's.
"""

from __future__ import annotations

from cnnref.net import FeatureMap, Net

__all__ = ["densenet121"]

GROWTH = 32
# Table 1: the layers of each dense block
BLOCKS = (6, 12, 24, 16)


def densenet121(net: Net, num_classes: int = 1000) -> FeatureMap:
    """The first column of Table 1."""
    with net.stage("conv0"):
        x = net.conv(net.input, 2 * GROWTH, 7, stride=2, padding=3, bias=False, name="conv0")
        x = net.relu(net.batch_norm(x, name="norm0"), name="relu0")
        x = net.max_pool(x, 3, stride=2, padding=1, name="pool0")
    for number, layers in enumerate(BLOCKS, 1):
        with net.stage(f"block{number}"):
            x = dense(net, x, f"block{number}", layers)
        if number < len(BLOCKS):
            with net.stage(f"transition{number}"):
                x = transition(net, x, f"transition{number}")
    with net.stage("classifier"):
        x = net.relu(net.batch_norm(x, name="norm5"), name="relu5")
        x = net.adaptive_avg_pool(x, 1, name="avgpool")
        return net.linear(net.flatten(x, name="flatten"), num_classes, name="classifier")


def dense(net: Net, x: FeatureMap, name: str, layers: int) -> FeatureMap:
    """Figure 1: each layer adds GROWTH maps to all that the block has so far.

    The first has nothing to join its input to, and joins it all the same, as torchvision does.
    """
    maps = [x]
    for number in range(1, layers + 1):
        label = f"{name}.layer{number}"
        with net.block(label):
            whole = net.concat(*maps, name=f"{label}.concat")
            maps.append(bottleneck(net, whole, label))
    return net.concat(*maps, name=f"{name}.concat")


def bottleneck(net: Net, x: FeatureMap, name: str) -> FeatureMap:
    """A 1x1 convolution to four times the growth, and a 3x3."""
    x = net.relu(net.batch_norm(x, name=f"{name}.norm1"), name=f"{name}.relu1")
    x = net.conv(x, 4 * GROWTH, 1, bias=False, name=f"{name}.conv1")
    x = net.relu(net.batch_norm(x, name=f"{name}.norm2"), name=f"{name}.relu2")
    return net.conv(x, GROWTH, 3, padding=1, bias=False, name=f"{name}.conv2")


def transition(net: Net, x: FeatureMap, name: str) -> FeatureMap:
    """Half the channels, then half the size."""
    half = x.shape.channels // 2
    x = net.relu(net.batch_norm(x, name=f"{name}.norm"), name=f"{name}.relu")
    x = net.conv(x, half, 1, bias=False, name=f"{name}.conv")
    return net.avg_pool(x, 2, stride=2, name=f"{name}.pool")
