"""Inception-ResNet: inception modules whose stacked branches are added to their input.

C. Szegedy, S. Ioffe, V. Vanhoucke, A. Alemi, "Inception-v4, Inception-ResNet and the
Impact of Residual Connections on Learning", arXiv:1602.07261, AAAI 2017.

inception_resnet_v1: Figure 15 with the stem of Figure 14 and the modules of Figures 10 to 13
and 7. As drawn: 5, 10 and 5 blocks, no factor before a sum, a ReLU behind every one.

inception_resnet_v2: the network as Google published it (TensorFlow's models,
research/slim/nets/inception_resnet_v2.py), which differs from Figure 15: the stem is
Inception-v3's with one more module at 35 x 35, the residual blocks number 10, 20 and 10 in place
of 5, 10 and 5, the maps have 320, 1088 and 2080 channels, and a 1x1 convolution to 1536 ends the
network. A residual is scaled by 0.17, 0.10 and 0.20 before the sum (section 3.3); the last block
scales by 1 and has no ReLU. Averages leave the padding out, as TensorFlow's do. The auxiliary
head of training is not part of it. timm has the same network, torchvision none.

In both, the 1x1 convolution before a sum has a bias, no batch normalisation ("only on top of
the traditional layers, but not on top of the summations", section 3.2) and no ReLU.
The notation of the modules is that of `inception_v3`.
"""

from __future__ import annotations

from typing import NamedTuple

from cnnref.net import FeatureMap, Net
from cnnref.specs.inception_v3 import Branches, branch, layer, module, stem

__all__ = ["inception_resnet_v1", "inception_resnet_v2"]


class Stage(NamedTuple):
    """Residual blocks at one resolution.

    first: the module that leads into it; none where the stem does.
    blocks, times: what its blocks are called, and how many there are.
    factor: what a residual is multiplied by before the sum, if it is.
    """

    name: str
    first: Branches
    blocks: str
    branches: Branches
    times: int
    factor: float | None = None


# Figure 14
STEM_V1 = (
    ("Conv2d_1a_3x3", "3x3/2V 32"),
    ("Conv2d_2a_3x3", "3x3V 32"),
    ("Conv2d_2b_3x3", "3x3 64"),
    ("MaxPool_3a_3x3", "max 3x3/2V"),
    ("Conv2d_3b_1x1", "1x1 80"),
    ("Conv2d_4a_3x3", "3x3V 192"),
    ("Conv2d_4b_3x3", "3x3/2V 256"),
)

# Figures 10, 11 and 13
A_V1 = ("1x1 32", "1x1 32, 3x3 32", "1x1 32, 3x3 32, 3x3 32")
B_V1 = ("1x1 128", "1x1 128, 1x7 128, 7x1 128")
C_V1 = ("1x1 192", "1x1 192, 1x3 192, 3x1 192")

# Figure 7 with k, l, m, n of Table 1: 192, 192, 256, 384; and Figure 12
REDUCTION_A_V1 = ("3x3/2V 384", "1x1 192, 3x3 192, 3x3/2V 256", "max 3x3/2V")
REDUCTION_B_V1 = (
    "1x1 256, 3x3/2V 384",
    "1x1 256, 3x3/2V 256",
    "1x1 256, 3x3 256, 3x3/2V 256",
    "max 3x3/2V",
)

STAGES_V1 = (
    Stage("Mixed_5", (), "block35", A_V1, 5),
    Stage("Mixed_6", REDUCTION_A_V1, "block17", B_V1, 10),
    Stage("Mixed_7", REDUCTION_B_V1, "block8", C_V1, 5),
)

STEM = (
    ("Conv2d_1a_3x3", "3x3/2V 32"),
    ("Conv2d_2a_3x3", "3x3V 32"),
    ("Conv2d_2b_3x3", "3x3 64"),
    ("MaxPool_3a_3x3", "max 3x3/2V"),
    ("Conv2d_3b_1x1", "1x1 80"),
    ("Conv2d_4a_3x3", "3x3V 192"),
    ("MaxPool_5a_3x3", "max 3x3/2V"),
)

