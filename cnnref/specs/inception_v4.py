"""Inception-v4.

C. Szegedy, S. Ioffe, V. Vanhoucke, A. Alemi, "Inception-v4, Inception-ResNet and the
Impact of Residual Connections on Learning", arXiv:1602.07261, AAAI 2017: Figure 9 with
the modules of Figures 3 to 8. A pure Inception network: it has no residual connections.

Every convolution is followed by a batch normalisation; the last pooling is the 8 x 8 average
of Figure 9 at an input of 299, and adapts elsewhere. The order of the branches, and of tall and
wide windows in the longest ones, is that of the network that Google published (TensorFlow's
models, research/slim/nets/inception_v4.py).
Averages leave the padding out, as TensorFlow's do. Torchvision has no Inception-v4, timm
has this one. The notation of the modules is that of `inception_v3`.
"""

from __future__ import annotations

from cnnref.net import FeatureMap, Net
from cnnref.specs.inception_v3 import module, stem

__all__ = ["inception_v4"]

# Figure 3
STEM = (
    ("Conv2d_1a_3x3", "3x3/2V 32"),
    ("Conv2d_2a_3x3", "3x3V 32"),
    ("Conv2d_2b_3x3", "3x3 64"),
)
MIXED_3A = ("max 3x3/2V", "3x3/2V 96")
MIXED_4A = ("1x1 64, 3x3V 96", "1x1 64, 1x7 64, 7x1 64, 3x3V 96")
MIXED_5A = ("3x3/2V 192", "max 3x3/2V")

# Figure 4: 35 x 35 x 384
INCEPTION_A = ("1x1 96", "1x1 64, 3x3 96", "1x1 64, 3x3 96, 3x3 96", "avg 3x3E, 1x1 96")

# Figure 7 with k, l, m, n of Table 1: 192, 224, 256, 384
REDUCTION_A = ("3x3/2V 384", "1x1 192, 3x3 224, 3x3/2V 256", "max 3x3/2V")

# Figure 5: 17 x 17 x 1024
INCEPTION_B = (
    "1x1 384",
    "1x1 192, 1x7 224, 7x1 256",
    "1x1 192, 7x1 192, 1x7 224, 7x1 224, 1x7 256",
    "avg 3x3E, 1x1 128",
)

# Figure 8
REDUCTION_B = (
    "1x1 192, 3x3/2V 192",
    "1x1 256, 1x7 256, 7x1 320, 3x3/2V 320",
    "max 3x3/2V",
)

# Figure 6: 8 x 8 x 1536
INCEPTION_C = (
    "1x1 256",
    "1x1 384, 1x3 256 + 3x1 256",
    "1x1 384, 3x1 448, 1x3 512, 1x3 256 + 3x1 256",
    "avg 3x3E, 1x1 256",
)

# Figure 9
MODULES = (
    *(("stem", *row) for row in (("3a", MIXED_3A), ("4a", MIXED_4A), ("5a", MIXED_5A))),
    *(("Mixed_5", f"5{letter}", INCEPTION_A) for letter in "bcde"),
    ("Mixed_6", "6a", REDUCTION_A),
    *(("Mixed_6", f"6{letter}", INCEPTION_B) for letter in "bcdefgh"),
    ("Mixed_7", "7a", REDUCTION_B),
    *(("Mixed_7", f"7{letter}", INCEPTION_C) for letter in "bcd"),
)


def inception_v4(net: Net, num_classes: int = 1000) -> FeatureMap:
    """The stem, 4 + 7 + 3 inception modules with reductions between, one fully-connected layer."""
    x = stem(net, net.input, STEM)
    for stage, number, branches in MODULES:
        name = f"Mixed_{number}"
        with net.stage(stage), net.block(name):
            x = module(net, x, branches, name)
    with net.stage("classifier"):
        x = net.adaptive_avg_pool(x, 1, name="avgpool")
        x = net.flatten(x, name="flatten")
        x = net.dropout(x, name="dropout", p=0.2)
        return net.linear(x, num_classes, in_features=1536, name="fc")
