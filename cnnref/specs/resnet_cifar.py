"""Residual networks for CIFAR-10: 6n + 2 layers, and their plain twins.

K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition",
arXiv:1512.03385, CVPR 2016, section 4.2 and Table 6.

A 3x3 convolution, then 2n of them on maps of 32 x 32, of 16 x 16 and of 8 x 8, with 16,
32 and 64 filters. All shortcuts are of option A, so that a residual network has exactly
the parameters of its plain twin. Section 4.2 names no stages; these follow Table 1.
"""

from __future__ import annotations

from functools import partial

from cnnref.net import FeatureMap, Net
from cnnref.specs.resnet import head, residual

__all__ = [
    "plain20_cifar",
    "plain32_cifar",
    "plain44_cifar",
    "plain56_cifar",
    "plain110_cifar",
    "resnet20_cifar",
    "resnet32_cifar",
    "resnet44_cifar",
    "resnet56_cifar",
    "resnet110_cifar",
    "resnet1202_cifar",
    "resnet_cifar",
]

# section 4.2: filters, stride of the first block
STAGES = (("conv2", 16, 1), ("conv3", 32, 2), ("conv4", 64, 2))


def resnet_cifar(net: Net, num_classes: int = 10, *, n: int, residuals: bool = True) -> FeatureMap:
    """Three stages of n blocks of two 3x3 convolutions, with or without shortcuts."""
    with net.stage("conv1"):
        x = net.conv(net.input, 16, 3, padding=1, bias=False, name="conv1")
        x = net.batch_norm(x, name="bn1")
        x = net.relu(x, name="relu1")
    for stage, filters, first in STAGES:
        for number in range(1, n + 1):
            name = f"{stage}_{number}"
            block = ((3, filters), (3, filters))
            stride = first if number == 1 else 1
            with net.stage(stage), net.block(name):
                x = residual(net, x, block, name, "A" if residuals else "", stride=stride)
    return head(net, x, num_classes)


# section 4.2: n = 3, 5, 7, 9; then 18 and 200
resnet20_cifar = partial(resnet_cifar, n=3)
resnet32_cifar = partial(resnet_cifar, n=5)
resnet44_cifar = partial(resnet_cifar, n=7)
resnet56_cifar = partial(resnet_cifar, n=9)
resnet110_cifar = partial(resnet_cifar, n=18)
resnet1202_cifar = partial(resnet_cifar, n=200)
plain20_cifar = partial(resnet_cifar, n=3, residuals=False)
plain32_cifar = partial(resnet_cifar, n=5, residuals=False)
plain44_cifar = partial(resnet_cifar, n=7, residuals=False)
plain56_cifar = partial(resnet_cifar, n=9, residuals=False)
plain110_cifar = partial(resnet_cifar, n=18, residuals=False)
