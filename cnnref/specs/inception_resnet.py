"""Inception-ResNet-v2: inception modules whose stacked branches are added to their input.

C. Szegedy, S. Ioffe, V. Vanhoucke, A. Alemi, "Inception-v4, Inception-ResNet and the
Impact of Residual Connections on Learning", arXiv:1602.07261, AAAI 2017, as the authors
published it; timm has the same network, torchvision none.

The published network differs from the paper's Figure 15: the stem is Inception-v3's with
one more module at 35 x 35, the residual blocks number 10, 20 and 10 in place of 5, 10 and 5,
the maps have 320, 1088 and 2080 channels, and a 1x1 convolution to 1536 ends the
network. A residual is scaled by 0.17, 0.10 and 0.20 before the sum (section 3.3); the
last block scales by 1 and has no ReLU. Averages leave the padding out, as
TensorFlow's do. The 1x1 convolution before the sum has a bias, no
batch normalisation and no ReLU. The auxiliary head of training is not part of it.
The notation of the modules is that of `inception_v3`.
"""

from __future__ import annotations

from cnnref.net import FeatureMap, Net
from cnnref.specs.inception_v3 import Branches, branch, layer, module, stem

__all__ = ["inception_resnet_v2"]

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

# a stage: the module at its start, its residual block, how many, the scale of a residual
STAGES = (
    ("Mixed_5b", MIXED_5B, "block35", BLOCK_35, 10, 0.17),
    ("Mixed_6a", REDUCTION_A, "block17", BLOCK_17, 20, 0.10),
    ("Mixed_7a", REDUCTION_B, "block8", BLOCK_8, 10, 0.20),
)


def inception_resnet_v2(net: Net, num_classes: int = 1000) -> FeatureMap:
    """The stem, three stages of residual blocks, and one fully-connected layer."""
    x = stem(net, net.input, STEM)
    for first, branches, block, residual, count, factor in STAGES:
        with net.stage(first[: len("Mixed_5")]):
            with net.block(first):
                x = module(net, x, branches, first)
            for number in range(1, count + 1):
                name = f"{block}_{number}"
                with net.block(name):
                    last = name == "block8_10"
                    x = residual_block(net, x, residual, name, 1 if last else factor, last=last)
    with net.stage("classifier"):
        x = layer(net, x, "1x1 1536", "Conv2d_7b_1x1")
        x = net.adaptive_avg_pool(x, 1, name="avgpool")
        x = net.flatten(x, name="flatten")
        x = net.dropout(x, name="dropout", p=0.2)
        return net.linear(x, num_classes, in_features=1536, name="fc")


def residual_block(
    net: Net, x: FeatureMap, branches: Branches, name: str, factor: float, *, last: bool
) -> FeatureMap:
    """The branches, stacked, brought back to the channels of the input, scaled and added."""
    maps = [
        branch(net, x, words, f"{name}.branch{number}") for number, words in enumerate(branches, 1)
    ]
    y = net.concat(*maps, name=f"{name}.concat")
    y = net.conv(y, x.shape.channels, 1, name=f"{name}.linear")
    y = net.scale(y, name=f"{name}.scale", factor=factor)
    y = net.add(y, x, name=f"{name}.add")
    return y if last else net.relu(y, name=f"{name}.relu")
