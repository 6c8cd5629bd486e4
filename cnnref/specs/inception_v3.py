"""Inception-v3 as torchvision has it, and the notation of its modules.

C. Szegedy et al., "Rethinking the Inception Architecture for Computer Vision",
arXiv:1512.00567, CVPR 2016: Table 1 with Figures 5, 6, 7 and 10.

Table 1 prints no filters inside the modules, for which section 6 refers to a file of the
supplement; they are those of the network that Google published (TensorFlow's models,
research/slim/nets/inception_v3.py), which torchvision follows. Its stem is not that of Table 1:
after the first pooling come 1x1 with 80 filters, 3x3 with 192 and a second pooling, where the
table has three 3x3 convolutions with 80, 192 and 288. Every convolution is followed by a batch
normalisation. inception_v3_aux runs the auxiliary head too, as training does; at inference it
has no rows.

A module is a tuple of branches, a branch a line of layers in the words of the Inception
papers' figures: "1x7 128" is a convolution of 1 row by 7 columns with 128 filters,
"3x3/2V 384" one with stride 2 and without padding (V, valid; all others are centred),
"avg 3x3" and "max 3x3/2V" are poolings, "avg 3x3E" one that leaves its padding out of
(excludes it from) the mean, and "+" stands between two layers on one input that are stacked.
"""

from __future__ import annotations

import re
from functools import partial

from cnnref.net import FeatureMap, Net

__all__ = ["inception_v3", "inception_v3_aux"]

Branches = tuple[str, ...]
Rows = tuple[tuple[str, str], ...]

LAYER = re.compile(r"(?:(avg|max) )?(\d+)x(\d+)(/2)?(V|E)?(?: (\d+))?")

STEM: Rows = (
    ("Conv2d_1a_3x3", "3x3/2V 32"),
    ("Conv2d_2a_3x3", "3x3V 32"),
    ("Conv2d_2b_3x3", "3x3 64"),
    ("maxpool1", "max 3x3/2V"),
    ("Conv2d_3b_1x1", "1x1 80"),
    ("Conv2d_4a_3x3", "3x3V 192"),
    ("maxpool2", "max 3x3/2V"),
)


def figure_5(pool: int) -> Branches:
    """35 x 35; in Figure 5 two 3x3 stand for each 5x5, here one 5x5 is left."""
    return ("1x1 64", "1x1 48, 5x5 64", "1x1 64, 3x3 96, 3x3 96", f"avg 3x3, 1x1 {pool}")


def figure_6(c: int) -> Branches:
    """17 x 17: 1x7 and 7x1 in place of 7x7."""
    return (
        "1x1 192",
        f"1x1 {c}, 1x7 {c}, 7x1 192",
        f"1x1 {c}, 7x1 {c}, 1x7 {c}, 7x1 {c}, 1x7 192",
        "avg 3x3, 1x1 192",
    )


# 8 x 8: 1x3 and 3x1 side by side
FIGURE_7 = (
    "1x1 320",
    "1x1 384, 1x3 384 + 3x1 384",
    "1x1 448, 3x3 384, 1x3 384 + 3x1 384",
    "avg 3x3, 1x1 192",
)

# Figure 10: half the size, with twice the channels, 35 to 17 and 17 to 8
REDUCTION_35 = ("3x3/2V 384", "1x1 64, 3x3 96, 3x3/2V 96", "max 3x3/2V")
REDUCTION_17 = (
    "1x1 192, 3x3/2V 320",
    "1x1 192, 1x7 192, 7x1 192, 3x3/2V 192",
    "max 3x3/2V",
)

MODULES: tuple[tuple[str, Branches], ...] = (
    ("Mixed_5b", figure_5(32)),
    ("Mixed_5c", figure_5(64)),
    ("Mixed_5d", figure_5(64)),
    ("Mixed_6a", REDUCTION_35),
    ("Mixed_6b", figure_6(128)),
    ("Mixed_6c", figure_6(160)),
    ("Mixed_6d", figure_6(160)),
    ("Mixed_6e", figure_6(192)),
    ("Mixed_7a", REDUCTION_17),
    ("Mixed_7b", FIGURE_7),
    ("Mixed_7c", FIGURE_7),
)


