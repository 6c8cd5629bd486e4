"""RegNetX-400MF and RegNetY-400MF: residual networks whose widths follow a rule.

I. Radosavovic, R. P. Kosaraju, R. Girshick, K. He, P. Dollár, "Designing Network Design Spaces",
arXiv:2003.13678, CVPR 2020, section 3.3: the width of block j would be w_0 + w_a j; it is rounded
to a power of w_m times w_0, and blocks of one width are a stage. A block of the X family is
1x1, 3x3 in groups and 1x1, all as wide, each with batch normalisation and no bias; one of the Y
family (section 5) has a gate behind the 3x3, which squeezes to a quarter of the channels that the
block reads.

The parameters of the rule are those of torchvision's regnet_x_400mf and regnet_y_400mf. The rule
gives the last stage of the former 392 channels, half-way between two numbers of whole groups;
torchvision rounds up, to 400.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from math import log
from typing import NamedTuple

from cnnref.net import FeatureMap, Net
from cnnref.specs.resnet import head
from cnnref.specs.squeeze import gate

__all__ = ["regnet_x_400mf", "regnet_y_400mf"]

STEM = 32


class Rule(NamedTuple):
    """What the widths follow: how many blocks, w_0, w_a and w_m; the channels of a group."""

    depth: int
    initial: int
    slope: float
    step: float
    group: int
    gated: bool = False


X = Rule(22, 24, 24.48, 2.54, 16)
Y = Rule(16, 48, 27.89, 2.09, 8, gated=True)


def regnet(net: Net, num_classes: int = 1000, *, rule: Rule) -> FeatureMap:
    """A stem, four stages whose first block halves the maps, and a linear layer."""
    with net.stage("stem"):
        x = net.conv(net.input, STEM, 3, stride=2, padding=1, bias=False, name="stem.conv")
        x = net.relu(net.batch_norm(x, name="stem.bn"), name="stem.relu")
    for number, (width, blocks) in enumerate(stages(rule).items(), 1):
        for place in range(1, blocks + 1):
            name = f"stage{number}_{place}"
            with net.stage(f"stage{number}"), net.block(name):
                x = block(net, x, name, width, rule, stride=2 if place == 1 else 1)
    return head(net, x, num_classes)


regnet_x_400mf = partial(regnet, rule=X)
regnet_y_400mf = partial(regnet, rule=Y)


def stages(rule: Rule) -> Counter[int]:
    """How many blocks there are of each width, by the rule.

    >>> stages(X)
    Counter({400: 12, 160: 7, 64: 2, 32: 1})
    """
    widths = (rule.initial + rule.slope * number for number in range(rule.depth))
    return Counter(quantised(width, rule) for width in widths)


def quantised(width: float, rule: Rule) -> int:
    """Equations 3 and 4: the nearest of w_0, w_0 w_m, ..., as a multiple of 8, in whole groups."""
    step = round(log(width / rule.initial) / log(rule.step))
    eights = 8 * round(rule.initial * rule.step**step / 8)
    return (eights + rule.group // 2) // rule.group * rule.group


def block(net: Net, x: FeatureMap, name: str, width: int, rule: Rule, *, stride: int) -> FeatureMap:
    """Figure 4: three convolutions beside the identity, or beside a projection where it halves."""
    shortcut, squeezed = x, round(x.shape.channels / 4)
    if stride > 1 or x.shape.channels != width:
        shortcut = net.conv(x, width, 1, stride=stride, bias=False, name=f"{name}.projection")
        shortcut = net.batch_norm(shortcut, name=f"{name}.projection_bn")
    x = net.conv(x, width, 1, bias=False, name=f"{name}.conv1")
    x = net.relu(net.batch_norm(x, name=f"{name}.bn1"), name=f"{name}.relu1")
    groups = width // rule.group
    x = net.conv(
        x, width, 3, stride=stride, padding=1, groups=groups, bias=False, name=f"{name}.conv2"
    )
    x = net.relu(net.batch_norm(x, name=f"{name}.bn2"), name=f"{name}.relu2")
    if rule.gated:
        x = gate(net, x, f"{name}.gate", squeezed)
    x = net.conv(x, width, 1, bias=False, name=f"{name}.conv3")
    x = net.batch_norm(x, name=f"{name}.bn3")
    return net.relu(net.add(shortcut, x, name=f"{name}.add"), name=f"{name}.relu3")
