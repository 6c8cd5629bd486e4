"""SqueezeNet 1.0 and 1.1, torchvision's rows.

F. N. Iandola, S. Han, M. W. Moskewicz, K. Ashraf, W. J. Dally, K. Keutzer, "SqueezeNet:
AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size", arXiv:1602.07360,
2016, Table 1; version 1.1 is the authors' later release, SqueezeNet_v1.1 of
forresti/SqueezeNet, which pools earlier.

Table 1 prints an input of 224 and maps of 111 x 111 after conv1. Those are the maps of 227, the
input of the authors' release (forresti/SqueezeNet, commit 445b1d9); 224 gives 109 x 109. Nothing
pads conv1.
"""

from __future__ import annotations

from functools import partial

from cnnref.net import FeatureMap, Net

__all__ = ["squeezenet1_0", "squeezenet1_1"]

# filters of a fire module: s1x1 of the squeeze layer, e1x1 and e3x3 of the expand layer;
# "maxpool" is 3x3/2
Fire = tuple[int, int, int]
Rows = tuple[tuple[str, Fire | None], ...]

TABLE_1: Rows = (
    ("maxpool1", None),
    ("fire2", (16, 64, 64)),
    ("fire3", (16, 64, 64)),
    ("fire4", (32, 128, 128)),
    ("maxpool4", None),
    ("fire5", (32, 128, 128)),
    ("fire6", (48, 192, 192)),
    ("fire7", (48, 192, 192)),
    ("fire8", (64, 256, 256)),
    ("maxpool8", None),
    ("fire9", (64, 256, 256)),
)
VERSION_1_1: Rows = (
    ("maxpool1", None),
    ("fire2", (16, 64, 64)),
    ("fire3", (16, 64, 64)),
    ("maxpool3", None),
    ("fire4", (32, 128, 128)),
    ("fire5", (32, 128, 128)),
    ("maxpool5", None),
    ("fire6", (48, 192, 192)),
    ("fire7", (48, 192, 192)),
    ("fire8", (64, 256, 256)),
    ("fire9", (64, 256, 256)),
)


def squeezenet(
    net: Net, num_classes: int = 1000, *, filters: int, kernel: int, rows: Rows
) -> FeatureMap:
    """conv1, eight fire modules with three poolings between, conv10, an average."""
    with net.stage("conv1"):
        x = net.conv(net.input, filters, kernel, stride=2, name="conv1")
        x = net.relu(x, name="relu1")
    for name, widths in rows:
        if widths is None:
            with net.stage(name):
                x = net.max_pool(x, 3, stride=2, ceil_mode=True, name=name)
        else:
            with net.stage(name), net.block(name):
                x = fire(net, x, widths, name)
    with net.stage("conv10"):
        x = net.dropout(x, name="drop9")
        x = net.relu(net.conv(x, num_classes, 1, name="conv10"), name="relu10")
        x = net.adaptive_avg_pool(x, 1, name="avgpool10")
        return net.flatten(x, name="flatten")


def fire(net: Net, x: FeatureMap, widths: Fire, name: str) -> FeatureMap:
    """A 1x1 squeeze layer, then 1x1 and 3x3 filters side by side."""
    squeeze, e1x1, e3x3 = widths
    x = net.conv(x, squeeze, 1, name=f"{name}_squeeze1x1")
    x = net.relu(x, name=f"{name}_relu_squeeze1x1")
    one = net.conv(x, e1x1, 1, name=f"{name}_expand1x1")
    one = net.relu(one, name=f"{name}_relu_expand1x1")
    three = net.conv(x, e3x3, 3, padding=1, name=f"{name}_expand3x3")
    three = net.relu(three, name=f"{name}_relu_expand3x3")
    return net.concat(one, three, name=f"{name}_concat")


squeezenet1_0 = partial(squeezenet, filters=96, kernel=7, rows=TABLE_1)
squeezenet1_1 = partial(squeezenet, filters=64, kernel=3, rows=VERSION_1_1)
