"""GoogLeNet, the first Inception network: the paper's, and torchvision's.

C. Szegedy et al., "Going Deeper with Convolutions", arXiv:1409.4842, CVPR 2015: Table 1,
with the pooling and normalisation of Figure 3 and the auxiliary heads of section 5.

googlenet: the paper's network, biases and no batch normalisation. Figure 3 marks every window
(S) or (V), same or valid: the same ones are centred here, and the poolings between stages round
up without padding, which gives the same maps. googlenet_aux runs both auxiliary heads too, as
training does.

googlenet_torchvision: batch normalisation in place of biases and of the local response
normalisation, a 3x3 kernel in the branch that Table 1 calls 5x5, pool4 2x2 where
it has 3x3, and adaptive average pooling. Its heads exist but do not run at
inference, and so have no rows; googlenet_torchvision_aux runs them.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from cnnref.net import FeatureMap, Net

__all__ = [
    "googlenet",
    "googlenet_aux",
    "googlenet_torchvision",
    "googlenet_torchvision_aux",
]

Widths = tuple[int, int, int, int, int, int]

# Table 1: filters of 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool proj
TABLE_1: tuple[tuple[str, Widths], ...] = (
    ("3a", (64, 96, 128, 16, 32, 32)),
    ("3b", (128, 128, 192, 32, 96, 64)),
    ("4a", (192, 96, 208, 16, 48, 64)),
    ("4b", (160, 112, 224, 24, 64, 64)),
    ("4c", (128, 128, 256, 24, 64, 64)),
    ("4d", (112, 144, 288, 32, 64, 64)),
    ("4e", (256, 160, 320, 32, 128, 128)),
    ("5a", (256, 160, 320, 32, 128, 128)),
    ("5b", (384, 192, 384, 48, 128, 128)),
)

# section 5: where the heads branch off
HEADS = {"4a": "aux1", "4d": "aux2"}


class Variant(NamedTuple):
    """What torchvision's network does otherwise.

    norm: batch normalisation instead of biases and of local response normalisation.
    five: the kernel of the branch that Table 1 calls 5x5.
    pool4: the kernel of the pooling before 5a.
    dropped: the share of activations that dropout leaves out before the last layer.
    """

    norm: bool
    five: int
    pool4: int
    dropped: float


PAPER = Variant(norm=False, five=5, pool4=3, dropped=0.4)
TORCHVISION = Variant(norm=True, five=3, pool4=2, dropped=0.2)


def googlenet(
    net: Net, num_classes: int = 1000, *, variant: Variant = PAPER, aux: bool = False
) -> FeatureMap:
    """The stem, nine inception modules in three stages, and one fully-connected layer."""
    x = stem(net, net.input, variant)
    pools = {"3b": ("pool3", 3), "4e": ("pool4", variant.pool4)}
    for number, widths in TABLE_1:
        with net.stage(f"inception_{number[0]}"):
            with net.block(f"inception_{number}"):
                x = inception(net, x, widths, f"inception_{number}", variant)
            if number in pools:
                name, kernel = pools[number]
                x = net.max_pool(x, kernel, stride=2, ceil_mode=True, name=name)
        if aux and number in HEADS:
            auxiliary_head(net, x, num_classes, HEADS[number], variant)
    return classifier(net, x, num_classes, variant)


googlenet_aux = partial(googlenet, aux=True)
googlenet_torchvision = partial(googlenet, variant=TORCHVISION)
googlenet_torchvision_aux = partial(googlenet, variant=TORCHVISION, aux=True)


def stem(net: Net, x: FeatureMap, variant: Variant) -> FeatureMap:
    """224 to 28: 7x7/2, then 3x3 behind a 1x1 reduction, with pooling and normalisation."""
    with net.stage("conv1"):
        x = conv_unit(net, x, 64, 7, "conv1", variant, stride=2)
        x = net.max_pool(x, 3, stride=2, ceil_mode=True, name="pool1")
        if not variant.norm:
            x = net.lrn(x, 5, name="norm1")
    with net.stage("conv2"):
        x = conv_unit(net, x, 64, 1, "conv2_reduce", variant)
        x = conv_unit(net, x, 192, 3, "conv2", variant)
        if not variant.norm:
            x = net.lrn(x, 5, name="norm2")
        return net.max_pool(x, 3, stride=2, ceil_mode=True, name="pool2")


def inception(net: Net, x: FeatureMap, widths: Widths, name: str, variant: Variant) -> FeatureMap:
    """Figure 2b: four branches on one input, stacked along their channels."""
    one, three_reduce, three, five_reduce, five, projection = widths
    a = conv_unit(net, x, one, 1, f"{name}.1x1", variant)
    b = conv_unit(net, x, three_reduce, 1, f"{name}.3x3_reduce", variant)
    b = conv_unit(net, b, three, 3, f"{name}.3x3", variant)
    c = conv_unit(net, x, five_reduce, 1, f"{name}.5x5_reduce", variant)
    c = conv_unit(net, c, five, variant.five, f"{name}.5x5", variant)
    # torchvision rounds up here too, which changes nothing at stride 1
    d = net.max_pool(x, 3, stride=1, padding=1, ceil_mode=variant.norm, name=f"{name}.pool")
    d = conv_unit(net, d, projection, 1, f"{name}.pool_proj", variant)
    return net.concat(a, b, c, d, name=f"{name}.concat")


def conv_unit(
    net: Net,
    x: FeatureMap,
    filters: int,
    kernel: int,
    name: str,
    variant: Variant,
    stride: int = 1,
) -> FeatureMap:
    """A centred convolution, torchvision's batch normalisation, and a ReLU."""
    x = net.conv(
        x,
        filters,
        kernel,
        stride=stride,
        padding=kernel // 2,
        bias=not variant.norm,
        name=name,
    )
    if variant.norm:
        x = net.batch_norm(x, eps=1e-3, name=f"{name}.bn")
    return net.relu(x, name=f"{name}.relu")


def classifier(net: Net, x: FeatureMap, num_classes: int, variant: Variant) -> FeatureMap:
    """The average over 7 x 7 in place of hidden fully-connected layers."""
    with net.stage("classifier"):
        if variant.norm:
            x = net.adaptive_avg_pool(x, 1, name="avgpool")
        else:
            x = net.avg_pool(x, 7, stride=1, name="avgpool")
        x = net.flatten(x, name="flatten")
        x = net.dropout(x, name="dropout", p=variant.dropped)
        return net.linear(x, num_classes, in_features=1024, name="linear")


def auxiliary_head(
    net: Net, x: FeatureMap, num_classes: int, name: str, variant: Variant
) -> FeatureMap:
    """Section 5: pooling to 4 x 4, a 1x1 convolution and two fully-connected layers."""
    with net.stage(name):
        if variant.norm:
            x = net.adaptive_avg_pool(x, 4, name=f"{name}.avgpool")
        else:
            x = net.avg_pool(x, 5, stride=3, name=f"{name}.avgpool")
        x = conv_unit(net, x, 128, 1, f"{name}.conv", variant)
        x = net.flatten(x, name=f"{name}.flatten")
        x = net.linear(x, 1024, in_features=128 * 4 * 4, name=f"{name}.fc1")
        x = net.relu(x, name=f"{name}.fc1.relu")
        x = net.dropout(x, name=f"{name}.dropout", p=0.7)
        return net.linear(x, num_classes, in_features=1024, name=f"{name}.fc2")