def inception_v3(net: Net, num_classes: int = 1000, *, aux: bool = False) -> FeatureMap:
    """The stem, eleven modules in three stages, and one fully-connected layer."""
    x = stem(net, net.input, STEM)
    for name, branches in MODULES:
        with net.stage(name[: len("Mixed_5")]), net.block(name):
            x = module(net, x, branches, name)
        if aux and name == "Mixed_6e":
            auxiliary_head(net, x, num_classes)
    with net.stage("classifier"):
        x = net.adaptive_avg_pool(x, 1, name="avgpool")
        x = net.dropout(x, name="dropout")
        x = net.flatten(x, name="flatten")
        return net.linear(x, num_classes, in_features=2048, name="fc")


inception_v3_aux = partial(inception_v3, aux=True)


def auxiliary_head(net: Net, x: FeatureMap, num_classes: int) -> FeatureMap:
    """A classifier on the last 17 x 17 map; its 5x5 convolution leaves one position of 5 x 5."""
    with net.stage("AuxLogits"):
        x = net.avg_pool(x, 5, stride=3, name="AuxLogits.pool")
        x = layer(net, x, "1x1 128", "AuxLogits.conv0")
        x = layer(net, x, "5x5V 768", "AuxLogits.conv1")
        x = net.adaptive_avg_pool(x, 1, name="AuxLogits.avgpool")
        x = net.flatten(x, name="AuxLogits.flatten")
        return net.linear(x, num_classes, in_features=768, name="AuxLogits.fc")


def stem(net: Net, x: FeatureMap, rows: Rows) -> FeatureMap:
    """Layers in a line, each with its own name."""
    with net.stage("stem"):
        for name, words in rows:
            x = layer(net, x, words, name)
    return x


def module(net: Net, x: FeatureMap, branches: Branches, name: str) -> FeatureMap:
    """Branches on one input, stacked along their channels."""
    maps = [
        branch(net, x, words, f"{name}.branch{number}") for number, words in enumerate(branches, 1)
    ]
    return net.concat(*maps, name=f"{name}.concat")


def branch(net: Net, x: FeatureMap, words: str, name: str) -> FeatureMap:
    """Layers in a line; a "+" splits the line for one step."""
    for number, step in enumerate(words.split(", "), 1):
        place = f"{name}.{number}"
        maps = [layer(net, x, half, f"{place}_{label(half)}") for half in step.split(" + ")]
        x = maps[0] if len(maps) == 1 else net.concat(*maps, name=f"{place}_concat")
    return x


def layer(net: Net, x: FeatureMap, words: str, name: str) -> FeatureMap:
    """A pooling, or a convolution with its batch normalisation and its ReLU."""
    kind, rows, columns, halving, border, filters = _match(words)
    kernel = int(rows), int(columns)
    padding = (0, 0) if border == "V" else (kernel[0] // 2, kernel[1] // 2)
    stride = 2 if halving else 1
    if kind == "max":
        return net.max_pool(x, kernel, stride=stride, padding=padding, name=name)
    if kind == "avg":
        full = border != "E"
        return net.avg_pool(
            x, kernel, stride=stride, padding=padding, count_include_pad=full, name=name
        )
    x = net.conv(x, int(filters), kernel, stride=stride, padding=padding, bias=False, name=name)
    return net.relu(net.batch_norm(x, eps=1e-3, name=f"{name}.bn"), name=f"{name}.relu")


def label(words: str) -> str:
    """The kind of a layer for its name: "1x7" of "1x7 128", "max" of "max 3x3/2V"."""
    kind, rows, columns, *_ = _match(words)
    return kind or f"{rows}x{columns}"


def _match(words: str) -> tuple[str, ...]:
    found = LAYER.fullmatch(words)
    if found is None:
        raise ValueError(f"{words!r} is not a layer in the notation of this module.")
    return found.groups(default="")
