"""ZFNet: the network of Figure 3, and the wider one of Table 2 (b).

M. D. Zeiler, R. Fergus, "Visualizing and Understanding Convolutional Networks",
arXiv:1311.2901, ECCV 2014.

Figure 3 prints the size of every map, but no padding. Its sizes (110, 55, 26, 13, 13, 6)
follow from a padding of 1 before conv1, none before conv2, 1 before conv3 to conv5, and
poolings without padding that round up; rounding down gives 54, and padded poolings end
at 7. Figure 3 runs the contrast normalisation after the first two poolings across feature
maps and gives no constants; section 3 calls the network similar to AlexNet, so it is AlexNet's,
over 5 channels.
"""

from __future__ import annotations

from functools import partial

from cnnref.net import FeatureMap, Net

__all__ = ["zfnet", "zfnet_b"]

#        kernel, stride, padding, followed by a 3x3/2 max pooling, by contrast normalisation
FIGURE_3 = (
    (7, 2, 1, True, True),
    (5, 2, 0, True, True),
    (3, 1, 1, False, False),
    (3, 1, 1, False, False),
    (3, 1, 1, True, False),
)

A = (96, 256, 384, 384, 256)
B = (96, 256, 512, 1024, 512)


def network(net: Net, num_classes: int = 1000, *, filters: tuple[int, ...]) -> FeatureMap:
    """Five convolutions and three fully-connected layers."""
    x = net.input
    for number, (width, row) in enumerate(zip(filters, FIGURE_3, strict=True), 1):
        kernel, stride, padding, pooled, normed = row
        with net.stage(f"conv{number}"):
            x = net.conv(x, width, kernel, stride=stride, padding=padding, name=f"conv{number}")
            x = net.relu(x, name=f"relu{number}")
            if pooled:
                x = net.max_pool(x, 3, stride=2, ceil_mode=True, name=f"pool{number}")
            if normed:
                # AlexNet's constants; it does not divide alpha by the 5 channels
                x = net.lrn(x, 5, name=f"norm{number}", alpha=5 * 1e-4, beta=0.75, k=2)
    return classifier(net, x, num_classes, filters[-1] * 6 * 6)


def classifier(net: Net, x: FeatureMap, num_classes: int, features: int) -> FeatureMap:
    """fc6 to fc8, with dropout after fc6 and fc7."""
    with net.stage("fc6"):
        x = net.flatten(x, name="flatten")
    for number, width in ((6, features), (7, 4096)):
        with net.stage(f"fc{number}"):
            x = net.linear(x, 4096, in_features=width, name=f"fc{number}")
            x = net.relu(x, name=f"relu{number}")
            x = net.dropout(x, name=f"drop{number}")
    with net.stage("fc8"):
        return net.linear(x, num_classes, in_features=4096, name="fc8")


zfnet = partial(network, filters=A)
zfnet_b = partial(network, filters=B)