MIXED_5B = ("1x1 96", "1x1 48, 5x5 64", "1x1 64, 3x3 96, 3x3 96", "avg 3x3E, 1x1 64")

# Figure 16: 35 x 35
BLOCK_35 = ("1x1 32", "1x1 32, 3x3 32", "1x1 32, 3x3 48, 3x3 64")

# Figure 7 with k, l, m, n of Table 1: 256, 256, 384, 384
REDUCTION_A = ("3x3/2V 384", "1x1 256, 3x3 256, 3x3/2V 384", "max 3x3/2V")

# Figure 17: 17 x 17
BLOCK_17 = ("1x1 192", "1x1 128, 1x7 160, 7x1 192")

# Figure 18
REDUCTION_B = (
    "1x1 256, 3x3/2V 384",
    "1x1 256, 3x3/2V 288",
    "1x1 256, 3x3 288, 3x3/2V 320",
    "max 3x3/2V",
)

# Figure 19: 8 x 8
BLOCK_8 = ("1x1 192", "1x1 192, 1x3 224, 3x1 256")

STAGES = (
    Stage("Mixed_5", MIXED_5B, "block35", BLOCK_35, 10, 0.17),
    Stage("Mixed_6", REDUCTION_A, "block17", BLOCK_17, 20, 0.10),
    Stage("Mixed_7", REDUCTION_B, "block8", BLOCK_8, 10, 0.20),
)


def inception_resnet_v1(net: Net, num_classes: int = 1000) -> FeatureMap:
    """The stem, three stages of residual blocks, and one fully-connected layer."""
    x = stem(net, net.input, STEM_V1)
    for stage in STAGES_V1:
        x = residual_stage(net, x, stage)
    with net.stage("classifier"):
        return classifier(net, x, num_classes, 1792)


def inception_resnet_v2(net: Net, num_classes: int = 1000) -> FeatureMap:
    """The same with its own stem and modules, and one more convolution before the pooling."""
    x = stem(net, net.input, STEM)
    for stage in STAGES:
        x = residual_stage(net, x, stage, linear_end=stage is STAGES[-1])
    with net.stage("classifier"):
        x = layer(net, x, "1x1 1536", "Conv2d_7b_1x1")
        return classifier(net, x, num_classes, 1536)


def residual_stage(
    net: Net, x: FeatureMap, stage: Stage, *, linear_end: bool = False
) -> FeatureMap:
    """The module that leads in, and the blocks; linear_end: the last scales by 1, has no ReLU."""
    with net.stage(stage.name):
        if stage.first:
            first = stage.name + ("b" if stage.name == "Mixed_5" else "a")
            with net.block(first):
                x = module(net, x, stage.first, first)
        for number in range(1, stage.times + 1):
            name = f"{stage.blocks}_{number}"
            last = linear_end and number == stage.times
            with net.block(name):
                factor = 1.0 if last else stage.factor
                x = residual_block(net, x, stage.branches, name, factor, last=last)
    return x


def classifier(net: Net, x: FeatureMap, num_classes: int, width: int) -> FeatureMap:
    """The average of each map, dropout, and one fully-connected layer."""
    x = net.adaptive_avg_pool(x, 1, name="avgpool")
    x = net.flatten(x, name="flatten")
    x = net.dropout(x, name="dropout", p=0.2)
    return net.linear(x, num_classes, in_features=width, name="fc")


def residual_block(
    net: Net, x: FeatureMap, branches: Branches, name: str, factor: float | None, *, last: bool
) -> FeatureMap:
    """The branches, stacked, brought back to the channels of the input, scaled and added."""
    maps = [
        branch(net, x, words, f"{name}.branch{number}") for number, words in enumerate(branches, 1)
    ]
    y = net.concat(*maps, name=f"{name}.concat")
    y = net.conv(y, x.shape.channels, 1, name=f"{name}.linear")
    if factor is not None:
        y = net.scale(y, name=f"{name}.scale", factor=factor)
    y = net.add(y, x, name=f"{name}.add")
    return y if last else net.relu(y, name=f"{name}.relu")
