"""Residual networks for ImageNet: 18 to 152 layers, their plain twins, and three shortcuts.

K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition",
arXiv:1512.03385, CVPR 2016, Table 1; plain networks and shortcuts: section 4.1.

resnet18, 34, 50, 101 and 152 are torchvision's. Table 1 has a stride in conv3_1, conv4_1 and
conv5_1 and does not say in which convolution. The models that the authors published
(KaimingHe/deep-residual-networks, commit 872cc54) have it in the first, which gives the operations
of Table 1, and so have the `_v1` networks here; torchvision's bottlenecks have it in their 3x3
convolution ("v1.5"). No convolution has a bias,
as batch normalisation follows each. A shortcut is of one of three options:

A: every other pixel, and zeros for the channels that are new; no parameters.
B: a 1x1 projection where the shape changes, the identity elsewhere. resnet18 to 152 are
   of this kind.
C: a projection in every block.

Table 1 prints no padding; it is torchvision's. Those models
pool in conv2 without padding and round up, which gives the same 56 x 56 maps, and their
ResNet-50 has a bias in conv1.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from cnnref.net import FeatureMap, Net

__all__ = [
    "plain18",
    "plain34",
    "resnet",
    "resnet18",
    "resnet18_a",
    "resnet34",
    "resnet34_a",
    "resnet34_c",
    "resnet50",
    "resnet50_v1",
    "resnet101",
    "resnet101_v1",
    "resnet152",
    "resnet152_v1",
]

# the (kernel, filters) of a block's convolutions
Block = tuple[tuple[int, int], ...]

LAYERS = (18, 34, 50, 101, 152)

# Table 1: a block of 18 and 34 layers, a block of more layers, how many by column
TABLE_1: tuple[tuple[str, Block, Block, tuple[int, ...]], ...] = (
    ("conv2", ((3, 64), (3, 64)), ((1, 64), (3, 64), (1, 256)), (2, 3, 3, 3, 3)),
    ("conv3", ((3, 128), (3, 128)), ((1, 128), (3, 128), (1, 512)), (2, 4, 4, 4, 8)),
    ("conv4", ((3, 256), (3, 256)), ((1, 256), (3, 256), (1, 1024)), (2, 6, 6, 23, 36)),
    ("conv5", ((3, 512), (3, 512)), ((1, 512), (3, 512), (1, 2048)), (2, 3, 3, 3, 3)),
)


def resnet(
    net: Net, num_classes: int = 1000, *, layers: int, shortcuts: str = "B", strided: int = 1
) -> FeatureMap:
    """One column of Table 1.

    shortcuts: option "A", "B" or "C", or "" for the plain network.
    strided: which convolution of conv3_1, conv4_1 and conv5_1 halves the maps.
    """
    x = stem(net)
    for stage, name, block in column(layers):
        halves = name in ("conv3_1", "conv4_1", "conv5_1")
        with net.stage(stage), net.block(name):
            x = residual(net, x, block, name, shortcuts, stride=1 + halves, strided=strided)
    return head(net, x, num_classes)


def column(layers: int) -> Iterator[tuple[str, str, Block]]:
    """The stage, the name and the convolutions of each block of one column of Table 1."""
    for stage, basic, bottleneck, columns in TABLE_1:
        for number in range(1, columns[LAYERS.index(layers)] + 1):
            yield stage, f"{stage}_{number}", basic if layers < 50 else bottleneck


def stem(net: Net) -> FeatureMap:
    """conv1, and the max pooling that Table 1 counts to conv2."""
    with net.stage("conv1"):
        x = net.conv(net.input, 64, 7, stride=2, padding=3, bias=False, name="conv1")
        x = net.batch_norm(x, name="bn1")
        x = net.relu(x, name="relu1")
    with net.stage("conv2"):
        return net.max_pool(x, 3, stride=2, padding=1, name="pool1")


def residual(
    net: Net,
    x: FeatureMap,
    block: Block,
    name: str,
    shortcuts: str,
    *,
    stride: int,
    strided: int = 1,
) -> FeatureMap:
    """Figures 2 and 5: convolutions with batch normalisation, the shortcut added, a ReLU."""
    y = x
    for number, (kernel, filters) in enumerate(block, 1):
        y = net.conv(
            y,
            filters,
            kernel,
            stride=stride if number == strided else 1,
            padding=kernel // 2,
            bias=False,
            name=f"{name}.conv{number}",
        )
        y = net.batch_norm(y, name=f"{name}.bn{number}")
        if number < len(block):
            y = net.relu(y, name=f"{name}.relu{number}")
    if shortcuts:
        y = net.add(y, shortcut(net, x, y, name, shortcuts, stride), name=f"{name}.add")
    return net.relu(y, name=f"{name}.relu{len(block)}")


def shortcut(
    net: Net, x: FeatureMap, y: FeatureMap, name: str, option: str, stride: int
) -> FeatureMap:
    """What is added to y: x itself, or x brought to the shape of y."""
    channels, filters = x.shape.channels, y.shape.channels
    if option != "C" and (channels, stride) == (filters, 1):
        return x
    if option == "A":
        x = net.subsample(x, stride, name=f"{name}.subsample")
        return net.pad_channels(x, 0, filters - channels, name=f"{name}.pad")
    x = net.conv(x, filters, 1, stride=stride, bias=False, name=f"{name}.projection")
    return net.batch_norm(x, name=f"{name}.projection_bn")


def head(net: Net, x: FeatureMap, num_classes: int) -> FeatureMap:
    """A global average pooling and the one fully-connected layer."""
    with net.stage("fc"):
        x = net.adaptive_avg_pool(x, 1, name="avgpool")
        x = net.flatten(x, name="flatten")
        return net.linear(x, num_classes, name="fc")


resnet18 = partial(resnet, layers=18)
resnet34 = partial(resnet, layers=34)
resnet50 = partial(resnet, layers=50, strided=2)
resnet101 = partial(resnet, layers=101, strided=2)
resnet152 = partial(resnet, layers=152, strided=2)
resnet50_v1 = partial(resnet, layers=50)
resnet101_v1 = partial(resnet, layers=101)
resnet152_v1 = partial(resnet, layers=152)
resnet18_a = partial(resnet, layers=18, shortcuts="A")
resnet34_a = partial(resnet, layers=34, shortcuts="A")
resnet34_c = partial(resnet, layers=34, shortcuts="C")
plain18 = partial(resnet, layers=18, shortcuts="")
plain34 = partial(resnet, layers=34, shortcuts="")
