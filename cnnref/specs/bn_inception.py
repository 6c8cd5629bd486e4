"""BN-Inception: GoogLeNet's successor, with batch normalisation and two 3x3 for every 5x5.

S. Ioffe, C. Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing
Internal Covariate Shift", arXiv:1502.03167, ICML 2015: Figure 5 and the text beside it.

Figure 5 contradicts itself in two rows. It prints 576 maps after 4c and after 4d, and 1024
after 4e, but with 128 filters behind their poolings 4c and 4d have 608, and 4e has 1056. With 96
every printed output follows from the printed filters, and 96 is what both have in the network
that Google published (TensorFlow's models, research/slim/nets/inception_v2.py). The first
convolution is separable with 8 filters on each colour, as the text says and Figure 5 marks
with a star. Figure 5 prints no padding: every window is centred, which gives the printed
sizes. A batch normalisation, with scale and shift, stands in every convolution, in the place of
its bias, and none between the two halves of the separable one.

bn_inception_aux runs an auxiliary head too, as training does. Figure 5 does not show it; it
is that of soumith/imagenet-multiGPU.torch, models/googlenetbn.lua, which thanks C. Szegedy for
its details. With it the network has the 13.6 million parameters of section 4.2, which
confirms both: without the head they are 11.2 million, and with 128 in place of 96 13.7.
The notation of the modules is that of `inception_v3`.
"""

from __future__ import annotations

from functools import partial

from cnnref.net import FeatureMap, Net
from cnnref.specs.inception_v3 import Branches, layer, module

__all__ = ["bn_inception", "bn_inception_aux"]

Row = tuple[str, Branches]


def square(one: int, three: tuple[int, int], double: tuple[int, int], pool: str) -> Branches:
    """#1x1; #3x3 reduce, #3x3; double #3x3 reduce, double #3x3; pool + proj."""
    kind, filters = pool.split(" + ")
    return (
        f"1x1 {one}",
        f"1x1 {three[0]}, 3x3 {three[1]}",
        f"1x1 {double[0]}, 3x3 {double[1]}, 3x3 {double[1]}",
        f"{kind} 3x3, 1x1 {filters}",
    )


def halving(three: tuple[int, int], double: tuple[int, int]) -> Branches:
    """A module of stride 2, without a 1x1 branch: max + pass through."""
    return (
        f"1x1 {three[0]}, 3x3/2 {three[1]}",
        f"1x1 {double[0]}, 3x3 {double[1]}, 3x3/2 {double[1]}",
        "max 3x3/2",
    )


FIGURE_5: tuple[Row, ...] = (
    ("3a", square(64, (64, 64), (64, 96), "avg + 32")),
    ("3b", square(64, (64, 96), (64, 96), "avg + 64")),
    ("3c", halving((128, 160), (64, 96))),
    ("4a", square(224, (64, 96), (96, 128), "avg + 128")),
    ("4b", square(192, (96, 128), (96, 128), "avg + 128")),
    # printed: avg + 128, and 576 maps, which are those of 96
    ("4c", square(160, (128, 160), (128, 160), "avg + 96")),
    ("4d", square(96, (128, 192), (160, 192), "avg + 96")),
    ("4e", halving((128, 192), (192, 256))),
    ("5a", square(352, (192, 320), (160, 224), "avg + 128")),
    ("5b", square(352, (192, 320), (192, 224), "max + 128")),
)


def bn_inception(net: Net, num_classes: int = 1000, *, aux: bool = False) -> FeatureMap:
    """The stem, ten inception modules in three stages, and one fully-connected layer."""
    x = stem(net, net.input)
    for number, branches in FIGURE_5:
        name = f"inception_{number}"
        with net.stage(name[:-1]), net.block(name):
            x = module(net, x, branches, name)
        if aux and number == "4d":
            auxiliary_head(net, x, num_classes)
    with net.stage("classifier"):
        x = net.avg_pool(x, 7, stride=1, name="avgpool")
        x = net.flatten(x, name="flatten")
        return net.linear(x, num_classes, in_features=1024, name="linear")


bn_inception_aux = partial(bn_inception, aux=True)


def stem(net: Net, x: FeatureMap) -> FeatureMap:
    """224 to 28: a separable 7x7/2, then 3x3 behind a 1x1 reduction, with pooling."""
    colours, multiplier = x.shape.channels, 8
    with net.stage("conv1"):
        x = net.conv(
            x,
            colours * multiplier,
            7,
            stride=2,
            padding=3,
            groups=colours,
            bias=False,
            name="conv1_depthwise",
        )
        x = layer(net, x, "1x1 64", "conv1")
        x = layer(net, x, "max 3x3/2", "pool1")
    with net.stage("conv2"):
        x = layer(net, x, "1x1 64", "conv2_reduce")
        x = layer(net, x, "3x3 192", "conv2")
        return layer(net, x, "max 3x3/2", "pool2")


def auxiliary_head(net: Net, x: FeatureMap, num_classes: int) -> FeatureMap:
    """A classifier on 14 x 14: pooling to 4 x 4, a 1x1 convolution, two fully-connected layers."""
    with net.stage("aux"):
        x = net.avg_pool(x, 5, stride=3, name="aux.avgpool")
        x = layer(net, x, "1x1 128", "aux.conv")
        x = net.flatten(x, name="aux.flatten")
        x = net.linear(x, 768, in_features=128 * 4 * 4, name="aux.fc1")
        x = net.relu(x, name="aux.fc1.relu")
        return net.linear(x, num_classes, in_features=768, name="aux.fc2")
