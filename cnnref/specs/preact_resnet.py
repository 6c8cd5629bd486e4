"""Pre-activation residual networks: batch normalisation and ReLU before each convolution.

K. He, X. Zhang, S. Ren, J. Sun, "Identity Mappings in Deep Residual Networks",
arXiv:1603.05027, ECCV 2016, Figure 4 (e) and the appendix.

From the appendix: the first unit is activated right after conv1, before the paths part; the
last is followed by one more activation. Beside Table 5: ResNet-200 is ResNet-152 with 16 more
units on the maps of 28 x 28. What the paper leaves open is as in published code:

preact_resnet18 to 200: the Torch code of Facebook AI Research (fb.resnet.torch,
models/preresnet.lua), to which the README of resnet-1k-layers points for ImageNet. The
activation of conv1 stands before the pooling, and the first unit adds none. The first unit of
each later stage activates before the paths part, so that its projection sees the activated map;
every other unit activates on its own path. A projection has no batch normalisation. The
bottleneck halves the maps in its 3x3 convolution; the appendix does not say which does. Table 5
holds 152 and 200 layers; 18 to 101 are that code's.

preact_resnet164_cifar, preact_resnet1001_cifar: the code that the authors published
(KaimingHe/resnet-1k-layers, resnet-pre-act.lua), to which the abstract points; its header calls
it a re-implementation, contributed by Xiang Ming. Nothing stands between conv1 and the first
unit; a unit that widens its input activates before the paths part. The bottleneck halves the
maps in its first 1x1 convolution.

The order within a unit is that of Figure 4 (e); where the bottleneck's stride lies is as certain
as these two codes.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from cnnref.net import FeatureMap, Net
from cnnref.specs.resnet import Block, column, head, stem

__all__ = [
    "preact_resnet",
    "preact_resnet18",
    "preact_resnet34",
    "preact_resnet50",
    "preact_resnet101",
    "preact_resnet152",
    "preact_resnet164_cifar",
    "preact_resnet200",
    "preact_resnet1001_cifar",
    "preact_resnet_cifar",
]

# resnet-pre-act.lua: filters of a unit's three convolutions, stride of the first unit
CIFAR_STAGES = (
    ("conv2", (16, 16, 64), 1),
    ("conv3", (32, 32, 128), 2),
    ("conv4", (64, 64, 256), 2),
)


def preact_resnet(net: Net, num_classes: int = 1000, *, layers: int) -> FeatureMap:
    """The stem and the blocks of the original networks, the blocks in the new order."""
    x = stem(net)
    strided = 1 if layers < 50 else 2
    for stage, name, block in columns(layers):
        stride = 2 if name in ("conv3_1", "conv4_1", "conv5_1") else 1
        later = name != "conv2_1"
        with net.stage(stage), net.block(name):
            x = unit(net, x, block, name, stride=stride, strided=strided, activated=later)
    with net.stage("conv5"):
        x = activation(net, x, "last")
    return head(net, x, num_classes)


def columns(layers: int) -> Iterator[tuple[str, str, Block]]:
    """A column of the original Table 1; for 200 layers that of 152, with 16 units more."""
    for stage, name, block in column(152 if layers == 200 else layers):
        yield stage, name, block
        if layers == 200 and name == "conv3_8":
            yield from ((stage, f"conv3_{number}", block) for number in range(9, 9 + 16))


def preact_resnet_cifar(net: Net, num_classes: int = 10, *, n: int) -> FeatureMap:
    """9n + 2 layers: three stages of n bottlenecks."""
    with net.stage("conv1"):
        x = net.conv(net.input, 16, 3, padding=1, bias=False, name="conv1")
    for stage, (reduced, inner, wide), first in CIFAR_STAGES:
        for number in range(1, n + 1):
            name = f"{stage}_{number}"
            block = ((1, reduced), (3, inner), (1, wide))
            with net.stage(stage), net.block(name):
                x = unit(net, x, block, name, stride=first if number == 1 else 1)
    with net.stage("conv4"):
        x = activation(net, x, "last")
    return head(net, x, num_classes)


def unit(
    net: Net,
    x: FeatureMap,
    block: Block,
    name: str,
    *,
    stride: int,
    strided: int = 1,
    activated: bool = True,
) -> FeatureMap:
    """Figure 4 (e); where the shape changes, the first activation is common to both paths."""
    widens = (x.shape.channels, stride) != (block[-1][1], 1)
    y = activation(net, x, f"{name}.pre1") if activated else x
    start = y if widens else x
    for number, (kernel, filters) in enumerate(block, 1):
        if number > 1:
            y = activation(net, y, f"{name}.pre{number}")
        y = net.conv(
            y,
            filters,
            kernel,
            stride=stride if number == strided else 1,
            padding=kernel // 2,
            bias=False,
            name=f"{name}.conv{number}",
        )
    if widens:
        filters = y.shape.channels
        start = net.conv(start, filters, 1, stride=stride, bias=False, name=f"{name}.projection")
    return net.add(y, start, name=f"{name}.add")


def activation(net: Net, x: FeatureMap, name: str) -> FeatureMap:
    """Batch normalisation and ReLU."""
    x = net.batch_norm(x, name=f"{name}.bn")
    return net.relu(x, name=f"{name}.relu")


preact_resnet18 = partial(preact_resnet, layers=18)
preact_resnet34 = partial(preact_resnet, layers=34)
preact_resnet50 = partial(preact_resnet, layers=50)
preact_resnet101 = partial(preact_resnet, layers=101)
preact_resnet152 = partial(preact_resnet, layers=152)
preact_resnet200 = partial(preact_resnet, layers=200)
preact_resnet164_cifar = partial(preact_resnet_cifar, n=18)
preact_resnet1001_cifar = partial(preact_resnet_cifar, n=111)
