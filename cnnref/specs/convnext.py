"""ConvNeXt: a residual network in the proportions, and with the parts, of a transformer.

Z. Liu, H. Mao, C.-Y. Wu, C. Feichtenhofer, T. Darrell, S. Xie, "A ConvNet for the 2020s",
arXiv:2201.03545, CVPR 2022, Table 9 and Figure 4. All layers have biases. A layer normalisation of
the channels stands after the stem, before each halving and after the last pooling; a learned
factor for each channel weighs what a block adds. As in torchvision, the 1x1 convolutions of a block
are linear layers on a map whose channels come last.
"""

from __future__ import annotations

from cnnref.net import FeatureMap, Net

__all__ = ["convnext_tiny"]

# Table 9: channels, and how many blocks
STAGES = ((96, 3), (192, 3), (384, 9), (768, 3))
# Figure 4: how much wider a block is inside
FACTOR = 4


def convnext_tiny(net: Net, num_classes: int = 1000) -> FeatureMap:
    """The second column of Table 9."""
    x = net.input
    for stage, (width, blocks) in enumerate(STAGES, 1):
        with net.stage(f"stage{stage}"):
            x = stem(net, x, width) if stage == 1 else halved(net, x, width, f"stage{stage}")
            for number in range(1, blocks + 1):
                with net.block(f"stage{stage}_{number}"):
                    x = block(net, x, f"stage{stage}_{number}")
    with net.stage("classifier"):
        x = norm(net, net.adaptive_avg_pool(x, 1, name="avgpool"), "norm")
        return net.linear(net.flatten(x, name="flatten"), num_classes, name="fc")


def stem(net: Net, x: FeatureMap, width: int) -> FeatureMap:
    """Patches of 4x4 that do not overlap."""
    return norm(net, net.conv(x, width, 4, stride=4, name="stem"), "stem_norm")


def halved(net: Net, x: FeatureMap, width: int, name: str) -> FeatureMap:
    """A convolution of 2x2 that do not overlap."""
    return net.conv(norm(net, x, f"{name}.norm"), width, 2, stride=2, name=f"{name}.halved")


def block(net: Net, x: FeatureMap, name: str) -> FeatureMap:
    """Figure 4, right: 7x7 on each channel alone, then wide and narrow again; and the sum."""
    channels = x.shape.channels
    y = net.conv(x, channels, 7, padding=3, groups=channels, name=f"{name}.conv")
    y = net.permute(y, LAST, name=f"{name}.last")
    y = net.layer_norm(y, 1, name=f"{name}.norm")
    y = net.gelu(net.linear(y, FACTOR * channels, name=f"{name}.expand"), name=f"{name}.gelu")
    y = net.linear(y, channels, name=f"{name}.project")
    y = net.layer_scale(net.permute(y, FIRST, name=f"{name}.first"), name=f"{name}.scale")
    return net.add(y, x, name=f"{name}.add")


# the channels after the positions, and before them
LAST, FIRST = (1, 2, 0), (2, 0, 1)


def norm(net: Net, x: FeatureMap, name: str) -> FeatureMap:
    """A normalisation of the channels at each position."""
    x = net.layer_norm(net.permute(x, LAST, name=f"{name}.last"), 1, name=name)
    return net.permute(x, FIRST, name=f"{name}.first")
